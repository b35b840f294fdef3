package judge_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// panicking fails hard instead of deciding.
type panicking struct{}

func (panicking) Revision() string { return "1" }
func (panicking) Decide(context.Context, *policies.Input) (policies.Decision, error) {
	var none []int
	_ = none[3]
	return policies.Decision{}, nil
}

func TestAPanicIsTheRoutesFailure(t *testing.T) {
	for _, tc := range []struct{ onFailure, want policies.Action }{{"", policies.Block}, {policies.Flag, policies.Flag}} {
		j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}}}, Policy: panicking{}, OnFailure: tc.onFailure}
		c := j.Open(guards.Exchange{})
		r, ruled := c.Add(t.Context(), answer, true)
		if !ruled || r.Decision.Action != tc.want || r.Judged != len(answer) || !strings.Contains(c.Receipt().Error, "panic: ") {
			t.Errorf("on_failure %q: got %v %+v, receipt %+v", tc.onFailure, ruled, r, c.Receipt())
		}
	}
}

// late ignores its deadline and goes on reading the exchange.
type late struct{ done *sync.WaitGroup }

func (late) Name() string { return "late" }
func (l late) Check(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	defer l.done.Done()
	first := ex.Claims[0].Text
	for range 20 {
		time.Sleep(time.Millisecond)
		if ex.Claims[0].Text != first {
			panic("the exchange changed under a guard")
		}
	}
	return nil, nil
}

// TestAGuardLeftBehindKeepsItsExchange is one for the race detector too.
func TestAGuardLeftBehindKeepsItsExchange(t *testing.T) {
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{late{&done}, byText{}}, Timeout: time.Millisecond}, Policy: engine}
	c := j.Open(guards.Exchange{})
	for _, text := range []string{"The fee is 5 EUR. ", "It is due now. ", "Nobody may pay late. "} {
		done.Add(1)
		if _, ruled := c.Add(t.Context(), text, false); !ruled {
			done.Done() // no guard was asked
		}
	}
	done.Wait()
}
