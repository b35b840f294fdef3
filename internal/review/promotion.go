package review

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Promoting asks whether a rule is ready to be applied, or to be applied to more
// callers, by what was recorded while it was in shadow or a canary.
type Promoting struct {
	Span     audit.Span
	Rule     string
	Most     int // exchanges listed of each kind; 0 means 1,000
	Progress Progress
}

// Promotion is how a rule did where it was not applied, or not to all.
type Promotion struct {
	Rule      string    `json:"rule"`
	From      time.Time `json:"from,omitzero"`
	To        time.Time `json:"to,omitzero"`
	Exchanges int       `json:"exchanges"` // that a policy decided about
	Left      Left      `json:"left_out"`
	Fired     int       `json:"fired"`     // exchanges, applied or not
	Applied   int       `json:"applied"`   // of those
	Held      Held      `json:"held_back"` // of those, and why
	// Precision is the share of reviewed exchanges in which the rule fired that it should
	// have fired in; Missed counts those in which it did not and should have.
	Precision Share  `json:"precision"`
	Missed    int    `json:"missed"`
	Total     Part   `json:"total"`
	Apps      []Part `json:"apps"`
	Routes    []Part `json:"routes"`
	Groups    []Part `json:"groups,omitempty"`
	// Blocked are the exchanges that would be blocked if the rule were applied to all;
	// Allowed those that would not be blocked if it were applied to none.
	Blocked []Firing `json:"newly_blocked"`
	Allowed []Firing `json:"newly_allowed"`
}

// Held counts exchanges in which a rule fired and was not applied, by why.
type Held struct {
	Shadow    int `json:"shadow"`
	Canary    int `json:"canary"`
	Exception int `json:"exception"`
}

// Part is what a rule does to the exchanges of one application, route or group.
type Part struct {
	Name       string `json:"name,omitempty"`
	Fired      Share  `json:"fired"`       // of its exchanges
	WouldBlock Share  `json:"would_block"` // blocked, if the rule were applied to all, that are not without it
	exchanges  int
	fired      int
	blocks     int
}

// Exchanges is how many there are of this part.
func (p *Part) Exchanges() int { return p.exchanges }

// Firing is an exchange in which a rule fired.
type Firing struct {
	ID       string          `json:"id"`
	At       time.Time       `json:"at"`
	App      string          `json:"app"`
	Route    string          `json:"route"`
	Model    string          `json:"model"`
	Action   policies.Action `json:"action"` // of the rule
	Decided  policies.Action `json:"decided"`
	Message  string          `json:"message"`
	Reviewed string          `json:"reviewed,omitempty"` // "right" or "wrong"
}

// promoted is what came of one exchange.
type promoted struct {
	Firing
	why            Left
	fired, applied bool
	held           Held
	without, with  policies.Action // what is decided if the rule is applied to none, and to all
	reviewed       bool            // somebody said whether it should fire
	should         bool
	groups         []string
}

