package judge_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// remembering keeps the documents that it decided on, and decides from all of them:
// rules that name sentences, masks, and one on everything that is measured.
type remembering struct {
	inner judge.Decider
	asked *[]string
}

func (r remembering) Revision() string { return r.inner.Revision() }
func (r remembering) Decide(ctx context.Context, in *policies.Input) (policies.Decision, error) {
	doc, err := in.Value()
	if err != nil {
		return policies.Decision{}, err
	}
	*r.asked = append(*r.asked, doc.String())
	return r.inner.Decide(ctx, in)
}

// moody fails now and then, by what it is asked about.
type moody struct{}

func (moody) Name() string { return "moody" }
func (moody) Detects()     {}
func (moody) Check(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	if len(ex.Claims[0].Text)%3 == 0 {
		return nil, errors.New("in a mood")
	}
	var out []guards.Finding
	for _, c := range ex.Claims {
		if len(c.Text)%2 == 0 {
			out = append(out, guards.Finding{Claim: c, Category: "tone", Group: "age", Score: float64(len(c.Text)) / 1000})
		}
	}
	return out, nil
}

// The policy is asked the very same when a recorded choice is replayed, and says the
// same, whatever was recorded: whole or streamed, several choices, a screened prompt,
// masks, guards that failed in the middle, parts that were skipped.
func TestReplayAsksAndDecidesTheSame(t *testing.T) {
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 7))
	fired, failed, masked := 0, 0, 0
	for round := range 300 {
		var asked []string
		var policy judge.Decider = engine.Patient(time.Minute)
		if round%3 == 0 {
			policy = masking{policies.Redact, "<{n}>", true}
		}
		j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}, pins{}, moody{}}}, Policy: remembering{policy, &asked}}
		ex := prompt
		ex.App, ex.Route, ex.Model, ex.Choice, ex.Streamed = "shop", "support", "m", round%4, round%2 == 0
		ex.At = time.Date(2026, 11, 24, 10, 0, round, 0, time.UTC)
		screen := round%5 != 0
		var s *judge.Screening
		if screen {
			s = j.Screen(t.Context(), func() guards.Exchange { first := ex; first.Choice = 0; return first }())
		}
		c := j.Open(ex)
		c.After(s)
		text := answer + " Your code is 4711 and 1234."
		if !ex.Streamed {
			if round%7 == 0 {
				c.Skip("tool_calls")
			}
			c.Add(t.Context(), text, true)
		} else {
			for rest := text; rest != ""; {
				n := min(len(rest), 1+rng.IntN(90))
				c.Add(t.Context(), rest[:n], false)
				if rest = rest[n:]; rng.IntN(20) == 0 {
					c.Skip("tool_calls")
				}
			}
			if round%11 != 0 { // a stream that broke off has no last step
				c.Add(t.Context(), "", true)
			}
		}
		receipt := c.Receipt()
		text2, err := json.Marshal(receipt)
		if err != nil {
			t.Fatal(err)
		}
		var read judge.Receipt
		if err := json.Unmarshal(text2, &read); err != nil {
			t.Fatal(err)
		}
		want := asked
		asked = nil
		got, err := j.Replay(t.Context(), &read, judge.Asked{App: ex.App, Route: ex.Route, Model: ex.Model, Streamed: ex.Streamed, At: ex.At})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(asked, want) {
			for i := range want {
				if i >= len(asked) || asked[i] != want[i] {
					t.Fatalf("round %d: question %d of %d differs\n got %v\nwant %s", round, i, len(want), asked[min(i, len(asked)-1)], want[i])
				}
			}
			t.Fatalf("round %d: %d questions, want %d", round, len(asked), len(want))
		}
		if was := c.Decision(); got.Action != was.Action || got.Revision != was.Revision || !reflect.DeepEqual(got.Rules, was.Rules) {
			t.Fatalf("round %d: decided\n%+v\nwant\n%+v", round, got, was)
		}
		fired += len(got.Rules)
		failed += strings.Count(strings.Join(want, ""), "in a mood")
		for _, r := range got.Rules {
			masked += len(r.Mask)
		}
	}
	if fired < 300 || failed < 300 || masked < 100 {
		t.Errorf("%d rules fired, %d guards failed, %d masks: too few to prove anything", fired, failed, masked)
	}
}

func TestReplayOfWhatCannotBeReplayed(t *testing.T) {
	j := realJudge(t)
	for name, r := range map[string]judge.Receipt{
		"from before steps": {Sentences: []judge.SentenceRecord{{Verdict: guards.Supported}}},
		"too few sentences": {Steps: []judge.Step{{Sentences: 1}}},
		"too few findings":  {Steps: []judge.Step{{Findings: 1}}},
		"negative":          {Steps: []judge.Step{{Sentences: -1}}},
		"too few skipped":   {Steps: []judge.Step{{Skipped: 1}}},
	} {
		if _, err := j.Replay(t.Context(), &r, judge.Asked{}); !errors.Is(err, judge.ErrNoReplay) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
