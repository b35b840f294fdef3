package policies

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"touchstone/guards"
)

// Limits on what a bundle may answer.
const (
	maxRules = 200     // fired in one decision
	maxText  = 4 << 10 // bytes of a message, a replacement or an id
)

// decode reads the decision document. Anything but a well-formed one is an error:
// what the policy meant is not guessed.
func decode(term *ast.Term, in *Input, metas map[string]Meta) (Decision, error) {
	d := Decision{Rules: []Rule{}}
	doc, ok := term.Value.(ast.Object)
	if !ok {
		return d, fmt.Errorf("the decision is a %s, not an object", ast.ValueName(term.Value))
	}
	action, err := actionOf(doc)
	if err != nil {
		return d, err
	}
	d.Action = action
	if d.Rules, err = decodeRules(value(doc, "rules"), in, metas); err != nil {
		return d, err
	}
	for _, r := range d.Rules {
		if r.Action.Strictness() > d.Action.Strictness() {
			return d, fmt.Errorf("the action %s is milder than that of the rule %s", d.Action, r.ID)
		}
	}
	if list := value(doc, "shadow"); list != nil { // bundles of before have none
		if d.Shadow, err = decodeRules(list, in, metas); err != nil {
			return d, fmt.Errorf("shadow: %w", err)
		}
	}
	return d, nil
}

func decodeRules(list ast.Value, in *Input, metas map[string]Meta) ([]Rule, error) {
	rules := []Rule{}
	each := func(t *ast.Term) error {
		if len(rules) == maxRules {
			return fmt.Errorf("more than %d rules fired", maxRules)
		}
		r, err := decodeRule(t, in, metas)
		rules = append(rules, r)
		return err
	}
	var err error
	switch list := list.(type) {
	case ast.Set:
		err = list.Iter(each)
	case *ast.Array:
		err = list.Iter(each)
	default:
		err = errors.New("the decision has no list of rules")
	}
	sortRules(rules)
	return rules, err
}

func decodeRule(t *ast.Term, in *Input, metas map[string]Meta) (Rule, error) {
	obj, ok := t.Value.(ast.Object)
	if !ok {
		return Rule{}, fmt.Errorf("a rule is a %s, not an object", ast.ValueName(t.Value))
	}
	id, _ := value(obj, "id").(ast.String)
	if id == "" {
		return Rule{}, errors.New("a rule has no id")
	}
	meta, ok := metas[string(id)]
	if !ok {
		return Rule{}, fmt.Errorf("there is no rule %q below data.%s", string(id), rulesRoot)
	}
	r := Rule{
		ID: meta.ID, Title: meta.Title, Description: meta.Description, Severity: meta.Severity, Principle: meta.Principle,
		Obligation: meta.Obligation, Owner: meta.Owner, Remediation: meta.Remediation,
	}
	if in.Phase == PromptPhase {
		r.Phase = PromptPhase
	}
	err := obj.Iter(func(k, v *ast.Term) error {
		name, _ := k.Value.(ast.String)
		switch name {
		case "id":
			return nil
		case "action":
			var err error
			r.Action, err = actionOf(obj)
			return err
		case "message":
			return text(v, "message", &r.Message)
		case "replacement":
			return text(v, "replacement", &r.Replacement)
		case "state":
			var state string
			err := text(v, "state", &state)
			r.State = State(state)
			return err
		case "exception":
			return text(v, "exception", &r.Exception)
		case "lapsed":
			return text(v, "lapsed", &r.Lapsed)
		case "sentences":
			return indexes(v, in, &r.Sentences)
		case "mask":
			return masks(v, in, &r.Mask)
		}
		return fmt.Errorf("the field %s is unknown", k)
	})
	switch {
	case err != nil:
	case r.Action == "":
		err = errors.New("the action is missing")
	case r.Message == "":
		err = errors.New("the message is missing")
	case r.Action == Redact || r.Action == Rewrite:
		if len(r.Sentences) == 0 && (len(r.Mask) == 0 || r.Action == Rewrite) {
			err = fmt.Errorf("%s names no sentence", r.Action)
		} else if r.Action == Rewrite && r.Replacement == "" {
			err = errors.New("rewrite has no replacement")
		}
	default:
		r.Replacement = "" // means something for redact and rewrite only
	}
	if r.Action != Redact {
		r.Mask = nil
	}
	if err != nil {
		return r, fmt.Errorf("the rule %s: %w", r.ID, err)
	}
	return r, nil
}