// Run looks at recorded traffic.
func (p *Promoting) Run(ctx context.Context, log *audit.Reader) (*Promotion, error) {
	rulings, err := newest(ctx, log)
	if err != nil {
		return nil, err
	}
	most := p.Most
	if most == 0 {
		most = 1000
	}
	out := &Promotion{Rule: p.Rule, From: p.Span.From, To: p.Span.To, Blocked: []Firing{}, Allowed: []Firing{}}
	parts := struct{ apps, routes, groups map[string]*Part }{map[string]*Part{}, map[string]*Part{}, map[string]*Part{}}
	right, of := 0, 0
	err = scan(ctx, log, p.Span, p.Progress, func(_ context.Context, e *audit.Entry) (promoted, error) {
		return p.exchange(e, rulings[e.ID]), nil
	}, func(x promoted) {
		out.Left.add(x.why)
		if x.why != (Left{}) {
			return
		}
		out.Exchanges++
		blocks := x.fired && x.with == policies.Block && x.without != policies.Block
		touched := []*Part{&out.Total, partOf(parts.apps, x.App), partOf(parts.routes, x.Route)}
		for _, g := range x.groups {
			touched = append(touched, partOf(parts.groups, g))
		}
		for _, part := range touched {
			part.exchanges++
			part.fired += one(x.fired)
			part.blocks += one(blocks)
		}
		if x.reviewed {
			out.Missed += one(x.should && !x.fired)
			of, right = of+one(x.fired), right+one(x.fired && x.should)
		}
		if !x.fired {
			return
		}
		out.Fired++
		out.Applied += one(x.applied)
		out.Held.Shadow += x.held.Shadow
		out.Held.Canary += x.held.Canary
		out.Held.Exception += x.held.Exception
		if blocks && !x.applied && len(out.Blocked) < most {
			out.Blocked = append(out.Blocked, x.Firing)
		}
		if blocks && x.applied && len(out.Allowed) < most {
			out.Allowed = append(out.Allowed, x.Firing)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("looking at the rule %s: %w", p.Rule, err)
	}
	out.Precision = shareOf(right, of)
	out.Total.close()
	out.Apps, out.Routes, out.Groups = partsOf(parts.apps), partsOf(parts.routes), partsOf(parts.groups)
	return out, nil
}

func (p *Promoting) exchange(e *audit.Entry, rulings []audit.Ruling) (x promoted) {
	x.Firing = Firing{ID: e.ID, At: e.At, App: e.App, Route: e.Route, Model: e.Model, Decided: policies.Allow}
	if x.why = left(e); x.why != (Left{}) {
		return x
	}
	x.groups = groupsOf(e)
	x.without, x.with = policies.Allow, policies.Allow
	for i := range e.Choices {
		c := &e.Choices[i]
		if c.Error != "" {
			x.why.Undecided = 1
			return x
		}
		x.Decided = stricter(x.Decided, c.Action)
		x.with = stricter(x.with, c.Action)
		for _, r := range c.Rules {
			if r.ID != p.Rule {
				x.without = stricter(x.without, r.Action)
				continue
			}
			x.fired, x.applied, x.Message = true, true, r.Message
			x.Action = stricter(x.Action, r.Action)
		}
		for _, r := range c.Shadow {
			if r.ID != p.Rule {
				continue
			}
			x.fired, x.Message = true, r.Message
			x.Action = stricter(x.Action, r.Action)
			if r.State == policies.Exception { // it holds the rule back in any state
				x.held.Exception = 1
				continue
			}
			x.with = stricter(x.with, r.Action)
			if r.State == policies.InCanary {
				x.held.Canary = 1
			} else {
				x.held.Shadow = 1
			}
		}
		for _, r := range rulings {
			if r.Choice == c.Choice {
				x.review(c, r, p.Rule)
			}
		}
	}
	if x.reviewed && x.fired {
		x.Reviewed = "wrong"
		if x.should {
			x.Reviewed = "right"
		}
	}
	return x
}

// review takes what a ruling says of the rule: about it, or about the verdict on a
// sentence that it names.
func (x *promoted) review(c *judge.Receipt, r audit.Ruling, rule string) {
	switch {
	case r.Rule == rule && r.Sentence == nil:
		x.reviewed, x.should = true, x.should || r.Right == firedOn(c, rule, -1)
	case r.Rule == rule:
		x.reviewed, x.should = true, x.should || r.Right == firedOn(c, rule, *r.Sentence)
	case r.Rule == "" && names(c, rule, *r.Sentence):
		x.reviewed, x.should = true, x.should || r.Right
	}
}

// names tells whether a rule fired then on this very sentence, applied or not.
func names(c *judge.Receipt, rule string, sentence int) bool {
	return slices.ContainsFunc(slices.Concat(c.Rules, c.Shadow), func(r policies.Rule) bool {
		return r.ID == rule && slices.Contains(r.Sentences, sentence)
	})
}

func stricter(a, b policies.Action) policies.Action {
	if b.Strictness() > a.Strictness() {
		return b
	}
	return a
}

// groupsOf are the groups that an exchange is about, and those that its findings are
// aimed at.
func groupsOf(e *audit.Entry) (out []string) {
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	if e.Groups != nil {
		for _, l := range e.Groups.Labels() {
			add(string(l.Group))
		}
	}
	for i := range e.Choices {
		for _, f := range e.Choices[i].Findings {
			add(f.Group)
		}
	}
	return out
}

func partOf(in map[string]*Part, name string) *Part {
	p := in[name]
	if p == nil && len(in) >= maxNames {
		name = "other"
		p = in[name]
	}
	if p == nil {
		p = &Part{Name: name}
		in[name] = p
	}
	return p
}

func (p *Part) close() {
	p.Fired, p.WouldBlock = shareOf(p.fired, p.exchanges), shareOf(p.blocks, p.exchanges)
}

// partsOf puts those with the most exchanges first.
func partsOf(m map[string]*Part) []Part {
	out := make([]Part, 0, len(m))
	for _, p := range m {
		p.close()
		out = append(out, *p)
	}
	slices.SortFunc(out, func(a, b Part) int {
		if a.exchanges != b.exchanges {
			return b.exchanges - a.exchanges
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
