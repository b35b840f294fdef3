// Package policies decides what happens to an answer, by Rego rules over what
// the guards measured. It alone imports OPA.
package policies

// Action is what happens to an answer, from mildest to strictest.
type Action string

const (
	Allow   Action = "allow"
	Flag    Action = "flag"
	Redact  Action = "redact"  // the sentences named are replaced by a notice
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
}

// Decision is what the policy makes of a report: the strictest Action of the
// rules that fired, Allow when none did.
type Decision struct {
	Action   Action `json:"action"`
	Rules    []Rule `json:"rules"`
	Revision string `json:"revision"`        // of the policy bundle
	Error    string `json:"error,omitempty"` // the engine failed and on_failure decided
}

// Merge adds what a later segment of the same answer brought: the strictest
// action stands, and a rule that fired again names the further sentences.
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
	for _, r := range later.Rules {
		known := false
		for i := range d.Rules {
			have := &d.Rules[i]
			if have.ID == r.ID && have.Action == r.Action && have.Replacement == r.Replacement {
				known = true
				have.Sentences = append(have.Sentences, r.Sentences...)
				break
			}
		}
		if !known {
			d.Rules = append(d.Rules, r)
		}
	}
}
