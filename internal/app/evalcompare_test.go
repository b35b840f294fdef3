package app

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/eval"
)

// compareFiles writes forty documents with a right and a wrong claim each, and
// predictions of them: right says of which claims each run was right.
func compareFiles(t *testing.T, a, b func(doc int, wrong bool) (right bool)) (data, pa, pb string) {
	t.Helper()
	dir := t.TempDir()
	var rows, first, second strings.Builder
	line := func(out *strings.Builder, doc, claim int, right bool) {
		caught := (claim == 1) == right
		verdict, score := "supported", 0.2
		if caught {
			verdict, score = "not_covered", 0.8
		}
		fmt.Fprintf(out, `{"id":"p%d#%d","score":%g,"verdict":%q,"action":"allow","sentences":[],"ms":1}`+"\n", doc, claim, score, verdict)
	}
	for d := range 40 {
		fmt.Fprintf(&rows, `{"id":"p%d","passage":"P","claims":[{"text":"One.","label":"supported","error":"none"},{"text":"Two.","label":"unsupported","error":"added_detail"}]}`+"\n", d)
		for claim := range 2 {
			line(&first, d, claim, a(d, claim == 1))
			line(&second, d, claim, b(d, claim == 1))
		}
	}
	write := func(name string, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("data.jsonl", rows.String()), write("old.jsonl", first.String()), write("new.jsonl", second.String())
}

func TestEvalCompareTellsAGainFromChance(t *testing.T) {
	half := func(d int, wrong bool) bool { return !wrong || d%2 == 0 }
	for _, tc := range []struct {
		name   string
		a, b   func(int, bool) bool
		beyond int
		fixed  int
		broken int
	}{
		{"the same", half, half, 0, 0, 0},
		{"a trade", half, func(d int, wrong bool) bool { return !wrong || d%2 == 1 }, 0, 20, 20},
		{"better", half, func(d int, wrong bool) bool { return true }, 1, 20, 0},
		{"worse", half, func(d int, wrong bool) bool { return !wrong && d > 3 || wrong && d%2 == 0 }, -1, 0, 4},
	} {
		data, a, b := compareFiles(t, tc.a, tc.b)
		status, out, stderr := runEvalOn(t, "compare", "-fail", "-data", data, "-o", "json", a, b)
		if want := map[bool]int{true: exitError, false: exitOK}[tc.beyond < 0]; status != want {
			t.Fatalf("%s: status %d, want %d: %s", tc.name, status, want, stderr)
		}
		var c eval.Comparison
		if err := json.Unmarshal([]byte(out), &c); err != nil {
			t.Fatal(err)
		}
		if got := c.Overall.BalancedAccuracy.Beyond(); got != tc.beyond || c.Overall.Fixed != tc.fixed || c.Overall.Broken != tc.broken {
			t.Errorf("%s: beyond chance %d (want %d), fixed %d (%d), broken %d (%d)", tc.name, got, tc.beyond, c.Overall.Fixed, tc.fixed, c.Overall.Broken, tc.broken)
		}
		if c.Overall.Rows != 80 || c.Overall.Docs != 40 || c.A != "old" || c.B != "new" {
			t.Errorf("%s: got %+v", tc.name, c.Overall)
		}
	}
}

func TestEvalReportsAsAPage(t *testing.T) {
	data, a, b := compareFiles(t, func(d int, _ bool) bool { return d%3 > 0 }, func(int, bool) bool { return true })
	for _, args := range [][]string{{"compare", "-data", data, "-o", "html", a, b}, {"run", "-data", data, "-o", "html"}} {
		status, out, stderr := runEvalOn(t, args...)
		if status != exitOK || !strings.Contains(out, "<h2>Balanced accuracy by data set") && !strings.Contains(out, "<h2>Gain in balanced accuracy by data set") {
			t.Errorf("%v: status %d %s\n%.300s", args, status, stderr, out)
		}
		if strings.Contains(out, "NaN") || strings.Contains(out, "ZgotmplZ") {
			t.Errorf("%v: the page holds what nobody should see", args)
		}
	}
}

func TestEvalCompareSaysWhatIsWrong(t *testing.T) {
	all := func(int, bool) bool { return true }
	data, a, b := compareFiles(t, all, all)
	text, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	lines := strings.SplitAfter(string(text), "\n")
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{a, b}, "name the judged files with -data"},
		{[]string{"-data", data, a}, "name two predictions files"},
		{[]string{"-data", data, "-o", "xml", a, b}, "is not text, json, markdown or html"},
		{[]string{"-data", data, a, b + ".none"}, "no such file"},
		{[]string{"-data", data, a, file("short.jsonl", strings.Join(lines[:10], ""))}, `short.jsonl ends after 10 lines, and row "p5#0"`},
		{[]string{"-data", data, a, file("long.jsonl", string(text)+lines[0])}, "long.jsonl:81: a line more"},
		{[]string{"-data", data, file("turned.jsonl", lines[1]+lines[0]), b}, `turned.jsonl:1 is about row "p0#1" where the data has "p0#0"`},
		{[]string{"-data", data, file("bad.jsonl", "{"), b}, "bad.jsonl:1: not a prediction"},
		{[]string{"-data", data, file("verdict.jsonl", strings.Replace(string(text), `"supported"`, `"fine"`, 1)), b}, `verdict.jsonl:1: unknown verdict "fine"`},
	} {
		if status, _, stderr := runEvalOn(t, append([]string{"compare"}, tc.args...)...); status == exitOK || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d, %q (want %q)", tc.args, status, stderr, tc.want)
		}
	}
}
