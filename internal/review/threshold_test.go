package review_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/review"
	"touchstone/policies"
)

// scored is an exchange with one sentence of a verdict and score, as recorded.
func scored(i int, v guards.Verdict, score float64) audit.Entry {
	at := start.Add(time.Duration(i) * time.Second)
	id := ulid.MustNew(ulid.Timestamp(at), strings.NewReader(fmt.Sprintf("%010d", i))).String()
	r := judge.Receipt{ID: id, Verdict: v, Action: policies.Allow, Sentences: []judge.SentenceRecord{{End: 9, Verdict: v, Score: score, Guard: "g"}},
		Guards: []judge.GuardRecord{{Guard: "g", Status: guards.OK}}, Steps: []judge.Step{{Sentences: 1, Final: true}}}
	if v == guards.Contradicted && score >= 0.5 {
		r.Action, r.Rules = policies.Block, []policies.Rule{{ID: "hallucination.contradicted", Action: policies.Block, Sentences: []int{0}}}
	}
	return audit.Entry{Version: audit.EntryVersion, ID: id, At: at, Kind: "chat", App: "shop", Route: "default", Model: "m", Outcome: audit.Pass, Choices: []judge.Receipt{r}}
}

// tuned records entries and reviews of some, and tries all thresholds.
func tuned(t *testing.T, entries []audit.Entry, rulings []audit.Ruling, rule string, bound float64) (*review.Threshold, error) {
	t.Helper()
	l, err := audit.Open(filepath.Join(t.TempDir(), "audit.db"), audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context()) //nolint:errcheck // the test is over
	for _, e := range entries {
		if !l.Append(t.Context(), e, true) {
			t.Fatal("not taken")
		}
	}
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, r := range rulings {
		if _, err := l.Review(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	p, err := policies.NewProbe(t.Context(), "", rule, "threshold")
	if err != nil {
		t.Fatal(err)
	}
	return (&review.Tuning{Probe: p, FalseBlocks: bound}).Run(t.Context(), l.Reader())
}

// A rule whose firings are right above 0.8 and wrong below is given that threshold.
func TestThresholdIsSuggestedWhereTheRulingsTurn(t *testing.T) {
	zero := 0
	var entries []audit.Entry
	var rulings []audit.Ruling
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range 3000 {
		v, score := guards.Supported, 0.1
		if i%10 == 0 {
			v, score = guards.Contradicted, math.Round(rng.Float64()*100)/100
		}
		e := scored(i, v, score)
		entries = append(entries, e)
		if v == guards.Contradicted && i%20 == 0 {
			// A ruling on the sentence, or on the rule: that it fired, or did not.
			should := score >= 0.8
			if i%40 == 0 {
				rulings = append(rulings, audit.Ruling{Exchange: e.ID, Sentence: &zero, Right: should, By: "ann"})
			} else {
				rulings = append(rulings, audit.Ruling{Exchange: e.ID, Rule: "hallucination.contradicted", Right: should == (score >= 0.5), By: "ann"})
			}
		}
	}
	// Somebody was of another mind before; a ruling on another rule says nothing.
	rulings = append([]audit.Ruling{{Exchange: rulings[0].Exchange, Sentence: &zero, Right: !rulings[0].Right, By: "ben"},
		{Exchange: entries[1].ID, Rule: "coverage.skipped", By: "ben"}, {Exchange: entries[2].ID, Sentence: &zero, By: "ben"}}, rulings...)
	got, err := tuned(t, entries, rulings, "hallucination.contradicted", 0.015)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Rising || got.Exchanges != 3000 || got.Reviewed != 150 || got.Current != 0.5 {
		t.Fatalf("rising %v, %d exchanges, %d reviewed, current %v", got.Rising, got.Exchanges, got.Reviewed, got.Current)
	}
	for i, p := range got.Points {
		fires := 0
		for _, e := range entries {
			if s := e.Choices[0].Sentences[0]; s.Verdict == guards.Contradicted && s.Score >= p.Threshold {
				fires++
			}
		}
		if p.Fires != fires {
			t.Fatalf("at %v it fires in %d, want %d", p.Threshold, p.Fires, fires)
		}
		if i > 0 && (p.Fires > got.Points[i-1].Fires || p.Recall.K > got.Points[i-1].Recall.K) {
			t.Errorf("at %v it fires more than below", p.Threshold)
		}
	}
	if p := got.At(0.8); p.Precision.K != p.Precision.Of || p.Recall.K != p.Recall.Of || p.Recall.Of != got.Positive {
		t.Errorf("at 0.8: precision %v, recall %v", p.Precision, p.Recall)
	}
	if p := got.At(0.4); p.Precision.P() > 0.5 || p.Precision.Low >= p.Precision.P() || p.Precision.High <= p.Precision.P() {
		t.Errorf("at 0.4: precision %v", p.Precision)
	}
	if got.Suggested == nil || got.Suggested.Threshold < 0.7 || got.Suggested.Threshold > 0.82 {
		t.Errorf("suggested %+v", got.Suggested)
	}
	if got.At(got.Suggested.Threshold).FalseBlocks > 0.015 {
		t.Errorf("the suggestion breaks its own bound: %+v", got.At(got.Suggested.Threshold))
	}
	var text, html bytes.Buffer
	if err := got.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := got.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "0.50 now") || !strings.Contains(text.String(), "suggested: false blocks in at most 1.50%") {
		t.Errorf("%s", text.String())
	}
	if strings.Count(html.String(), `<path class="line`) != 3 || strings.Contains(html.String(), "NaN") {
		t.Errorf("the plot: %.3000s", html.String())
	}
	js, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var back review.Threshold
	if err := json.Unmarshal(js, &back); err != nil || back.Scores[0] != 2700 {
		t.Errorf("read back: %v %v", err, back.Scores[0])
	}
}

// The bound on false blocks holds: over many draws, the share of exchanges in which the
// rule fires wrongly at the suggested threshold is beyond it in at most 5%.
func TestSuggestionKeepsItsBound(t *testing.T) {
	const n, bound = 600, 0.03
	rng := rand.New(rand.NewPCG(11, 5))
	broken, made := 0, 0
	for range 20 {
		var entries []audit.Entry
		var rulings []audit.Ruling
		wrongAt := make([]int, 101)
		for i := range n {
			if rng.Float64() > 0.3 {
				entries = append(entries, scored(i, guards.Supported, 0))
				continue
			}
			score := math.Round(rng.Float64()*100) / 100
			e := scored(i, guards.Contradicted, score)
			entries = append(entries, e)
			should := rng.Float64() < score
			if !should {
				for k := 0; k <= int(math.Round(score*100)); k++ {
					wrongAt[k]++
				}
			}
			if rng.Float64() < 0.6 {
				rulings = append(rulings, audit.Ruling{Exchange: e.ID, Rule: "hallucination.contradicted", Right: should == (score >= 0.5), By: "a"})
			}
		}
		got, err := tuned(t, entries, rulings, "hallucination.contradicted", bound)
		if err != nil {
			t.Fatal(err)
		}
		if got.Suggested == nil {
			continue
		}
		made++
		// What is known of the population: the rule fires wrongly at k with ∫ 0.3 (1-s) ds from k to 1.
		k := got.Suggested.Threshold
		if 0.3*(1-k)*(1-k)/2 > bound {
			broken++
		}
	}
	if made < 15 || broken > 2 {
		t.Errorf("%d suggestions, %d of them beyond the bound", made, broken)
	}
}

func TestThresholdsFromBelow(t *testing.T) {
	var entries []audit.Entry
	for i := range 200 {
		e := scored(i, guards.Supported, 0.1)
		c := &e.Choices[0]
		c.Sentences = nil
		for k := range 10 {
			v := guards.Supported
			if k < i%11 {
				v = guards.NotCovered
			}
			c.Sentences = append(c.Sentences, judge.SentenceRecord{Verdict: v, Score: 0.2})
		}
		c.Steps[0].Sentences = 10
		entries = append(entries, e)
	}
	got, err := tuned(t, entries, nil, "hallucination.low_groundedness", 0.5)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rising || got.At(0).Fires != 0 || got.At(1).Fires < 180 || got.At(0.5).Fires < 80 || got.At(0.5).Fires > 120 {
		t.Errorf("rising %v; fires in %d, %d, %d", got.Rising, got.At(0).Fires, got.At(0.5).Fires, got.At(1).Fires)
	}
	if got.Suggested == nil || got.Suggested.Threshold < 0.3 || got.Suggested.Threshold > 0.5 {
		t.Errorf("nobody reviewed, so that every firing may be wrong: suggested %+v", got.Suggested)
	}
}

func TestDrift(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	window := func(n int, score func() float64) *review.Threshold {
		out := &review.Threshold{Exchanges: n, Scores: make([]int, 102)}
		for range n {
			at := 0
			if rng.Float64() < 0.3 {
				at = 1 + int(100*min(max(score(), 0), 1))
			}
			out.Scores[at]++
		}
		return out
	}
	normal := func() float64 { return 0.6 + 0.15*rng.NormFloat64() }
	shifted := func() float64 { return 0.85 + 0.1*rng.NormFloat64() }
	alarms := 0
	for range 200 {
		if d := window(400, normal).DriftFrom(window(5000, normal)); d.Verdict != review.Holds {
			alarms++
		}
	}
	if alarms > 10 {
		t.Errorf("%d alarms of 200 where nothing changed", alarms)
	}
	then := window(5000, normal)
	if d := window(2000, shifted).DriftFrom(then); d.Verdict != review.Expired {
		t.Errorf("a plain shift: %s", d)
	}
	if d := window(30, normal).DriftFrom(then); d.Verdict == review.Expired && d.PSI <= d.Critical {
		t.Errorf("a few exchanges: %s", d)
	}
	if d := (&review.Threshold{}).DriftFrom(then); d.Verdict != review.Expired || d.String() == "" {
		t.Errorf("nothing: %s", d)
	}
}
