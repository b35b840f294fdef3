package stats

import (
	"math"
	"slices"
)

// Discoveries is how many of these p-values the step-up rule of Benjamini and Hochberg
// (1995) selects so that the expected share of false ones is at most q: the smallest that
// many. When nothing is true, the chance of any is at most q.
//
// Intervals at the level 1 - q × max(n, 1) ÷ m then agree with the selection, and the
// expected share of selected ones that miss the truth is at most q too (Benjamini and
// Yekutieli 2005, JASA 100:71): Level gives that alpha.
func Discoveries(p []float64, q float64) (n int) {
	sorted := slices.Sorted(slices.Values(p))
	for i, v := range sorted {
		if v <= q*float64(i+1)/float64(len(p)) {
			n = i + 1
		}
	}
	return n
}

// Level is the alpha of each interval when n of m were selected; Discoveries explains.
func Level(q float64, n, m int) float64 {
	if m == 0 {
		return q
	}
	return q * float64(max(n, 1)) / float64(m)
}

// Holm are the p-values adjusted by the step-down rule of Holm (1979): rejecting those of
// at most alpha makes any false rejection at all at most alpha likely.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compare(p[a], p[b]) })
	out := make([]float64, len(p))
	most := 0.0
	for rank, i := range order {
		most = max(most, min(1, p[i]*float64(len(p)-rank)))
		out[i] = most
	}
	return out
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// SampleFor is how many draws each of two groups needs so that a difference between the
// shares a and b is found with this power by a two-sided test at alpha (Fleiss, Levin and
// Paik 2003, equation 4.14, without continuity correction).
func SampleFor(a, b, alpha, power float64) int {
	mean := (a + b) / 2
	z, w := TwoSided(alpha), NormalQuantile(power)
	root := z*math.Sqrt(2*mean*(1-mean)) + w*math.Sqrt(a*(1-a)+b*(1-b))
	return int(math.Ceil(root * root / ((a - b) * (a - b))))
}
