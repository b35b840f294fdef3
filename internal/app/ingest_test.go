package app

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// console runs subcommands against one store, with their file names relative to dir.
type console struct {
	t   *testing.T
	dir string
}

func newConsole(t *testing.T) console {
	c := console{t, t.TempDir()}
	t.Chdir(c.dir)
	return c
}

func (c console) write(files map[string]string) {
	c.t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(c.dir, name)), 0o755); err != nil {
			c.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o644); err != nil {
			c.t.Fatal(err)
		}
	}
}

// run expects an exit status, and each of the parts in the output.
func (c console) run(line string, status int, parts ...string) string {
	c.t.Helper()
	var out, errs bytes.Buffer
	got := Main(context.Background(), strings.Fields(line), Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	all := out.String() + errs.String()
	if got != status {
		c.t.Errorf("%s: exit status %d, want %d; it said\n%s", line, got, status, all)
	}
	for _, part := range parts {
		if !strings.Contains(all, part) {
			c.t.Errorf("%s: it does not say %q but\n%s", line, part, all)
		}
	}
	return out.String()
}

func TestIngestFollowsTheFiles(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{
		"kb/returns.md":     "# Returns\n\n## Deadline\n\nGoods may be returned within 30 days.\n",
		"kb/deep/fees.csv":  "Item,Fee\nExpress,9 EUR\n",
		"kb/notice.txt":     "Closed on \xfcber-Monday.",
		"kb/.git/config.md": "hidden",
		"kb/.hidden.md":     "hidden",
		"kb/logo.png":       "\x89PNG\x00",
		"kb/README":         "Read me first.",
	})
	c.run("ingest kb/", 0, "4 added, 0 changed, 0 unchanged, 0 failed; revision 4-", "skipped 1 file of other kinds (.png)",
		"note: kb/notice.txt: it is not UTF-8; read as windows-1252")
	again := c.run("ingest ./kb kb/returns.md", 0, "0 added, 0 changed, 4 unchanged, 0 failed; revision 4-")
	c.run("search -k 1 return deadline", 0, "1. kb/returns.md > Deadline", "within 30 days")
	c.run("sources", 0, "kb/deep/fees.csv", "4 sources, 4 passages; revision 4-")

	c.write(map[string]string{"kb/returns.md": "Goods may be returned within 14 days.\n", "kb/bad.csv": "a,b\n1\n", "kb/empty.md": ""})
	if err := os.Remove("kb/notice.txt"); err != nil {
		t.Fatal(err)
	}
	c.run("ingest -prune kb missing.md", 1, "0 added, 1 changed, 2 unchanged, 1 removed, 3 failed; revision 6-",
		"failed: kb/bad.csv: reading CSV: line 2 has 1 fields", "failed: kb/empty.md: it is empty", "failed: missing.md: no such file")
	if out := c.run("search 30 days", 0, "14 days"); strings.Contains(out, "within 30") {
		t.Errorf("the old text is still found: %s", out)
	}
	if strings.Contains(again, "removed") {
		t.Errorf("it speaks of removing: %s", again)
	}
	if err := os.Remove("kb/returns.md"); err != nil {
		t.Fatal(err)
	}
	c.run("ingest -prune kb kb/returns.md", 1, "0 removed", "failed: kb/returns.md: no such file") // what was asked for by name stays
	if err := os.Symlink("README", "kb/link.txt"); err != nil {                                    // as Kubernetes mounts files
		t.Fatal(err)
	}
	if err := os.Symlink(".", "kb/circle"); err != nil {
		t.Fatal(err)
	}
	c.run("ingest kb", 1, "1 added", "2 failed")
	c.run("ingest -collection hr kb/README", 0, "1 added")
	c.run("ingest -prune -collection hr kb/deep", 0, "1 added, 0 changed, 0 unchanged, 0 removed") // README is not below it
	c.run("ingest -max-file 10B kb/README", 1, "it is larger than 10 bytes")
}

