package guards_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"touchstone/guards"
)

func TestAnswerScore(t *testing.T) {
	for _, tc := range []struct {
		claims []float64
		want   float64
	}{{nil, 0}, {[]float64{0.3}, 0.3}, {[]float64{0.9}, 0.9}, {[]float64{0.4, 0.4}, 0.416}, {[]float64{0.6, 0.5}, 0.7}, {[]float64{0.6, 0}, 0.6}, {[]float64{1, 0.2}, 1}} {
		if got := guards.AnswerScore(tc.claims); math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%v: %v, want %v", tc.claims, got, tc.want)
		}
	}
}

// Whatever the claims: the order does not matter, the side of one half is the worst
// claim's, and a further or a worse claim never makes the answer better.
func TestAnswerScoreHolds(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		claims := make([]float64, 1+rng.IntN(12))
		for i := range claims {
			claims[i] = rng.Float64()
		}
		got, worst := guards.AnswerScore(claims), slices.Max(claims)
		if got < worst || got > 1 || (got >= 0.5) != (worst >= 0.5) {
			t.Fatalf("%v: %v", claims, got)
		}
		if more := guards.AnswerScore(append(slices.Clone(claims), rng.Float64())); more < got-1e-12 {
			t.Fatalf("a further claim lowers %v to %v", got, more)
		}
		turned := slices.Clone(claims)
		slices.Reverse(turned)
		if other := guards.AnswerScore(turned); math.Abs(other-got) > 1e-12 {
			t.Fatalf("the order changes %v to %v", got, other)
		}
		i := rng.IntN(len(claims))
		turned = slices.Clone(claims)
		turned[i] += (1 - turned[i]) * rng.Float64()
		if other := guards.AnswerScore(turned); other < got-1e-12 {
			t.Fatalf("a worse claim lowers %v to %v: %v, %d", got, other, claims, i)
		}
	}
}
