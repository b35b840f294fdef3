package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Figure is a share or a score, NaN where it is not defined (null in JSON, which
// rounds it to four decimals).
type Figure float64

// MarshalJSON writes null for NaN, which JSON does not have.
func (f Figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, math.Round(float64(f)*1e4)/1e4, 'f', -1, 64), nil
}

// ratio is x ÷ y, NaN when y is 0.
func ratio(x, y float64) Figure {
	if y == 0 {
		return Figure(math.NaN())
	}
	return Figure(x / y)
}

// counts is a two-way table; a positive is a text that is not supported.
type counts struct{ tp, fp, fn, tn float64 }

func (c *counts) add(bad, caught bool) {
	switch {
	case bad && caught:
		c.tp++
	case bad:
		c.fn++
	case caught:
		c.fp++
	default:
		c.tn++
	}
}

func (c counts) precision() Figure { return ratio(c.tp, c.tp+c.fp) }
func (c counts) recall() Figure    { return ratio(c.tp, c.tp+c.fn) }
func (c counts) f1() Figure        { return ratio(2*c.tp, 2*c.tp+c.fp+c.fn) }

// balanced is the mean of the two classes' recalls, NaN without both classes.
func (c counts) balanced() Figure {
	return (c.recall() + ratio(c.tn, c.tn+c.fp)) / 2
}

// outcome is one scored row.
type outcome struct {
	doc    uint64
	bad    bool
	caught bool
	score  float64
}

// best sweeps the threshold over the scores and returns the highest F1 and
// balanced accuracy and where they are reached (score ≥ threshold). Chosen on the
// same rows, they are what a perfect choice of threshold would give, no more.
func best(rows []outcome) (f1, f1At, bacc, baccAt Figure) {
	f1, f1At, bacc, baccAt = Figure(math.NaN()), Figure(math.NaN()), Figure(math.NaN()), Figure(math.NaN())
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b outcome) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	var c counts
	for _, r := range sorted {
		c.add(r.bad, false)
	}
	for i, r := range sorted {
		if r.bad {
			c.tp, c.fn = c.tp+1, c.fn-1
		} else {
			c.fp, c.tn = c.fp+1, c.tn-1
		}
		if i+1 < len(sorted) && sorted[i+1].score == r.score {
			continue
		}
		if v := c.f1(); v > f1 || f1 != f1 {
			f1, f1At = v, Figure(r.score)
		}
		if v := c.balanced(); v > bacc || bacc != bacc {
			bacc, baccAt = v, Figure(r.score)
		}
	}
	return f1, f1At, bacc, baccAt
}

// auroc is the chance that a bad row scores higher than a good one, ties half.
func auroc(rows []outcome) Figure { return ranked(rows).auroc(nil, nil) }

// Bin is the rows whose score lies in one tenth of the scale.
type Bin struct {
	Rows  int    `json:"rows"`
	Score Figure `json:"score"` // their mean score
	Bad   Figure `json:"bad"`   // the share of them that is not supported; calibrated scores equal it
}

// reliability parts the rows in ten bins of equal width; empty ones are left out.
func reliability(rows []outcome) (out []Bin) {
	var n, score, bad [10]float64
	for _, r := range rows {
		b := min(max(int(r.score*10), 0), 9)
		n[b]++
		score[b] += r.score
		if r.bad {
			bad[b]++
		}
	}
	for b := range n {
		if n[b] > 0 {
			out = append(out, Bin{int(n[b]), Figure(score[b] / n[b]), Figure(bad[b] / n[b])})
		}
	}
	return out
}

// calibrationError is the expected calibration error of the scores over those bins.
func calibrationError(rows []outcome) Figure {
	sum := 0.0
	for _, b := range reliability(rows) {
		sum += float64(b.Rows) * math.Abs(float64(b.Score-b.Bad))
	}
	return ratio(sum, float64(len(rows)))
}

// rocPoint is the share of right rows held back and of wrong rows caught at one threshold.
type rocPoint struct{ falseAlarms, caught float64 }

// roc is the curve from (0, 0) to (1, 1), at most about a hundred points of it; nil
// where one class is missing.
func roc(rows []outcome) (out []rocPoint) {
	sorted := ranked(rows)
	var good, bad float64
	for _, r := range sorted {
		if r.bad {
			bad++
		} else {
			good++
		}
	}
	if good == 0 || bad == 0 {
		return nil
	}
	out = append(out, rocPoint{})
	var fp, tp float64
	for i := len(sorted) - 1; i >= 0; i-- {
		if sorted[i].bad {
			tp++
		} else {
			fp++
		}
		if i > 0 && sorted[i-1].score == sorted[i].score {
			continue
		}
		last, p := out[len(out)-1], rocPoint{fp / good, tp / bad}
		if i == 0 || p.falseAlarms-last.falseAlarms+p.caught-last.caught > 0.02 {
			out = append(out, p)
		}
	}
	return out
}

// resamples is how many times the documents are drawn for an interval.
const resamples = 1000

// intervals are 95% bootstrap intervals of F1 and balanced accuracy. Documents
// are drawn, not rows: rows on one document stand or fall together. The draws
// are the same in every run.
func intervals(rows []outcome) (f1, bacc [2]Figure) {
	index := map[uint64]int{}
	var docs []counts
	for _, r := range rows {
		i, ok := index[r.doc]
		if !ok {
			i = len(docs)
			index[r.doc] = i
			docs = append(docs, counts{})
		}
		docs[i].add(r.bad, r.caught)
	}
	var f1s, baccs []float64
	rng := rand.New(rand.NewPCG(1, 2))
	for range resamples {
		var c counts
		for range docs {
			d := docs[rng.IntN(len(docs))]
			c.tp, c.fp, c.fn, c.tn = c.tp+d.tp, c.fp+d.fp, c.fn+d.fn, c.tn+d.tn
		}
		f1s, baccs = append(f1s, float64(c.f1())), append(baccs, float64(c.balanced()))
	}
	return middle95(f1s), middle95(baccs)
}

// middle95 is the interval that holds the middle 95% of the defined values.
func middle95(v []float64) [2]Figure {
	v = slices.DeleteFunc(v, math.IsNaN)
	slices.Sort(v)
	return [2]Figure{quantile(v, .025), quantile(v, .975)}
}

// quantile of sorted values, by the nearest rank; NaN of none.
func quantile(sorted []float64, q float64) Figure {
	if len(sorted) == 0 {
		return Figure(math.NaN())
	}
	return Figure(sorted[int(math.Round(q*float64(len(sorted)-1)))])
}

// wilson is the 95% interval of a share of n.
func wilson(hits, n int) [2]Figure {
	if n == 0 {
		return [2]Figure{Figure(math.NaN()), Figure(math.NaN())}
	}
	const z = 1.96
	p, m := float64(hits)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return [2]Figure{Figure(mid - half), Figure(mid + half)}
}
