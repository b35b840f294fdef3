package review

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"touchstone/internal/audit"
	"touchstone/policies"
)

// Reporting says what a compliance report is about.
type Reporting struct {
	Span       audit.Span
	Policy     string              // revision of the bundle that the rules are of
	Rules      []policies.Listed   // of the bundle in force
	Exceptions []policies.Excepted // as they stand now
	Checkpoint string              // the log's last signed head; "" when there is none
	Progress   Progress
}

// Compliance is what the rules did in a period, by the obligations that they serve.
type Compliance struct {
	From        time.Time      `json:"from,omitzero"`
	To          time.Time      `json:"to,omitzero"`
	MadeAt      time.Time      `json:"made_at"`
	Policy      string         `json:"policy_revision"`
	Exchanges   int            `json:"exchanges"`
	Outcomes    map[string]int `json:"outcomes"`
	Revisions   map[string]int `json:"policy_revisions"` // exchanges by the revision that decided
	Left        Left           `json:"left_out"`
	Obligations []Obligation   `json:"obligations"`
	Principles  []Obligation   `json:"principles"`
	Exceptions  []ExceptionUse `json:"exceptions"`
	Events      []audit.Record `json:"events"` // switches, erasures and the like, from the chain
	Checkpoint  string         `json:"checkpoint,omitempty"`
}

// Obligation is one obligation or principle and the rules that serve it.
type Obligation struct {
	Name  string    `json:"name"`
	Rules []RuleUse `json:"rules"`
}

// RuleUse is what one rule did.
type RuleUse struct {
	policies.Listed
	Gone      bool     `json:"gone,omitempty"` // it fired and is no longer in the bundle
	Fired     int      `json:"fired"`          // exchanges, applied or not
	Applied   int      `json:"applied"`
	Blocked   int      `json:"blocked"` // of those applied, the exchanges that were blocked by it
	Excepted  int      `json:"excepted"`
	Precision Share    `json:"precision"` // by reviewers
	Evidence  []string `json:"evidence"`  // ids of exchanges in which it was applied, the first few
	right     int
	reviewed  int
}

// ExceptionUse is an exception and how often it held its rule back.
type ExceptionUse struct {
	policies.Excepted
	Used   int `json:"used"`   // exchanges
	Lapsed int `json:"lapsed"` // exchanges in which its rule fired for whom it covered, after it ended
}

// evidenceOf is how many exchanges are named for each rule.
const evidenceOf = 5

// used is what came of one exchange for the report.
type used struct {
	promoted map[string]promoted // by rule that fired
	outcome  audit.Outcome
	revision string
	id       string
	metas    map[string]policies.Rule
	except   map[string]int // 1 used, 2 lapsed
	why      Left
}

// Run makes the report.
func (r *Reporting) Run(ctx context.Context, log *audit.Reader) (*Compliance, error) {
	rulings, err := newest(ctx, log)
	if err != nil {
		return nil, err
	}
	out := &Compliance{From: r.Span.From, To: r.Span.To, MadeAt: time.Now().UTC().Truncate(time.Second), Policy: r.Policy,
		Outcomes: map[string]int{}, Revisions: map[string]int{}, Checkpoint: r.Checkpoint}
	uses := map[string]*RuleUse{}
	for _, l := range r.Rules {
		uses[l.ID] = &RuleUse{Listed: l}
	}
	exceptions := map[string]*ExceptionUse{}
	for _, e := range r.Exceptions {
		exceptions[e.ID] = &ExceptionUse{Excepted: e}
	}
	err = scan(ctx, log, r.Span, r.Progress, func(_ context.Context, e *audit.Entry) (used, error) {
		return usesOf(e, rulings[e.ID]), nil
	}, func(u used) {
		out.Left.add(u.why)
		if u.why.Probes > 0 {
			return
		}
		out.Exchanges++
		out.Outcomes[string(u.outcome)]++
		if u.revision != "" {
			out.Revisions[u.revision]++
		}
		for id, x := range u.promoted {
			use := uses[id]
			if use == nil {
				m := u.metas[id]
				use = &RuleUse{Gone: true, Listed: policies.Listed{Action: m.Action, Meta: policies.Meta{ID: id, Title: m.Title, Description: m.Description,
					Severity: m.Severity, Principle: m.Principle, Obligation: m.Obligation, Owner: m.Owner, Remediation: m.Remediation}}}
				uses[id] = use
			}
			use.add(x, u.id, u.outcome == audit.Blocked)
		}
		for id, how := range u.except {
			e := exceptions[id]
			if e == nil {
				e = &ExceptionUse{Excepted: policies.Excepted{ID: id, State: "no longer in the bundle"}}
				exceptions[id] = e
			}
			e.Used += one(how == 1)
			e.Lapsed += one(how == 2)
		}
	})
	if err == nil {
		out.Events, err = log.Events(ctx, r.Span.From, r.Span.To)
	}
	if err != nil {
		return nil, fmt.Errorf("reporting: %w", err)
	}
	for _, u := range uses {
		u.Precision = shareOf(u.right, u.reviewed)
	}
	out.Obligations = obligations(uses, func(u *RuleUse) []string { return u.Obligation })
	out.Principles = obligations(uses, func(u *RuleUse) []string { return []string{u.Principle} })
	out.Exceptions = []ExceptionUse{}
	for _, id := range slices.Sorted(maps.Keys(exceptions)) {
		out.Exceptions = append(out.Exceptions, *exceptions[id])
	}
	return out, nil
}

func (u *RuleUse) add(x promoted, id string, blocked bool) {
	u.Fired++
	u.Applied += one(x.applied)
	u.Blocked += one(blocked && x.applied && x.Action == policies.Block)
	u.Excepted += one(x.held.Exception > 0)
	if x.reviewed {
		u.reviewed, u.right = u.reviewed+1, u.right+one(x.should)
	}
	if x.applied && len(u.Evidence) < evidenceOf {
		u.Evidence = append(u.Evidence, id)
	}
}

func usesOf(e *audit.Entry, rulings []audit.Ruling) (u used) {
	u.id, u.outcome = e.ID, e.Outcome
	if u.why = left(e); u.why != (Left{}) {
		return u
	}
	u.promoted, u.metas, u.except = map[string]promoted{}, map[string]policies.Rule{}, map[string]int{}
	for i := range e.Choices {
		c := &e.Choices[i]
		u.revision = cmp.Or(c.Policy, u.revision)
		if c.Error != "" {
			u.why.Undecided = 1
		}
		for _, rule := range slices.Concat(c.Rules, c.Shadow) {
			u.metas[rule.ID] = rule
			if rule.Exception != "" {
				u.except[rule.Exception] = 1
			}
			if rule.Lapsed != "" {
				u.except[rule.Lapsed] = 2
			}
		}
	}
	if u.why.Undecided > 0 {
		return u
	}
	for id := range u.metas {
		p := Promoting{Rule: id}
		u.promoted[id] = p.exchange(e, rulings)
	}
	return u
}

// obligations sorts rules by what they serve.
func obligations(uses map[string]*RuleUse, of func(*RuleUse) []string) []Obligation {
	by := map[string][]RuleUse{}
	for _, id := range slices.Sorted(maps.Keys(uses)) {
		names := of(uses[id])
		if len(names) == 0 {
			names = []string{""}
		}
		for _, n := range names {
			by[n] = append(by[n], *uses[id])
		}
	}
	out := []Obligation{}
	for _, n := range slices.Sorted(maps.Keys(by)) {
		out = append(out, Obligation{cmp.Or(n, "none named"), by[n]})
	}
	return out
}
