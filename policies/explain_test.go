package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"touchstone/guards"
)

// told is an explanation in the form that the tests below write.
func told(x Explanation) string {
	var b strings.Builder
	for _, body := range x.Bodies {
		fmt.Fprintf(&b, "%s %v\n", body.Name, body.Held)
		for _, c := range body.Conditions {
			fmt.Fprintf(&b, "%s%s | held %v | failed %v\n", strings.Repeat(" ", c.Depth+1), c.Text, c.Held, c.Failed)
		}
	}
	return b.String()
}

func TestExplainSaysWhichConditionFailedOnWhichValue(t *testing.T) {
	in := answer(12)
	x, err := Explain(context.Background(), "", in, "hallucination.low_groundedness")
	if err != nil {
		t.Fatal(err)
	}
	want := `violation false
 input.final | held [[input.final is true]] | failed []
 input.groundedness != null | held [[input.groundedness is 0.8]] | failed []
 on := settings.of("hallucination.low_groundedness") | held [[on is {"action": "flag", "min_checked": 3, "threshold": 0.6}]] | failed []
 input.counts.checked >= on.min_checked | held [[input.counts.checked is 10 on.min_checked is 3]] | failed []
 input.groundedness < on.threshold | held [] | failed [[input.groundedness is 0.8 on.threshold is 0.6]]
`
	if got := told(x.Rules[0]); got != want || x.Rules[0].Fired || len(x.Rules) != 1 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Conditions inside comprehensions are told apart by the values they were tried on;
// what was not reached has no values.
func TestExplainLooksIntoComprehensions(t *testing.T) {
	in := &Input{Route: "support", Final: true}
	for i, score := range []float64{0.9, 0.2} {
		in.Sentences = append(in.Sentences, guards.Sentence{Finding: guards.Finding{Claim: guards.Claim{Index: i}, Verdict: guards.NotCovered, Score: score}})
		in.Counts.Add(guards.NotCovered)
	}
	x, err := Explain(context.Background(), "", in, "")
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]Explanation{}
	for _, e := range x.Rules {
		byID[e.Rule.ID] = e
	}
	e := byID["hallucination.not_covered"]
	got := told(e)
	for _, want := range []string{
		"violation true\n",
		"  sentence.score >= on.threshold | held [[sentence.score is 0.9 on.threshold is 0.5]] | failed [[sentence.score is 0.2 on.threshold is 0.5]]\n",
		" count(sentences) > 0 | held [[sentences is [0]]] | failed []\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if !e.Fired || fmt.Sprint(e.Settings["threshold"]) != "0.5" || x.Decision.Action != Flag {
		t.Errorf("got %+v", e)
	}
	e = byID["hallucination.contradicted"]
	for _, c := range e.Bodies[0].Conditions[1:] {
		if len(c.Held)+len(c.Failed) > 0 {
			t.Errorf("%s was not reached, and has values", c.Text)
		}
	}
	if _, err := Explain(context.Background(), "", in, "no.rule"); err == nil || !strings.Contains(err.Error(), "it has approved.answer, bias.answer, coverage.") {
		t.Errorf("got %v", err)
	}
}

