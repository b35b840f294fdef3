package review

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/stats"
	"touchstone/policies"
)

// steps is how finely thresholds between 0 and 1 are tried.
const steps = 100

// valueOf is a threshold by its number, from 0 to steps.
func valueOf(i int) float64 { return float64(i) / steps }

// Tuning asks where the threshold of a rule should stand, by recorded traffic and by
// what reviewers said of it.
type Tuning struct {
	Span  audit.Span
	Probe *policies.Probe
	// FalseBlocks is the largest share of exchanges in which the rule may fire wrongly;
	// 0 means 0.01.
	FalseBlocks float64
	Progress    Progress
}

// Threshold is a rule on a score, seen at every threshold.
type Threshold struct {
	Rule      string      `json:"rule"`
	Setting   string      `json:"setting"`
	Policy    string      `json:"policy_revision"`
	From      time.Time   `json:"from,omitzero"`
	To        time.Time   `json:"to,omitzero"`
	MadeAt    time.Time   `json:"made_at"`
	Current   float64     `json:"current"`   // what the bundle's defaults say
	Rising    bool        `json:"rising"`    // a higher threshold makes the rule fire less
	Exchanges int         `json:"exchanges"` // that the policy was asked about
	Left      Left        `json:"left_out"`
	Reviewed  int         `json:"reviewed"` // exchanges with a ruling on what the rule does
	Positive  int         `json:"positive"` // of those, in which it should fire
	Points    []Point     `json:"points"`
	Suggested *Suggestion `json:"suggested,omitempty"`
	// Scores are the exchanges by the strictest threshold at which the rule still fires:
	// first those in which it never does. What a suggestion rests on.
	Scores []int `json:"scores"`
}

// Point is a rule at one threshold.
type Point struct {
	Threshold float64 `json:"threshold"`
	Fires     int     `json:"fires"` // exchanges
	Rate      Share   `json:"rate"`  // of exchanges in which it fires
	// Precision is the share of reviewed exchanges in which it fires that it should fire
	// in; Recall that of those it should fire in, in which it does.
	Precision Share `json:"precision"`
	Recall    Share `json:"recall"`
	// FalseBlocks is an upper bound of the share of exchanges in which it fires wrongly.
	FalseBlocks float64 `json:"false_blocks_at_most"`
}

