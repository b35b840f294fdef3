package review

import (
	"math"

	"touchstone/internal/stats"
)

// Drift compares the scores of two windows of time.
type Drift struct {
	PSI      float64 `json:"psi"`      // population stability index
	Critical float64 `json:"critical"` // what it stays below with 95% when nothing has changed
	Bins     int     `json:"bins"`
	Of       [2]int  `json:"of"` // exchanges, then and now
	Verdict  string  `json:"verdict"`
}

// What a Drift comes to.
const (
	Holds   = "holds"
	Watch   = "watch"
	Expired = "expired"
)

// DriftFrom says whether what then rests on still holds: by the population stability
// index Σ (p-q) ln(p/q) over the exchanges in which the rule never fires and about ten
// bins of equal weight of the others, with its customary bounds 0.1 (watch) and 0.25
// (expired: Siddiqi 2006, Credit Risk Scorecards), unless chance alone reaches that: without a change the
// index is about χ² with bins - 1 degrees of freedom times 1/n + 1/m (Yurdakul and
// Naranjo 2020, Journal of Risk Model Validation 14(4)).
func (out *Threshold) DriftFrom(then *Threshold) Drift {
	d := Drift{Of: [2]int{then.Exchanges, out.Exchanges}, Verdict: Holds}
	if then.Exchanges == 0 || out.Exchanges == 0 || len(then.Scores) != len(out.Scores) {
		d.Verdict = Expired // there is nothing to compare
		return d
	}
	in := 0
	for _, n := range then.Scores[1:] {
		in += n
	}
	add := func(p, q int) {
		d.Bins++
		// Half a count more in each, so that an empty bin is no infinity.
		a, b := (float64(p)+0.5)/(float64(then.Exchanges)+0.5), (float64(q)+0.5)/(float64(out.Exchanges)+0.5)
		d.PSI += (a - b) * math.Log(a/b)
	}
	add(then.Scores[0], out.Scores[0])
	p, q := 0, 0
	for i := 1; i < len(then.Scores); i++ {
		p, q = p+then.Scores[i], q+out.Scores[i]
		if last := i == len(then.Scores)-1; 10*p >= in && p > 0 || last {
			add(p, q)
			p, q = 0, 0
		}
	}
	d.Critical = chiSquare95(d.Bins-1) * (1/float64(then.Exchanges) + 1/float64(out.Exchanges))
	switch {
	case d.PSI > max(0.25, d.Critical):
		d.Verdict = Expired
	case d.PSI > max(0.1, d.Critical):
		d.Verdict = Watch
	}
	return d
}

// chiSquare95 is the 95% quantile of χ² (Wilson and Hilferty 1931).
func chiSquare95(df int) float64 {
	n := float64(df)
	return n * math.Pow(1-2/(9*n)+stats.NormalQuantile(0.95)*math.Sqrt(2/(9*n)), 3)
}
