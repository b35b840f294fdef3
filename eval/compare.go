package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Change is a figure of two runs on the same rows.
type Change struct {
	A        Figure    `json:"a"`
	B        Figure    `json:"b"`
	Gain     Figure    `json:"gain"`    // B - A
	Interval [2]Figure `json:"gain_95"` // paired bootstrap over documents
}

// Beyond says whether the gain is beyond chance: its interval leaves out zero. It
// is 1 for better, -1 for worse, 0 for neither.
func (c Change) Beyond() int {
	switch {
	case c.Interval[0] > 0:
		return 1
	case c.Interval[1] < 0:
		return -1
	}
	return 0
}

// Difference is how two runs differ on a group of rows.
type Difference struct {
	Name             string `json:"name"`
	Rows             int    `json:"rows"` // scored
	Docs             int    `json:"documents"`
	F1               Change `json:"f1"`
	BalancedAccuracy Change `json:"balanced_accuracy"`
	AUROC            Change `json:"auroc"`
	Fixed            int    `json:"fixed"`  // rows that A had wrong and B has right
	Broken           int    `json:"broken"` // the reverse
}

// Comparison is two runs on the same rows, the largest loss of balanced accuracy first.
type Comparison struct {
	A       string       `json:"a"`
	B       string       `json:"b"`
	Overall Difference   `json:"overall"`
	Answers []Difference `json:"answers,omitempty"`
	Sets    []Difference `json:"sets"`
	Errors  []ErrorPair  `json:"errors,omitempty"`
}

// ErrorPair is how the rows made wrong in one way fared in both runs.
type ErrorPair struct {
	Error  string `json:"error"`
	Rows   int    `json:"rows"`
	A      Figure `json:"a"` // share caught; for "none", the right rows, the false alarm rate
	B      Figure `json:"b"`
	Fixed  int    `json:"fixed"`
	Broken int    `json:"broken"`
}

// Compare sets two runs against one another. Both scorers must have been given the
// same items in the same order.
func Compare(nameA, nameB string, a, b *Scorer) (Comparison, error) {
	c := Comparison{A: nameA, B: nameB}
	if len(a.rows) != len(b.rows) || len(a.answers) != len(b.answers) {
		return c, fmt.Errorf("%s has %d rows and %s has %d: they cannot be paired", nameA, len(a.rows), nameB, len(b.rows))
	}
	set := func(r record) string { return r.set }
	c.Overall = differ("all", a.rows, b.rows)
	c.Sets, c.Answers = byGroup(a.rows, b.rows, set), byGroup(a.answers, b.answers, set)
	kind := func(r record) string { return r.errorType }
	_, before := split(a.rows, kind)
	_, after := split(b.rows, kind)
	for _, e := range byError(a.rows) {
		pair := ErrorPair{Error: e.Error, Rows: e.Rows, A: e.Rate}
		caught := 0
		for i, r := range after[e.Error] {
			if !r.label.scored() {
				continue
			}
			if r.caught {
				caught++
			}
			fixed, broken := moved(before[e.Error][i], r)
			pair.Fixed, pair.Broken = pair.Fixed+fixed, pair.Broken+broken
		}
		pair.B = ratio(float64(caught), float64(e.Rows))
		c.Errors = append(c.Errors, pair)
	}
	return c, nil
}

// byGroup compares each group, the largest loss first.
func byGroup(a, b []record, key func(record) string) []Difference {
	names, before := split(a, key)
	_, after := split(b, key)
	var out []Difference
	for _, n := range names {
		out = append(out, differ(n, before[n], after[n]))
	}
	slices.SortStableFunc(out, func(a, b Difference) int {
		return worstFirst(a.BalancedAccuracy.Gain, b.BalancedAccuracy.Gain)
	})
	return out
}

// moved says whether a row was fixed or broken between two runs.
func moved(a, b record) (fixed, broken int) {
	was, is := a.caught == a.bad, b.caught == b.bad
	switch {
	case is && !was:
		return 1, 0
	case was && !is:
		return 0, 1
	}
	return 0, 0
}

