package guards_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"touchstone/groundtruth"
	"touchstone/guards"
)

// detector finds the word "pin" in answers and prompts.
type detector struct{ err error }

func (detector) Name() string { return "pins" }
func (detector) Detects()     {}
func (d detector) Check(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	var out []guards.Finding
	for _, c := range ex.Claims {
		if i := strings.Index(c.Text, "pin"); i >= 0 {
			out = append(out, guards.Finding{Claim: c, Category: "pin", Score: 1, Start: c.Start + i, End: c.Start + i + 3})
		}
	}
	return out, d.err
}
func (d detector) CheckPrompt(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	var out []guards.Finding
	for i, m := range ex.Prompt {
		side := guards.InPrompt
		if m.Role == "tool" {
			side = guards.InTool
		}
		if at := strings.Index(m.Text, "pin"); at >= 0 {
			out = append(out, guards.Finding{Side: side, Message: i, Category: "pin", Score: 1, Start: at, End: at + 3})
		}
	}
	return out, d.err
}

var _ guards.PromptGuard = detector{}

var pinned = []guards.Claim{
	{Index: 0, Start: 0, End: 20, Text: "Your pin is set now."},
	{Index: 1, Start: 21, End: 27, Text: "My pin", NotClaim: "fragment"},
	{Index: 2, Start: 28, End: 33, Text: "Done."},
}

func TestFindingsWithoutAVerdictLeaveSentencesAlone(t *testing.T) {
	chain := guards.Chain{Guards: []guards.Guard{detector{}, verdict(guards.Supported)}}
	report := chain.Run(t.Context(), &guards.Exchange{Claims: pinned})
	found := report.Findings()
	if len(found) != 2 || found[0].Guard != "pins" || found[0].Side != guards.InAnswer || found[0].Start != 5 || found[1].Claim.Index != 1 || found[1].Start != 24 {
		t.Errorf("found %+v", found)
	}
	for _, s := range report.Sentences(pinned) {
		if s.Verdict != guards.Supported || s.Guard != "supported" {
			t.Errorf("sentence %d: %s by %q", s.Claim.Index, s.Verdict, s.Guard)
		}
	}
}

func TestADetectorAloneMeasuresNoTruth(t *testing.T) {
	chain := guards.Chain{Guards: []guards.Guard{detector{}}}
	report := chain.Run(t.Context(), &guards.Exchange{Claims: pinned})
	if s := report.Sentences(pinned)[0]; s.Verdict != guards.NotMeasured || s.Reason != "No guard of this route checks statements." {
		t.Errorf("got %+v", s)
	}
	// Nor does one that failed say anything about the verdicts of others.
	chain.Guards = []guards.Guard{detector{errors.New("broken")}, verdict(guards.Supported)}
	report = chain.Run(t.Context(), &guards.Exchange{Claims: pinned})
	if s := report.Sentences(pinned)[0]; s.Verdict != guards.Supported || report.Results[0].Status != guards.Failed || len(report.Findings()) != 0 {
		t.Errorf("got %+v of %+v", s, report)
	}
}

func TestScreenAsksOnlyGuardsThatReadPrompts(t *testing.T) {
	chain := guards.Chain{Guards: []guards.Guard{verdict(guards.Supported), detector{}}}
	ex := &guards.Exchange{Prompt: []guards.Message{{Role: "user", Text: "my pin"}, {Role: "tool", Text: "no"}, {Role: "tool", Text: "a pin"}}}
	report := chain.Screen(t.Context(), ex)
	found := report.Findings()
	if len(report.Results) != 1 || len(found) != 2 || found[0].Side != guards.InPrompt || found[0].Start != 3 || found[1].Side != guards.InTool || found[1].Message != 2 {
		t.Errorf("got %+v", report)
	}
	if none := (&guards.Chain{Guards: []guards.Guard{verdict(guards.Supported)}}); none.Screens() || !chain.Screens() {
		t.Error("which chains read prompts is not known")
	}
}

// everywhere reports the findings it is given.
type everywhere []guards.Finding

func (everywhere) Name() string { return "everywhere" }
func (e everywhere) Check(context.Context, *guards.Exchange) ([]guards.Finding, error) {
	return append([]guards.Finding(nil), e...), nil
}

func TestAFindingLiesInItsText(t *testing.T) {
	ex := &guards.Exchange{Claims: pinned, Prompt: []guards.Message{{Role: "user", Text: "hello"}}, Given: []groundtruth.Evidence{{Text: "given"}}}
	for name, tc := range map[string]struct {
		f    guards.Finding
		want string // "": it is taken
	}{
		"whole claim":       {guards.Finding{Claim: pinned[1]}, ""},
		"part":              {guards.Finding{Claim: pinned[1], Start: 24, End: 27}, ""},
		"message":           {guards.Finding{Side: guards.InPrompt, End: 5}, ""},
		"given":             {guards.Finding{Side: guards.InContext}, ""},
		"before its claim":  {guards.Finding{Claim: pinned[1], Start: 20, End: 27}, "outside its text from 21 to 27"},
		"behind its claim":  {guards.Finding{Claim: pinned[1], Start: 24, End: 28}, "outside its text"},
		"ends first":        {guards.Finding{Claim: pinned[1], Start: 25, End: 24}, "outside its text"},
		"no such message":   {guards.Finding{Side: guards.InTool, Message: 1}, "lies in tool 1, which there is not"},
		"negative message":  {guards.Finding{Side: guards.InPrompt, Message: -1}, "which there is not"},
		"no such evidence":  {guards.Finding{Side: guards.InContext, Message: 1}, "which there is not"},
		"over the message":  {guards.Finding{Side: guards.InPrompt, Start: 1, End: 6}, "outside its text from 0 to 5"},
		"no such side":      {guards.Finding{Side: "elsewhere"}, "lies in elsewhere 0"},
		"verdicts are free": {guards.Finding{Verdict: guards.Supported, Start: 99, End: 1}, ""},
	} {
		report := (&guards.Chain{Guards: []guards.Guard{everywhere{tc.f}}}).Run(t.Context(), ex)
		if got := report.Results[0]; (got.Status == guards.OK) != (tc.want == "") || !strings.Contains(got.Error, tc.want) {
			t.Errorf("%s: got %+v", name, got)
		}
		if found := report.Findings(); name == "whole claim" && (found[0].Start != 21 || found[0].End != 27) || name == "given" && found[0].End != 5 {
			t.Errorf("%s: spans %+v", name, found)
		}
	}
}
