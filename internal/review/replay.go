package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Replaying says what to replay, and how.
type Replaying struct {
	Span      audit.Span
	Candidate judge.Decider
	// Against decides what the candidate is compared with; nil means what was decided
	// when the traffic was recorded.
	Against judge.Decider
	// OnFailure is what a route does when its policy cannot decide; nil blocks.
	OnFailure func(route string) policies.Action
	Most      int // differences listed of each kind; 0 means 1,000
	Progress  Progress
}

// Replay is how a candidate decides about recorded traffic.
type Replay struct {
	From      time.Time      `json:"from,omitzero"`
	To        time.Time      `json:"to,omitzero"`
	Candidate string         `json:"candidate"`         // revision
	Against   string         `json:"against,omitempty"` // revision; absent when compared with what was decided then
	Recorded  map[string]int `json:"recorded"`          // exchanges by the revision that decided then
	Left      Left           `json:"left_out"`
	Failed    int            `json:"failed"` // exchanges about which the candidate could not decide
	Total     Delta          `json:"total"`
	Rules     []Delta        `json:"rules"`  // exchanges in which a rule fired then or now
	Apps      []Delta        `json:"apps"`   // this and the rest: exchanges by what is blocked
	Routes    []Delta        `json:"routes"` //
	Models    []Delta        `json:"models"`
	Groups    []Delta        `json:"groups,omitempty"` // people whom a finding says it is aimed at
	Blocked   []Difference   `json:"newly_blocked"`
	Allowed   []Difference   `json:"newly_allowed"`
	Others    []Difference   `json:"otherwise_different"`
	Seconds   float64        `json:"seconds"` // that the replay took
}

// Left counts the exchanges that were not compared, and why.
type Left struct {
	Unjudged   int `json:"unjudged"`   // no policy was asked: passed on unseen, or failed before
	Unrecorded int `json:"unrecorded"` // from before the log recorded what the policy was asked
	Undecided  int `json:"undecided"`  // the policy failed then and the route's on_failure decided
	Probes     int `json:"probes"`     // sent by a counterfactual probe, which count in no statistics
}

func (l *Left) add(o Left) {
	l.Unjudged += o.Unjudged
	l.Unrecorded += o.Unrecorded
	l.Undecided += o.Undecided
	l.Probes += o.Probes
}

// left tells why an exchange is not looked at, as far as that can be seen at once.
func left(e *audit.Entry) (l Left) {
	switch {
	case e.Kind == audit.Probe:
		l.Probes = 1
	case len(e.Choices) == 0:
		l.Unjudged = 1
	}
	return l
}

// Delta counts exchanges and how their decisions differ.
type Delta struct {
	Name      string `json:"name,omitempty"`
	Exchanges int    `json:"exchanges"`
	Was       int    `json:"was"` // blocked then; of a rule: fired then
	Now       int    `json:"now"`
	Blocked   int    `json:"newly_blocked"`
	Allowed   int    `json:"newly_allowed"`
	Other     int    `json:"otherwise_different"`
	// Of a rule: exchanges in which it fired and was not applied, then and now.
	ShadowWas int `json:"shadow_was,omitempty"`
	ShadowNow int `json:"shadow_now,omitempty"`
}

// Different counts the exchanges that are decided otherwise.
func (d *Delta) Different() int { return d.Blocked + d.Allowed + d.Other }

// Difference is one exchange that is decided otherwise, and why.
type Difference struct {
	ID    string          `json:"id"`
	At    time.Time       `json:"at"`
	App   string          `json:"app"`
	Route string          `json:"route"`
	Model string          `json:"model"`
	Was   policies.Action `json:"was"`
	Now   policies.Action `json:"now"`
	Rules []RuleChange    `json:"rules"`
	Error string          `json:"error,omitempty"` // why the candidate could not decide
	// Cut is set when the answer was not judged to its end then, because the prompt
	// was blocked or the stream ended: more might have been found.
	Cut bool `json:"cut,omitempty"`
}

// RuleChange is what one rule did then and does now; "" where it was not applied.
type RuleChange struct {
	ID     string          `json:"id"`
	Was    policies.Action `json:"was,omitempty"`
	Now    policies.Action `json:"now,omitempty"`
	Shadow bool            `json:"shadow,omitempty"` // where it is not applied, it fires and is held back
	// Sentences is set when it is the sentences or spans that differ, or the text in
	// their place.
	Sentences bool `json:"sentences,omitempty"`
}

// String says the change in words.
func (c RuleChange) String() string {
	switch {
	case c.Was == "" && c.Shadow:
		return fmt.Sprintf("%s is applied (%s), was held back", c.ID, c.Now)
	case c.Now == "" && c.Shadow:
		return fmt.Sprintf("%s is held back (was %s)", c.ID, c.Was)
	case c.Was == "":
		return fmt.Sprintf("%s fires (%s)", c.ID, c.Now)
	case c.Now == "":
		return fmt.Sprintf("%s no longer fires (was %s)", c.ID, c.Was)
	case c.Was != c.Now:
		return fmt.Sprintf("%s: %s instead of %s", c.ID, c.Now, c.Was)
	}
	return fmt.Sprintf("%s: other sentences or texts", c.ID)
}

