package stats

import (
	"encoding/json"
	"math"
)

// An Interval is a figure that data were used to estimate, and the ends of the interval
// that holds the true one with some confidence.
type Interval struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Excludes tells whether v lies outside of the interval.
func (i Interval) Excludes(v float64) bool { return v < i.Low || v > i.High }

// MarshalJSON writes ends and values that are no finite numbers as null.
func (i Interval) MarshalJSON() ([]byte, error) {
	finite := func(v float64) *float64 {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return &v
	}
	return json.Marshal(struct {
		Value *float64 `json:"value"`
		Low   *float64 `json:"low"`
		High  *float64 `json:"high"`
	}{finite(i.Value), finite(i.Low), finite(i.High)})
}

// Share is a share P seen in N independent draws. N need not be whole: where draws
// resemble each other, it is what they are worth.
type Share struct{ P, N float64 }

// Wilson is the score interval of a share (Wilson 1927): it stays inside [0, 1] and holds
// the share itself, also for 0 of few.
func Wilson(s Share, z float64) Interval {
	if s.N <= 0 {
		return Interval{math.NaN(), 0, 1}
	}
	if math.IsInf(z, 1) {
		return Interval{s.P, 0, 1}
	}
	centre := s.P + z*z/(2*s.N)
	half := z * math.Sqrt(s.P*(1-s.P)/s.N+z*z/(4*s.N*s.N))
	scale := 1 + z*z/s.N
	return Interval{s.P, min(s.P, max(0, (centre-half)/scale)), max(s.P, min(1, (centre+half)/scale))}
}

// ShareDifference is the interval of a - b: the hybrid score method of Newcombe (1998,
// Statistics in Medicine 17:873, method 10).
func ShareDifference(a, b Share, z float64) Interval { return Minus(Wilson(a, z), Wilson(b, z)) }

// Minus is the interval of the difference of two independent figures from the intervals
// of each (MOVER: Zou and Donner 2008, Statistics in Medicine 27:1693).
func Minus(a, b Interval) Interval {
	return Interval{a.Value - b.Value,
		a.Value - b.Value - math.Hypot(a.Value-a.Low, b.High-b.Value),
		a.Value - b.Value + math.Hypot(a.High-a.Value, b.Value-b.Low)}
}

// ShareRatio is the interval of a ÷ b (MOVER-R on Wilson intervals: Donner and Zou 2012,
// Statistical Methods in Medical Research 21:347). Of a share of nothing it is unbounded.
func ShareRatio(a, b Share, z float64) Interval {
	x, y := Wilson(a, z), Wilson(b, z)
	xy := x.Value * y.Value
	r := Interval{x.Value / y.Value, 0, math.Inf(1)}
	root := func(limit, other float64) float64 {
		return math.Sqrt(max(0, xy*xy-limit*other*(2*x.Value-limit)*(2*y.Value-other)))
	}
	if d := y.High * (2*y.Value - y.High); d != 0 {
		r.Low = max(0, (xy-root(x.Low, y.High))/d)
	}
	if d := y.Low * (2*y.Value - y.Low); d > 0 {
		r.High = (xy + root(x.High, y.Low)) / d
	}
	if y.Value == 0 {
		r.Value = math.NaN()
	}
	return r
}

// Sample is what is known of measured values: their mean, variance and number. N need
// not be whole, as for Share.
type Sample struct{ Mean, Variance, N float64 }

// MeanDifference is the interval of a - b that leaves out alpha, by Welch's t with the
// degrees of freedom of Satterthwaite (Welch 1947, Biometrika 34:28).
func MeanDifference(a, b Sample, alpha float64) Interval {
	d, se, df := welch(a, b)
	if !(se > 0) {
		return Interval{d, d, d}
	}
	half := StudentTwoSided(alpha, df) * se
	return Interval{d, d - half, d + half}
}

func welch(a, b Sample) (d, se, df float64) {
	va, vb := a.Variance/a.N, b.Variance/b.N
	df = (va + vb) * (va + vb) / (va*va/(a.N-1) + vb*vb/(b.N-1))
	return a.Mean - b.Mean, math.Sqrt(va + vb), df
}

// MeanP is the two-sided p-value of Welch's test that a and b have equal means.
func MeanP(a, b Sample) float64 {
	d, se, df := welch(a, b)
	if !(se > 0) {
		if d == 0 {
			return 1
		}
		return 0
	}
	return 2 * Student(-math.Abs(d/se), df)
}

// PValue is the smallest alpha for which the interval, made for the z of that alpha,
// does not hold null: the p-value of the test that belongs to the interval, so that the
// two never disagree.
func PValue(interval func(z float64) Interval, null float64) float64 {
	if !interval(0).Excludes(null) {
		return 1
	}
	low, high := 0.0, 38.0
	if interval(high).Excludes(null) {
		return Beyond(high)
	}
	for range 60 {
		z := (low + high) / 2
		if interval(z).Excludes(null) {
			low = z
		} else {
			high = z
		}
	}
	return Beyond(low)
}
