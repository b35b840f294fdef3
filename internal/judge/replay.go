package judge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"touchstone/guards"
	"touchstone/policies"
)

// Step is one decision on an answer, as far as the rest of a receipt does not tell:
// what was new in it. A whole answer has one step, a streamed one as many as it
// completed sentences at different times.
type Step struct {
	Sentences int           `json:"sentences"`          // how many of Receipt.Sentences, after those of earlier steps
	Findings  int           `json:"findings,omitempty"` // likewise; those that no step has are of the prompt
	Skipped   int           `json:"skipped,omitempty"`  // how many of Receipt.Skipped were known by then
	Final     bool          `json:"final,omitempty"`    // no further sentence followed
	Failed    []GuardRecord `json:"failed,omitempty"`   // the guards that did not run in this step
}

func stepOf(sentences []guards.Sentence, findings []guards.Found, results []guards.Result, skipped []string, final bool) Step {
	s := Step{Sentences: len(sentences), Findings: len(findings), Skipped: len(skipped), Final: final}
	for _, r := range results {
		if r.Status != guards.OK {
			s.Failed = append(s.Failed, GuardRecord{Guard: r.Guard, Status: r.Status, Error: r.Error})
		}
	}
	return s
}

// Asked is what a decision depends on besides the receipt.
type Asked struct {
	App, Route, Model string
	Streamed          bool
	At                time.Time // when the exchange began: audit.Entry.At
}

// ErrNoReplay is returned for a receipt that does not tell what the policy was asked:
// it is from before receipts had steps.
var ErrNoReplay = errors.New("the record does not hold what the policy was asked")

// Inputs are the questions that the policy was asked about a recorded choice, in
// order: about the prompt, if it was screened, then step by step about the answer.
// They are the very inputs that were decided on then, except for texts, which are
// not in a policies.Input's document anyway.
func (r *Receipt) Inputs(a Asked) ([]*policies.Input, error) {
	var inputs []*policies.Input
	add := func(in *policies.Input) {
		in.App, in.Route, in.Model, in.Streamed = a.App, a.Route, a.Model, a.Streamed
		in.Now, in.Bucket = a.At, r.Bucket
		inputs = append(inputs, in)
	}
	var screened, ran []guards.Result
	for _, g := range r.Guards {
		res := guards.Result{Guard: g.Guard, Status: g.Status, Error: g.Error, Detects: g.Detects}
		if g.Phase == policies.PromptPhase {
			screened = append(screened, res)
		} else {
			ran = append(ran, res)
		}
	}
	prompt := len(r.Findings)
	for _, s := range r.Steps {
		prompt -= s.Findings
	}
	if prompt < 0 || len(r.Steps) == 0 && len(screened) == 0 {
		return nil, ErrNoReplay
	}
	if len(screened) > 0 {
		add(&policies.Input{Phase: policies.PromptPhase, Findings: found(r.Findings[:prompt]), Guards: screened, Final: true})
	}
	var counts policies.Counts
	sentence, finding := 0, prompt
	for i, s := range r.Steps {
		if s.Sentences < 0 || sentence+s.Sentences > len(r.Sentences) || s.Findings < 0 || s.Skipped < 0 || s.Skipped > len(r.Skipped) {
			return nil, fmt.Errorf("%w: step %d says more than there is", ErrNoReplay, i)
		}
		in := &policies.Input{Choice: r.Choice, Final: s.Final, Skipped: r.Skipped[:s.Skipped], Findings: found(r.Findings[finding : finding+s.Findings])}
		for k := sentence; k < sentence+s.Sentences; k++ {
			rec := &r.Sentences[k]
			counts.Add(rec.Verdict)
			in.Sentences = append(in.Sentences, guards.Sentence{Guard: rec.Guard, Finding: guards.Finding{
				Claim: guards.Claim{Index: k, Start: rec.Start, End: rec.End}, Verdict: rec.Verdict, Category: rec.Category, Score: rec.Score,
			}})
		}
		in.Counts = counts
		if s.Sentences > 0 { // without sentences no guard was asked
			in.Guards = s.results(ran)
		}
		add(in)
		sentence, finding = sentence+s.Sentences, finding+s.Findings
	}
	return inputs, nil
}

// results are those of one step: of the guards that ran at all, which did not then.
func (s *Step) results(ran []guards.Result) []guards.Result {
	out := make([]guards.Result, len(ran))
	for i, r := range ran {
		r.Status, r.Error = guards.OK, ""
		for _, f := range s.Failed {
			if f.Guard == r.Guard {
				r.Status, r.Error = f.Status, f.Error
			}
		}
		out[i] = r
	}
	return out
}

func found(records []FindingRecord) []guards.Found {
	var out []guards.Found
	for _, f := range records {
		x := guards.Found{Guard: f.Guard, Finding: guards.Finding{Category: f.Category, Group: f.Group, Score: f.Score, Side: f.Side,
			Message: f.Message, Start: f.Start, End: f.End, Known: f.Known}}
		if f.Sentence != nil {
			x.Claim.Index = *f.Sentence
		}
		out = append(out, x)
	}
	return out
}

// Replay decides again, by j's policy, what was decided when r was recorded: with the
// same rules and data it gives the same decision. What the policy cannot decide,
// j.OnFailure does. An error means that r cannot be replayed.
func (j *Judge) Replay(ctx context.Context, r *Receipt, a Asked) (policies.Decision, error) {
	inputs, err := r.Inputs(a)
	if err != nil {
		return policies.Decision{}, err
	}
	d := policies.Decision{Action: policies.Allow, Revision: j.Policy.Revision()}
	var replaced cut
	for _, in := range inputs {
		step := j.ask(ctx, in)
		if in.Phase == policies.PromptPhase {
			inPrompt(&step)
		} else {
			replaced.apply(&step)
		}
		d.Merge(step)
	}
	return d, ctx.Err()
}
