package policies

import (
	"context"
	"fmt"
	"testing"

	"touchstone/guards"
)

// answer is an input of n sentences as a guard would measure them: one in twelve
// contradicted, one not covered, two with nothing to check, the rest supported.
func answer(n int) *Input {
	in := &Input{
		App: "shop", Route: "support", Model: "gpt-test", Final: true,
		Guards: []guards.Result{{Guard: "groundedness", Status: guards.OK}},
	}
	for i := range n {
		s := guards.Sentence{Guard: "groundedness", Finding: guards.Finding{
			Claim: guards.Claim{Index: i, Start: i * 80, End: i*80 + 79}, Verdict: guards.Supported, Category: "number", Score: 0.031 + float64(i%7)/100,
		}}
		switch i % 12 {
		case 0, 11:
			s.Verdict, s.Score = guards.NotClaim, 0
		case 5:
			s.Verdict, s.Score = guards.Contradicted, 0.973
		case 8:
			s.Verdict, s.Score = guards.NotCovered, 0.71
		}
		in.Sentences = append(in.Sentences, s)
		in.Counts.Add(s.Verdict)
	}
	return in
}

func BenchmarkDecide(b *testing.B) {
	e, err := Load(context.Background(), "")
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 2, 12, 60} {
		in := answer(n)
		b.Run(fmt.Sprintf("sentences=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Decide(context.Background(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkValue(b *testing.B) {
	in := answer(12)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := in.Value(); err != nil {
			b.Fatal(err)
		}
	}
}
