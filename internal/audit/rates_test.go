package audit

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/stats"
	"touchstone/policies"
)

// TestWilson holds the interval to values published for it (Newcombe 1998, table I,
// method 3, without continuity correction).
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}, {29, 29, 0.8830, 1}} {
		e := estimate(c.k, c.n, 1)
		if math.Abs(e.Low-c.low) > 5e-5 || math.Abs(e.High-c.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.k, c.n, e.Low, e.High, c.low, c.high)
		}
	}
}

func TestNothingMeasuredIsUnknownNotZero(t *testing.T) {
	var s Sums
	s.Counts.NotClaim, s.Counts.NotMeasured = 3, 2
	if e := s.Hallucination(); e.Known() || e != (Estimate{}) {
		t.Errorf("got %+v", e)
	}
	if e := s.NotMeasured(); e.Value != 1 || e.Of != 2 {
		t.Errorf("share not measured %+v, want 1 of 2", e)
	}
}

// TestNotCoveredIsNoContradiction: a claim the ground truth says nothing about
// lowers the coverage and adds nothing to the numerator of the rate.
func TestNotCoveredIsNoContradiction(t *testing.T) {
	s := Sums{Counts: policies.Counts{Supported: 6, Contradicted: 1, NotCovered: 3, NotClaim: 50, NotMeasured: 7}}
	if e := s.Hallucination(); e.Value != 100 || e.Of != 10 {
		t.Errorf("rate %+v, want 100 per 1,000 of 10", e)
	}
	if e := s.Coverage(); e.Value != 0.7 || e.Of != 10 {
		t.Errorf("coverage %+v, want 0.7 of 10", e)
	}
}

func TestIntervalsHoldTheEstimateAndStayInRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var s Sums
		for range rng.IntN(6) {
			a := policies.Counts{Supported: rng.IntN(5), Contradicted: rng.IntN(3) * rng.IntN(2), NotCovered: rng.IntN(3)}
			s.addAnswer(a)
			s.Counts = plus(s.Counts, a)
		}
		h := s.Hallucination()
		for name, e := range map[string]Estimate{"rate": {h.Value / 1000, h.Low / 1000, h.High / 1000, h.Of}, "coverage": s.Coverage()} {
			if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1) {
				t.Fatalf("%s of %+v: %+v", name, s, e)
			}
			if e.Of > 0 && e.High-e.Low <= 0 {
				t.Fatalf("%s of %+v has no width: %+v", name, s, e)
			}
		}
	}
}

// TestAlikeSentencesWidenTheInterval: 100 answers of which 10 are wrong from end to
// end tell less than 1,000 sentences of which 100 are wrong by themselves.
func TestAlikeSentencesWidenTheInterval(t *testing.T) {
	var alike, apart Sums
	for i := range 100 {
		a := policies.Counts{Supported: 10}
		if i%10 == 0 {
			a = policies.Counts{Contradicted: 10}
		}
		b := policies.Counts{Supported: 9, Contradicted: 1}
		alike.addAnswer(a)
		alike.Counts = plus(alike.Counts, a)
		apart.addAnswer(b)
		apart.Counts = plus(apart.Counts, b)
	}
	a, b := alike.Hallucination(), apart.Hallucination()
	if a.Value != 100 || b.Value != 100 {
		t.Fatalf("rates %v and %v, want 100", a.Value, b.Value)
	}
	// Answers that are wrong as a whole are worth one draw each: 10 of 100.
	want := stats.Wilson(stats.Share{P: 0.1, N: 99}, z95) // k-1 of the ratio estimator
	low, high := want.Low, want.High
	if math.Abs(a.Low-1000*low) > 0.5 || math.Abs(a.High-1000*high) > 0.5 {
		t.Errorf("interval %.1f to %.1f, want that of 100 answers: %.1f to %.1f", a.Low, a.High, 1000*low, 1000*high)
	}
	if b.High-b.Low >= a.High-a.Low {
		t.Errorf("independent sentences have the wider interval: %+v, %+v", b, a)
	}
}

// TestIntervalsCoverTheTruth draws answers with a known rate and clustering and
// counts how often the interval holds it: about 95 times in 100.
func TestIntervalsCoverTheTruth(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const truth, rounds = 0.08, 1000
	held := 0
	for range rounds {
		var s Sums
		for range 150 {
			p := 0.02 // a good answer
			if rng.Float64() < 0.2 {
				p = 0.32 // a bad one: 0.8×0.02 + 0.2×0.32 = 0.08
			}
			var a policies.Counts
			for range 8 {
				if rng.Float64() < p {
					a.Contradicted++
				} else {
					a.Supported++
				}
			}
			s.addAnswer(a)
			s.Counts = plus(s.Counts, a)
		}
		if e := s.Hallucination(); e.Low <= 1000*truth && 1000*truth <= e.High {
			held++
		}
	}
	if share := float64(held) / rounds; share < 0.93 || share > 0.97 {
		t.Errorf("the interval held the truth in %.1f%% of rounds, want about 95%%", 100*share)
	}
}