// value is a field of an object, or nil.
func value(o ast.Object, name string) ast.Value {
	if t := o.Get(ast.InternedTerm(name)); t != nil {
		return t.Value
	}
	return nil
}

func actionOf(o ast.Object) (Action, error) {
	v := value(o, "action")
	if v == nil {
		return "", errors.New("the action is missing")
	}
	s, _ := v.(ast.String)
	if a := Action(s); a.Strictness() >= 0 {
		return a, nil
	}
	return "", fmt.Errorf("the action %s is unknown", v)
}

func text(t *ast.Term, name string, to *string) error {
	s, ok := t.Value.(ast.String)
	if !ok {
		return fmt.Errorf("the %s is a %s, not a string", name, ast.ValueName(t.Value))
	}
	if len(s) > maxText {
		return fmt.Errorf("the %s has %d bytes, more than %d", name, len(s), maxText)
	}
	*to = string(s)
	return nil
}

// indexes reads the sentences a rule names; each must be one of those under decision.
func indexes(t *ast.Term, in *Input, to *[]int) error {
	each := func(e *ast.Term) error {
		n, _ := e.Value.(ast.Number)
		i, ok := n.Int()
		if !ok || !slices.ContainsFunc(in.Sentences, func(s guards.Sentence) bool { return s.Claim.Index == i }) {
			return fmt.Errorf("sentence %s is not under decision", e)
		}
		if !slices.Contains(*to, i) {
			*to = append(*to, i)
		}
		return nil
	}
	var err error
	switch list := t.Value.(type) {
	case *ast.Array:
		err = list.Iter(each)
	case ast.Set:
		err = list.Iter(each)
	default:
		err = fmt.Errorf("sentences is a %s, not a list", ast.ValueName(t.Value))
	}
	slices.Sort(*to)
	return err
}

// masks reads the spans a rule replaces. Each must lie in a finding under decision:
// nothing else is known to the rule, and what lies before may have left.
func masks(t *ast.Term, in *Input, to *[]Mask) error {
	list, ok := t.Value.(*ast.Array)
	if !ok {
		return fmt.Errorf("mask is a %s, not a list", ast.ValueName(t.Value))
	}
	return list.Iter(func(e *ast.Term) error {
		obj, ok := e.Value.(ast.Object)
		if !ok {
			return fmt.Errorf("a mask is a %s, not an object", ast.ValueName(e.Value))
		}
		m := Mask{Side: guards.InAnswer}
		err := obj.Iter(func(k, v *ast.Term) error {
			name, _ := k.Value.(ast.String)
			switch name {
			case "side":
				s, _ := v.Value.(ast.String)
				m.Side = guards.Side(s)
				return nil
			case "message":
				return whole(v, "message", &m.Message)
			case "start":
				return whole(v, "start", &m.Start)
			case "end":
				return whole(v, "end", &m.End)
			case "with":
				return text(v, "with", &m.With)
			case "restore":
				b, ok := v.Value.(ast.Boolean)
				if !ok {
					return fmt.Errorf("restore is a %s, not a boolean", ast.ValueName(v.Value))
				}
				m.Restore = bool(b)
				return nil
			}
			return fmt.Errorf("the field %s is unknown", k)
		})
		if err == nil {
			err = m.check(in)
		}
		if err != nil {
			return fmt.Errorf("a mask: %w", err)
		}
		*to = append(*to, m)
		return nil
	})
}

// check reports a mask that cannot be applied.
func (m *Mask) check(in *Input) error {
	switch {
	case m.Side == guards.InContext:
		return errors.New("a grounding source does not leave, so it cannot be masked")
	case m.Restore && m.Side == guards.InAnswer:
		return errors.New("restore is for what is sent upstream, not for the answer")
	case m.Restore && !strings.Contains(m.With, "{n}") && !strings.Contains(m.With, "{hash}"):
		return errors.New("restore needs {n} or {hash} in with, to know what stands for what")
	case m.Start >= m.End || !slices.ContainsFunc(in.Findings, func(f guards.Found) bool {
		return f.Side == m.Side && f.Message == m.Message && f.Start <= m.Start && f.End >= m.End
	}):
		return fmt.Errorf("bytes %d to %d of %s %d are in no finding under decision", m.Start, m.End, m.Side, m.Message)
	}
	return nil
}

func whole(t *ast.Term, name string, to *int) error {
	n, _ := t.Value.(ast.Number)
	i, ok := n.Int()
	if !ok {
		return fmt.Errorf("%s is %s, not a whole number", name, t)
	}
	*to = i
	return nil
}
