package judge_test

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// byText gives every sentence a verdict that depends on its text alone.
type byText struct{}

func (byText) Name() string { return "by_text" }
func (byText) Check(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	var out []guards.Finding
	for _, c := range ex.Claims {
		if c.NotClaim != "" {
			continue
		}
		h := fnv.New32a()
		h.Write([]byte(c.Text))
		v := []guards.Verdict{guards.Supported, guards.Supported, guards.NotCovered, guards.Contradicted}[h.Sum32()%4]
		out = append(out, guards.Finding{Claim: c, Verdict: v, Score: float64(h.Sum32()%100) / 100, Reason: "scripted"})
	}
	return out, nil
}

const answer = `Hello! Here is what I found about the Nimbrel plan.

The plan costs $12.50 a month. It includes 3 seats (see https://example.com/a.b). Dr. Ode wrote the contract on 3 March 2024; she signed it "in person." Then it was filed.

- Storage is 20 GB.
- Support answers within 24 hours. Weekends are excluded.

| Tier | Price |
|------|-------|
| Gold | 40 EUR |
| Silver | 20 EUR |

It is valid until 2026. Do you need more?`

func realJudge(t *testing.T) *judge.Judge {
	t.Helper()
	engine, err := policies.Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}}}, Policy: engine, Index: func() string { return "1-abc" }}
}

func untimed(r judge.Receipt) judge.Receipt {
	r.Ms, r.Steps = 0, nil // a stream is decided in more steps
	for i := range r.Guards {
		r.Guards[i].Ms = 0
	}
	return r
}

// A streamed answer gets the receipt of the whole one, however it was cut.
func TestReceiptDoesNotDependOnChunking(t *testing.T) {
	j := realJudge(t)
	whole := j.Open(guards.Exchange{ID: "x"})
	r, ruled := whole.Add(context.Background(), answer, true)
	if !ruled || r.Judged != len(answer) {
		t.Fatalf("whole answer: ruled %v, judged %d of %d bytes", ruled, r.Judged, len(answer))
	}
	want := untimed(whole.Receipt())
	if len(want.Sentences) < 10 {
		t.Fatalf("only %d sentences: the case is too small to prove anything", len(want.Sentences))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		c := j.Open(guards.Exchange{ID: "x", Streamed: true})
		most := 1 + rng.IntN(40)
		judged := 0
		for rest := answer; rest != ""; {
			n := min(len(rest), 1+rng.IntN(most))
			r, _ := c.Add(context.Background(), rest[:n], false)
			if r.Judged < judged || r.Judged > len(answer)-len(rest)+n {
				t.Fatalf("round %d: judged went from %d to %d with %d bytes sent", round, judged, r.Judged, len(answer)-len(rest)+n)
			}
			judged, rest = r.Judged, rest[n:]
		}
		if r, _ := c.Add(context.Background(), "", true); r.Judged != len(answer) {
			t.Fatalf("round %d: judged %d of %d bytes at the end", round, r.Judged, len(answer))
		}
		if got := untimed(c.Receipt()); !equalReceipts(got, want) {
			t.Fatalf("round %d: streamed receipt differs\n got %+v\nwant %+v", round, got, want)
		}
	}
}

// equalReceipts ignores the order in which rules first fired.
func equalReceipts(a, b judge.Receipt) bool {
	rules := func(r judge.Receipt) map[string]policies.Rule {
		out := map[string]policies.Rule{}
		for _, rule := range r.Rules {
			out[rule.ID+string(rule.Action)] = rule
		}
		return out
	}
	if !reflect.DeepEqual(rules(a), rules(b)) {
		return false
	}
	a.Rules, b.Rules = nil, nil
	return reflect.DeepEqual(a, b)
}

type broken struct{}

func (broken) Decide(context.Context, *policies.Input) (policies.Decision, error) {
	return policies.Decision{}, errors.New("undefined decision")
}
func (broken) Revision() string { return "r1" }

func TestPolicyFailureIsDecidedByOnFailure(t *testing.T) {
	for _, tc := range []struct{ set, want policies.Action }{{"", policies.Block}, {policies.Flag, policies.Flag}, {policies.Allow, policies.Allow}} {
		j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}}}, Policy: broken{}, OnFailure: tc.set}
		c := j.Open(guards.Exchange{ID: "x"})
		c.Add(context.Background(), answer, true)
		r := c.Receipt()
		if r.Action != tc.want || !strings.Contains(r.Error, "undefined decision") || len(r.Rules) != 1 || r.Rules[0].ID != "policy.unavailable" {
			t.Errorf("on_failure %q: got action %s, error %q, rules %+v", tc.set, r.Action, r.Error, r.Rules)
		}
	}
}

func TestSkippedPartsReachTheReceiptOnce(t *testing.T) {
	c := realJudge(t).Open(guards.Exchange{ID: "x"})
	c.Skip("tool_calls")
	c.Skip("tool_calls")
	c.Add(context.Background(), "", true)
	if r := c.Receipt(); len(r.Skipped) != 1 || r.Verdict != guards.NotClaim || r.Groundedness != nil {
		t.Errorf("got skipped %v, verdict %s, groundedness %v", r.Skipped, r.Verdict, r.Groundedness)
	}
}

func TestCancelledJudgeIsNeitherAnAllowNorABrokenPolicy(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := realJudge(t).Open(guards.Exchange{ID: "x"})
	c.Add(ctx, answer, true)
	r := c.Receipt()
	if r.Action != policies.Block || !strings.Contains(r.Error, "cancelled") || len(r.Rules) != 0 {
		t.Errorf("got action %s, error %q, rules %+v", r.Action, r.Error, r.Rules)
	}
}
