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

// Rule is one rule that fired. What is said of it comes from its METADATA.
type Rule struct {
	ID          string   `json:"id"` // package path below the bundle root, such as "hallucination.contradicted"
	Action      Action   `json:"action"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Severity    string   `json:"severity,omitempty"`
	Principle   string   `json:"principle,omitempty"`
	Obligation  []string `json:"obligation,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	Remediation string   `json:"remediation,omitempty"`
	Message     string   `json:"message"`               // one sentence, for people; no content of the answer
	Sentences   []int    `json:"sentences,omitempty"`   // Claim.Index of what it fired on; empty: the whole answer
	Replacement string   `json:"replacement,omitempty"` // for redact and rewrite
	Phase       Phase    `json:"phase,omitempty"`       // PromptPhase when it fired on what came in; else ""
	Mask        []Mask   `json:"mask,omitempty"`        // for redact: the spans that are replaced, instead of the sentences
	State       State    `json:"state,omitempty"`       // "" is enforce
	Exception   string   `json:"exception,omitempty"`   // id of the exception that holds the rule back
	Lapsed      string   `json:"lapsed,omitempty"`      // id of an exception that held the rule back here until it ended
}

// State says why a rule that fired is applied or not.
type State string

const (
	InShadow  State = "shadow"    // not applied, for any caller
	InCanary  State = "canary"    // applied for a share of callers: this one in Decision.Rules, not this one in Decision.Shadow
	Exception State = "exception" // not applied: an exception holds it back
)

// Approved is a replacement that stands for the approved answer to the question: a
// rewrite by it replaces the answer from the first sentence that the rule names to its
// end.
const Approved = "{approved}"

// Replaces reports whether the rule replaces the rest of the answer.
func (r *Rule) Replaces() bool {
	return r.Action == Rewrite && r.Replacement == Approved && len(r.Sentences) > 0
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
	Shadow   []Rule `json:"shadow,omitempty"` // fired too, and are not applied
	Revision string `json:"revision"`         // of the policy bundle
	Error    string `json:"error,omitempty"`  // the engine failed and on_failure decided
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
	d.Rules = mergeRules(d.Rules, later.Rules)
	d.Shadow = mergeRules(d.Shadow, later.Shadow)
}

// mergeRules adds later rules to a copy of rules.
func mergeRules(rules, later []Rule) []Rule {
	if len(later) == 0 {
		return rules
	}
	rules = slices.Clone(rules)
	for _, r := range later {
		i := slices.IndexFunc(rules, func(have Rule) bool {
			return have.ID == r.ID && have.Action == r.Action && have.Replacement == r.Replacement &&
				have.Phase == r.Phase && have.State == r.State && have.Exception == r.Exception && (have.Mask == nil) == (r.Mask == nil)
		})
		if i < 0 {
			rules = append(rules, r)
			continue
		}
		rules[i].Sentences = slices.Concat(rules[i].Sentences, r.Sentences)
		rules[i].Mask = slices.Concat(rules[i].Mask, r.Mask)
	}
	sortRules(rules)
	return rules
}

// sortRules puts the strictest first, then by id.
func sortRules(rules []Rule) {
	slices.SortStableFunc(rules, func(a, b Rule) int {
		return cmp.Or(b.Action.Strictness()-a.Action.Strictness(), strings.Compare(a.ID, b.ID))
	})
}