// Share is K of Of with its 95% interval (Wilson 1927).
type Share struct {
	K    int     `json:"k"`
	Of   int     `json:"of"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

func shareOf(k, of int) Share {
	if of == 0 {
		return Share{High: 1}
	}
	i := stats.Wilson(stats.Share{P: float64(k) / float64(of), N: float64(of)}, stats.TwoSided(0.05))
	return Share{k, of, i.Low, i.High}
}

// P is the share itself; NaN of nothing.
func (s Share) P() float64 { return float64(s.K) / float64(s.Of) }

// String is the share and its interval.
func (s Share) String() string {
	if s.Of == 0 {
		return "–"
	}
	return fmt.Sprintf("%s (%s–%s)", share(s.P()), share(s.Low), share(s.High))
}

// Suggestion is a threshold for a stated share of false blocks.
type Suggestion struct {
	Threshold   float64 `json:"threshold"`
	FalseBlocks float64 `json:"false_blocks"` // the share asked for
	Confidence  float64 `json:"confidence"`
}

// strength says at which thresholds a rule fires on something.
type strength struct {
	fires course
	index int // where it is up to or from some threshold: the strictest one at which it fires
}

// course is how a rule depends on its threshold, between 0 and 1.
type course byte

const (
	never   course = iota
	always         // whatever the threshold
	rising         // up to some threshold
	falling        // from some threshold on
)

// target is what a ruling says of a rule: the strictest threshold at which it fires
// there, and whether it should.
type target struct {
	strength
	positive bool
}

// probed is what came of one exchange.
type probed struct {
	why     Left
	all     strength
	targets []target
}

// Run tries all thresholds.
func (t *Tuning) Run(ctx context.Context, log *audit.Reader) (*Threshold, error) {
	rulings, err := newest(ctx, log)
	if err != nil {
		return nil, err
	}
	out := &Threshold{Rule: t.Probe.Rule, Setting: t.Probe.Setting, Policy: t.Probe.Revision, From: t.Span.From, To: t.Span.To,
		MadeAt: time.Now().UTC().Truncate(time.Second), Current: t.Probe.Default}
	out.Scores = make([]int, steps+2)
	var reviewed [][]target
	var by [falling + 1]int
	err = scan(ctx, log, t.Span, t.Progress, func(ctx context.Context, e *audit.Entry) (probed, error) {
		return t.exchange(ctx, e, rulings[e.ID])
	}, func(p probed) {
		out.Left.add(p.why)
		if p.why != (Left{}) {
			return
		}
		by[p.all.fires]++
		if p.all.fires == rising || p.all.fires == falling {
			out.Scores[p.all.index+1]++
		}
		if len(p.targets) > 0 {
			reviewed = append(reviewed, p.targets)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("trying thresholds: %w", err)
	}
	if by[rising] > 0 && by[falling] > 0 {
		return nil, fmt.Errorf("the rule %s fires sometimes below and sometimes above its %s: it is no bound on one score", t.Probe.Rule, t.Probe.Setting)
	}
	out.Rising = by[falling] == 0
	out.Scores[0] = by[never]
	strictest := 1
	if out.Rising {
		strictest += steps
	}
	out.Scores[strictest] += by[always]
	out.fill(reviewed)
	bound := t.FalseBlocks
	if bound == 0 {
		bound = 0.01
	}
	out.suggest(bound)
	return out, nil
}

// exchange finds at which thresholds the rule fires in one exchange.
func (t *Tuning) exchange(ctx context.Context, e *audit.Entry, rulings []audit.Ruling) (out probed, err error) {
	if out.why = left(e); out.why != (Left{}) {
		return out, nil
	}
	for i := range e.Choices {
		c := &e.Choices[i]
		inputs, err := c.Inputs(asked(e))
		if errors.Is(err, judge.ErrNoReplay) {
			out.why.Unrecorded = 1
			return out, nil
		} else if err != nil {
			return out, fmt.Errorf("the exchange %s: %w", e.ID, err)
		}
		s, err := t.choice(ctx, inputs)
		if err != nil {
			return out, fmt.Errorf("the exchange %s: %w", e.ID, err)
		}
		out.all = out.all.or(s)
		for _, r := range rulings {
			if r.Choice != c.Choice {
				continue
			}
			x, ok, err := t.target(ctx, c, inputs, s, r)
			if err != nil {
				return out, fmt.Errorf("the exchange %s: %w", e.ID, err)
			}
			if ok {
				out.targets = append(out.targets, x)
			}
		}
	}
	return out, nil
}

// or is where the rule fires on one of two things.
func (s strength) or(o strength) strength {
	switch {
	case s.fires == never || o.fires == always:
		return o
	case o.fires == never || s.fires == always:
		return s
	case s.fires == falling:
		return strength{falling, min(s.index, o.index)}
	}
	return strength{rising, max(s.index, o.index)}
}

// choice finds where the rule fires on one of several inputs.
func (t *Tuning) choice(ctx context.Context, inputs []*policies.Input) (strength, error) {
	best := strength{}
	for _, in := range inputs {
		q, err := t.Probe.Ask(in)
		if err != nil {
			return best, err
		}
		s, err := find(func(value float64) (bool, error) {
			_, fires, err := q.At(ctx, value)
			return fires, err
		})
		if err != nil {
			return best, err
		}
		best = best.or(s)
	}
	return best, nil
}

// find looks for the strictest threshold at which fires is true, which must be so up
// to it or from it on.
func find(fires func(value float64) (bool, error)) (s strength, err error) {
	low, err := fires(valueOf(0))
	if err != nil {
		return s, err
	}
	high, err := fires(valueOf(steps))
	if err != nil {
		return s, err
	}
	switch {
	case !low && !high:
		return strength{}, nil
	case low && high:
		return strength{fires: always}, nil
	}
	a, b := 0, steps // it changes between a and b
	for b-a > 1 {
		middle := (a + b) / 2
		at, err := fires(valueOf(middle))
		if err != nil {
			return s, err
		}
		if at == low {
			a = middle
		} else {
			b = middle
		}
	}
	if high {
		return strength{falling, b}, nil
	}
	return strength{rising, a}, nil
}

// target is what a ruling says of the rule; ok is false when it says nothing of it.
func (t *Tuning) target(ctx context.Context, c *judge.Receipt, inputs []*policies.Input, whole strength, r audit.Ruling) (x target, ok bool, err error) {
	if r.Rule != "" && r.Rule != t.Probe.Rule {
		return x, false, nil
	}
	if r.Sentence == nil {
		// Right that it fired, or wrong that it did not.
		return target{whole, r.Right == firedOn(c, r.Rule, -1)}, true, nil
	}
	for _, in := range inputs {
		if !slices.ContainsFunc(in.Sentences, func(s guards.Sentence) bool { return s.Claim.Index == *r.Sentence }) {
			continue
		}
		q, err := t.Probe.Ask(in)
		if err != nil {
			return x, false, err
		}
		x.strength, err = find(func(value float64) (bool, error) {
			named, _, err := q.At(ctx, value)
			return slices.Contains(named, *r.Sentence), err
		})
		if err != nil {
			return x, false, err
		}
		x.positive = r.Right
		if r.Rule != "" {
			x.positive = r.Right == firedOn(c, r.Rule, *r.Sentence)
		}
		// A verdict that the rule does not look at says nothing of it.
		return x, r.Rule != "" || x.fires != never, nil
	}
	return x, false, nil
}

// firedOn tells whether a rule fired then, applied or not; on a sentence unless that
// is -1.
func firedOn(c *judge.Receipt, rule string, sentence int) bool {
	return slices.ContainsFunc(slices.Concat(c.Rules, c.Shadow), func(r policies.Rule) bool {
		return r.ID == rule && (sentence < 0 || len(r.Sentences) == 0 || slices.Contains(r.Sentences, sentence))
	})
}

// at tells whether the rule fires at threshold i.
func (s strength) at(i int) bool {
	switch s.fires {
	case rising:
		return i <= s.index
	case falling:
		return i >= s.index
	}
	return s.fires == always
}

// fill counts at every threshold.
func (out *Threshold) fill(reviewed [][]target) {
	out.Reviewed = len(reviewed)
	for _, n := range out.Scores {
		out.Exchanges += n
	}
	for _, list := range reviewed {
		out.Positive += one(slices.ContainsFunc(list, func(x target) bool { return x.positive }))
	}
	oneSided := stats.NormalQuantile(0.975) // two such bounds hold together with 95%
	for i := range steps + 1 {
		p := Point{Threshold: valueOf(i)}
		for k, n := range out.Scores[1:] {
			if out.Rising && i <= k || !out.Rising && i >= k {
				p.Fires += n
			}
		}
		fired, right := 0, 0
		for _, list := range reviewed {
			fires, should := false, false
			for _, x := range list {
				if x.at(i) {
					fires, should = true, should || x.positive
				}
			}
			fired, right = fired+one(fires), right+one(should)
		}
		p.Rate, p.Precision, p.Recall = shareOf(p.Fires, out.Exchanges), shareOf(right, fired), shareOf(right, out.Positive)
		if out.Exchanges > 0 {
			rate := stats.Wilson(stats.Share{P: p.Rate.P(), N: float64(out.Exchanges)}, oneSided).High
			wrong := 1.0
			if fired > 0 {
				wrong = stats.Wilson(stats.Share{P: float64(fired-right) / float64(fired), N: float64(fired)}, oneSided).High
			}
			p.FalseBlocks = rate * wrong
		} else {
			p.FalseBlocks = 1
		}
		out.Points = append(out.Points, p)
	}
}

// suggest takes the threshold that lets the rule fire most and still has at most bound
// false blocks. It goes from the strictest one on and stops at the first that does not
// hold: so the confidence is that of one bound, although many are tried (fixed
// sequence testing: Angelopoulos et al. 2021, Learn then Test, section 2.1). Each bound is that of
// the rate, times that of the share of wrong firings, by Wilson.
func (out *Threshold) suggest(bound float64) {
	for k := range steps + 1 {
		i := k
		if out.Rising {
			i = steps - k
		}
		if p := &out.Points[i]; p.FalseBlocks > bound {
			return
		}
		out.Suggested = &Suggestion{Threshold: valueOf(i), FalseBlocks: bound, Confidence: 0.95}
	}
}

// At is the point of a threshold.
func (out *Threshold) At(threshold float64) *Point {
	return &out.Points[min(max(int(math.Round(threshold*steps)), 0), steps)]
}

// newest are the rulings that stand, by exchange: the newest on each thing.
func newest(ctx context.Context, log *audit.Reader) (map[string][]audit.Ruling, error) {
	list, err := log.Rulings(ctx, "")
	if err != nil {
		return nil, err
	}
	out := map[string][]audit.Ruling{}
	for _, r := range list {
		of := out[r.Exchange]
		i := slices.IndexFunc(of, func(o audit.Ruling) bool {
			return o.Choice == r.Choice && o.Rule == r.Rule && (o.Sentence == nil) == (r.Sentence == nil) && (r.Sentence == nil || *o.Sentence == *r.Sentence)
		})
		if i < 0 {
			out[r.Exchange] = append(of, r)
		} else {
			of[i] = r
		}
	}
	return out, nil
}

// asked is what the policy knew of an exchange.
func asked(e *audit.Entry) judge.Asked {
	return judge.Asked{App: e.App, Route: e.Route, Model: e.Model, Streamed: e.Stream, At: e.At}
}
