// Package policies decides what happens to an answer, by Rego rules over what
// the guards measured. It alone imports OPA.
package policies

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"touchstone/guards"
)

// Action is what happens to an answer, from mildest to strictest.
type Action string

const (
	Allow   Action = "allow"
	Flag    Action = "flag"
	Redact  Action = "redact"  // the sentences named are replaced by a notice, or only the spans of the rule's mask
	Rewrite Action = "rewrite" // the sentences named are replaced by the rule's text
	Block   Action = "block"
)

// Strictness orders actions: a higher one wins. Unknown actions are -1.
func (a Action) Strictness() int {
	switch a {
	case Allow:
		return 0
	case Flag:
		return 1
	case Redact:
		return 2
	case Rewrite:
		return 3
	case Block:
		return 4
	}
	return -1
}

// Mode says whether a route applies what the policy decides.
type Mode string

const (
	Enforce Mode = "enforce"
	Shadow  Mode = "shadow" // decided and recorded, not applied
)

// Rule is one rule that fired. Title, Severity and Principle come from its METADATA.
type Rule struct {
	ID          string `json:"id"` // package path below the bundle root, such as "hallucination.contradicted"
	Action      Action `json:"action"`
	Title       string `json:"title,omitempty"`
	Severity    string `json:"severity,omitempty"`
	Principle   string `json:"principle,omitempty"`
	Message     string `json:"message"`               // one sentence, for people; no content of the answer
	Sentences   []int  `json:"sentences,omitempty"`   // Claim.Index of what it fired on; empty: the whole answer
	Replacement string `json:"replacement,omitempty"` // for redact and rewrite
	Phase       Phase  `json:"phase,omitempty"`       // PromptPhase when it fired on what came in; else ""
	Mask        []Mask `json:"mask,omitempty"`        // for redact: the spans that are replaced, instead of the sentences
}

// Mask is a span to replace. Start and End are byte offsets as in guards.Finding.
type Mask struct {
	Side    guards.Side `json:"side"`
	Message int         `json:"message"`
	Start   int         `json:"start"`
	End     int         `json:"end"`
	// With stands in its place. {n} in it becomes a number, the same for the same
	// text, and {hash} a keyed hash of the text: 16 hex digits.
	With string `json:"with"`
	// Restore puts the text back where With stands in the answer. For what is sent
	// upstream only, and With must hold {n} or {hash}.
	Restore bool `json:"restore,omitempty"`
}

// Decision is what the policy makes of a report: the strictest Action of the
// rules that fired, Allow when none did.
type Decision struct {
	Action   Action `json:"action"`
	Rules    []Rule `json:"rules"`
	Revision string `json:"revision"`        // of the policy bundle
	Error    string `json:"error,omitempty"` // the engine failed and on_failure decided
}

// MarshalJSON writes no rules as an empty list, whoever made the decision.
func (d Decision) MarshalJSON() ([]byte, error) {
	type plain Decision
	if d.Rules == nil {
		d.Rules = []Rule{}
	}
	return json.Marshal(plain(d))
}

// Merge adds what a later segment of the same answer brought: the strictest
// action stands, and a rule that fired again names the further sentences. The
// strictest rules come first, as in the decision on a whole answer. Copies of d made
// before stay as they were.
func (d *Decision) Merge(later Decision) {
	if later.Action.Strictness() > d.Action.Strictness() {
		d.Action = later.Action
	}
	if later.Revision != "" {
		d.Revision = later.Revision
	}
	if d.Error == "" {
		d.Error = later.Error
	}
	if len(later.Rules) == 0 {
		return
	}
	d.Rules = slices.Clone(d.Rules)
	for _, r := range later.Rules {
		i := slices.IndexFunc(d.Rules, func(have Rule) bool {
			return have.ID == r.ID && have.Action == r.Action && have.Replacement == r.Replacement &&
				have.Phase == r.Phase && (have.Mask == nil) == (r.Mask == nil)
		})
		if i < 0 {
			d.Rules = append(d.Rules, r)
			continue
		}
		d.Rules[i].Sentences = slices.Concat(d.Rules[i].Sentences, r.Sentences)
		d.Rules[i].Mask = slices.Concat(d.Rules[i].Mask, r.Mask)
	}
	sortRules(d.Rules)
}

// sortRules puts the strictest first, then by id.
func sortRules(rules []Rule) {
	slices.SortStableFunc(rules, func(a, b Rule) int {
		return cmp.Or(b.Action.Strictness()-a.Action.Strictness(), strings.Compare(a.ID, b.ID))
	})
}
