package app

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSourcesLogDiffRollback(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{
		"kb/returns.md": "# Returns\n\nGoods may be returned within 30 days.\n\nShipping back is free.\n",
		"kb/fees.md":    "# Fees\n\nExpress costs 9 EUR.\n",
		"prices.csv":    "subject,attribute,value\nKestrel,price,349\n",
	})
	c.run("ingest -author ana kb", exitOK, "revision 2-")
	c.run("facts import -author ben prices.csv", exitOK, "revision 3-")
	c.write(map[string]string{
		"kb/returns.md": "# Returns\n\nGoods may be returned within 60 days.\n\nShipping back is free.\n",
		"prices.csv":    "subject,attribute,value,valid_from\nKestrel,price,399,2026-04-01\n",
	})
	third := revisionOf(t, c.run("sources", exitOK))
	c.run("ingest -author ben kb", exitOK, "1 changed", "revision 4-")
	c.run("facts import -author ben prices.csv", exitOK)
	c.run("delete -author ana kb/fees.md", exitOK, "revision 6-")
	c.run("sources log", exitOK, "6-", "removed  default     kb/fees.md", "5-", "ben     changed  default     prices.csv", "6 changes")
	c.run("sources log kb/returns.md", exitOK, "added", "changed", "2 changes")
	c.run("sources log -n 1 -o json", exitOK, `"what": "removed"`, `"author": "ana"`)
	c.run("sources diff "+third, exitOK,
		"removed kb/fees.md [default]", "  - Express costs 9 EUR.",
		"changed kb/returns.md [default] (revision 4-", ", ben, ", "  - Goods may be returned within 30 days. Shipping back is free.", "  + Goods may be returned within 60 days. Shipping back is free.",
		"  - The price of Kestrel is 349.", "  + The price of Kestrel is 399. Valid from 2026-04-01.", "3 sources differ")
	c.run("sources diff 4 5", exitOK, "changed prices.csv", "1 source differs")
	c.run("sources diff 5 4 -names", exitOK, "changed prices.csv", "1 source differs")
	var diff struct {
		Sources []struct {
			Source, What string
			Gone, New    []string
		}
	}
	if err := json.Unmarshal([]byte(c.run("sources diff 3 6 -o json", exitOK)), &diff); err != nil || len(diff.Sources) != 3 || len(diff.Sources[0].Gone) != 1 {
		t.Errorf("%+v, %v", diff, err)
	}
	c.run("sources diff 99", exitError, "there is no revision 99")
	c.run("sources diff 3-00000000", exitError, "revision 3 of this store is "+third)
	c.run("sources diff soon", exitError, `"soon" is no revision`)
	c.run("sources rollback -dry-run 3", exitOK, "3 sources would change")
	c.run("sources rollback 3 prices.csv", exitOK, "changed prices.csv [default]", "1 source changed; revision 7-")
	c.run("facts list", exitOK, "349")
	c.run("sources rollback -author ana 3", exitOK, "added kb/fees.md", "changed kb/returns.md", "2 sources changed")
	c.run("search express", exitOK, "Express costs 9 EUR.")
	c.run("search returned", exitOK, "within 30 days")
	c.run("sources diff 3", exitOK, "0 sources differ")
	c.run("sources log -n 1", exitOK, "ana")
	c.run("ingest kb", exitOK, "1 changed, 1 unchanged") // the file that was deleted came back as it was
}

// revisionOf is the revision that a listing ends with.
func revisionOf(t *testing.T, out string) string {
	t.Helper()
	_, revision, ok := strings.Cut(strings.TrimSpace(out), "revision ")
	if !ok {
		t.Fatalf("no revision in %q", out)
	}
	return revision
}

func TestRollbackAfterEverythingWasDeleted(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{"a.md": "# A\n\nOne thing.\n"})
	c.run("ingest a.md", exitOK)
	c.run("delete a.md", exitOK)
	c.run("sources rollback 1", exitOK, "added a.md", "1 source changed")
	c.run("search thing", exitOK, "One thing.")
	c.run("sources forget -before 3", exitOK, "2 versions forgotten; the history begins at revision 3")
	c.run("sources diff 1", exitError, "the history before revision 3 was forgotten")
	c.run("sources forget", exitUsage, "it takes -before")
}
