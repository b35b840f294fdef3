package policies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"touchstone/guards"
)

// Deadline is how long one evaluation may take, by the clock. One that takes longer
// is tried once more.
const Deadline = 100 * time.Millisecond

// checkTime bounds the check of a bundle's data, which grows with it.
const checkTime = 30 * time.Second

var errSlow = errors.New("the rules took longer")

const (
	decisionQuery = "data.touchstone.decision"
	problemsQuery = "data.lib.problems.found"
)

// Engine decides by the rules of a bundle. It is safe for concurrent use.
type Engine struct {
	current  atomic.Pointer[program]
	status   atomic.Pointer[Status]
	deadline time.Duration
	source   Source

	loading sync.Mutex // held while the source is read and a bundle made ready
	mark    string     // of the bundle that was read last, good or not
	refused error      // what was wrong with that bundle
}

// program is one bundle, ready to run; it is never changed.
type program struct {
	decision rego.PreparedEvalQuery
	alarms   rego.PreparedEvalQuery
	rules    map[string]Meta
	watches  map[string]Meta // rules on alarms
	revision string

	gates []gate // what each rule needs of the input

	list       []Listed // rules and exceptions, for people
	exceptions []Excepted
}

// prepare makes a bundle ready: it must compile, have no mistakes in its data and
// decide about made-up answers.
func (e *Engine) prepare(ctx context.Context, src *source) (*program, error) {
	compiler := src.compiler()
	if compiler.Compile(copies(src.rules)); compiler.Failed() {
		return nil, positions(compiler.Errors)
	}
	p := &program{revision: src.revision}
	var err error
	if p.rules, err = metadata(src.rules, rulesRoot, "violation"); err != nil {
		return nil, err
	}
	if p.watches, err = metadata(src.rules, watchRoot, "alarm"); err != nil {
		return nil, err
	}
	p.gates = gates(src.rules)
	p.list, p.exceptions = src.list(p.rules), src.exceptions()
	store := inmem.NewFromObjectWithOpts(src.data, inmem.OptReturnASTValuesOnRead(true))
	query := prepared(ctx, compiler, store)
	if p.decision, err = query(decisionQuery); err != nil {
		return nil, positions(err)
	}
	if p.alarms, err = query("data." + alarmsName); err != nil {
		return nil, positions(err)
	}
	if err := problems(ctx, query, checkTime); err != nil {
		return nil, err
	}
	patience := max(e.deadline, time.Second) // nobody waits for an answer here
	for _, in := range samples() {
		if _, err := p.decide(ctx, in, patience); err != nil {
			return nil, fmt.Errorf("deciding about a made-up answer: %w", err)
		}
	}
	return p, nil
}

// prepared makes queries on a compiled bundle.
func prepared(ctx context.Context, compiler *ast.Compiler, store storage.Store) func(q string) (rego.PreparedEvalQuery, error) {
	return func(q string) (rego.PreparedEvalQuery, error) {
		return rego.New(
			rego.Query(q), rego.Compiler(compiler), rego.Store(store), rego.Capabilities(Capabilities()),
			rego.StrictBuiltinErrors(true), rego.GenerateJSON(keepTerm),
		).PrepareForEval(ctx)
	}
}

// samples are answers that any bundle must be able to decide about: an empty one,
// and one in which everything was found that can be.
func samples() []*Input {
	full := &Input{Final: true, Guards: []guards.Result{{Guard: "sample", Status: guards.Failed}}, Skipped: []string{"sample"}}
	for i, v := range verdicts {
		s := guards.Sentence{Guard: "sample", Finding: guards.Finding{Claim: guards.Claim{Index: i}, Verdict: v, Score: 1}}
		full.Sentences = append(full.Sentences, s)
		full.Counts.Add(v)
	}
	found := func(side guards.Side) guards.Found {
		return guards.Found{Guard: "sample", Finding: guards.Finding{Side: side, Category: "sample", Group: "sample", Score: 1, End: 1}}
	}
	full.Findings = []guards.Found{found(guards.InAnswer)}
	prompt := &Input{Phase: PromptPhase, Final: true, Guards: full.Guards,
		Findings: []guards.Found{found(guards.InPrompt), found(guards.InTool), found(guards.InContext)}}
	return []*Input{{Final: true}, full, {Phase: PromptPhase, Final: true}, prompt}
}

