package fairness

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"touchstone/internal/stats"
)

// Stratum is where exchanges are compared: only like with like, never pooled, since
// groups may use different applications (Simpson's paradox).
type Stratum struct {
	App   string `json:"app"`
	Route string `json:"route"`
	Model string `json:"model"`
}

// Key names the exchanges of one group in one stratum.
type Key struct {
	Stratum
	Label
}

// Cells are the exchanges of a period.
type Cells map[Key]*Cell

// Settings say how careful a comparison is.
type Settings struct {
	// Rate is the false-alarm rate: where nothing differs, the chance that a check finds
	// any difference, any breach of the four-fifths rule or any drift is at most Rate for
	// each of the three; where something does, at most this share of what is found is
	// false.
	Rate float64
	// MinSample is how many exchanges a group needs to be compared, of those that an
	// outcome is measured on.
	MinSample int
}

// DefaultSettings are those of a configuration that does not say.
var DefaultSettings = Settings{Rate: 0.05, MinSample: 100}

// Kind is what a comparison looks at.
type Kind string

const (
	Difference Kind = "difference"  // the group against the other groups of its attribute
	FourFifths Kind = "four_fifths" // the group's rate ÷ that of the group that fares best
	Drift      Kind = "drift"       // that difference, now against the period before
)

// Comparison is one group compared in one stratum by one outcome. Interval is the
// difference in shares (words: ratio, grade: years); of FourFifths the ratio of shares; of
// Drift the change of the difference (of words: of its logarithm). It leaves out Alpha, which
// allows for all comparisons of the kind. Differs says that it leaves out Null.
type Comparison struct {
	Stratum
	Attribute string          `json:"attribute"`
	Group     Group           `json:"group"`
	Basis     Basis           `json:"basis"`
	Outcome   Outcome         `json:"outcome"`
	Kind      Kind            `json:"kind"`
	Of        int             `json:"of"`        // exchanges of the group that the outcome is measured on
	OfOthers  int             `json:"of_others"` // and of those it is compared with
	Against   string          `json:"against"`   // whom it is compared with: "others", or a group
	Rate      stats.Interval  `json:"rate"`      // of the group, with its own 95% interval
	Others    stats.Interval  `json:"others"`
	Before    *stats.Interval `json:"before,omitempty"` // of Drift: the difference then, with its 95% interval
	Interval  stats.Interval  `json:"interval"`
	WorseBy   stats.Interval  `json:"worse_by"` // the same, so that more than 0 is worse for the group
	Null      float64         `json:"null"`     // Interval.Value where nothing differs; of FourFifths the bound, 0.8
	Alpha     float64         `json:"alpha"`
	P         float64         `json:"p"`
	Differs   bool            `json:"differs"`
}

// Worse tells whether the group fares worse, beyond chance.
func (c *Comparison) Worse() bool { return c.Differs && c.WorseBy.Value > 0 }

// Thin is a group with too few exchanges to be compared by any outcome.
type Thin struct {
	Stratum
	Group     Group `json:"group"`
	Basis     Basis `json:"basis"`
	Exchanges int   `json:"exchanges"`
}

// Findings are the comparisons of a period, worst first.
type Findings struct {
	Comparisons []Comparison `json:"comparisons"`
	Thin        []Thin       `json:"too_few,omitempty"`
	Settings    Settings     `json:"-"`
	// Needed is how many exchanges of each of two groups show a difference between 10% and
	// 20% in 8 of 10 checks with as many comparisons as this one.
	Needed int `json:"needed"`
}

// fourFifths is the bound of the rule (29 CFR 1607.4 D).
const fourFifths = 0.8

// pending is a comparison whose interval waits for its level.
type pending struct {
	Comparison
	interval func(z float64) stats.Interval
}

