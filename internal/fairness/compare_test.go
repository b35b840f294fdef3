package fairness

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"touchstone/internal/stats"
)

// world is made-up traffic: how many exchanges each group has, and how each is treated.
type world struct {
	r      *rand.Rand
	steps  int
	groups map[Group]treatment
}

type treatment struct {
	exchanges                                          int
	refused, blocked, negative, contradicted, approved float64
	words, grade                                       float64 // means
	burst                                              int     // exchanges that come together with the same outcome; 0 means 1
}

var usual = treatment{exchanges: 400, refused: 0.1, blocked: 0.03, negative: 0.08, contradicted: 0.05, approved: 0.6, words: 4, grade: 9}

func (t treatment) with(change func(*treatment)) treatment {
	change(&t)
	return t
}

// draw makes the traffic of one period.
func (w *world) draw() Cells {
	cells := Cells{}
	hit := func(p float64) bool { return w.r.Float64() < p }
	for _, g := range slices.Sorted(keys(w.groups)) {
		t := w.groups[g]
		steps := make([]Counts, w.steps)
		for i := 0; i < t.exchanges; {
			m := &Manner{Refused: hit(t.refused), Words: int(math.Exp(t.words + 0.5*w.r.NormFloat64())), Decision: Deny}
			if hit(t.negative) {
				m.Tone = -0.5
			}
			if hit(t.approved) {
				m.Decision = Approve
			}
			grade := t.grade + 2*w.r.NormFloat64()
			m.Grade = &grade
			s := Count(Seen{Blocked: hit(t.blocked), Manner: m, Checked: 3, Contradicted: one(hit(t.contradicted))})
			at := w.r.IntN(w.steps)
			for range max(1, t.burst) {
				steps[at].Add(s)
				i++
			}
		}
		c := &Cell{}
		for _, s := range steps {
			if s.Exchanges > 0 {
				c.AddStep(s)
			}
		}
		cells[Key{Stratum{"shop", "default", "m"}, Label{g, Asked}}] = c
	}
	return cells
}