// Why says in words what makes the difference.
func (d *Difference) Why() string {
	var parts []string
	for _, c := range d.Rules {
		parts = append(parts, c.String())
	}
	if d.Error != "" {
		parts = append(parts, "the candidate could not decide: "+d.Error)
	}
	if d.Cut {
		parts = append(parts, "the answer was not judged to its end then")
	}
	return strings.Join(parts, "; ")
}

// Run replays recorded traffic.
func (r *Replaying) Run(ctx context.Context, log *audit.Reader) (*Replay, error) {
	start := time.Now()
	out := &Replay{From: r.Span.From, To: r.Span.To, Candidate: r.Candidate.Revision(), Recorded: map[string]int{},
		Blocked: []Difference{}, Allowed: []Difference{}, Others: []Difference{}}
	if r.Against != nil {
		out.Against = r.Against.Revision()
	}
	m := merging{out: out, most: cmp.Or(r.Most, 1000)}
	if err := scan(ctx, log, r.Span, r.Progress, r.exchange, m.add); err != nil {
		return nil, fmt.Errorf("replaying: %w", err)
	}
	out.Rules, out.Apps, out.Routes, out.Models, out.Groups = sorted(m.rules), sorted(m.apps), sorted(m.routes), sorted(m.models), sorted(m.groups)
	out.Seconds = time.Since(start).Seconds()
	return out, nil
}

// replayed is what came of one exchange.
type replayed struct {
	Difference
	revision    string
	why         Left
	failed      bool
	changed     bool
	fired, fire []string // ids of rules that were applied, then and now
	held, hold  []string // of those that were not
	groups      []string
}

func (r *Replaying) exchange(ctx context.Context, e *audit.Entry) (out replayed, err error) {
	out.Difference = Difference{ID: e.ID, At: e.At, App: e.App, Route: e.Route, Model: e.Model, Was: policies.Allow, Now: policies.Allow}
	if out.why = left(e); out.why != (Left{}) {
		return out, nil
	}
	was, now := sides{}, sides{}
	for i := range e.Choices {
		c := &e.Choices[i]
		before, err := r.before(ctx, e, c)
		if err == nil {
			var after policies.Decision
			if after, err = r.decide(ctx, r.Candidate, e, c); err == nil {
				out.compare(c, before, after)
				was.note(c.Choice, before)
				now.note(c.Choice, after)
			}
		}
		switch {
		case errors.Is(err, judge.ErrNoReplay):
			out.why.Unrecorded = 1
			return out, nil
		case errors.Is(err, errUndecided):
			out.why.Undecided = 1
			return out, nil
		case err != nil:
			return out, fmt.Errorf("the exchange %s: %w", e.ID, err)
		}
	}
	out.groups = groupsOf(e)
	out.changes(&was, &now)
	return out, nil
}

// errUndecided marks a choice that no policy decided about.
var errUndecided = errors.New("the policy did not decide then")

// before is what the candidate is compared with.
func (r *Replaying) before(ctx context.Context, e *audit.Entry, c *judge.Receipt) (policies.Decision, error) {
	if r.Against != nil {
		return r.decide(ctx, r.Against, e, c)
	}
	if c.Error != "" {
		return policies.Decision{}, errUndecided
	}
	return policies.Decision{Action: c.Action, Rules: c.Rules, Shadow: c.Shadow, Revision: c.Policy}, nil
}

func (r *Replaying) decide(ctx context.Context, p judge.Decider, e *audit.Entry, c *judge.Receipt) (policies.Decision, error) {
	j := judge.Judge{Policy: p}
	if r.OnFailure != nil {
		j.OnFailure = r.OnFailure(e.Route)
	}
	return j.Replay(ctx, c, asked(e))
}

// firing is one rule over all choices of an exchange.
type firing struct {
	action policies.Action
	marks  []policies.Rule // without what is for people
	choice []int
}

// sides are the rules that fired in an exchange, by id.
type sides struct{ applied, held map[string]*firing }

func (s *sides) note(choice int, d policies.Decision) {
	gather(&s.applied, choice, d.Rules)
	gather(&s.held, choice, d.Shadow)
}

func gather(to *map[string]*firing, choice int, rules []policies.Rule) {
	in := *to
	if in == nil && len(rules) > 0 {
		in = map[string]*firing{}
		*to = in
	}
	for _, rule := range rules {
		f := in[rule.ID]
		if f == nil {
			f = &firing{action: rule.Action}
			in[rule.ID] = f
		}
		if rule.Action.Strictness() > f.action.Strictness() {
			f.action = rule.Action
		}
		f.marks = append(f.marks, policies.Rule{Action: rule.Action, Sentences: rule.Sentences, Replacement: rule.Replacement, Phase: rule.Phase, Mask: rule.Mask})
		f.choice = append(f.choice, choice)
	}
}

