package app

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/eval"
)

// evalRows are right and wrong by facts that exact comparison sees.
const evalRows = `{"id":"p1","title":"Lamp","passage":"The Norla lamp costs EUR 35 and weighs 2 kg.","claims":[{"text":"The Norla lamp costs EUR 35.","label":"supported","error":"none"},{"text":"The Norla lamp costs EUR 53.","label":"contradicted","error":"number"}]}
{"id":"r1","task":"qa","context":"Parcels arrive within 3 days.","question":"When?","response":"Thanks for asking!","label":"generic","spans":[]}
`

func runEvalOn(t *testing.T, args ...string) (status int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status = Main(context.Background(), append([]string{"eval"}, args...), Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

func TestEvalRunPredictsAndReports(t *testing.T) {
	dir := t.TempDir()
	data, predictions := filepath.Join(dir, "d.jsonl"), filepath.Join(dir, "p.jsonl")
	if err := os.WriteFile(data, []byte(evalRows), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, stderr := runEvalOn(t, "run", "-data", data, data, "-o", "json", "-predictions", predictions, "-workers", "3")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	var report struct {
		Policy  string `json:"policy_revision"`
		Overall struct {
			Rows   int                `json:"rows"`
			Labels map[eval.Label]int `json:"labels"`
			F1     float64            `json:"f1"`
		} `json:"overall"`
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if report.Policy == "" || report.Overall.Rows != 6 || report.Overall.Labels[eval.LabelGeneric] != 2 || report.Overall.F1 != 1 {
		t.Errorf("got %s", out)
	}
	lines, err := os.ReadFile(predictions)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for line := range strings.Lines(string(lines)) {
		var p eval.Prediction
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID+" "+string(p.Verdict))
	}
	const want = "p1#0 supported,p1#1 contradicted,r1 not_claim,p1#0 supported,p1#1 contradicted,r1 not_claim"
	if got := strings.Join(ids, ","); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, out, _ = runEvalOn(t, "run", "-limit", "1", "-o", "markdown", data); !strings.Contains(out, "| all | 1 |") {
		t.Errorf("limit 1: got %s", out)
	}
}

func TestEvalRunSaysWhatIsWrong(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.jsonl")
	if err := os.WriteFile(bad, []byte(evalRows+`{"id":"x","response":"R","label":"maybe"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	unchecked := filepath.Join(t.TempDir(), "c.yaml")
	config := `upstreams: [{name: u, base_url: "http://127.0.0.1:1/v1"}]
routes: [{name: free, models: ["*"], upstream: u, guards: []}]
ground_truth: {path: ":memory:"}
`
	if err := os.WriteFile(unchecked, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitUsage, "usage: touchstone eval run"},
		{[]string{"run"}, exitUsage, "name a file with -data"},
		{[]string{"run", "-o", "xml", bad}, exitUsage, `-o "xml" is not text, json, markdown or html`},
		{[]string{"run", "-workers", "0", bad}, exitUsage, "-workers must be 1 or more"},
		{[]string{"run", bad}, exitError, `bad.jsonl:3: row x: unknown label "maybe"`},
		{[]string{"run", bad + ".none"}, exitError, "no such file"},
		{[]string{"run", "-route", "other", bad}, exitError, `there is no route "other"`},
		{[]string{"run", "-config", unchecked, bad}, exitError, `route "free" has no guards`},
		{[]string{"run", "-predictions", filepath.Join(bad, "p"), bad}, exitError, "writing predictions"},
	} {
		if status, _, stderr := runEvalOn(t, tc.args...); status != tc.status || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d (want %d), %q (want %q)", tc.args, status, tc.status, stderr, tc.want)
		}
	}
}
