package policies

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// Probe asks one rule of a bundle whether it would fire if one of its settings had
// another value, for every route and application alike. It is safe for concurrent use.
type Probe struct {
	Rule     string
	Setting  string
	Revision string
	Default  float64 // what the bundle's defaults say

	at       func(value float64) (rego.PreparedEvalQuery, error)
	mu       sync.Mutex
	prepared map[float64]rego.PreparedEvalQuery
}

// NewProbe makes a probe of the bundle at a place, as At understands it. A rule that is
// off or a draft is probed as if it flagged.
func NewProbe(ctx context.Context, place, rule, setting string) (*Probe, error) {
	src, err := sourceAt(ctx, place)
	if err != nil {
		return nil, err
	}
	metas, err := metadata(src.rules, rulesRoot, "violation")
	if err != nil {
		return nil, err
	}
	if _, ok := metas[rule]; !ok {
		return nil, fmt.Errorf("the bundle has no rule %s; it has %s", rule, strings.Join(slices.Sorted(maps.Keys(metas)), ", "))
	}
	p := &Probe{Rule: rule, Setting: setting, Revision: src.revision, prepared: map[float64]rego.PreparedEvalQuery{}}
	settings, _ := dig(src.data, "defaults", rule).(map[string]any)
	if p.Default, err = number(settings[setting]); err != nil {
		return nil, fmt.Errorf("the setting %s of the rule %s: %w", setting, rule, err)
	}
	compiler := src.compiler()
	if compiler.Compile(copies(src.rules)); compiler.Failed() {
		return nil, positions(compiler.Errors)
	}
	query := prepared(ctx, compiler, inmem.NewFromObjectWithOpts(src.data, inmem.OptReturnASTValuesOnRead(true)))
	area, name, _ := strings.Cut(rule, ".")
	p.at = func(value float64) (rego.PreparedEvalQuery, error) {
		with, err := probed(src.data, rule, setting, value)
		if err != nil {
			return rego.PreparedEvalQuery{}, err
		}
		return query(fmt.Sprintf("data.%s[%q][%q].violation%s", rulesRoot, area, name, with))
	}
	return p, nil
}

// dig is the value at a path of maps, or nil.
func dig(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func number(v any) (float64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("defaults gives it no number")
	}
	return n.Float64()
}

// probed are the parts of data.yaml in which a setting has another value, as a query
// puts them in the place of what there is.
func probed(data map[string]any, rule, setting string, value float64) (string, error) {
	var b strings.Builder
	for _, section := range []string{"routes", "apps"} {
		byName, _ := data[section].(map[string]any)
		changed := map[string]any{}
		for name, rules := range byName {
			rules, _ := rules.(map[string]any)
			rules = maps.Clone(rules)
			if own, ok := rules[rule].(map[string]any); ok {
				own = maps.Clone(own)
				delete(own, setting)
				delete(own, "state")
				rules[rule] = own
			}
			changed[name] = rules
		}
		if err := with(&b, "data."+section, changed); err != nil {
			return "", err
		}
	}
	settings, _ := dig(data, "defaults", rule).(map[string]any)
	settings = maps.Clone(settings)
	settings[setting] = value
	delete(settings, "state")
	if settings["action"] == string(Allow) {
		settings["action"] = string(Flag)
	}
	err := with(&b, fmt.Sprintf("data.defaults[%q]", rule), settings)
	return b.String(), err
}

func with(b *strings.Builder, path string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("putting %s into a query: %w", path, err)
	}
	term, err := ast.ParseTerm(string(text))
	if err != nil {
		return fmt.Errorf("putting %s into a query: %w", path, err)
	}
	b.WriteString(" with " + path + " as " + term.String())
	return nil
}

// Question is one recorded input put to a probe.
type Question struct {
	probe *Probe
	input ast.Value
}

// Ask prepares an input; At answers.
func (p *Probe) Ask(in *Input) (*Question, error) {
	input, err := in.Value()
	if err != nil {
		return nil, err
	}
	return &Question{p, input}, nil
}

// At tells whether the rule fires when the setting has this value, and which sentences
// it names; none means that it speaks of the whole.
func (q *Question) At(ctx context.Context, setting float64) (sentences []int, fires bool, err error) {
	query, err := q.probe.query(setting)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	results, err := query.Eval(ctx, rego.EvalParsedInput(q.input))
	if err != nil {
		return nil, false, fmt.Errorf("asking the rule %s: %w", q.probe.Rule, positions(err))
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, false, nil
	}
	term, _ := results[0].Expressions[0].Value.(*ast.Term)
	set, ok := term.Value.(ast.Set)
	if !ok {
		return nil, false, fmt.Errorf("asking the rule %s: violation is a %s, not a set", q.probe.Rule, ast.ValueName(term.Value))
	}
	for _, violation := range set.Slice() {
		obj, ok := violation.Value.(ast.Object)
		if !ok {
			continue
		}
		if list, ok := value(obj, "sentences").(*ast.Array); ok {
			list.Foreach(func(t *ast.Term) {
				if n, ok := t.Value.(ast.Number); ok {
					if i, ok := n.Int(); ok && !slices.Contains(sentences, i) {
						sentences = append(sentences, i)
					}
				}
			})
		}
	}
	return sentences, set.Len() > 0, nil
}

// query is the rule prepared for a value, made once.
func (p *Probe) query(value float64) (rego.PreparedEvalQuery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, ok := p.prepared[value]
	if !ok {
		var err error
		if q, err = p.at(value); err != nil {
			return q, fmt.Errorf("asking the rule %s with %s at %v: %w", p.Rule, p.Setting, value, positions(err))
		}
		p.prepared[value] = q
	}
	return q, nil
}

// Patient makes e wait for a slow rule up to d, instead of Deadline: where recorded
// answers are decided again nobody waits, and a busy machine must not change what is
// decided. It must be called before e is used, and returns e.
func (e *Engine) Patient(d time.Duration) *Engine {
	e.deadline = d
	return e
}
