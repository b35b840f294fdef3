package policies

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Explanation says of one rule why it fired on an input, or did not.
type Explanation struct {
	Rule     Meta           `json:"rule"`
	Fired    bool           `json:"fired"`
	Settings map[string]any `json:"settings,omitempty"` // for this route and application
	Bodies   []Body         `json:"bodies,omitempty"`   // that were evaluated: of violation, and of what the rule's own file adds
}

// Body is one list of conditions, all of which must hold.
type Body struct {
	Name       string      `json:"name"` // of the Rego rule: "violation", or a name of its own
	At         string      `json:"at"`   // file:line
	Held       bool        `json:"held"` // at least once
	Conditions []Condition `json:"conditions"`
}

// Condition is one line of a body, or of a comprehension in it.
type Condition struct {
	At    string `json:"at"` // file:line
	Text  string `json:"text"`
	Depth int    `json:"depth,omitempty"` // 1 and more inside a comprehension
	// Held and Failed are the values with which it held or did not, at most ten of
	// each; both are empty when it was not reached.
	Held   [][]string `json:"held,omitempty"`
	Failed [][]string `json:"failed,omitempty"`
}

// Explained is a decision and why each rule fired or did not.
type Explained struct {
	Decision Decision      `json:"decision"`
	Rules    []Explanation `json:"rules"` // by id
}

// maxCases bounds what is told of one condition.
const maxCases = 10

// Explain decides on an input by the bundle at a place, and tells why each rule fired or
// did not; of one rule alone when id is not "".
func Explain(ctx context.Context, place string, in *Input, id string) (*Explained, error) {
	src, err := sourceAt(ctx, place)
	if err != nil {
		return nil, err
	}
	e := &Engine{deadline: time.Second} // nobody waits for an answer here
	p, err := e.prepare(ctx, src)
	if err != nil {
		return nil, fmt.Errorf("loading policies from %s: %w", place, err)
	}
	if _, ok := p.rules[id]; id != "" && !ok {
		return nil, fmt.Errorf("the bundle has no rule %s; it has %s", id, strings.Join(slices.Sorted(maps.Keys(p.rules)), ", "))
	}
	if in.Now.IsZero() {
		present := *in
		present.Now = time.Now()
		in = &present
	}
	out := &Explained{}
	if out.Decision, err = p.decide(ctx, in, e.deadline); err != nil {
		return nil, fmt.Errorf("deciding by policy: %w", err)
	}
	input, err := in.Value()
	if err != nil {
		return nil, err
	}
	compiler := src.compiler()
	if compiler.Compile(copies(src.rules)); compiler.Failed() {
		return nil, positions(compiler.Errors)
	}
	query := prepared(ctx, compiler, inmem.NewFromObjectWithOpts(src.data, inmem.OptReturnASTValuesOnRead(true)))
	for _, file := range slices.Sorted(maps.Keys(src.rules)) {
		words := packageWords(src.rules[file].Package)
		if len(words) != 3 || words[0] != rulesRoot || id != "" && id != words[1]+"."+words[2] {
			continue
		}
		x, err := explain(ctx, query, file, src.rules[file], input)
		if err != nil {
			return nil, err
		}
		x.Rule = p.rules[words[1]+"."+words[2]]
		out.Rules = append(out.Rules, *x)
	}
	slices.SortFunc(out.Rules, func(a, b Explanation) int { return strings.Compare(a.Rule.ID, b.Rule.ID) })
	return out, nil
}

// explain traces one rule.
func explain(ctx context.Context, query func(string) (rego.PreparedEvalQuery, error), file string, module *ast.Module, input ast.Value) (*Explanation, error) {
	t := newTrace(file, module, input)
	ask := func(q string, opts ...rego.EvalOption) (*ast.Term, error) {
		prepared, err := query(q)
		if err != nil {
			return nil, positions(err)
		}
		results, err := prepared.Eval(ctx, append(opts, rego.EvalParsedInput(input))...)
		if err != nil || len(results) == 0 || len(results[0].Expressions) != 1 {
			return nil, positionsOf(err)
		}
		term, _ := results[0].Expressions[0].Value.(*ast.Term)
		return term, nil
	}
	// Without the index and early exit every condition is come by.
	term, err := ask(module.Package.Path.String()+".violation", rego.EvalQueryTracer(t), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
	if err != nil {
		return nil, err
	}
	x := &Explanation{Bodies: t.bodies()}
	if term != nil {
		set, ok := term.Value.(ast.Set)
		x.Fired = ok && set.Len() > 0
	}
	words := packageWords(module.Package)
	// A bundle may have another way to settings; then there is nothing to show.
	if term, err := ask(fmt.Sprintf("data.lib.settings.merged(%q)", words[1]+"."+words[2])); err == nil && term != nil {
		if v, err := ast.JSON(term.Value); err == nil {
			x.Settings, _ = v.(map[string]any)
		}
	}
	return x, nil
}

func positionsOf(err error) error {
	if err == nil {
		return nil
	}
	return positions(err)
}
