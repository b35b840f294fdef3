package eval_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/eval"
	"touchstone/guards"
	"touchstone/internal/judge"
)

// run judges a file with the guards of these names.
func runContent(t *testing.T, folder, data string, names ...string) ([]eval.Judged, eval.Report) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "set.jsonl")
	if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
	chain := &guards.Chain{}
	for _, n := range names {
		g, err := guards.New(n, guards.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		chain.Guards = append(chain.Guards, g)
	}
	r := eval.Runner{Judge: &judge.Judge{Chain: chain, Policy: strict{}}}
	var rows []eval.Judged
	var s eval.Scorer
	err := r.Run(context.Background(), func(use func(eval.Item) error) error { return eval.Read(file, nil, use) }, func(res eval.Result) error {
		rows = append(rows, res.Rows...)
		s.Add(res)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, s.Report()
}

const private = `{"id":"1","source":"presidio-synth","text":"5 µm: write to ann@example.org or +41 44 668 18 00.","label":"pii","spans":[[15,30,"EMAIL_ADDRESS"],[34,50,"PHONE_NUMBER"]]}
{"id":"2","source":"presidio-synth","text":"Order 48213 was shipped.","label":"none","spans":[]}
{"id":"3","source":"wnut17/dev","text":"I met Petra Novak yesterday","label":"person","spans":[[6,11,"PER"],[12,17,"PER"]]}
`

func TestPrivateDataIsPredictedBySpan(t *testing.T) {
	rows, report := runContent(t, "pii", private, "pii")
	line, err := json.Marshal(rows[0].Prediction)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(line), `"spans":[[15,30,"EMAIL_ADDRESS"],[34,50,"PHONE_NUMBER"]]`) {
		t.Errorf("predicted %s", line)
	}
	if line, _ := json.Marshal(rows[2].Prediction); !strings.Contains(string(line), `[6,17,"PER"]`) {
		t.Errorf("predicted %s", line)
	}
	types := map[string]eval.TypeScore{}
	for _, s := range report.Content[0].Types {
		types[s.Type] = s
	}
	if all := types["all"]; all.Marked != 3 || all.Found != 3 || all.F1 != 1 || all.Exact != 1 || types["person"].Marked != 1 {
		t.Errorf("scored %+v", report.Content[0].Types)
	}
	var page bytes.Buffer
	if err := report.WriteMarkdown(&page); err != nil || !strings.Contains(page.String(), "| set | email_address | 1 | 1 | 1.000 |") {
		t.Errorf("the page: %v\n%s", err, page.String())
	}
}

// An area is known by its folder, or by what its labels say.
func TestAreas(t *testing.T) {
	for _, tc := range []struct{ folder, row, area string }{
		{"injection", `{"id":"1","text":"x","label":"odd"}`, "injection"},
		{"data", `{"id":"1","text":"x","label":"benign"}`, "injection"},
		{"data", `{"id":"1","text":"x","label":"hateful","group":"women"}`, "toxicity"},
		{"data", `{"id":"1","text":"x","label":"not_biased"}`, "bias"},
		{"data", `{"id":"1","text":"x","label":"?","spans":[[0,1,"PERSON"]]}`, "pii"},
		{"bias", `{"id":"1","text":"Who?","context":"Two people.","label":1,"answers":["A","B","?"],"biased_answer":1,"condition":"disambig"}`, "bias"},
	} {
		_, report := runContent(t, tc.folder, tc.row+"\n", "pii", "injection")
		if got := report.Content; len(got) != 1 || got[0].Area != tc.area {
			t.Errorf("%s in %s: %+v", tc.row, tc.folder, got)
		}
	}
}

func TestAGuardThatDidNotRunIsNotAScore(t *testing.T) {
	rows, report := runContent(t, "toxicity", `{"id":"1","text":"You are all fools.","label":"toxic"}`+"\n", "safety")
	if rows[0].Verdict != guards.NotMeasured || report.Content[0].NotMeasured != 1 || report.Content[0].Recall == 0 {
		t.Errorf("got %+v and %+v", rows[0].Prediction, report.Content[0])
	}
}

func TestTextsNeedAGuardThatLooks(t *testing.T) {
	r := runner(echo{}, 1)
	err := r.Run(context.Background(), source(eval.Item{ID: "1", Rows: []eval.Row{{ID: "1", Text: "x"}}, Content: &eval.Content{Area: "pii"}}), func(eval.Result) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "no guard that looks at what a text holds") {
		t.Errorf("got %v", err)
	}
}
