package eval_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/eval"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(path string) (items []eval.Item, err error) {
	err = eval.Read(path, nil, func(item eval.Item) error {
		items = append(items, item)
		return nil
	})
	return items, err
}

const rows = `{"id":"r1","source":"x","task":"qa","context":"C","question":"Q","response":"R","label":"unsupported","spans":[[0,1,"Conflict"]],"model":"m"}

{"id":"p1","title":"T","question":"Q","passage":"P","claims":[{"text":"a","label":"supported","error":"none","hard":true},{"text":"b","label":"contradicted","error":"number"}]}
{"id":"a1","task":"summary","context":"C","question":"","answer":[{"text":"Here:","label":"not_claim","error":"none"},{"text":"d","label":"supported","error":"none"}]}
`

func TestReadKnowsTheThreeSchemas(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprint(z, rows)
	z.Close()
	for name, data := range map[string][]byte{"set.dev.jsonl": []byte(rows), "set.dev.jsonl.gz": zipped.Bytes()} {
		items, err := read(write(t, name, data))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range items {
			for _, r := range i.Rows {
				got = append(got, fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%v", i.Set, i.Task, i.Title, i.Context, r.ID, r.Text, r.Label, i.Whole))
			}
		}
		want := []string{
			"set.dev|qa||C|r1|R|unsupported|false",
			"set.dev|claim|T|P|p1#0|a|supported|false",
			"set.dev|claim|T|P|p1#1|b|contradicted|false",
			"set.dev|summary||C|a1#0|Here:|not_claim|true",
			"set.dev|summary||C|a1#1|d|supported|true",
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if s := items[0].Rows[0].Spans; len(s) != 1 || s[0] != [2]int{0, 1} {
			t.Errorf("%s: spans %v", name, s)
		}
		if items[1].Doc != items[2].Doc || items[0].Doc == items[1].Doc {
			t.Errorf("%s: claims on one passage must share a document, others not", name)
		}
	}
}

func TestReadNamesTheLineOfAFault(t *testing.T) {
	good := `{"id":"r","context":"C","response":"R","label":"supported"}` + "\n"
	for _, tc := range []struct{ name, line, want string }{
		{"not JSON", `{"id":`, ":2: reading JSON: unexpected end of JSON input"},
		{"wrong type", `{"id":7}`, `:2: field "ID": want string, got number`},
		{"no id", `{"response":"R","label":"supported"}`, `:2: field "id" is missing`},
		{"no text", `{"id":"x","context":"C"}`, `:2: a row has a "response", "claims", an "answer"`},
		{"misspelt label", `{"id":"x","response":"R","label":"suported"}`, `:2: row x: unknown label "suported"`},
		{"bad span", `{"id":"x","response":"R","spans":[[0.5,2]]}`, `:2: field "spans": 0.5 is not a character offset`},
		{"endless line", `{"id":"` + strings.Repeat("x", 16<<20) + `"}`, ":2: the line is longer than 16 MiB"},
	} {
		_, err := read(write(t, "d.jsonl", []byte(good+tc.line+"\n")))
		if err == nil || !strings.Contains(err.Error(), "d.jsonl"+tc.want) {
			t.Errorf("%s: got %.200v, want ...%s", tc.name, err, tc.want)
		}
	}
	if _, err := read(write(t, "d.jsonl.gz", []byte("\x1f\x8b broken"))); err == nil || !strings.Contains(err.Error(), "d.jsonl.gz: ") {
		t.Errorf("broken gzip: got %v", err)
	}
}

func TestRowsWithoutContextAreDocumentsOfTheirOwn(t *testing.T) {
	items, err := read(write(t, "d.jsonl", []byte(`{"id":"1","context":"","response":"a"}
{"id":"","context":"","response":"b"}
{"id":"3","context":"C","response":"c"}
{"id":"4","context":"C","response":"d"}
`)))
	if err != nil || len(items) != 4 {
		t.Fatalf("%d items, %v", len(items), err)
	}
	if items[0].Doc == items[1].Doc || items[2].Doc != items[3].Doc {
		t.Errorf("documents %q, %q, %q, %q", items[0].Doc, items[1].Doc, items[2].Doc, items[3].Doc)
	}
}

func TestFilesExpandsPatterns(t *testing.T) {
	a := write(t, "a.jsonl", nil)
	got, err := eval.Files([]string{filepath.Dir(a) + "/*.jsonl", a})
	if err != nil || len(got) != 2 || got[0] != a {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := eval.Files([]string{a, filepath.Dir(a) + "/none-*"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a pattern that names nothing: got %v", err)
	}
}