// Compare compares the groups of a period, and with the period before, which may be
// empty. The groups of an attribute share no exchange, so that both sides of a comparison
// are independent. Exchanges with several groups of an attribute are left out.
func Compare(now, before Cells, s Settings) Findings {
	f := Findings{Settings: s, Comparisons: []Comparison{}}
	var waiting [3][]pending
	used := map[Key]bool{}
	for _, field := range fields(now) {
		for _, o := range compared {
			if field.basis == Answered && (o == Refusal || o == Block || o == Approval) {
				continue
			}
			groups := field.eligible(now, o, s.MinSample)
			for _, g := range groups {
				used[g] = true
			}
			waiting[0] = append(waiting[0], differences(now, groups, o)...)
			waiting[2] = append(waiting[2], drifts(now, before, groups, o, s.MinSample)...)
		}
		for _, o := range []Outcome{Served, Approval} {
			if field.basis == Asked {
				waiting[1] = append(waiting[1], impacts(now, field.eligible(now, o, s.MinSample), o)...)
			}
		}
	}
	for _, family := range waiting {
		f.Comparisons = append(f.Comparisons, settle(family, s.Rate)...)
	}
	slices.SortStableFunc(f.Comparisons, func(a, b Comparison) int {
		return cmp.Or(rank(&a)-rank(&b), -cmp.Compare(a.weight(), b.weight()), strings.Compare(string(a.Group), string(b.Group)))
	})
	for k, c := range now {
		if !used[k] && k.Group.name() != several {
			f.Thin = append(f.Thin, Thin{k.Stratum, k.Group, k.Basis, c.Exchanges})
		}
	}
	slices.SortFunc(f.Thin, func(a, b Thin) int {
		return cmp.Or(strings.Compare(string(a.Group), string(b.Group)), compareStrata(a.Stratum, b.Stratum), strings.Compare(string(a.Basis), string(b.Basis)))
	})
	f.Needed = Needed(0.1, s.Rate, len(waiting[0]))
	return f
}

// Needed is how many exchanges each of two groups needs so that a difference of 10 points
// above a share of base is found in 8 of 10 checks of m comparisons: a tenth more than
// stats.SampleFor says, which is what it costs to allow for bursts.
func Needed(base, rate float64, m int) int {
	return stats.SampleFor(base, base+0.1, stats.Level(rate, 1, max(1, m)), 0.8) * 11 / 10
}

// field is the groups that are compared with each other.
type field struct {
	Stratum
	attribute string
	basis     Basis
	keys      []Key
}

// fields sorts the keys of cells.
func fields(cells Cells) []field {
	type at struct {
		Stratum
		attribute string
		basis     Basis
	}
	index := map[at]int{}
	var out []field
	for k := range cells {
		if k.Group.name() == several {
			continue
		}
		a := at{k.Stratum, k.Group.Attribute(), k.Basis}
		i, ok := index[a]
		if !ok {
			i = len(out)
			index[a] = i
			out = append(out, field{Stratum: k.Stratum, attribute: a.attribute, basis: k.Basis})
		}
		out[i].keys = append(out[i].keys, k)
	}
	for i := range out {
		slices.SortFunc(out[i].keys, func(a, b Key) int { return strings.Compare(string(a.Group), string(b.Group)) })
	}
	slices.SortFunc(out, func(a, b field) int {
		return cmp.Or(compareStrata(a.Stratum, b.Stratum), strings.Compare(a.attribute, b.attribute), strings.Compare(string(a.basis), string(b.basis)))
	})
	return out
}

func compareStrata(a, b Stratum) int {
	return cmp.Or(strings.Compare(a.App, b.App), strings.Compare(a.Route, b.Route), strings.Compare(a.Model, b.Model))
}

