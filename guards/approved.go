package guards

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"touchstone/groundtruth"
)

// ApprovedFinder lists approved answers. groundtruth.Known is one.
type ApprovedFinder interface {
	Approved(ctx context.Context, tenant string, collections []string) ([]groundtruth.Endorsed, error)
}

// What the guard "approved" finds of a sentence of an answer to a question that has an
// approved one.
const (
	Agrees  = "agrees"  // the approved answer says so too
	Differs = "differs" // it says otherwise
	Adds    = "adds"    // it does not say this
	Remark  = "remark"  // nothing to compare: a greeting, a question
)

// approved compares answers with the approved answer to the question, where there is
// one. It says nothing about truth: an answer may be right and not as agreed.
type approved struct {
	answers  *approvedAnswers
	verifier *Verifier
}

// newApproved returns the guard "approved".
func newApproved(deps Deps) (Guard, error) {
	return &approved{answers: newApprovedAnswers(deps.Approved), verifier: NewVerifier()}, nil
}

func (*approved) Name() string { return "approved" }

// Detects implements Detector.
func (*approved) Detects() {}

// Check finds how each sentence stands to the approved answer. Its findings carry
// that as Offer, which a policy may put in place of the answer.
func (g *approved) Check(ctx context.Context, ex *Exchange) ([]Finding, error) {
	match, err := g.answers.to(ctx, ex)
	if err != nil || match == nil {
		return nil, err
	}
	evidence := match.evidence()
	findings := make([]Finding, 0, len(ex.Claims))
	for i := range ex.Claims {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("checking claim %d: %w", ex.Claims[i].Index, err)
		}
		f := Finding{Claim: ex.Claims[i], Category: Remark, Score: 1, Offer: match.Answer}
		if f.Claim.NotClaim == "" {
			a := g.verifier.Verify(&f.Claim, slices.Clone(evidence))
			switch a.Verdict {
			case Supported:
				f.Category, f.Score = Agrees, 1-a.Score
			case Contradicted:
				f.Category, f.Score = Differs, a.Score
			case NotCovered:
				f.Category, f.Score = Adds, a.Score
			case NotMeasured:
				return nil, fmt.Errorf("sentence %d: %s", f.Claim.Index, strings.ToLower(strings.TrimSuffix(a.Reason, ".")))
			}
			f.Reason = a.Reason + " "
		}
		f.Reason += fmt.Sprintf("The approved answer to %q stands in %s, revision %s.", shorten(match.Questions[0], 60), shorten(match.In.ID, 80), match.In.Revision)
		findings = append(findings, f)
	}
	return findings, nil
}

// approvedAnswers finds the approved answer to a question.
type approvedAnswers struct {
	find ApprovedFinder
	mu   sync.Mutex
	read map[*groundtruth.Approved]*pattern // of what was asked for last
}

func newApprovedAnswers(find ApprovedFinder) *approvedAnswers {
	if find == nil {
		return nil
	}
	return &approvedAnswers{find: find}
}

// pattern is what the questions of an approved answer look like.
type pattern struct {
	phrases [][]uint32
	exprs   []*regexp.Regexp
}

// maxRead bounds the patterns that are kept, in approved answers.
const maxRead = 20_000

// pattern reads the questions of a, once.
func (as *approvedAnswers) pattern(a *groundtruth.Approved) *pattern {
	as.mu.Lock()
	defer as.mu.Unlock()
	if p := as.read[a]; p != nil {
		return p
	}
	p := &pattern{}
	for _, q := range a.Questions {
		if expr, ok := strings.CutPrefix(q, "re:"); !ok {
			if stems := phrase(q); len(stems) > 0 {
				p.phrases = append(p.phrases, stems)
			}
		} else if re, err := regexp.Compile("(?i)" + expr); err == nil { // a store takes no others
			p.exprs = append(p.exprs, re)
		}
	}
	if as.read == nil || len(as.read) >= maxRead { // those of answers that are gone go along
		as.read = map[*groundtruth.Approved]*pattern{}
	}
	as.read[a] = p
	return p
}

// endorsed is the approved answer to a question.
type endorsed struct{ groundtruth.Endorsed }

// to returns the approved answer to the question of an exchange, for the caller's
// scope and in force at the time of the answer; nil if there is none. Of several the
// one whose pattern has most words counts, then the one for the narrowest scope.
func (as *approvedAnswers) to(ctx context.Context, ex *Exchange) (*endorsed, error) {
	question := ex.Question()
	if as == nil || question == "" || len(ex.Collections) == 0 {
		return nil, nil
	}
	list, err := as.find.Approved(ctx, ex.Tenant, ex.Collections)
	if err != nil {
		return nil, fmt.Errorf("looking up approved answers: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	at := ex.At
	if at.IsZero() {
		at = time.Now()
	}
	asked := fold(clip(question, maxWords))
	toks := words(asked)
	var best *endorsed
	var most, parts int
	for i := range list {
		a := &list[i]
		n := as.pattern(a.Approved).matches(asked, toks)
		if n == 0 || a.Valid.Place(at) != groundtruth.Present || !reaches(a.Scope, ex.Scope) {
			continue
		}
		width := 0
		for _, p := range a.Scope.Parts() {
			if p.Value != "" {
				width++
			}
		}
		better := best == nil || cmp.Or(n-most, width-parts, strings.Compare(best.ID, a.ID)) > 0
		if better {
			best, most, parts = &endorsed{*a}, n, width
		}
	}
	return best, nil
}

// reaches reports whether the caller is known to be in every part of a scope.
func reaches(scope, caller groundtruth.Scope) bool {
	theirs := caller.Parts()
	for i, p := range scope.Parts() {
		if p.Value != "" && !strings.EqualFold(p.Value, theirs[i].Value) {
			return false
		}
	}
	return true
}

// matches tells how many words of a pattern the question has, 0 if none matches: all
// words of the pattern, and no more than as many others, among them no name and no
// number. A regular expression counts as more than any words.
func (p *pattern) matches(question string, toks []token) (most int) {
	for _, re := range p.exprs {
		if re.MatchString(question) {
			return 1 << 20
		}
	}
	for _, stems := range p.phrases {
		have := 0
		for _, s := range stems {
			if slices.ContainsFunc(toks, func(t token) bool { return t.kind != symbolToken && t.stem == s }) {
				have++
			}
		}
		if have == len(stems) && have > most && !saysMore(stems, toks) {
			most = have
		}
	}
	return most
}

// saysMore reports whether a question is about more than a pattern.
func saysMore(stems []uint32, toks []token) bool {
	others := 0
	for i := range toks {
		t := &toks[i]
		if t.kind == symbolToken || slices.Contains(stems, t.stem) || !t.has(content) && t.kind != digitToken {
			continue
		}
		if t.kind == digitToken || t.has(capital) && !t.has(initial) {
			return true
		}
		others++
	}
	return others > len(stems)
}

// evidence is the approved answer as passages.
func (e *endorsed) evidence() []groundtruth.Evidence {
	list := groundtruth.Given(e.In.ID, cmp.Or(e.Source, "the approved answer"), e.Answer)
	for i := range list {
		list[i].Source, list[i].Collection, list[i].Revision, list[i].Fact, list[i].Origin = e.In.ID, e.In.Collection, e.In.Revision, e.ID, groundtruth.FromIndex
	}
	return list
}

var _ Detector = (*approved)(nil)
