package policies

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

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
		index start end category score guard status error checked supported contradicted not_covered not_claim not_measured
		now bucket candidates phase findings group side message sentence known truth`)
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
	findings, err := in.findings()
	if err != nil {
		return nil, err
	}
	states := ast.NewObject()
	var unmeasured []*ast.Term
	for _, g := range in.Guards {
		name := ast.StringTerm(g.Guard)
		states.Insert(name, ast.ObjectTerm(field("status", ast.StringTerm(string(g.Status))), field("error", ast.StringTerm(g.Error)),
			field("truth", ast.InternedTerm(!g.Detects))))
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
		field("phase", ast.StringTerm(string(cmp.Or(in.Phase, AnswerPhase)))),
		field("now", ast.StringTerm(in.Now.UTC().Format(time.RFC3339))),
		field("bucket", ast.InternedTerm(in.Bucket)),
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
		field("findings", findings),
	), nil
}

// findings is what was found that says nothing about truth. sentence is null where
// a finding lies in none.
func (in *Input) findings() (*ast.Term, error) {
	list := make([]*ast.Term, len(in.Findings))
	for i := range in.Findings {
		f := &in.Findings[i]
		if math.IsNaN(f.Score) || math.IsInf(f.Score, 0) {
			return nil, fmt.Errorf("finding %d of the guard %s has the score %v", i, f.Guard, f.Score)
		}
		sentence := ast.NullTerm()
		if f.Side == guards.InAnswer {
			sentence = ast.InternedTerm(f.Claim.Index)
		}
		list[i] = ast.ObjectTerm(
			field("guard", ast.StringTerm(f.Guard)),
			field("category", ast.StringTerm(f.Category)),
			field("group", ast.StringTerm(f.Group)),
			field("score", ast.FloatNumberTerm(f.Score)),
			field("side", ast.StringTerm(string(f.Side))),
			field("message", ast.InternedTerm(f.Message)),
			field("sentence", sentence),
			field("start", ast.InternedTerm(f.Start)),
			field("end", ast.InternedTerm(f.End)),
			field("known", ast.InternedTerm(f.Known)),
		)
	}
	return ast.ArrayTerm(list...), nil
}