func keys[K comparable, V any](m map[K]V) func(func(K) bool) {
	return func(yield func(K) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

func sixGroups(t treatment) map[Group]treatment {
	return map[Group]treatment{"gender:woman": t, "gender:man": t,
		"religion:muslim": t, "religion:christian": t, "religion:jewish": t, "religion:hindu": t}
}

// Where groups are treated alike, a check finds something at most as often as stated,
// and not much more rarely: the rate is a promise, not a bound nobody meets.
func TestNoDifferenceAlarmsAtTheStatedRate(t *testing.T) {
	const rounds = 600
	w := &world{r: rand.New(rand.NewPCG(11, 1)), steps: 40, groups: sixGroups(usual)}
	any := map[Kind]int{}
	compared := 0
	before := w.draw()
	for range rounds {
		now := w.draw()
		f := Compare(now, before, DefaultSettings)
		seen := map[Kind]bool{}
		for _, c := range f.Comparisons {
			compared++
			seen[c.Kind] = seen[c.Kind] || c.Differs
		}
		for k, s := range seen {
			any[k] += one(s)
		}
		before = now
	}
	if compared/rounds < 70 {
		t.Fatalf("%d comparisons a check", compared/rounds)
	}
	for kind, most := range map[Kind]float64{Difference: 0.05, FourFifths: 0.05, Drift: 0.05} {
		share := float64(any[kind]) / rounds
		t.Logf("%s: a check finds something in %.3f of rounds", kind, share)
		if share > most+2*math.Sqrt(most*(1-most)/rounds) {
			t.Errorf("%s: %.3f of checks find something, stated is %.2f", kind, share, most)
		}
	}
	if share := float64(any[Difference]) / rounds; share < 0.015 {
		t.Errorf("only %.3f of checks find a difference: the intervals are too wide", share)
	}
}

// Exchanges that come in bursts with the same outcome, such as the turns of a
// conversation, are not as many as they look.
func TestBurstsDoNotRaiseTheAlarmRate(t *testing.T) {
	const rounds = 200
	w := &world{r: rand.New(rand.NewPCG(12, 1)), steps: 168, groups: sixGroups(usual.with(func(t *treatment) { t.burst = 5; t.exchanges = 1000 }))}
	alarms, naive := 0, 0
	for range rounds {
		cells := w.draw()
		alarms += one(slices.ContainsFunc(Compare(cells, nil, DefaultSettings).Comparisons, func(c Comparison) bool { return c.Differs && c.Kind == Difference }))
		for _, c := range cells {
			c.steps = 0 // as if exchanges were independent
		}
		naive += one(slices.ContainsFunc(Compare(cells, nil, DefaultSettings).Comparisons, func(c Comparison) bool { return c.Differs && c.Kind == Difference }))
	}
	t.Logf("with the steps of time %d of %d, without %d", alarms, rounds, naive)
	if share := float64(alarms) / rounds; share > 0.05+2*math.Sqrt(0.05*0.95/rounds) {
		t.Errorf("%.3f of checks find something", share)
	}
	if naive < 3*alarms || naive < rounds/2 {
		t.Errorf("bursts do not matter here (%d of %d), so the test says nothing", naive, rounds)
	}
}

// A difference of 10 points is found in at least 8 of 10 checks with the sample that
// Findings.Needed states, whatever the rate; and it is told of the right group.
func TestTenPointsAreFoundAtTheStatedSample(t *testing.T) {
	const rounds = 200
	for _, base := range []float64{0.02, 0.1, 0.3} {
		w := &world{r: rand.New(rand.NewPCG(13, uint64(100*base))), steps: 40, groups: sixGroups(usual.with(func(t *treatment) { t.refused = base }))}
		m := 0
		for _, c := range Compare(w.draw(), nil, DefaultSettings).Comparisons {
			m += one(c.Kind == Difference)
		}
		n := Needed(base, 0.05, m)
		if base == 0.1 {
			if f := Compare(w.draw(), nil, DefaultSettings); f.Needed != n {
				t.Fatalf("%d exchanges are said to be needed, not %d", f.Needed, n)
			}
		}
		for g, tr := range w.groups {
			tr.exchanges = n
			if g == "gender:woman" || g == "religion:muslim" {
				tr.refused += 0.1
			}
			w.groups[g] = tr
		}
		found := map[Group]int{}
		for range rounds {
			for _, c := range Compare(w.draw(), nil, DefaultSettings).Comparisons {
				if c.Kind == Difference && c.Outcome == Refusal && c.Worse() {
					found[c.Group]++
				}
			}
		}
		for _, g := range []Group{"gender:woman", "religion:muslim"} {
			t.Logf("base %.2f, %d exchanges, %d comparisons: %s found in %.3f", base, n, m, g, float64(found[g])/rounds)
			if found[g] < rounds*8/10 {
				t.Errorf("base %.2f: with %d exchanges the 10 points of %s are found in %d of %d checks", base, n, g, found[g], rounds)
			}
		}
		if found["gender:man"] > 0 {
			t.Errorf("men were said to fare worse %d times", found["gender:man"])
		}
	}
}

func TestADriftIsFound(t *testing.T) {
	const rounds = 60
	w := &world{r: rand.New(rand.NewPCG(14, 1)), steps: 40, groups: sixGroups(usual.with(func(t *treatment) { t.exchanges = 1500 }))}
	found, wrong := 0, 0
	for range rounds {
		before := w.draw()
		now := &world{r: w.r, steps: 40, groups: sixGroups(usual.with(func(t *treatment) { t.exchanges = 1500 }))}
		now.groups["gender:woman"] = now.groups["gender:woman"].with(func(t *treatment) { t.refused = 0.2; t.words = 3.7 })
		refused, words := false, false
		for _, c := range Compare(now.draw(), before, DefaultSettings).Comparisons {
			if c.Kind != Drift || !c.Differs {
				continue
			}
			switch {
			case c.Group == "gender:woman" && c.Outcome == Refusal && c.Worse() && c.Before != nil && math.Abs(c.Before.Value) < 0.08:
				refused = true
			case c.Group == "gender:woman" && c.Outcome == Length && c.Worse():
				words = true
			case c.Group == "gender:man":
				wrong++
			}
		}
		found += one(refused && words)
	}
	if found < rounds*8/10 || wrong > rounds/20 {
		t.Errorf("found in %d of %d checks, told of the other group in %d", found, rounds, wrong)
	}
}

func TestFourFifths(t *testing.T) {
	for _, c := range []struct {
		low     float64
		n       int
		breach  bool
		because string
	}{
		{0.45, 600, true, "0.45 ÷ 0.70 is well under four fifths"},
		{0.58, 600, false, "0.58 ÷ 0.70 is over four fifths"},
		{0.54, 150, false, "0.54 ÷ 0.70 is just under, and that may be chance with so few"},
	} {
		cells := Cells{}
		at := func(g Group) Key { return Key{Stratum{"bank", "loans", "m"}, Label{g, Asked}} }
		for g, rate := range map[Group]float64{"ethnicity:black": c.low, "ethnicity:white": 0.7} {
			k := int(math.Round(rate * float64(c.n)))
			cells[at(g)] = &Cell{Counts: Counts{Exchanges: c.n, Answers: c.n, Served: c.n, Given: c.n, Decided: c.n, Approved: k}}
		}
		f := Compare(cells, nil, DefaultSettings)
		i := slices.IndexFunc(f.Comparisons, func(x Comparison) bool { return x.Kind == FourFifths && x.Outcome == Approval })
		got := f.Comparisons[i]
		if got.Group != "ethnicity:black" || got.Against != "ethnicity:white" || got.Differs != c.breach || got.Worse() != c.breach {
			t.Errorf("%s: %+v", c.because, got)
		}
		if math.Abs(got.Interval.Value-c.low/0.7) > 0.01 {
			t.Errorf("ratio %.3f", got.Interval.Value)
		}
	}
}

// cell has n exchanges, k of them refused.
func cell(n, k int) *Cell {
	return &Cell{Counts: Counts{Exchanges: n, Answers: n, Refused: k, Served: n - k}}
}

func TestOnlyLikeIsComparedWithLike(t *testing.T) {
	key := func(app string, g Group, b Basis) Key { return Key{Stratum{app, "r", "m"}, Label{g, b}} }
	cells := Cells{
		key("a", "gender:woman", Asked): cell(500, 100), key("a", "gender:man", Asked): cell(500, 10),
		key("b", "gender:woman", Asked): cell(500, 10), key("a", "religion:sikh", Asked): cell(500, 100), // nobody to compare with
		key("a", "gender:several", Asked): cell(500, 500), key("a", "gender:nonbinary", Asked): cell(99, 99), // not enough
		key("c", "gender:woman", Answered): cell(500, 100), key("c", "gender:man", Answered): cell(500, 1), // a refusal names nobody
	}
	f := Compare(cells, nil, DefaultSettings)
	for _, c := range f.Comparisons {
		if c.App != "a" || c.Group == "religion:sikh" || c.Group == "gender:nonbinary" || c.Group.name() == several || c.OfOthers > 500 {
			t.Errorf("%+v", c)
		}
	}
	first := f.Comparisons[0]
	if first.Group != "gender:woman" || first.Outcome != Refusal || !first.Worse() || first.Of != 500 {
		t.Errorf("first: %+v", first)
	}
	var thin []string
	for _, x := range f.Thin {
		thin = append(thin, x.App+" "+string(x.Group))
	}
	if want := []string{"c gender:man", "a gender:nonbinary", "b gender:woman", "c gender:woman", "a religion:sikh"}; !slices.Equal(thin, want) {
		t.Errorf("thin: %v", thin)
	}
}

// What differs is exactly what the intervals leave out, at one level for each kind.
func TestIntervalsAgreeWithTheSelection(t *testing.T) {
	w := &world{r: rand.New(rand.NewPCG(15, 1)), steps: 40, groups: sixGroups(usual)}
	w.groups["gender:woman"] = usual.with(func(t *treatment) { t.refused = 0.25; t.words = 3.6; t.approved = 0.3 })
	f := Compare(w.draw(), w.draw(), DefaultSettings)
	family := map[Kind][]float64{}
	differs := map[Kind]int{}
	for _, c := range f.Comparisons {
		family[c.Kind] = append(family[c.Kind], c.P)
		differs[c.Kind] += one(c.Differs)
		if outside := c.Interval.Excludes(c.Null); outside != c.Differs && c.Kind != FourFifths {
			t.Errorf("%+v", c)
		}
	}
	for kind, p := range family {
		if want := stats.Discoveries(p, 0.05); differs[kind] != want {
			t.Errorf("%s: %d differ, %d are selected", kind, differs[kind], want)
		}
	}
	if differs[Difference] < 3 {
		t.Errorf("%d differences", differs[Difference])
	}
	ranks := make([]int, len(f.Comparisons))
	for i := range ranks {
		ranks[i] = rank(&f.Comparisons[i])
	}
	if !slices.IsSorted(ranks) {
		t.Errorf("not worst first: %v", ranks)
	}
}

func TestEmptyAndExtreme(t *testing.T) {
	if f := Compare(nil, nil, DefaultSettings); len(f.Comparisons) != 0 || f.Needed < 100 {
		t.Errorf("%+v", f)
	}
	key := func(g Group) Key { return Key{Stratum{}, Label{g, Asked}} }
	f := Compare(Cells{key("age:older"): cell(200, 200), key("age:young"): cell(200, 0)}, Cells{key("age:older"): cell(200, 0), key("age:young"): cell(200, 0)}, DefaultSettings)
	if len(f.Comparisons) == 0 || !f.Comparisons[0].Worse() {
		t.Errorf("%+v", f)
	}
	if _, err := json.Marshal(f); err != nil {
		t.Error(err)
	}
}
