package policies

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/util"

	"touchstone/guards"
)

// example is a marked code block of docs/policies.md.
var example = regexp.MustCompile("(?s)<!-- (data|input|file: \\S+) -->\n```\\w+\n(.*?)```")

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../docs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The rules, tests and settings in the documentation work as they stand there.
func TestDocumentedExamples(t *testing.T) {
	text, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var data map[string]any
	if err := util.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	doc := page(t, "policies.md")
	files, settings := map[string]string{}, 0
	for _, m := range example.FindAllStringSubmatch(doc, -1) {
		if m[1] == "data" {
			var part map[string]any
			if err := util.Unmarshal([]byte(m[2]), &part); err != nil {
				t.Fatalf("%v in\n%s", err, m[2])
			}
			for section, values := range part {
				if entries, ok := values.(map[string]any); ok {
					maps.Copy(data[section].(map[string]any), entries)
				} else {
					data[section] = values
				}
			}
			settings++
		} else if name, ok := strings.CutPrefix(m[1], "file: "); ok {
			files[name] = m[2]
		}
	}
	if blocks := strings.Count(doc, "```rego\n") + strings.Count(doc, "```yaml\n"); len(files)+settings != blocks {
		t.Errorf("%d of %d examples are marked for this test", len(files)+settings, blocks)
	}
	files["data.yaml"] = string(util.MustMarshalJSON(data)) // JSON is YAML
	dir := folder(t, true, files)
	if err := Check(context.Background(), dir); err != nil {
		t.Error(err)
	}
	report, err := Test(context.Background(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if !r.Pass {
			t.Errorf("%s: %s: %s", r.Name, r.At, r.Why)
		}
	}
	in := answer(12)
	in.Route = "billing"
	in.Sentences[5].Category = "money"
	d, err := load(t, dir).Decide(context.Background(), in)
	if err != nil || d.Action != Rewrite || d.Rules[0].ID != "notice.money" || d.Rules[0].Replacement != "Prices are on your invoice." {
		t.Errorf("the documented rule decides %+v, %v", d, err)
	}
}

func TestDocumentedInput(t *testing.T) {
	sentence := func(i, start, end int, v guards.Verdict, category string, score float64) guards.Sentence {
		return guards.Sentence{Guard: "groundedness", Finding: guards.Finding{
			Claim:   guards.Claim{Index: i, Start: start, End: end, Text: "what the answer says"},
			Verdict: v, Category: category, Score: score, Reason: "what the answer says",
		}}
	}
	value, err := (&Input{
		Now: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Bucket: 4711,
		App: "shop", Route: "support", Model: "gpt-4o-mini", Streamed: true, Final: true,
		Sentences: []guards.Sentence{
			sentence(3, 210, 262, guards.Supported, "duration", 0.04),
			sentence(4, 263, 301, guards.Contradicted, "money", 0.97),
		},
		Counts: Counts{Supported: 3, Contradicted: 1, NotClaim: 1},
		Guards: []guards.Result{
			{Guard: "groundedness", Status: guards.OK},
			{Guard: "bias", Status: guards.Timeout, Error: "no result within 2s", Detects: true},
		},
		Findings: []guards.Found{{Guard: "pii", Finding: guards.Finding{
			Claim: guards.Claim{Index: 4}, Side: guards.InAnswer, Category: "email", Score: 0.99, Start: 280, End: 299, Reason: "what the answer says",
		}}},
		Skipped: []string{"tool_calls"},
	}).Value()
	if err != nil {
		t.Fatal(err)
	}
	got, err := ast.JSON(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range example.FindAllStringSubmatch(page(t, "policies.md"), -1) {
		if m[1] != "input" {
			continue
		}
		var want any
		if err := util.UnmarshalJSON([]byte(m[2]), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			b, _ := json.MarshalIndent(got, "", "  ")
			t.Errorf("the input is\n%s\nnot as docs/policies.md shows it", b)
		}
		return
	}
	t.Error("docs/policies.md shows no input")
}

func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("bundle/data.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var data struct {
		Defaults map[string]map[string]any `json:"defaults"`
	}
	if err := util.Unmarshal(text, &data); err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(page(t, "rules.md"), "\n## ")[1:] {
		id, rest, _ := strings.Cut(s, "\n")
		sections[id] = rest
	}
	rules := load(t, "").Rules()
	for _, r := range rules {
		want := r.Title + ". Severity " + r.Severity + ", principle " + r.Principle + ", owner " + r.Owner + "."
		if !strings.HasPrefix(sections[r.ID], want) {
			t.Errorf("docs/rules.md does not say of %s: %s", r.ID, want)
		}
		for setting, value := range data.Defaults[r.ID] {
			if !strings.Contains(sections[r.ID], "`"+setting+"`") {
				t.Errorf("docs/rules.md does not explain the setting %s of %s", setting, r.ID)
			}
			if n, ok := value.(json.Number); ok && !strings.Contains(sections[r.ID], "`"+setting+"` ("+n.String()+")") {
				t.Errorf("docs/rules.md does not say that %s of %s is %s", setting, r.ID, n)
			}
		}
		if action := "`action` is `" + data.Defaults[r.ID]["action"].(string) + "`"; !strings.Contains(sections[r.ID], action) {
			t.Errorf("docs/rules.md does not say of %s: %s", r.ID, action)
		}
	}
	if len(sections) != len(rules) {
		t.Errorf("docs/rules.md has %d rules, the bundle %d", len(sections), len(rules))
	}
}
