package policies

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"touchstone/guards"
)

// What is read off a rule's conditions, and what is not.
func TestNeedsOfRules(t *testing.T) {
	for body, want := range map[string]string{
		`input.final`:                                                 fmt.Sprint(needsFinal),
		`input.final == true; input.streamed`:                         fmt.Sprint(needsFinal | needsStreamed),
		`input.sentences.contradicted != []`:                          fmt.Sprint(needsVerdict << 1),
		`[] != input.findings; input.phase == "answer"`:               fmt.Sprint(needsFindings | needsAnswer),
		`some f in input.findings; f.score > 0.5`:                     fmt.Sprint(needsFindings),
		`some i, s in input.sentences.not_covered; s.score > i`:       fmt.Sprint(needsVerdict << 2),
		`input.phase == "prompt"; input.skipped != []`:                fmt.Sprint(needsPrompt | needsSkipped),
		`input.unmeasured != []; input.groundedness != null`:          fmt.Sprint(needsUnmeasured | needsGroundedness),
		`input.route == "a"; "b" == input.app`:                        "0 map[app:b route:a]",
		`not input.final`:                                             "0",
		`input.final == false`:                                        "0",
		`input.final with input as {"final": true}`:                   "0",
		`input.sentences.contradicted == []`:                          "0",
		`x := [s | some s in input.sentences.contradicted]; x != [1]`: "0",
		`count(input.findings) >= 0`:                                  "0",
		`input.route != "a"`:                                          "0",
		`some v in ["contradicted"]; some s in input.sentences[v]; s`: "0",
		`input.groundedness != 1`:                                     "0",
		`input.phase == "other"`:                                      "0",
	} {
		module := ast.MustParseModule("package rules.a.b\n\nviolation contains 1 if {\n" + strings.ReplaceAll(body, "; ", "\n") + "\n}\n")
		g := gates(map[string]*ast.Module{"x.rego": module})[0]
		got := fmt.Sprint(g.needs)
		if len(g.equal) > 0 {
			got += " " + fmt.Sprint(g.equal)
		}
		if got != want {
			t.Errorf("%s needs %s, want %s", body, got, want)
		}
	}
	two := ast.MustParseModule("package rules.a.b\n\nviolation contains 1 if input.final\n\nviolation contains 2 if input.streamed\n")
	if g := gates(map[string]*ast.Module{"x.rego": two}); len(g) != 2 || len(candidates(g, &Input{Streamed: true}).Value.(*ast.Array).Elem(0).Value.(*ast.Array).String()) == 0 {
		t.Errorf("two ways to a violation: %+v", g)
	}
	fixed := ast.MustParseModule("package rules.a.b\n\nviolation := {1}\n")
	if g := gates(map[string]*ast.Module{"x.rego": fixed}); len(g) != 1 || g[0].needs != 0 {
		t.Errorf("a violation without conditions: %+v", g)
	}
}

// Naming candidates changes no decision: over random inputs, asking all rules gives the
// same.
func TestCandidatesChangeNoDecision(t *testing.T) {
	e := load(t, folder(t, true, map[string]string{"data.yaml": strings.NewReplacer("action: allow", "action: flag").Replace(page(t, "../policies/bundle/data.yaml"))}))
	asked := *e.current.Load()
	all := asked
	all.gates = nil
	rng := rand.New(rand.NewPCG(3, 4))
	fired := map[string]int{}
	kinds := []struct{ guard, category string }{{"pii", "email_address"}, {"secrets", "api_key"}, {"safety", "hate"}, {"safety", "stereotype"}, {"safety", "violence"},
		{"injection", "injection"}, {"injection", "prompt_leak"}, {"approved", "approved"}}
	for round := range 900 {
		in := &Input{Now: answer(1).Now, Final: rng.IntN(2) == 0, Streamed: rng.IntN(2) == 0, Route: []string{"", "support"}[rng.IntN(2)]}
		in.Guards = []guards.Result{{Guard: "groundedness", Status: []guards.Status{guards.OK, guards.Failed}[rng.IntN(2)]}}
		side := guards.InAnswer
		if rng.IntN(3) == 0 {
			in.Phase, side = PromptPhase, guards.InPrompt
		} else {
			for i := range rng.IntN(4) {
				s := guards.Sentence{Finding: guards.Finding{Claim: guards.Claim{Index: i}, Verdict: verdicts[rng.IntN(len(verdicts))], Category: []string{"stale", "url", "coverage"}[rng.IntN(3)], Score: rng.Float64()}}
				in.Sentences = append(in.Sentences, s)
				in.Counts.Add(s.Verdict)
			}
		}
		if rng.IntN(3) == 0 {
			in.Skipped = []string{"tool_calls"}
		}
		for range rng.IntN(3) {
			if side == guards.InAnswer && len(in.Sentences) == 0 {
				break
			}
			k := kinds[rng.IntN(len(kinds))]
			at := side
			if k.guard == "injection" && k.category == "injection" && side == guards.InPrompt && rng.IntN(2) == 0 {
				at = guards.InContext
			}
			in.Findings = append(in.Findings, guards.Found{Guard: k.guard, Finding: guards.Finding{Side: at, Category: k.category, Score: rng.Float64(), End: 3, Known: rng.IntN(2) == 0}})
		}
		got, err := asked.decide(context.Background(), in, e.deadline)
		if err != nil {
			t.Fatal(err)
		}
		want, err := all.decide(context.Background(), in, e.deadline)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Fatalf("round %d: with candidates\n%+v\nasking all\n%+v\nof %+v", round, got, want, in)
		}
		for _, r := range want.Rules {
			fired[r.ID]++
		}
	}
	if len(fired) < len(e.Rules())-1 {
		t.Errorf("only %v fired: too few to prove anything", fired)
	}
}
