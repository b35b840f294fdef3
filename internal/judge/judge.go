// Package judge puts guards and policy together: the one place where an answer,
// whole or streamed, is turned into a decision. A whole answer is a stream of
// one event.
package judge

import (
	"context"
	"fmt"
	"time"

	"touchstone/guards"
	"touchstone/policies"
)

// A Decider turns measurements into a decision; policies.Engine is one.
type Decider interface {
	Decide(ctx context.Context, in *policies.Input) (policies.Decision, error)
	Revision() string
}

// Judge is what a route checks answers with. It is safe for concurrent use.
type Judge struct {
	Chain     *guards.Chain
	Policy    Decider
	OnFailure policies.Action // when the policy itself fails; "" means Block
	Index     func() string   // revision of the ground truth
	Models    []Model         // that the guards ask, for receipts
	// HashKey is for masks with {hash}: the same text gets the same hash under the
	// same key. Empty, each exchange has a key of its own.
	HashKey []byte
}

// Case is one choice of one answer on its way through a Judge. It belongs to one
// goroutine.
type Case struct {
	judge     *Judge
	ex        guards.Exchange
	cutter    guards.Cutter
	sentences []guards.Sentence
	counts    policies.Counts
	status    []guards.Result // the worst of each guard, without findings
	findings  []guards.Found
	screened  *Screening // what came in; nil when nothing read it
	stands    stand
	skipped   []string
	steps     []Step
	decision  policies.Decision
	judged    int // bytes of the answer that have been ruled on
	took      time.Duration
	cut       cut // from where the answer is replaced to its end
}

// Ruling is what a Case says after a piece of text.
type Ruling struct {
	Sentences []guards.Sentence // completed by this piece
	Decision  policies.Decision // on the whole choice so far
	Judged    int               // bytes of the answer that have been ruled on; those after it must be held
	Edits     []Edit            // what to replace in the sentences of this piece, ascending and apart
}

// Open begins a case; ex carries no claims yet.
func (j *Judge) Open(ex guards.Exchange) *Case {
	begin(&ex)
	return &Case{judge: j, ex: ex, stands: j.stand(), decision: policies.Decision{Action: policies.Allow, Revision: j.Policy.Revision()}}
}

// begin sets what all decisions on one exchange share.
func begin(ex *guards.Exchange) {
	if ex.At.IsZero() {
		ex.At = time.Now()
	}
	if ex.Key == "" {
		ex.Key = ex.ID
	}
}

// After puts what was found and decided of the prompt into the case, as its
// beginning. nil changes nothing.
func (c *Case) After(s *Screening) {
	if s == nil {
		return
	}
	c.screened = s
	c.decision.Merge(s.Decision)
}

// Skip records a part of the answer that no guard will look at ("tool_calls").
func (c *Case) Skip(part string) {
	for _, s := range c.skipped {
		if s == part {
			return
		}
	}
	c.skipped = append(c.skipped, part)
}

// Add takes the next piece of the answer. When it completes sentences, or final
// is set, they are judged and ruled is true. A whole answer is one Add with
// final set.
func (c *Case) Add(ctx context.Context, text string, final bool) (r Ruling, ruled bool) {
	defer func() {
		// A text that breaks the judge must not end every other exchange too.
		if p := recover(); p != nil {
			c.decision.Merge(c.judge.unavailable(fmt.Sprintf("panic: %v", p)))
			c.judged = c.cutter.Len()
			r, ruled = Ruling{Decision: c.decision, Judged: c.judged}, true
		}
	}()
	claims := c.cutter.Push(text)
	if final {
		claims = append(claims, c.cutter.Flush()...)
	}
	if len(claims) == 0 && !final {
		return Ruling{Decision: c.decision, Judged: c.judged}, false
	}
	start := time.Now()
	var report guards.Report
	if len(claims) > 0 {
		ex := c.ex // a copy: a guard left behind at its deadline may still read it
		ex.Claims, ex.Final = claims, final
		report = c.judge.Chain.Run(ctx, &ex)
		c.note(report.Results)
	}
	sentences, findings := report.Sentences(claims), report.Findings()
	for i := range sentences {
		c.counts.Add(sentences[i].Verdict)
	}
	c.sentences = append(c.sentences, sentences...)
	c.findings = append(c.findings, findings...)
	c.steps = append(c.steps, stepOf(sentences, findings, report.Results, c.skipped, final))
	d := c.decide(ctx, &policies.Input{Sentences: sentences, Findings: findings, Guards: report.Results, Final: final})
	before := c.judged
	if final {
		c.judged = c.cutter.Len()
	} else {
		c.judged = claims[len(claims)-1].End
	}
	c.took += time.Since(start)
	return Ruling{Sentences: sentences, Decision: c.decision, Judged: c.judged, Edits: c.replace(c.edits(sentences, findings, d.Rules), sentences, findings, before)}, true
}

// note keeps the worst status of each guard over the whole choice.
func (c *Case) note(results []guards.Result) {
	for _, r := range results {
		r.Findings = nil
		known := false
		for i := range c.status {
			if c.status[i].Guard == r.Guard {
				known = true
				c.status[i].Took += r.Took
				if c.status[i].Status == guards.OK && r.Status != guards.OK {
					c.status[i].Status, c.status[i].Error = r.Status, r.Error
				}
			}
		}
		if !known {
			c.status = append(c.status, r)
		}
	}
}

// decide asks the policy about one segment and merges the answer: the strictest
// action stands, and a rule that fired again names the further sentences.
func (c *Case) decide(ctx context.Context, in *policies.Input) policies.Decision {
	in.Counts, in.Skipped = c.counts, c.skipped
	d := c.judge.decide(ctx, &c.ex, in)
	c.cut.apply(&d)
	c.decision.Merge(d)
	return d
}

// decide asks the policy; what it cannot decide the judge's OnFailure does.
func (j *Judge) decide(ctx context.Context, ex *guards.Exchange, in *policies.Input) policies.Decision {
	in.App, in.Route, in.Model, in.Choice, in.Streamed = ex.App, ex.Route, ex.Model, ex.Choice, ex.Streamed
	in.Now, in.Bucket = ex.At, policies.Bucket(ex.Key)
	return j.ask(ctx, in)
}

// ask is decide for an input that says who asked.
func (j *Judge) ask(ctx context.Context, in *policies.Input) policies.Decision {
	d, err := j.Policy.Decide(ctx, in)
	switch {
	case err != nil && ctx.Err() != nil:
		// Nobody waits for this ruling any more. It still must not read as an allow.
		return policies.Decision{Action: policies.Block, Error: "cancelled before a decision: " + ctx.Err().Error()}
	case err != nil:
		return j.unavailable(err.Error())
	}
	return d
}

// unavailable is the decision when the policy cannot make one.
func (j *Judge) unavailable(why string) policies.Decision {
	action := j.OnFailure
	if action == "" {
		action = policies.Block
	}
	return policies.Decision{Action: action, Revision: j.Policy.Revision(), Error: why, Rules: []policies.Rule{{
		ID: "policy.unavailable", Action: action, Title: "Policy unavailable", Severity: "high",
		Message: "The policy could not decide, so the route's on_failure did.",
	}}}
}

// Decision is the decision on the choice so far.
func (c *Case) Decision() policies.Decision { return c.decision }
