package app

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestFactsImportListDelete(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{
		"prices.csv":  "subject,attribute,value,unit,region,valid_to\nKestrel 500,price,349,EUR,EU,2026-12-31\nKestrel 500,price,299,GBP,UK,\n",
		"staff.yaml":  "- {subject: Kestrel, attribute: warranty, value: 3, unit: years, audience: staff, author: ben}\n",
		"bad.csv":     "subject,attribute,value\nA,b,\n,b,1\n",
		"answers.csv": "question,answer\nreturn window|how long can I return,Within 28 days of delivery.\n",
	})
	c.run("facts import -author ana prices.csv bad.csv staff.yaml gone.csv", exitError,
		"prices.csv: 2 facts, 2 new, 0 gone", "staff.yaml: 1 fact, 1 new, 0 gone", "failed: bad.csv: line 2: it has no value", "failed: bad.csv: line 3: it has no subject",
		"failed: gone.csv: no such file or directory", "revision 2-")
	c.run("approved import answers.csv", exitOK, "answers.csv: 1 approved answer, 1 new, 0 gone")
	c.run("facts list", exitOK, "Kestrel 500  price", "349 EUR", "region EU", "to 2026-12-31", "staff.yaml", "ben", "3 facts; revision 3-")
	c.run("facts list kestrel 500 uk", exitOK, "299 GBP", "1 fact;")
	c.run("facts list -at 2027-01-01 price", exitOK, "299 GBP", "1 fact;")
	c.run("approved list", exitOK, "return window | how long can I return", "Within 28 days of delivery.", "1 approved answer;")
	c.run("sources", exitOK, "prices.csv", "3 sources")
	var list struct {
		Revision string
		Facts    []struct{ ID, Subject, Author, In, Revision string }
	}
	if err := json.Unmarshal([]byte(c.run("facts list -o json eu", exitOK)), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Facts) != 1 || list.Facts[0].ID == "" || list.Facts[0].Author != "ana" || list.Facts[0].In != "prices.csv" || list.Facts[0].Revision == "" {
		t.Fatalf("listed %+v", list)
	}
	c.run("facts delete "+list.Facts[0].ID, exitOK, "deleted "+list.Facts[0].ID+" from 1 source; revision 4-")
	c.run("facts delete "+list.Facts[0].ID, exitError, "there is no fact")
	c.run("facts list", exitOK, "2 facts;")
	c.run("facts import prices.csv", exitOK, "prices.csv: 2 facts, 1 new, 0 gone")
	c.run("facts delete prices.csv", exitOK, "deleted prices.csv")
	c.run("facts list", exitOK, "1 fact;")
	c.run("facts delete answers.csv", exitError, "there is no fact and no file of facts answers.csv")
	c.run("facts import", exitUsage, "it needs a file")
	c.run("facts", exitUsage, "usage: touchstone facts import FILE...")
	c.run("facts list -at soon", exitUsage, "not \"soon\"")
}

func TestCheckComparesWithFactsOfScopeAndTime(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{"p.csv": "subject,attribute,value,unit,region,valid_from,valid_to\n" +
		"Kestrel 500,price,329,EUR,EU,,2026-03-31\nKestrel 500,price,349,EUR,EU,2026-04-01,\nKestrel 500,price,299,GBP,UK,,\n"})
	c.run("facts import p.csv", exitOK)
	check := func(in string, options string, status int, parts ...string) {
		t.Helper()
		c.write(map[string]string{"answer.txt": in})
		c.run("check -store data/groundtruth.db -answer @answer.txt "+options, status, parts...)
	}
	check("The Kestrel 500 costs 349 EUR.", "-scope region=eu", exitOK, "supported")
	check("The Kestrel 500 costs 329 EUR.", "-scope region=EU", exitBlocked, "contradicted", "stale", "Was true until 31 March 2026")
	check("The Kestrel 500 costs 329 EUR.", "-scope region=EU -at 2026-03-31", exitOK, "supported")
	check("The Kestrel 500 costs 349 EUR.", "-scope region=UK", exitBlocked, "contradicted", "299 GBP")
	check("The Kestrel 500 costs 349 EUR.", "", exitFlagged, "depends on the region")
	check("x", "-scope land=UK", exitUsage, "is not region=...")
	check("x", "-at noon", exitUsage, "neither a day")
	out := runWith(t, `{"answer": "The Kestrel 500 costs 349 EUR.", "scope": {"region": "UK"}}`, exitBlocked, "check", "-store", "data/groundtruth.db", "-o", "json")
	if !strings.Contains(out, `"fact": "`) {
		t.Errorf("the evidence names no fact: %s", out)
	}
	runWith(t, `{"answer": "x", "scope": {"land": "UK"}}`, exitUsage, "check")
}

// runWith runs a subcommand on standard input.
func runWith(t *testing.T, stdin string, status int, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if got := Main(t.Context(), args, Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs}); got != status {
		t.Errorf("%v: exit status %d, want %d; it said %s%s", args, got, status, out.String(), errs.String())
	}
	return out.String() + errs.String()
}
