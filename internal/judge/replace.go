package judge

import (
	"slices"

	"touchstone/guards"
	"touchstone/policies"
)

// cut remembers from which sentence on an answer is replaced by the approved one. What
// comes behind does not leave, so what rules say of it decides nothing.
type cut struct {
	made bool
	from int    // Claim.Index
	rule string // ID of the rule that asked for it
}

// apply takes a decision on further sentences into account, and takes out of it what
// is about sentences that do not leave.
func (c *cut) apply(d *policies.Decision) {
	for _, r := range d.Rules {
		if !c.made && r.Replaces() {
			c.made, c.from, c.rule = true, slices.Min(r.Sentences), r.ID
		} else if c.made && r.Replaces() && slices.Min(r.Sentences) < c.from {
			c.from, c.rule = slices.Min(r.Sentences), r.ID
		}
	}
	if !c.made {
		return
	}
	kept := make([]policies.Rule, 0, len(d.Rules))
	action := policies.Allow
	for _, r := range d.Rules {
		if !r.Replaces() && len(r.Sentences) > 0 {
			r.Sentences = slices.DeleteFunc(slices.Clone(r.Sentences), func(i int) bool { return i >= c.from })
			if len(r.Sentences) == 0 {
				continue
			}
		}
		kept = append(kept, r)
		if r.Action.Strictness() > action.Strictness() {
			action = r.Action
		}
	}
	if len(kept) < len(d.Rules) {
		d.Action = action
	}
	d.Rules = kept
}

// replace adds the replacement of the rest of the answer to the edits of the sentences
// just judged. before is how much of the answer had been ruled on.
func (c *Case) replace(edits []Edit, sentences []guards.Sentence, findings []guards.Found, before int) []Edit {
	if !c.cut.made {
		return edits
	}
	at := slices.IndexFunc(sentences, func(s guards.Sentence) bool { return s.Claim.Index == c.cut.from })
	if at < 0 {
		if before == c.judged {
			return nil
		}
		return []Edit{{before, c.judged, ""}} // the approved answer has left
	}
	text := removed
	for _, f := range findings {
		if f.Side == guards.InAnswer && f.Claim.Index == c.cut.from && f.Offer != "" {
			text = f.Offer
		}
	}
	start := sentences[at].Claim.Start
	edits = slices.DeleteFunc(edits, func(e Edit) bool { return e.Start >= start })
	return append(edits, Edit{start, c.judged, text})
}
