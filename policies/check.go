package policies

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// TestResult is the outcome of one Rego test.
type TestResult struct {
	Name string // "rules.hallucination.contradicted_test.test_names_the_sentences"
	At   string // file:line of the test or, when it failed, of the condition that did not hold
	Pass bool
	Why  string // it failed: the condition, or an error
	Took time.Duration
}

// TestReport is the outcome of a bundle's tests.
type TestReport struct {
	Results   []TestResult // by name
	Coverage  float64      // percent of the lines of rules that tests evaluate
	Uncovered []string     // file:line of those that none does
}

// Failed counts the tests that did not pass.
func (r *TestReport) Failed() (n int) {
	for _, t := range r.Results {
		if !t.Pass {
			n++
		}
	}
	return n
}

// Test runs the Rego tests of the bundle in dir, or of the embedded one: those in
// files named _test.rego, with the same built-in functions as in production. With
// run, a regular expression, only tests whose name matches are run. Mistakes in the
// bundle's data are an error: tests bring settings of their own and cannot show them.
func Test(ctx context.Context, dir, run string) (*TestReport, error) {
	place := At(dir)
	f, err := place.fetch(ctx, "")
	var src *source
	if err == nil {
		src, err = f.files.parse(place.prefix(), true)
	}
	if err != nil {
		return nil, fmt.Errorf("loading policies from %s: %w", &place, err)
	}
	if err := src.checkData(ctx); err != nil {
		return nil, fmt.Errorf("testing policies from %s: %w", &place, err)
	}
	coverage := cover.New()
	results, err := src.test(ctx, run, func(r *tester.Runner) { r.SetCoverageQueryTracer(coverage) })
	if err != nil {
		return nil, fmt.Errorf("testing policies from %s: %w", &place, err)
	}
	report := &TestReport{}
	for _, r := range results {
		t := TestResult{
			Name: strings.TrimPrefix(r.Package, "data.") + "." + r.Name,
			At:   fmt.Sprintf("%s:%d", r.Location.File, r.Location.Row),
			Pass: r.Pass(), Took: r.Duration,
		}
		switch {
		case r.Skip:
			t.Why = "skipped: its name begins with todo_"
		case r.Error != nil:
			t.Why = positions(r.Error).Error()
		case r.Fail:
			src.explain(ctx, &t, r)
		}
		report.Results = append(report.Results, t)
	}
	slices.SortFunc(report.Results, func(a, b TestResult) int { return strings.Compare(a.Name, b.Name) })
	covered := coverage.Report(src.rules)
	lines, hit := 0, 0
	for file := range src.rules {
		f := covered.Files[file]
		hit += f.CoveredLines
		lines += f.CoveredLines + f.NotCoveredLines
		for _, r := range f.NotCovered {
			report.Uncovered = append(report.Uncovered, fmt.Sprintf("%s:%d", file, r.Start.Row))
		}
	}
	slices.Sort(report.Uncovered)
	if lines > 0 {
		report.Coverage = 100 * float64(hit) / float64(lines)
	}
	return report, nil
}

// checkData asks the bundle what is wrong with its own data.
func (src *source) checkData(ctx context.Context) error {
	compiler := src.compiler()
	if compiler.Compile(copies(src.rules)); compiler.Failed() {
		return positions(compiler.Errors)
	}
	return problems(ctx, prepared(ctx, compiler, inmem.NewFromObjectWithOpts(src.data, inmem.OptReturnASTValuesOnRead(true))), checkTime)
}

// copies are for a compiler, which changes what it compiles.
func copies(from ...map[string]*ast.Module) map[string]*ast.Module {
	modules := map[string]*ast.Module{}
	for _, of := range from {
		for name, m := range of {
			modules[name] = m.Copy()
		}
	}
	return modules
}

// test compiles rules and tests together and runs the tests that match.
func (src *source) test(ctx context.Context, match string, set func(*tester.Runner)) ([]*tester.Result, error) {
	store := inmem.NewFromObject(src.data)
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Abort(ctx, txn)
	runner := tester.NewRunner().SetCompiler(src.compiler()).SetStore(store).SetModules(copies(src.rules, src.tests)).Filter(match).
		RaiseBuiltinErrors(true).SetTimeout(10 * time.Second)
	set(runner)
	ch, err := runner.RunTests(ctx, txn)
	if err != nil {
		return nil, positions(err)
	}
	var results []*tester.Result
	for r := range ch {
		results = append(results, r)
	}
	return results, ctx.Err()
}

// explain runs a failed test again, traced, to name the condition in it that did
// not hold.
func (src *source) explain(ctx context.Context, t *TestResult, failed *tester.Result) {
	t.Why = "a condition does not hold"
	again, err := src.test(ctx, "^"+regexp.QuoteMeta(failed.Package+"."+failed.Name)+"$", func(r *tester.Runner) { r.EnableTracing(true) })
	if err != nil || len(again) != 1 {
		return
	}
	for _, event := range slices.Backward(again[0].Trace) {
		expr, ok := event.Node.(*ast.Expr)
		if ok && event.Op == topdown.FailOp && event.Location != nil && event.Location.File == failed.Location.File {
			t.At = fmt.Sprintf("%s:%d", event.Location.File, event.Location.Row)
			text := string(event.Location.Text)
			if text == "" {
				text = expr.String()
			}
			t.Why = "does not hold: " + text
			return
		}
	}
}

// Check reports what Load would refuse about the bundle in dir, or the embedded
// one, and files that `opa fmt` would change, as lines of file:line: message.
func Check(ctx context.Context, dir string) error {
	if _, err := Load(ctx, dir); err != nil {
		return err
	}
	place := At(dir)
	f, err := place.fetch(ctx, "")
	if err != nil {
		return err
	}
	lines, err := f.files.unformatted(place.prefix())
	if err == nil {
		lines = append(lines, f.files.stale(place.prefix())...)
	}
	if err == nil && len(lines) > 0 {
		err = errors.New(strings.Join(lines, "\n"))
	}
	return err
}

// stale are the files for stock tools that are not of this program: a check with them
// would pass what does not load here.
func (f files) stale(prefix string) []string {
	var lines []string
	if text, ok := f[schemasFolder+"/input.json"]; ok && !bytes.Equal(bytes.TrimSpace(text), bytes.TrimSpace(Schema)) {
		lines = append(lines, prefix+schemasFolder+"/input.json: is not the schema of this program; `touchstone policy init` writes it to a new folder")
	}
	if text, ok := f[capabilitiesFile]; ok {
		have, err := ast.LoadCapabilitiesJSON(bytes.NewReader(text))
		if err != nil || !sameBuiltins(have, Capabilities()) {
			lines = append(lines, prefix+capabilitiesFile+": are not the capabilities of this program; `touchstone policy init` writes them to a new folder")
		}
	}
	return lines
}

func sameBuiltins(a, b *ast.Capabilities) bool {
	names := func(c *ast.Capabilities) (out []string) {
		for _, f := range c.Builtins {
			out = append(out, f.Name)
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(names(a), names(b)) && len(a.AllowNet) == 0
}
