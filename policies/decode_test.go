package policies

import (
	"context"
	"slices"
	"testing"

	"touchstone/guards"
)

// found is in with one finding, bytes 10 to 30 of its answer.
func found(in *Input) *Input {
	in.Findings = []guards.Found{{Guard: "pii", Finding: guards.Finding{Side: guards.InAnswer, Category: "email", Score: 1, Start: 10, End: 30}}}
	return in
}

func TestMasksReachTheDecision(t *testing.T) {
	main := `decision := {"action": action, "rules": [{"id": "test.rule", "action": action, "message": "m", "mask": mask}]}

mask := [{"side": f.side, "message": f.message, "start": f.start, "end": f.end, "with": placeholder, "restore": input.phase == "prompt"} |
	some f in input.findings
	f.side != "context"
]

placeholder := "<{n}>"

action := "redact" if count(mask) > 0

action := "flag" if count(mask) == 0
`
	e := load(t, folder(t, false, oneRule(main)))
	d, err := e.Decide(context.Background(), found(answer(3)))
	if want := []Mask{{Side: guards.InAnswer, Start: 10, End: 30, With: "<{n}>"}}; err != nil || !slices.Equal(d.Rules[0].Mask, want) || d.Rules[0].Phase != "" {
		t.Errorf("got %+v, %v", d, err)
	}
	in := &Input{Phase: PromptPhase, Final: true, Findings: []guards.Found{{Finding: guards.Finding{Side: guards.InTool, Message: 2, Start: 1, End: 4}}}}
	d, err = e.Decide(context.Background(), in)
	if want := []Mask{{Side: guards.InTool, Message: 2, Start: 1, End: 4, With: "<{n}>", Restore: true}}; err != nil || !slices.Equal(d.Rules[0].Mask, want) || d.Rules[0].Phase != PromptPhase {
		t.Errorf("got %+v, %v", d, err)
	}
}
