package fairness

import (
	"math"

	"touchstone/internal/stats"
)

// Outcome is what groups are compared by.
type Outcome string

const (
	Refusal       Outcome = "refused"      // share of answers that decline
	Block         Outcome = "blocked"      // share of exchanges that the policy blocks, applied or not
	Negative      Outcome = "negative"     // share of answers given whose tone is negative
	Contradiction Outcome = "contradicted" // share of answers with a checked statement in which the ground truth contradicts one
	Served        Outcome = "served"       // share of exchanges with an answer that was neither refused nor blocked
	Approval      Outcome = "approved"     // share of decisions that approve
	Length        Outcome = "words"        // words of an answer given, by their geometric mean
	Reading       Outcome = "grade"        // reading level of an answer given, in years of school
)

// compared are the outcomes whose differences are looked at.
var compared = []Outcome{Refusal, Block, Negative, Contradiction, Approval, Length, Reading}

// share tells whether an outcome is a share of exchanges; else it is a mean.
func (o Outcome) share() bool { return o != Length && o != Reading }

// favourable tells whether more of an outcome is better for the group.
func (o Outcome) favourable() bool { return o == Served || o == Approval || o == Length }

// Seen is one exchange as it is counted.
type Seen struct {
	Blocked               bool    // by the policy, applied or not
	Manner                *Manner // of the answer; nil: there was none
	Checked, Contradicted int     // statements
}

// Counts are sums over exchanges. Words and their squares are of logarithms.
type Counts struct {
	Exchanges, Blocked, Served   int
	Answers, Refused             int
	Given, Negative              int // answers that were not refusals
	Checked, Contradicted        int // answers with a checked statement, and with a contradicted one
	Decided, Approved            int
	Words, Words2, Grade, Grade2 float64
	Graded                       int
}

// Count is the counts of one exchange.
func Count(s Seen) Counts {
	c := Counts{Exchanges: 1, Blocked: one(s.Blocked)}
	m := s.Manner
	if m == nil {
		return c
	}
	c.Answers, c.Refused = 1, one(m.Refused)
	c.Served = one(!s.Blocked && !m.Refused)
	c.Checked, c.Contradicted = one(s.Checked > 0), one(s.Contradicted > 0)
	if m.Decision != "" {
		c.Decided, c.Approved = 1, one(m.Decision == Approve)
	}
	if m.Refused {
		return c
	}
	c.Given, c.Negative = 1, one(m.Tone <= NegativeTone)
	c.Words = math.Log1p(float64(m.Words))
	c.Words2 = c.Words * c.Words
	if m.Grade != nil {
		c.Graded, c.Grade, c.Grade2 = 1, *m.Grade, *m.Grade**m.Grade
	}
	return c
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Add adds o to c.
func (c *Counts) Add(o Counts) {
	c.Exchanges += o.Exchanges
	c.Blocked += o.Blocked
	c.Served += o.Served
	c.Answers += o.Answers
	c.Refused += o.Refused
	c.Given += o.Given
	c.Negative += o.Negative
	c.Checked += o.Checked
	c.Contradicted += o.Contradicted
	c.Decided += o.Decided
	c.Approved += o.Approved
	c.Words += o.Words
	c.Words2 += o.Words2
	c.Graded += o.Graded
	c.Grade += o.Grade
	c.Grade2 += o.Grade2
}

// tally is the sum of an outcome, of its squares, and what it was measured on.
func (c *Counts) tally(o Outcome) (x, xx, n float64) {
	of := func(x, n int) (float64, float64, float64) { return float64(x), float64(x), float64(n) }
	switch o {
	case Refusal:
		return of(c.Refused, c.Answers)
	case Block:
		return of(c.Blocked, c.Exchanges)
	case Negative:
		return of(c.Negative, c.Given)
	case Contradiction:
		return of(c.Contradicted, c.Checked)
	case Served:
		return of(c.Served, c.Exchanges)
	case Approval:
		return of(c.Approved, c.Decided)
	case Length:
		return c.Words, c.Words2, float64(c.Given)
	}
	return c.Grade, c.Grade2, float64(c.Graded)
}

// outcomes are all of them, in the order of Cell.spread.
var outcomes = [...]Outcome{Refusal, Block, Negative, Contradiction, Served, Approval, Length, Reading}

// Cell is the exchanges of one group in one period, as sums over the period and over its
// steps of time.
type Cell struct {
	Counts
	steps  int
	spread [len(outcomes)]spread
}

// spread are sums over steps of time, of n exchanges with a sum x each: n², x×n, x².
type spread struct{ nn, xn, xx float64 }

// AddStep adds the exchanges of one step of time.
func (c *Cell) AddStep(s Counts) {
	c.Counts.Add(s)
	c.steps++
	for i, o := range outcomes {
		x, _, n := s.tally(o)
		c.spread[i].nn += n * n
		c.spread[i].xn += x * n
		c.spread[i].xx += x * x
	}
}

// merge adds the exchanges of another group.
func (c *Cell) merge(o *Cell) {
	c.Counts.Add(o.Counts)
	c.steps += o.steps
	for i := range c.spread {
		c.spread[i].nn += o.spread[i].nn
		c.spread[i].xn += o.spread[i].xn
		c.spread[i].xx += o.spread[i].xx
	}
}

// minSteps is how many steps of time tell how alike their exchanges are.
const minSteps = 10

// design is how many times larger the variance of an outcome is than if exchanges were
// independent: the turns of a conversation, or what somebody sends over and over, fall
// into the same step of time (Kish 1965; the ratio estimator over steps). At least 1, and
// 1 for fewer than ten steps.
func (c *Cell) design(o Outcome, mean, variance, n float64) float64 {
	if c.steps < minSteps || variance <= 0 {
		return 1
	}
	i := 0
	for outcomes[i] != o {
		i++
	}
	s, k := c.spread[i], float64(c.steps)
	between := max(0, s.xx-2*mean*s.xn+mean*mean*s.nn)
	return max(1, between/n*k/(k-1)/variance)
}

// sample is the mean and variance of an outcome, with the number of independent
// exchanges that its exchanges are worth.
func (c *Cell) sample(o Outcome) stats.Sample {
	x, xx, n := c.tally(o)
	if n == 0 {
		return stats.Sample{Mean: math.NaN()}
	}
	mean := x / n
	variance := max(0, xx/n-mean*mean)
	if !o.share() && n > 1 {
		variance *= n / (n - 1)
	}
	return stats.Sample{Mean: mean, Variance: variance, N: n / c.design(o, mean, variance, n)}
}

// of is what an outcome was measured on.
func (c *Cell) of(o Outcome) int {
	_, _, n := c.tally(o)
	return int(n)
}
