package judge

import (
	"context"
	"fmt"
	"time"

	"touchstone/guards"
	"touchstone/policies"
)

// Screening is what came of a prompt before anything was sent upstream.
type Screening struct {
	Decision policies.Decision
	Findings []guards.Found
	// Edits are what to replace in the prompt, by message, each ascending and apart.
	// They are empty unless the decision is a redaction.
	Edits map[int][]Edit
	// Restore is what stands for what in the prompt that is sent, to be put back in
	// the answer; it must not outlive the exchange.
	Restore map[string]string
	Took    time.Duration

	judge *Judge
	ex    guards.Exchange
	rules []policies.Rule
	state []guards.Result
}

// Screen asks the guards that read what comes in, and the policy, about ex.Prompt
// and ex.Given. It is nil when the route has no such guard. A decision to block
// means that nothing may be sent upstream.
func (j *Judge) Screen(ctx context.Context, ex guards.Exchange) (s *Screening) {
	if !j.Chain.Screens() {
		return nil
	}
	start := time.Now()
	begin(&ex)
	s = &Screening{judge: j, ex: ex}
	defer func() {
		if p := recover(); p != nil { // as in Case.Add
			s.Decision, s.Edits = j.unavailable(fmt.Sprintf("panic: %v", p)), nil
		}
		inPrompt(&s.Decision) // also one that was none of the policy's
		s.Took = time.Since(start)
	}()
	report := j.Chain.Screen(ctx, &ex)
	s.Findings = report.Findings()
	s.Decision = j.decide(ctx, &ex, &policies.Input{Phase: policies.PromptPhase, Findings: s.Findings, Guards: report.Results, Final: true})
	s.Edits, s.Restore = j.promptEdits(&ex, s.Findings, s.Decision)
	for _, r := range report.Results {
		r.Findings = nil
		s.state = append(s.state, r)
	}
	return s
}

// inPrompt says of a decision's rules that they fired on what came in.
func inPrompt(d *policies.Decision) {
	for _, rules := range [][]policies.Rule{d.Rules, d.Shadow} {
		for i := range rules {
			rules[i].Phase = policies.PromptPhase
		}
	}
}

// Receipt is the record of a prompt that was not sent.
func (s *Screening) Receipt() Receipt {
	c := s.judge.Open(s.ex)
	c.After(s)
	return c.Receipt()
}
