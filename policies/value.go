package policies

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"touchstone/guards"
)

// InputVersion is the version of the document that rules see as input. Fields are
// only added within a version.
const InputVersion = 1

// verdicts are the keys of input.sentences, all always there.
var verdicts = []guards.Verdict{guards.Supported, guards.Contradicted, guards.NotCovered, guards.NotClaim, guards.NotMeasured}

// keyTerms are the field names, made once: a decision is too short to make them each time.
var keyTerms = func() map[string]*ast.Term {
	names := strings.Fields(`version app route model choice streamed final sentences counts groundedness guards unmeasured skipped
		index start end category score guard status error checked supported contradicted not_covered not_claim not_measured`)
	m := make(map[string]*ast.Term, len(names))
	for _, n := range names {
		m[n] = ast.StringTerm(n)
	}
	return m
}()

func field(name string, value *ast.Term) [2]*ast.Term {
	return [2]*ast.Term{keyTerms[name], value}
}

// Value is the document that Rego sees as input. It holds no text of prompt or
// answer. Numbers that are not finite are an error.
func (in *Input) Value() (ast.Value, error) {
	grouped := make(map[guards.Verdict][]*ast.Term, len(verdicts))
	for i := range in.Sentences {
		s := &in.Sentences[i]
		if math.IsNaN(s.Score) || math.IsInf(s.Score, 0) {
			return nil, fmt.Errorf("sentence %d has the score %v", s.Claim.Index, s.Score)
		}
		if !slices.Contains(verdicts, s.Verdict) {
			return nil, fmt.Errorf("sentence %d has the unknown verdict %q", s.Claim.Index, s.Verdict)
		}
		grouped[s.Verdict] = append(grouped[s.Verdict], ast.ObjectTerm(
			field("index", ast.InternedTerm(s.Claim.Index)),
			field("start", ast.InternedTerm(s.Claim.Start)),
			field("end", ast.InternedTerm(s.Claim.End)),
			field("category", ast.StringTerm(s.Category)),
			field("score", ast.FloatNumberTerm(s.Score)),
			field("guard", ast.StringTerm(s.Guard)),
		))
	}
	sentences := make([][2]*ast.Term, len(verdicts))
	for i, v := range verdicts {
		sentences[i] = field(string(v), ast.ArrayTerm(grouped[v]...))
	}
	states := ast.NewObject()
	var unmeasured []*ast.Term
	for _, g := range in.Guards {
		name := ast.StringTerm(g.Guard)
		states.Insert(name, ast.ObjectTerm(field("status", ast.StringTerm(string(g.Status))), field("error", ast.StringTerm(g.Error))))
		if g.Status != guards.OK {
			unmeasured = append(unmeasured, name)
		}
	}
	skipped := make([]*ast.Term, len(in.Skipped))
	for i, part := range in.Skipped {
		skipped[i] = ast.StringTerm(part)
	}
	groundedness := ast.NullTerm()
	if g, ok := in.Counts.Groundedness(); ok {
		groundedness = ast.FloatNumberTerm(g)
	}
	return ast.NewObject(
		field("version", ast.InternedTerm(InputVersion)),
		field("app", ast.StringTerm(in.App)),
		field("route", ast.StringTerm(in.Route)),
		field("model", ast.StringTerm(in.Model)),
		field("choice", ast.InternedTerm(in.Choice)),
		field("streamed", ast.InternedTerm(in.Streamed)),
		field("final", ast.InternedTerm(in.Final)),
		field("sentences", ast.ObjectTerm(sentences...)),
		field("counts", ast.ObjectTerm(
			field("checked", ast.InternedTerm(in.Counts.Checked())),
			field("supported", ast.InternedTerm(in.Counts.Supported)),
			field("contradicted", ast.InternedTerm(in.Counts.Contradicted)),
			field("not_covered", ast.InternedTerm(in.Counts.NotCovered)),
			field("not_claim", ast.InternedTerm(in.Counts.NotClaim)),
			field("not_measured", ast.InternedTerm(in.Counts.NotMeasured)),
		)),
		field("groundedness", groundedness),
		field("guards", ast.NewTerm(states)),
		field("unmeasured", ast.ArrayTerm(unmeasured...)),
		field("skipped", ast.ArrayTerm(skipped...)),
	), nil
}

// Limits on what a bundle may answer.
const (
	maxRules = 200     // fired in one decision
	maxText  = 4 << 10 // bytes of a message or replacement
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
	each := func(t *ast.Term) error {
		if len(d.Rules) == maxRules {
			return fmt.Errorf("more than %d rules fired", maxRules)
		}
		r, err := decodeRule(t, in, metas)
		if err == nil && r.Action.Strictness() > d.Action.Strictness() {
			err = fmt.Errorf("the action %s is milder than that of the rule %s", d.Action, r.ID)
		}
		d.Rules = append(d.Rules, r)
		return err
	}
	switch rules := value(doc, "rules").(type) {
	case ast.Set:
		err = rules.Iter(each)
	case *ast.Array:
		err = rules.Iter(each)
	default:
		err = errors.New("the decision has no list of rules")
	}
	if err != nil {
		return d, err
	}
	sortRules(d.Rules)
	return d, nil
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
	r := Rule{ID: meta.ID, Title: meta.Title, Severity: meta.Severity, Principle: meta.Principle}
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
		case "sentences":
			return indexes(v, in, &r.Sentences)
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
		if len(r.Sentences) == 0 {
			err = fmt.Errorf("%s names no sentence", r.Action)
		} else if r.Action == Rewrite && r.Replacement == "" {
			err = errors.New("rewrite has no replacement")
		}
	default:
		r.Replacement = "" // means something for redact and rewrite only
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