// eligible are the groups with enough exchanges; none where only one has.
func (f *field) eligible(cells Cells, o Outcome, least int) []Key {
	var out []Key
	for _, k := range f.keys {
		if cells[k].of(o) >= max(2, least) {
			out = append(out, k)
		}
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// pool is the exchanges of all groups but one.
func pool(cells Cells, groups []Key, but Key) *Cell {
	out := &Cell{}
	for _, k := range groups {
		if k != but {
			out.merge(cells[k])
		}
	}
	return out
}

// differences compares each group with the others. Of two groups the comparisons are
// the same turned over, so only the group that fares worse is there.
func differences(cells Cells, groups []Key, o Outcome) []pending {
	var out []pending
	for _, k := range groups {
		own, others := cells[k], pool(cells, groups, k)
		p := newPending(k, o, Difference, own, others)
		p.interval = distance(own, others, o)
		p.Interval = p.interval(0)
		p.WorseBy = worseBy(p.Interval, o)
		if len(groups) == 2 && (p.WorseBy.Value < 0 || p.WorseBy.Value == 0 && k == groups[1]) {
			continue
		}
		p.P = stats.PValue(p.interval, p.Null)
		out = append(out, p)
	}
	return out
}

func newPending(k Key, o Outcome, kind Kind, own, others *Cell) pending {
	p := pending{Comparison: Comparison{
		Stratum: k.Stratum, Attribute: k.Group.Attribute(), Group: k.Group, Basis: k.Basis, Outcome: o, Kind: kind, Against: "others",
		Of: own.of(o), OfOthers: others.of(o), Rate: own.rate(o), Others: others.rate(o),
	}}
	if o == Length && kind == Difference {
		p.Null = 1
	}
	return p
}

// rate is an outcome of one group with its 95% interval.
func (c *Cell) rate(o Outcome) stats.Interval {
	s := c.sample(o)
	if o.share() {
		return stats.Wilson(stats.Share{P: s.Mean, N: s.N}, stats.TwoSided(0.05))
	}
	half := 0.0
	if s.N > 1 {
		half = stats.StudentTwoSided(0.05, s.N-1) * math.Sqrt(s.Variance/s.N)
	}
	i := stats.Interval{Value: s.Mean, Low: s.Mean - half, High: s.Mean + half}
	if o == Length {
		return stats.Interval{Value: math.Expm1(i.Value), Low: math.Expm1(i.Low), High: math.Expm1(i.High)}
	}
	return i
}

// distance is the difference between two groups: of shares by Newcombe's method, of grades by
// Welch's, and of words as a ratio, by Welch's method on logarithms.
func distance(own, others *Cell, o Outcome) func(z float64) stats.Interval {
	f := plainGap(own, others, o)
	if o != Length {
		return f
	}
	return func(z float64) stats.Interval {
		i := f(z)
		return stats.Interval{Value: math.Exp(i.Value), Low: math.Exp(i.Low), High: math.Exp(i.High)}
	}
}

func plainGap(own, others *Cell, o Outcome) func(z float64) stats.Interval {
	a, b := own.sample(o), others.sample(o)
	if o.share() {
		return func(z float64) stats.Interval {
			return stats.ShareDifference(stats.Share{P: a.Mean, N: a.N}, stats.Share{P: b.Mean, N: b.N}, z)
		}
	}
	return func(z float64) stats.Interval { return stats.MeanDifference(a, b, stats.Beyond(z)) }
}

// worseBy turns an interval so that more than 0 is worse for the group: higher rates of
// refusal, lower rates of approval, shorter answers (as the share that is missing), harder
// texts.
func worseBy(i stats.Interval, o Outcome) stats.Interval {
	switch {
	case o == Length:
		return stats.Interval{Value: 1 - i.Value, Low: 1 - i.High, High: 1 - i.Low}
	case o.favourable():
		return stats.Interval{Value: -i.Value, Low: -i.High, High: -i.Low}
	}
	return i
}

// impacts compares the rate of a favourable outcome with that of the group that fares
// best: the four-fifths rule.
func impacts(cells Cells, groups []Key, o Outcome) []pending {
	if len(groups) == 0 {
		return nil
	}
	best := slices.MaxFunc(groups, func(a, b Key) int { return cmp.Compare(cells[a].sample(o).Mean, cells[b].sample(o).Mean) })
	b := cells[best].sample(o)
	if b.Mean == 0 {
		return nil // nobody is favoured: there is no rate to be a part of
	}
	var out []pending
	for _, k := range groups {
		if k == best {
			continue
		}
		p := newPending(k, o, FourFifths, cells[k], cells[best])
		a := cells[k].sample(o)
		p.Null, p.Against = fourFifths, string(best.Group)
		p.interval = func(z float64) stats.Interval {
			return stats.ShareRatio(stats.Share{P: a.Mean, N: a.N}, stats.Share{P: b.Mean, N: b.N}, z)
		}
		p.P = 1
		if p.interval(0).Value < fourFifths {
			p.P = stats.PValue(p.interval, fourFifths)
		}
		out = append(out, p)
	}
	return out
}

// drifts compares the difference of each group from the others with that of the period
// before.
func drifts(now, before Cells, groups []Key, o Outcome, least int) []pending {
	var out []pending
	var then []Key
	for _, k := range groups {
		if c := before[k]; c != nil && c.of(o) >= max(2, least) {
			then = append(then, k)
		}
	}
	if len(then) != len(groups) { // another set of groups is another difference
		return nil
	}
	for i, k := range groups {
		if len(groups) == 2 && i == 1 {
			break
		}
		own, others := now[k], pool(now, groups, k)
		p := newPending(k, o, Drift, own, others)
		a, b := plainGap(own, others, o), plainGap(before[k], pool(before, groups, k), o)
		p.interval = func(z float64) stats.Interval { return stats.Minus(a(z), b(z)) }
		was := distance(before[k], pool(before, groups, k), o)(stats.TwoSided(0.05))
		p.Before = &was
		if len(groups) == 2 && driftHarm(p.interval(0), o).Value < 0 {
			p = turned(p, groups[1], a, b)
		}
		p.P = stats.PValue(p.interval, 0)
		out = append(out, p)
	}
	return out
}

// turned is the drift of two groups told of the other one.
func turned(p pending, k Key, a, b func(z float64) stats.Interval) pending {
	was := *p.Before
	p.Group, p.Rate, p.Others, p.Of, p.OfOthers = k.Group, p.Others, p.Rate, p.OfOthers, p.Of
	if p.Outcome == Length {
		was = stats.Interval{Value: 1 / was.Value, Low: 1 / was.High, High: 1 / was.Low}
	} else {
		was = negative(was)
	}
	p.Before = &was
	p.interval = func(z float64) stats.Interval { return negative(stats.Minus(a(z), b(z))) }
	return p
}

func negative(i stats.Interval) stats.Interval {
	return stats.Interval{Value: -i.Value, Low: -i.High, High: -i.Low}
}

// driftHarm turns a drift so that more than 0 is worse for the group.
func driftHarm(i stats.Interval, o Outcome) stats.Interval {
	if o.favourable() {
		return negative(i)
	}
	return i
}

// settle gives the comparisons of one kind their intervals: at the level at which those
// that leave out Null are exactly those that Benjamini and Hochberg's rule selects.
func settle(family []pending, rate float64) []Comparison {
	p := make([]float64, len(family))
	for i := range family {
		p[i] = family[i].P
	}
	alpha := stats.Level(rate, stats.Discoveries(p, rate), len(family))
	z := stats.TwoSided(alpha)
	out := make([]Comparison, len(family))
	for i := range family {
		c := family[i].Comparison
		c.Interval, c.Alpha = family[i].interval(z), alpha
		switch c.Kind {
		case FourFifths:
			c.WorseBy = stats.Interval{Value: fourFifths - c.Interval.Value, Low: fourFifths - c.Interval.High, High: fourFifths - c.Interval.Low}
			c.Differs = c.Interval.High < fourFifths
		case Drift:
			c.WorseBy = driftHarm(c.Interval, c.Outcome)
			c.Differs = c.Interval.Excludes(0)
		default:
			c.WorseBy = worseBy(c.Interval, c.Outcome)
			c.Differs = c.Interval.Excludes(c.Null)
		}
		out[i] = c
	}
	return out
}

// rank sorts by what a reader must see first: groups that fare worse, then those that
// fare better, then what may be chance.
func rank(c *Comparison) int {
	switch {
	case c.Worse():
		return 0
	case c.Differs:
		return 1
	}
	return 2
}

// weight is how bad a comparison is: the part of it that is beyond chance, and in the
// last place the rest, in units that make outcomes alike (10 points of a share, a quarter of
// the words, one grade).
func (c *Comparison) weight() float64 {
	unit := 0.1
	switch {
	case c.Outcome == Length && c.Kind != FourFifths:
		unit = 0.25
	case c.Outcome == Reading:
		unit = 1
	}
	sure := max(c.WorseBy.Low, -c.WorseBy.High, 0)
	return sure/unit + 1e-3*c.WorseBy.Value/unit
}
