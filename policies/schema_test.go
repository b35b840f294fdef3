package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"touchstone/guards"
)

// The schema is of exactly what Value writes: the same fields on every level, all of
// them required, of the same types.
func TestSchemaIsOfTheInput(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	definitions := schema["definitions"].(map[string]any)
	var compare func(at string, s map[string]any, v any)
	compare = func(at string, s map[string]any, v any) {
		if ref, ok := s["$ref"].(string); ok {
			compare(at, definitions[strings.TrimPrefix(ref, "#/definitions/")].(map[string]any), v)
			return
		}
		if either, ok := s["anyOf"].([]any); ok {
			s = either[0].(map[string]any)
		}
		switch v := v.(type) {
		case map[string]any:
			if s["type"] != "object" {
				t.Errorf("%s is an object, in the schema %v", at, s["type"])
			}
			if each, ok := s["additionalProperties"].(map[string]any); ok {
				for name, field := range v {
					compare(at+"."+name, each, field)
				}
				return
			}
			properties := s["properties"].(map[string]any)
			want := slices.Sorted(maps.Keys(v))
			if at == "input" { // the engine adds it, from the rest
				properties = maps.Clone(properties)
				delete(properties, "candidates")
			}
			if got := slices.Sorted(maps.Keys(properties)); !slices.Equal(got, want) || s["additionalProperties"] != false {
				t.Errorf("%s has the fields %v, in the schema %v", at, want, got)
			}
			var required []string
			for _, name := range s["required"].([]any) {
				required = append(required, name.(string))
			}
			if slices.Sort(required); !slices.Equal(required, want) {
				t.Errorf("%s has the fields %v, the schema requires %v", at, want, required)
			}
			for name, field := range v {
				if p, ok := properties[name].(map[string]any); ok {
					compare(at+"."+name, p, field)
				}
			}
		case []any:
			if s["type"] != "array" {
				t.Errorf("%s is a list, in the schema %v", at, s["type"])
			}
			if len(v) == 0 {
				t.Errorf("%s is empty: nothing of it is compared", at)
			}
			for _, e := range v {
				compare(at+"[]", s["items"].(map[string]any), e)
			}
		case string:
			if enum, ok := s["enum"].([]any); s["type"] != "string" || ok && !slices.Contains(enum, any(v)) {
				t.Errorf("%s is %q, in the schema %v", at, v, s)
			}
		case bool:
			if s["type"] != "boolean" {
				t.Errorf("%s is a boolean, in the schema %v", at, s["type"])
			}
		case json.Number:
			if s["type"] != "number" && (s["type"] != "integer" || strings.Contains(v.String(), ".")) {
				t.Errorf("%s is the number %s, in the schema %v", at, v, s["type"])
			}
		default:
			t.Errorf("%s is a %T", at, v)
		}
	}
	for _, phase := range []Phase{AnswerPhase, PromptPhase} {
		in := &Input{Phase: phase, Counts: Counts{Supported: 1, NotCovered: 1}, Skipped: []string{"tool_calls"}}
		in.Findings = []guards.Found{{Guard: "g", Finding: guards.Finding{Side: guards.InAnswer, Category: "c", Group: "x", Score: 0.25, End: 3}}}
		for _, v := range verdicts {
			in.Sentences = append(in.Sentences, guards.Sentence{Guard: "g", Finding: guards.Finding{Verdict: v, Score: 0.25}})
		}
		for _, status := range []guards.Status{guards.OK, guards.Failed, guards.Timeout, guards.Skipped} {
			in.Guards = append(in.Guards, guards.Result{Guard: string(status), Status: status})
		}
		value, err := in.Value()
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ast.JSON(value)
		if err != nil {
			t.Fatal(err)
		}
		compare("input", schema, doc)
	}
}

// A typo in input does not load; what may be null still can be compared.
func TestTyposInInputDoNotLoad(t *testing.T) {
	for condition, want := range map[string]string{
		"input.rout == \"support\"":                            "undefined ref: input.rout",
		"input.counts.contradictd > 0":                         "undefined ref: input.counts.contradictd",
		"input.sentences.wrong[_].score > 0":                   "undefined ref: input.sentences.wrong",
		"some s in input.sentences.contradicted; s.scor > 0":   "undefined ref: s.scor",
		"some f in input.findings; f.kind == \"email\"":        "undefined ref: f.kind",
		"input.route > count(input.app) + input.route":         "plus: invalid argument",
		"some f in input.findings; f.sentence == 3":            "",
		"input.groundedness < 0.5; input.groundedness != null": "",
		"some name; input.guards[name].status == \"failed\"":   "",
		"some v; input.sentences[v][_].score > 0.5":            "",
	} {
		t.Run(condition, func(t *testing.T) {
			files := oneRule("decision := {\"action\": \"allow\", \"rules\": []}\n")
			files["extra.rego"] = fmt.Sprintf("package extra\n\nx if {\n\t%s\n}\n", condition)
			_, err := Load(context.Background(), folder(t, false, files))
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "extra.rego:4: ")) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}