// What Value writes ParseInput reads.
func TestParseInputReadsWhatValueWrites(t *testing.T) {
	index := guards.Found{Guard: "pii", Finding: guards.Finding{Claim: guards.Claim{Index: 3}, Side: guards.InAnswer, Category: "email", Score: 0.9, Start: 250, End: 260, Known: true}}
	prompt := guards.Found{Guard: "pii", Finding: guards.Finding{Side: guards.InPrompt, Message: 2, Category: "email", Group: "age", Score: 0.25, End: 4}}
	for _, in := range []*Input{
		answer(12), {Final: true},
		{Phase: PromptPhase, Bucket: 77, Findings: []guards.Found{prompt}, Guards: []guards.Result{{Guard: "pii", Detects: true, Status: guards.Failed, Error: "no model"}}},
		{Streamed: true, Choice: 2, Model: "m", Skipped: []string{"tool_calls"}, Findings: []guards.Found{index}},
	} {
		value, err := in.Value()
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ast.JSON(value)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ParseInput(util.MustMarshalJSON(doc))
		if err != nil {
			t.Fatal(err)
		}
		again, err := read.Value()
		if err != nil || again.Compare(value) != 0 {
			t.Errorf("%v\nwrote %s\nread  %s", err, value, again)
		}
	}
	for text, want := range map[string]string{
		`{"rout": "a"}`:                    `unknown field "rout"`,
		`{"version": 2}`:                   "it is of version 2, not 1",
		`{"sentences": {"wrong": [{}]}}`:   "sentences.wrong is no verdict",
		`{"sentences": {"supported": [7]}`: "reading the input",
	} {
		if _, err := ParseInput([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestDiff(t *testing.T) {
	dir := folder(t, true, map[string]string{
		"rules/coverage/more.rego": strings.Replace(oneRule("")["rules/test/rule.rego"], "rules.test.rule", "rules.coverage.more", 1),
	})
	change := func(name, from, to string) {
		t.Helper()
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), from) {
			t.Fatalf("%s: %v", name, err)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	change("data.yaml", "threshold: 0.5 # of", "threshold: 0.75 # of")
	change("data.yaml", "routes: {}", "routes: {support: {hallucination.contradicted: {action: redact}}}")
	change("data.yaml", "exceptions: []", "exceptions: [{id: EX-1, rule: coverage.skipped, until: 2027-01-31, owner: Jane, reason: A test.}]")
	change("rules/hallucination/contradicted.rego", "severity: high", "severity: critical")
	change("rules/hallucination/contradicted.rego", "# first: for most", "# for most")
	change("rules/hallucination/not_covered.rego", "count(sentences) > 0", "count(sentences) > 1")
	if err := os.Remove(filepath.Join(dir, "rules/coverage/skipped.rego")); err != nil {
		t.Fatal(err)
	}
	d, err := Diff(context.Background(), "", dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Added) != 1 || d.Added[0].ID != "coverage.more" || len(d.Removed) != 1 || d.Removed[0].ID != "coverage.skipped" {
		t.Errorf("added %+v, removed %+v", d.Added, d.Removed)
	}
	if !slices.Equal(d.Code, []string{"rules.hallucination.not_covered"}) {
		t.Errorf("code %v", d.Code)
	}
	if want := []Change{{"hallucination.contradicted severity", "high", "critical"}}; !slices.Equal(d.Metadata, want) {
		t.Errorf("METADATA %v", d.Metadata)
	}
	want := []Change{
		{"defaults.hallucination.contradicted.threshold", "0.5", "0.75"},
		{"exceptions.EX-1.id", "", `"EX-1"`}, {"exceptions.EX-1.owner", "", `"Jane"`}, {"exceptions.EX-1.reason", "", `"A test."`},
		{"exceptions.EX-1.rule", "", `"coverage.skipped"`}, {"exceptions.EX-1.until", "", `"2027-01-31"`},
		{"routes.support.hallucination.contradicted.action", "", `"redact"`},
	}
	if !reflect.DeepEqual(d.Settings, want) {
		t.Errorf("settings %v", d.Settings)
	}
	same, err := Diff(context.Background(), dir, dir)
	if err != nil || !same.Empty() {
		t.Errorf("with itself: %+v, %v", same, err)
	}
	if _, err := Diff(context.Background(), "", filepath.Join(dir, "missing")); err == nil {
		t.Error("a bundle that is not there")
	}
}

func TestFormat(t *testing.T) {
	dir := folder(t, true, map[string]string{"extra.rego": "package extra\n\nx   :=   1\n"})
	changed, err := Format(context.Background(), dir)
	if err != nil || len(changed) != 1 || !strings.HasSuffix(changed[0], "/extra.rego") {
		t.Fatalf("changed %v, %v", changed, err)
	}
	if err := Check(context.Background(), dir); err != nil {
		t.Error(err)
	}
	write(t, filepath.Join(dir, "broken.rego"), []byte("package\n"))
	write(t, filepath.Join(dir, "extra.rego"), []byte("package extra\n\nx   :=   1\n"))
	if changed, err := Format(context.Background(), dir); err == nil || len(changed) > 0 {
		t.Errorf("with a file that cannot be parsed: %v, %v", changed, err)
	}
	if _, err := Format(context.Background(), ""); err == nil {
		t.Error("the embedded bundle was formatted")
	}
}

// The starter is in order for the program and holds what stock OPA needs; a schema or
// capabilities of another program are told.
func TestStarter(t *testing.T) {
	dir := t.TempDir()
	if err := WriteStarter(dir); err != nil {
		t.Fatal(err)
	}
	if err := Check(context.Background(), dir); err != nil {
		t.Error(err)
	}
	if e, err := Load(context.Background(), dir); err != nil || e.Revision() != load(t, "").Revision() {
		t.Errorf("%v", err)
	}
	var capabilities struct{ Builtins []any }
	text, err := os.ReadFile(filepath.Join(dir, "capabilities.json"))
	if err != nil || json.Unmarshal(text, &capabilities) != nil || len(capabilities.Builtins) < 100 {
		t.Fatalf("%v, %d built-in functions", err, len(capabilities.Builtins))
	}
	write(t, filepath.Join(dir, "schemas/input.json"), []byte(strings.Replace(string(Schema), `"route"`, `"path"`, 1)))
	write(t, filepath.Join(dir, "capabilities.json"), []byte(`{"builtins": []}`))
	if err := Check(context.Background(), dir); err == nil || !strings.Contains(err.Error(), "schemas/input.json: is not the schema") || !strings.Contains(err.Error(), "capabilities.json: are not the capabilities") {
		t.Errorf("got %v", err)
	}
}
