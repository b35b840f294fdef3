package audit

import (
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/internal/stats"
	"touchstone/policies"
)

// Sums are counts over exchanges, as the dashboard adds them up.
type Sums struct {
	Exchanges                           int
	Passed, Flagged, Blocked, Unchecked int // exchanges by outcome; read from the log, not written by it
	Answers                             int // choices with a checked claim
	Counts                              policies.Counts

	// Sums over answers, of n checked, c contradicted and v covered claims: n², c²,
	// c×n, v², v×n. From them follows how alike the sentences of one answer are.
	nn, cc, cn, vv, vn int
}

// addAnswer adds one choice to what intervals are computed from.
func (s *Sums) addAnswer(c policies.Counts) {
	n := c.Checked()
	if n == 0 {
		return
	}
	v := c.Supported + c.Contradicted
	s.Answers++
	s.nn += n * n
	s.cc += c.Contradicted * c.Contradicted
	s.cn += c.Contradicted * n
	s.vv += v * v
	s.vn += v * n
}

func (s *Sums) add(o Sums) {
	s.Exchanges += o.Exchanges
	s.Passed += o.Passed
	s.Flagged += o.Flagged
	s.Blocked += o.Blocked
	s.Unchecked += o.Unchecked
	s.Answers += o.Answers
	s.Counts = plus(s.Counts, o.Counts)
	s.nn += o.nn
	s.cc += o.cc
	s.cn += o.cn
	s.vv += o.vv
	s.vn += o.vn
}

func plus(a, b policies.Counts) policies.Counts {
	return policies.Counts{
		Supported: a.Supported + b.Supported, Contradicted: a.Contradicted + b.Contradicted,
		NotCovered: a.NotCovered + b.NotCovered, NotClaim: a.NotClaim + b.NotClaim,
		NotMeasured: a.NotMeasured + b.NotMeasured,
	}
}

func countsOf(r *judge.Receipt) (c policies.Counts) {
	for i := range r.Sentences {
		c.Add(r.Sentences[i].Verdict)
	}
	return c
}

// worst is the worst verdict that c holds.
func worst(c policies.Counts) guards.Verdict {
	switch {
	case c.Contradicted > 0:
		return guards.Contradicted
	case c.NotCovered > 0:
		return guards.NotCovered
	case c.NotMeasured > 0:
		return guards.NotMeasured
	case c.Supported > 0:
		return guards.Supported
	}
	return guards.NotClaim
}

// Estimate is a rate with its 95% interval. Of is what it was measured on; when
// that is 0 the rate is unknown and the other fields are 0.
type Estimate struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Of    int     `json:"of"`
}

// Known tells whether anything was measured.
func (e Estimate) Known() bool { return e.Of > 0 }

// Hallucination is contradicted claims per 1,000 checked ones.
func (s Sums) Hallucination() Estimate {
	e := estimate(s.Counts.Contradicted, s.Counts.Checked(), s.design(s.Counts.Contradicted, s.cc, s.cn))
	return Estimate{1000 * e.Value, 1000 * e.Low, 1000 * e.High, e.Of}
}

// Coverage is the share of checked claims that the ground truth speaks to,
// whether for or against.
func (s Sums) Coverage() Estimate {
	covered := s.Counts.Supported + s.Counts.Contradicted
	return estimate(covered, s.Counts.Checked(), s.design(covered, s.vv, s.vn))
}

// NotMeasured is the share of checkable claims that no guard measured.
func (s Sums) NotMeasured() Estimate {
	n := s.Counts.Checked() + s.Counts.NotMeasured
	return estimate(s.Counts.NotMeasured, n, 1)
}

// design is the design effect of counting x of all checked claims, where xx and
// xn sum x² and x×n over answers: how many times larger the variance is than if
// each claim had been drawn by itself (Kish 1965; the ratio estimator). At least
// 1, and 1 when it cannot be known.
func (s Sums) design(x, xx, xn int) float64 {
	n, k := float64(s.Counts.Checked()), float64(s.Answers)
	if k < 2 || n == 0 {
		return 1
	}
	p := float64(x) / n
	if p == 0 || p == 1 {
		return 1
	}
	between := float64(xx) - 2*p*float64(xn) + p*p*float64(s.nn)
	variance := max(0, between) / (n * n) * k / (k - 1)
	return max(1, variance*n/(p*(1-p)))
}

// estimate is k of n with the Wilson interval for n ÷ design independent draws.
func estimate(k, n int, design float64) Estimate {
	if n <= 0 {
		return Estimate{}
	}
	p := float64(k) / float64(n)
	i := stats.Wilson(stats.Share{P: p, N: float64(n) / design}, z95)
	return Estimate{Value: p, Low: i.Low, High: i.High, Of: n}
}

// z95 is what a standard normal variable exceeds, on either side, with 5%.
var z95 = stats.TwoSided(0.05)