// TestTheSumsAgreeWithTheEntries computes the rates of random entries from the
// entries themselves and compares, by minute and by hour, whole and filtered.
func TestTheSumsAgreeWithTheEntries(t *testing.T) {
	l := open(t, Options{})
	rng := rand.New(rand.NewPCG(5, 6))
	all := []guards.Verdict{guards.Supported, guards.Contradicted, guards.NotCovered, guards.NotClaim, guards.NotMeasured}
	apps := []string{"shop", "desk", "docs"}
	outcomes := []Outcome{Pass, Flagged, Blocked, Unchecked}
	var want, shop Sums
	for i := range 300 {
		var v []guards.Verdict
		for range rng.IntN(6) {
			v = append(v, all[rng.IntN(len(all))])
		}
		e := entry(i*37, v...)
		e.App, e.Outcome = apps[rng.IntN(3)], outcomes[rng.IntN(4)]
		one := Sums{Exchanges: 1}
		switch e.Outcome {
		case Pass:
			one.Passed = 1
		case Flagged:
			one.Flagged = 1
		case Blocked:
			one.Blocked = 1
		case Unchecked:
			one.Unchecked = 1
		}
		for j := range e.Choices {
			c := countsOf(&e.Choices[j])
			one.addAnswer(c)
			one.Counts = plus(one.Counts, c)
		}
		want.add(one)
		if e.App == "shop" {
			shop.add(one)
		}
		l.Append(t.Context(), e, true)
	}
	flush(t, l)
	for _, step := range []time.Duration{time.Minute, 5 * time.Minute, time.Hour} {
		for _, c := range []struct {
			f    Filter
			want Sums
		}{{Filter{}, want}, {Filter{App: "shop", Route: "default", Model: "gpt-4o"}, shop}, {Filter{App: "nobody"}, Sums{}}} {
			points, err := l.Rates(t.Context(), start, start.Add(5*time.Hour), step, c.f)
			if err != nil {
				t.Fatal(err)
			}
			if n := int(5 * time.Hour / step); len(points) != n {
				t.Errorf("%d points of %s, want %d", len(points), step, n)
			}
			if got := Total(points); got != c.want {
				t.Errorf("step %s, filter %+v:\ngot  %+v\nwant %+v", step, c.f, got, c.want)
			}
		}
	}
	if _, err := l.Rates(t.Context(), start, start.Add(365*24*time.Hour), time.Minute, Filter{}); err == nil {
		t.Error("a year by the minute is not refused")
	}
}

func TestEntriesPageByPage(t *testing.T) {
	l := open(t, Options{})
	for i := range 25 {
		e := entry(i, guards.Supported, guards.NotCovered)
		if i%5 == 0 {
			e.Outcome = Blocked
		}
		l.Append(t.Context(), e, true)
	}
	flush(t, l)
	var ids []string
	before := ""
	for {
		page, err := l.Entries(t.Context(), Filter{}, before, 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		for _, s := range page {
			ids = append(ids, s.ID)
		}
		before = page[len(page)-1].ID
	}
	for i, id := range ids {
		if id != entry(24-i).ID {
			t.Fatalf("entry %d is %s", i, id)
		}
	}
	blocked, err := l.Entries(t.Context(), Filter{Outcome: Blocked}, "", 10)
	if err != nil || len(blocked) != 5 {
		t.Errorf("%d blocked, %v; want 5", len(blocked), err)
	}
	if s := blocked[0]; s.Verdict != guards.NotCovered || s.Counts.Supported != 1 || s.Question == "" || s.Ms != 300 {
		t.Errorf("summary %+v", s)
	}
}

func TestJudgingQuantiles(t *testing.T) {
	l := open(t, Options{})
	for i := range 1000 {
		e := entry(i, guards.Supported)
		e.Latency.Judge = 1 + float64(i)/100 // 1 to 11 ms
		l.Append(context.Background(), e, true)
	}
	l.Append(t.Context(), entry(2000), true) // a pass-through was not judged
	flush(t, l)
	for _, window := range []time.Duration{time.Hour, 48 * time.Hour} {
		got, ok, err := l.Judging(t.Context(), start, start.Add(window), Filter{Route: "default"}, 0.5, 0.95)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		for i, want := range []float64{6, 10.5} {
			if math.Abs(got[i]-want) > 0.1*want {
				t.Errorf("quantile %d is %.2f ms, want %.1f within 10%%", i, got[i], want)
			}
		}
	}
	if _, ok, err := l.Judging(t.Context(), start.Add(-time.Hour), start, Filter{}, 0.5); ok || err != nil {
		t.Error("an empty hour has a quantile")
	}
}
