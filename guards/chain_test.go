package guards_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
)

// scripted is a guard whose Check is the function itself.
type scripted struct {
	name  string
	check func(ctx context.Context, ex *guards.Exchange) ([]guards.Finding, error)
}

func (s scripted) Name() string { return s.name }
func (s scripted) Check(ctx context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	return s.check(ctx, ex)
}

func verdict(v guards.Verdict) scripted {
	return scripted{string(v), func(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
		var out []guards.Finding
		for _, c := range ex.Claims {
			out = append(out, guards.Finding{Claim: c, Verdict: v, Reason: "scripted"})
		}
		return out, nil
	}}
}

func TestChainReportsWhatDidNotRun(t *testing.T) {
	stop := make(chan struct{})
	t.Cleanup(func() { close(stop) })
	claims := []guards.Claim{{Index: 0, Text: "A."}, {Index: 1, Text: "Hi!", NotClaim: "greeting"}}
	for _, tc := range []struct {
		name   string
		guard  scripted
		status guards.Status
		err    string
	}{
		{"error", scripted{"g", func(context.Context, *guards.Exchange) ([]guards.Finding, error) {
			return nil, errors.New("store unreachable")
		}}, guards.Failed, "store unreachable"},
		{"error with findings", scripted{"g", func(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
			return []guards.Finding{{Claim: ex.Claims[0], Verdict: guards.Supported}}, errors.New("half done")
		}}, guards.Failed, "half done"},
		{"panic", scripted{"g", func(context.Context, *guards.Exchange) ([]guards.Finding, error) {
			panic("index out of range")
		}}, guards.Failed, "panic: index out of range"},
		{"ignores its deadline", scripted{"g", func(context.Context, *guards.Exchange) ([]guards.Finding, error) {
			<-stop
			return nil, nil
		}}, guards.Timeout, "no result within 20ms"},
		{"returns at its deadline", scripted{"g", func(ctx context.Context, _ *guards.Exchange) ([]guards.Finding, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, guards.Timeout, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chain := guards.Chain{Guards: []guards.Guard{tc.guard}, Timeout: 20 * time.Millisecond}
			report := chain.Run(context.Background(), &guards.Exchange{Claims: claims})
			res := report.Results[0]
			if res.Status != tc.status || !strings.Contains(res.Error, tc.err) || res.Findings != nil {
				t.Fatalf("got %+v, want status %s, error %q and no findings", res, tc.status, tc.err)
			}
			sentences := report.Sentences(claims)
			if sentences[0].Verdict != guards.NotMeasured {
				t.Errorf("claim got %q, want not_measured: a guard that did not run is never a pass", sentences[0].Verdict)
			}
			if sentences[1].Verdict != guards.NotClaim {
				t.Errorf("greeting got %q, want not_claim", sentences[1].Verdict)
			}
		})
	}
}

func TestSentencesTakeTheWorstVerdict(t *testing.T) {
	claims := []guards.Claim{{Index: 4, Text: "A."}}
	chain := guards.Chain{Guards: []guards.Guard{verdict(guards.Supported), verdict(guards.Contradicted), verdict(guards.NotCovered)}}
	report := chain.Run(context.Background(), &guards.Exchange{Claims: claims})
	got := report.Sentences(claims)
	if len(got) != 1 || got[0].Verdict != guards.Contradicted || got[0].Guard != "contradicted" {
		t.Fatalf("got %+v, want the contradiction", got)
	}
}

func TestOneGuardOutOfTwoFailing(t *testing.T) {
	claims := []guards.Claim{{Index: 0, Text: "A."}}
	broken := scripted{"broken", func(context.Context, *guards.Exchange) ([]guards.Finding, error) { return nil, errors.New("down") }}
	for _, order := range [][]guards.Guard{{broken, verdict(guards.Supported)}, {verdict(guards.Supported), broken}} {
		report := (&guards.Chain{Guards: order}).Run(context.Background(), &guards.Exchange{Claims: claims})
		if got := report.Sentences(claims)[0]; got.Verdict != guards.Supported {
			t.Errorf("got %s, want what the working guard measured; the failure is in Results", got.Verdict)
		}
	}
}