// same tells whether a rule said the same of every choice.
func (f *firing) same(o *firing) bool {
	return slices.Equal(f.choice, o.choice) && slices.EqualFunc(f.marks, o.marks, func(a, b policies.Rule) bool {
		return a.Action == b.Action && a.Phase == b.Phase && a.Replacement == b.Replacement &&
			slices.Equal(a.Sentences, b.Sentences) && slices.Equal(a.Mask, b.Mask)
	})
}

// compare adds one choice to the exchange.
func (x *replayed) compare(c *judge.Receipt, before, after policies.Decision) {
	x.revision = c.Policy
	if before.Action.Strictness() > x.Was.Strictness() {
		x.Was = before.Action
	}
	if after.Action.Strictness() > x.Now.Strictness() {
		x.Now = after.Action
	}
	if after.Error != "" {
		x.failed, x.Error = true, cmp.Or(x.Error, after.Error)
	}
	if n := len(c.Steps); n == 0 || !c.Steps[n-1].Final {
		x.Cut = true
	}
}

// changes finds what is different, rule by rule.
func (x *replayed) changes(was, now *sides) {
	x.fired, x.fire = slices.Sorted(maps.Keys(was.applied)), slices.Sorted(maps.Keys(now.applied))
	x.held, x.hold = slices.Sorted(maps.Keys(was.held)), slices.Sorted(maps.Keys(now.held))
	for _, id := range union(x.fired, x.fire) {
		c := RuleChange{ID: id}
		a, b := was.applied[id], now.applied[id]
		if a != nil {
			c.Was = a.action
		}
		if b != nil {
			c.Now = b.action
		}
		switch {
		case a == nil:
			c.Shadow = was.held[id] != nil
		case b == nil:
			c.Shadow = now.held[id] != nil
		case a.same(b):
			continue
		default:
			c.Sentences = c.Was == c.Now
		}
		x.Rules = append(x.Rules, c)
	}
	x.changed = len(x.Rules) > 0 || x.Was != x.Now || x.failed
}

// union is what is in one of two sorted lists.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// merging adds exchanges up.
type merging struct {
	out                                 *Replay
	most                                int
	rules, apps, routes, models, groups map[string]*Delta
}

func (m *merging) add(x replayed) {
	o := m.out
	o.Left.add(x.why)
	if x.why != (Left{}) {
		return
	}
	o.Recorded[x.revision]++
	if x.failed {
		o.Failed++
	}
	deltas := []*Delta{&o.Total, in(&m.apps, x.App), in(&m.routes, x.Route), in(&m.models, x.Model)}
	for _, g := range x.groups {
		deltas = append(deltas, in(&m.groups, g))
	}
	blocked, allowed := x.Was != policies.Block && x.Now == policies.Block, x.Was == policies.Block && x.Now != policies.Block
	count := func(d *Delta) {
		switch {
		case blocked:
			d.Blocked++
		case allowed:
			d.Allowed++
		case x.changed:
			d.Other++
		}
	}
	for _, d := range deltas {
		d.Exchanges++
		d.Was += one(x.Was == policies.Block)
		d.Now += one(x.Now == policies.Block)
		count(d)
	}
	m.addRules(&x, count)
	list := &o.Others
	switch {
	case blocked:
		list = &o.Blocked
	case allowed:
		list = &o.Allowed
	case !x.changed:
		return
	}
	if len(*list) < m.most {
		*list = append(*list, x.Difference)
	}
}

// addRules counts an exchange for the rules that fired in it; a difference counts for
// those that make it.
func (m *merging) addRules(x *replayed, count func(*Delta)) {
	for _, id := range union(x.fired, x.fire) {
		d := in(&m.rules, id)
		d.Exchanges++
		d.Was += one(slices.Contains(x.fired, id))
		d.Now += one(slices.Contains(x.fire, id))
	}
	for _, id := range x.held {
		in(&m.rules, id).ShadowWas++
	}
	for _, id := range x.hold {
		in(&m.rules, id).ShadowNow++
	}
	for _, c := range x.Rules {
		count(in(&m.rules, c.ID))
	}
}

// maxNames is how many names are counted apart.
const maxNames = 500

func in(of *map[string]*Delta, name string) *Delta {
	if *of == nil {
		*of = map[string]*Delta{}
	}
	d := (*of)[name]
	if d == nil && len(*of) >= maxNames { // clients choose the names of models
		name = "other"
		d = (*of)[name]
	}
	if d == nil {
		d = &Delta{Name: name}
		(*of)[name] = d
	}
	return d
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sorted puts what differs most first.
func sorted(m map[string]*Delta) []Delta {
	out := make([]Delta, 0, len(m))
	for _, d := range m {
		out = append(out, *d)
	}
	slices.SortFunc(out, func(a, b Delta) int {
		return cmp.Or(b.Different()-a.Different(), b.Exchanges-a.Exchanges, strings.Compare(a.Name, b.Name))
	})
	return out
}