func TestSourcesSearchDelete(t *testing.T) {
	c := newConsole(t)
	c.run("sources", 1, "there is no ground truth at data/groundtruth.db: `touchstone ingest PATH` makes one")
	c.write(map[string]string{"a.md": "Alpha text", "b.md": "Beta text", "touchstone.yaml": `
upstreams: [{name: up, base_url: "http://127.0.0.1:9/v1"}]
routes: [{name: default, models: ["*"], upstream: up}]
ground_truth: {path: other/truth.db}
`})
	c.run("ingest -config touchstone.yaml a.md", 0, "1 added")
	c.run("ingest -store other/truth.db b.md -collection hr", 0, "1 added")
	var list struct {
		Revision string
		Sources  []struct{ ID, Collection string }
	}
	if err := json.Unmarshal([]byte(c.run("sources -o json -config touchstone.yaml", 0)), &list); err != nil || len(list.Sources) != 2 || list.Revision == "" {
		t.Errorf("sources %+v, %v", list, err)
	}
	var hits struct {
		Passages []struct {
			Source, Text string
			Score        float64
		}
	}
	if err := json.Unmarshal([]byte(c.run("search -o json -store other/truth.db beta text", 0)), &hits); err != nil || len(hits.Passages) != 2 || hits.Passages[0].Text != "Beta text" || hits.Passages[0].Score <= 0 {
		t.Errorf("search %+v, %v", hits, err)
	}
	c.run("search -store other/truth.db -collection default beta", 0, "a.md") // by meaning: nothing has the word
	c.run("search -store other/truth.db -collection nope beta", 1, "there is no collection nope; there are: default, hr\n")
	c.run("delete -store other/truth.db b.md", 1, "b.md is not in collection default but in hr: add -collection hr")
	c.run("delete -store other/truth.db aa.md", 1, "there is no source aa.md in collection default; did you mean a.md?")
	c.run("delete -store other/truth.db unlike", 1, "there is no source unlike in collection default\n")
	c.run("delete -store other/truth.db a.md", 0, "deleted a.md from collection default; revision 3-")
	for line, part := range map[string]string{
		"ingest":                        "it needs a file or a folder",
		"ingest -config x -store y a":   "-config and -store both name the store",
		"search -store other/truth.db":  "it needs something to search for",
		"search -k 0 x":                 "-k is a number of passages from 1",
		"search -o yaml x":              "-o is text or json",
		"sources x":                     "it takes no argument",
		"delete":                        "it needs the name of a source",
		"ingest -max-file plenty a.md":  "plenty",
		"sources -nonsense":             "nonsense",
		"ingest -collection= -- -a.md ": "-collection needs a name",
	} {
		c.run(line, exitUsage, part)
	}
	var out, errs bytes.Buffer
	if got := Main(context.Background(), []string{"ingest", "a.md", ""}, Streams{Out: &out, Err: &errs}); got != exitUsage || !strings.Contains(errs.String(), "one of the paths is empty") {
		t.Errorf("an empty path: exit status %d, %s", got, errs.String())
	}
	c.run("delete -store other/truth.db -collection hr b.md", 0, "deleted")
	c.run("search -store other/truth.db -collection hr beta", 1, "there is no collection hr: the ground truth is empty\n")
	c.run("sources -store other", 1, "other is a folder: name a file, such as other/groundtruth.db\n")
	c.run("ingest -store touchstone.yaml/x.db a.md", 1, "touchstone.yaml: not a directory")
	c.run("sources -h", 0, "usage: touchstone sources")
	c.run("ingest -config none.yaml a.md", 1, "none.yaml")
}

// TestNamesCannotSteerTheTerminal lists sources named as nobody should name a file.
func TestNamesCannotSteerTheTerminal(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{"kb/a\x1b[31m\nb.md": "Alpha", "kb/empty\x1b[2J.md": "", "kb/ünï.md": "Beta"})
	for _, line := range []string{"ingest -v kb", "sources", "search alpha", "delete kb/a"} {
		var out bytes.Buffer
		Main(context.Background(), strings.Fields(line), Streams{In: strings.NewReader(""), Out: &out, Err: &out})
		if strings.ContainsRune(out.String(), '\x1b') || !strings.Contains(out.String(), `"kb/a\x1b[31m\nb.md"`) {
			t.Errorf("%s says %q", line, out.String())
		}
	}
	c.run("sources", 0, "  kb/ünï.md")
}

func TestIngestStopsBetweenDocuments(t *testing.T) {
	c := newConsole(t)
	c.write(map[string]string{"kb/a.md": "Alpha", "kb/b.md": "Beta"})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var out, errs bytes.Buffer
	stop := writerFunc(func(p []byte) (int, error) { cancel(); return errs.Write(p) }) // as Ctrl-C after the first file
	if status := Main(ctx, []string{"ingest", "-v", "kb"}, Streams{Out: &out, Err: stop}); status != 130 {
		t.Errorf("exit status %d", status)
	}
	if !strings.HasPrefix(out.String(), "1 added, 0 changed, 0 unchanged, 0 failed; revision 1-") || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("it said %s%s", out.String(), errs.String())
	}
	c.run("ingest kb", 0, "1 added, 0 changed, 1 unchanged")
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