// differ compares two runs on a group: rows of equal index are the same row.
func differ(name string, before, after []record) Difference {
	d := Difference{Name: name}
	var a, b []outcome
	var ca, cb counts
	index := map[uint64]int{}
	for i, r := range before {
		if !r.label.scored() {
			continue
		}
		a, b = append(a, r.outcome), append(b, after[i].outcome)
		ca.add(r.bad, r.caught)
		cb.add(r.bad, after[i].caught)
		fixed, broken := moved(r, after[i])
		d.Fixed, d.Broken = d.Fixed+fixed, d.Broken+broken
		if _, ok := index[r.doc]; !ok {
			index[r.doc] = len(index)
		}
	}
	d.Rows, d.Docs = len(a), len(index)
	d.F1 = Change{A: ca.f1(), B: cb.f1()}
	d.BalancedAccuracy = Change{A: ca.balanced(), B: cb.balanced()}
	d.AUROC = Change{A: auroc(a), B: auroc(b)}
	for _, c := range []*Change{&d.F1, &d.BalancedAccuracy, &d.AUROC} {
		c.Gain, c.Interval = c.B-c.A, [2]Figure{Figure(math.NaN()), Figure(math.NaN())}
	}
	if len(a) > 0 {
		d.F1.Interval, d.BalancedAccuracy.Interval, d.AUROC.Interval = pairedIntervals(a, b, index)
	}
	return d
}

// pairedIntervals are the 95% intervals of the gains from a to b in F1, balanced
// accuracy and AUROC, over resamples of the documents, the same for both runs
// (paired bootstrap; Efron and Tibshirani 1993, chapter 8). The draws are the same
// in every call.
func pairedIntervals(a, b []outcome, index map[uint64]int) (f1, bacc, area [2]Figure) {
	ra, rb := ranked(a), ranked(b)
	ta, tb := make([]counts, len(index)), make([]counts, len(index))
	for i := range a {
		d := index[a[i].doc]
		ta[d].add(a[i].bad, a[i].caught)
		tb[d].add(b[i].bad, b[i].caught)
	}
	var f1s, baccs, areas []float64
	rng := rand.New(rand.NewPCG(1, 2))
	weight := make([]float64, len(index))
	for range resamples {
		clear(weight)
		for range weight {
			weight[rng.IntN(len(weight))]++
		}
		var ca, cb counts
		for d, w := range weight {
			ca.addTimes(ta[d], w)
			cb.addTimes(tb[d], w)
		}
		f1s = append(f1s, float64(cb.f1()-ca.f1()))
		baccs = append(baccs, float64(cb.balanced()-ca.balanced()))
		areas = append(areas, float64(rb.auroc(index, weight)-ra.auroc(index, weight)))
	}
	return middle95(f1s), middle95(baccs), middle95(areas)
}

func (c *counts) addTimes(d counts, n float64) {
	c.tp, c.fp, c.fn, c.tn = c.tp+n*d.tp, c.fp+n*d.fp, c.fn+n*d.fn, c.tn+n*d.tn
}

// ranking is outcomes by rising score, so that an AUROC over resampled documents
// needs no sorting.
type ranking []outcome

func ranked(rows []outcome) ranking {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b outcome) int {
		switch {
		case a.score < b.score:
			return -1
		case a.score > b.score:
			return 1
		}
		return 0
	})
	return sorted
}

// auroc is the AUROC with each row counted as often as its document was drawn;
// once each where weight is nil.
func (r ranking) auroc(index map[uint64]int, weight []float64) Figure {
	var wins, goodBelow, good, bad float64
	for i := 0; i < len(r); {
		var g, b float64
		k := i
		for ; k < len(r) && r[k].score == r[i].score; k++ {
			w := 1.0
			if weight != nil {
				w = weight[index[r[k].doc]]
			}
			if r[k].bad {
				b += w
			} else {
				g += w
			}
		}
		wins += b*goodBelow + b*g/2
		goodBelow += g
		good, bad, i = good+g, bad+b, k
	}
	return ratio(wins, good*bad)
}