// keepTerm leaves the result as Rego's own value, which is read without a detour
// over maps and bounded while it is read.
func keepTerm(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }

// Decide asks the policy about what guards measured. An undefined or malformed
// decision, an error inside a rule and a rule that runs out of time are errors,
// never an allow.
func (e *Engine) Decide(ctx context.Context, in *Input) (Decision, error) {
	d, err := e.current.Load().decide(ctx, in, e.deadline)
	if err != nil {
		return Decision{}, fmt.Errorf("deciding by policy: %w", err)
	}
	return d, nil
}

// Revision is a short hash of the rules and data in force: the same files give the
// same revision on every machine.
func (e *Engine) Revision() string { return e.current.Load().revision }

// Rules lists the rules in force, by id.
func (e *Engine) Rules() []Meta {
	p := e.current.Load()
	list := make([]Meta, 0, len(p.rules))
	for _, id := range slices.Sorted(maps.Keys(p.rules)) {
		list = append(list, p.rules[id])
	}
	return list
}

func (p *program) decide(ctx context.Context, in *Input, deadline time.Duration) (Decision, error) {
	term, err := eval(ctx, p.decision, in, p.gates, deadline)
	if errors.Is(err, errSlow) { // a process that was held up is not a slow rule: that one is slow again
		term, err = eval(ctx, p.decision, in, p.gates, deadline)
	}
	if err != nil {
		return Decision{}, err
	}
	if term == nil {
		return Decision{}, errors.New(decisionQuery + " is undefined")
	}
	d, err := decode(term, in, p.rules)
	if err != nil {
		return Decision{}, err
	}
	d.Revision = p.revision
	return d, nil
}

// problems asks the bundle what is wrong with its own data. A bundle that does not
// check it has none.
func problems(ctx context.Context, query func(q string) (rego.PreparedEvalQuery, error), deadline time.Duration) error {
	found, err := query(problemsQuery)
	if err != nil {
		return positions(err)
	}
	term, err := eval(ctx, found, &Input{Final: true}, nil, deadline)
	if err != nil {
		return fmt.Errorf("checking the data: %w", err)
	}
	if term == nil {
		return nil
	}
	set, ok := term.Value.(ast.Set)
	if !ok {
		return fmt.Errorf("%s is a %s, not a set", problemsQuery, ast.ValueName(term.Value))
	}
	var lines []string
	for _, t := range set.Slice() {
		s, _ := t.Value.(ast.String)
		lines = append(lines, "data: "+string(s))
	}
	if len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	return nil
}

// eval runs a query on in; the term is nil when the result is undefined.
func eval(ctx context.Context, query rego.PreparedEvalQuery, in *Input, gates []gate, deadline time.Duration) (*ast.Term, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in.Now.IsZero() {
		present := *in
		present.Now = time.Now()
		in = &present
	}
	input, err := in.Value()
	if err != nil {
		return nil, err
	}
	if gates != nil {
		input.(ast.Object).Insert(keyTerms["candidates"], candidates(gates, in))
	}
	// A timer is cheaper than the context and goroutine that OPA would use.
	cancel := topdown.NewCancel()
	timer := time.AfterFunc(deadline, cancel.Cancel)
	defer timer.Stop()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	results, err := query.Eval(ctx, rego.EvalParsedInput(input), rego.EvalExternalCancel(cancel))
	switch {
	case topdown.IsCancel(err) && ctx.Err() != nil:
		return nil, ctx.Err()
	case topdown.IsCancel(err):
		return nil, fmt.Errorf("%w than %s", errSlow, deadline)
	case err != nil:
		return nil, positions(err)
	case len(results) == 0:
		return nil, nil
	case len(results) > 1 || len(results[0].Expressions) != 1:
		return nil, errors.New("the query has several results")
	}
	term, ok := results[0].Expressions[0].Value.(*ast.Term)
	if !ok {
		return nil, fmt.Errorf("the result is a %T", results[0].Expressions[0].Value)
	}
	return term, nil
}
