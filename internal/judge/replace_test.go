package judge_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// agreement finds sentences that say "not" to differ from an approved answer.
type agreement struct{}

const approvedText = "Please see the price list."

func (agreement) Name() string { return "approved" }
func (agreement) Detects()     {}
func (agreement) Check(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for _, c := range ex.Claims {
		f := guards.Finding{Claim: c, Category: guards.Agrees, Score: 1, Offer: approvedText}
		if strings.Contains(c.Text, "expire") || strings.Contains(c.Text, "Gold") {
			f.Category = guards.Differs
		}
		out = append(out, f)
	}
	return out, nil
}

// replacing rewrites what differs, blocks sentences about seats and contracts, and masks
// the word "it".
type replacing struct{}

func (replacing) Revision() string { return "1" }
func (replacing) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow}
	add := func(r policies.Rule) {
		if len(r.Sentences) > 0 {
			d.Rules = append(d.Rules, r)
			if r.Action.Strictness() > d.Action.Strictness() {
				d.Action = r.Action
			}
		}
	}
	named := func(word string) (out []int) {
		for _, s := range in.Sentences {
			if strings.Contains(s.Claim.Text, word) {
				out = append(out, s.Claim.Index)
			}
		}
		return out
	}
	rewrite := policies.Rule{ID: "approved.answer", Action: policies.Rewrite, Replacement: policies.Approved}
	for _, f := range in.Findings {
		if f.Category == guards.Differs {
			rewrite.Sentences = append(rewrite.Sentences, f.Claim.Index)
		}
	}
	add(rewrite)
	add(policies.Rule{ID: "z.block", Action: policies.Block, Sentences: named("BLOCK")})
	add(policies.Rule{ID: "a.flag", Action: policies.Flag, Sentences: named("2")})
	add(policies.Rule{ID: "b.redact", Action: policies.Redact, Sentences: named("seats"), Replacement: "[x]"})
	return d, nil
}

const priced = "Hello there! The plan has 3 seats.\n\nIt is good until 2027. It will not expire.\n\n- Storage is 20 GB.\n- Gold costs 40 EUR.\n\nAsk us! BLOCK this one."

// The answer is replaced from the first sentence that differs, however it is cut, and
// what rules say of sentences behind that decides nothing.
func TestReplacedAnswerDoesNotDependOnChunking(t *testing.T) {
	j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}, agreement{}}}, Policy: replacing{}}
	c := j.Open(guards.Exchange{})
	r, _ := c.Add(t.Context(), priced, true)
	want := judge.Apply(priced, r.Edits)
	if want != "Hello there! [x]\n\nIt is good until 2027. "+approvedText {
		t.Fatalf("replaced: %q", want)
	}
	whole := untimed(c.Receipt())
	if whole.Action != policies.Rewrite || slices.ContainsFunc(whole.Rules, func(r policies.Rule) bool { return r.ID == "z.block" }) {
		t.Errorf("action %s, rules %+v", whole.Action, whole.Rules)
	}
	rng := rand.New(rand.NewPCG(9, 1))
	for range 200 {
		c := j.Open(guards.Exchange{})
		var edits []judge.Edit
		for rest := priced; rest != ""; {
			n := min(len(rest), 1+rng.IntN(40))
			r, _ := c.Add(t.Context(), rest[:n], false)
			if r.Decision.Action == policies.Block {
				t.Fatal("blocked by a sentence that does not leave")
			}
			edits = append(edits, r.Edits...)
			rest = rest[n:]
		}
		r, _ := c.Add(t.Context(), "", true)
		if got := judge.Apply(priced, append(edits, r.Edits...)); got != want {
			t.Fatalf("streamed %q, whole %q", got, want)
		}
		got := untimed(c.Receipt())
		if got.Action != whole.Action || len(got.Rules) != len(whole.Rules) {
			t.Fatalf("streamed %+v\nwhole %+v", got.Rules, whole.Rules)
		}
		for i := range got.Rules {
			if got.Rules[i].ID != whole.Rules[i].ID || !slices.Equal(got.Rules[i].Sentences, whole.Rules[i].Sentences) {
				t.Fatalf("streamed %+v\nwhole %+v", got.Rules, whole.Rules)
			}
		}
	}
}

// A block before the replacement stands.
func TestBlockBeforeTheReplacement(t *testing.T) {
	j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}, agreement{}}}, Policy: replacing{}}
	c := j.Open(guards.Exchange{})
	if r, _ := c.Add(t.Context(), "BLOCK this one. It will not expire.", true); r.Decision.Action != policies.Block {
		t.Errorf("action %s", r.Decision.Action)
	}
}

// A recorded replacement is decided again in the same way.
func TestReplayOfAReplacement(t *testing.T) {
	j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}, agreement{}}}, Policy: rewriteAll{}}
	c := j.Open(guards.Exchange{})
	c.Add(t.Context(), "Hello there! It is good until 2027.", false)
	c.Add(t.Context(), " It will not expire. Gold costs 40 EUR. Ask us!", true)
	r := c.Receipt()
	d, err := j.Replay(t.Context(), &r, judge.Asked{})
	if err != nil || d.Action != r.Action || len(d.Rules) != len(r.Rules) {
		t.Fatalf("replayed %+v, %v; recorded %+v", d, err, r.Rules)
	}
	if d.Action != policies.Rewrite {
		t.Errorf("action %s", d.Action)
	}
}

// rewriteAll decides by what a record holds: it replaces what differs and blocks what is
// contradicted.
type rewriteAll struct{}

func (rewriteAll) Revision() string { return "1" }
func (rewriteAll) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow}
	for _, f := range in.Findings {
		if f.Category == guards.Differs {
			d.Action = policies.Rewrite
			d.Rules = append(d.Rules, policies.Rule{ID: "approved.answer", Action: policies.Rewrite, Replacement: policies.Approved, Sentences: []int{f.Claim.Index}})
		}
	}
	for _, s := range in.Sentences {
		if s.Claim.Index == 3 {
			d.Action = policies.Block
			d.Rules = append(d.Rules, policies.Rule{ID: "block", Action: policies.Block, Sentences: []int{3}})
		}
	}
	return d, nil
}
