package guards

import (
	"context"
	"fmt"
	"slices"

	"touchstone/groundtruth"
)

// groundedness checks each claim against the ground truth and the evidence that
// the caller sent along.
type groundedness struct {
	store    groundtruth.Store    // nil: only the caller's own evidence
	embedder groundtruth.Embedder // nil: passages are searched by words alone
	verifier *Verifier
	alone    bool             // every verdict is the model's
	model    Entailer         // nil: exact comparison alone
	known    FactFinder       // nil: no facts
	approved *approvedAnswers // nil: none; they are evidence too
}

// newGroundedness returns the guard "groundedness".
func newGroundedness(deps Deps) (Guard, error) {
	return &groundedness{store: deps.Store, embedder: deps.Embedder, verifier: NewVerifier(), model: deps.Entailment, alone: deps.EntailmentAlone && deps.Entailment != nil, known: deps.Facts,
		approved: newApprovedAnswers(deps.Approved)}, nil
}

func (*groundedness) Name() string { return "groundedness" }

// Check retrieves evidence for each checkable claim and compares them, then asks the
// model once about all that exact comparison does not settle. A store that fails is an
// error: what could not be looked up is never a pass. Where the model fails, what it
// was to judge is not measured and the rest stands.
func (g *groundedness) Check(ctx context.Context, ex *Exchange) ([]Finding, error) {
	findings := make([]Finding, 0, len(ex.Claims))
	s := scratches.Get().(*scratch)
	defer s.done()
	given := make([]source, 0, len(ex.Given)+groundtruth.DefaultK)
	for i := range ex.Given {
		if ex.Given[i].Text != "" {
			given = append(given, g.verifier.source(s, &ex.Given[i]))
		}
	}
	agreed, err := g.approved.to(ctx, ex)
	if err != nil {
		return nil, err
	}
	if agreed != nil {
		list := agreed.evidence()
		for i := range list {
			given = append(given, g.verifier.source(s, &list[i]))
		}
	}
	var sources []source
	mark := s.mark()
	var open []question
	vectors := g.vectors(ctx, ex)
	for i := range ex.Claims {
		claim := &ex.Claims[i]
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("checking claim %d: %w", claim.Index, err)
		}
		if claim.NotClaim != "" {
			findings = append(findings, Finding{Claim: *claim, Verdict: NotClaim, Reason: "Nothing to check: " + claim.NotClaim + "."})
			continue
		}
		s.rewind(mark)
		sources = append(sources[:0], given...) // comparing sorts them
		found, err := g.retrieve(ctx, ex, claim, vectors[i])
		if err != nil {
			return nil, err
		}
		facts, err := g.facts(ctx, ex, claim)
		if err != nil {
			return nil, err
		}
		if facts != nil {
			found = append(found, facts.evidence...)
		}
		for k := range found {
			sources = append(sources, g.verifier.source(s, &found[k]))
		}
		a, r := g.verifier.verify(claim, sources)
		if facts.misread(&a) {
			a, r = g.verifier.verify(claim, slices.DeleteFunc(sources, func(s source) bool { return s.ev.Origin == groundtruth.FromFacts }))
		}
		a = facts.settle(claim, a)
		if g.model != nil && (!a.Settled || g.alone && r != nil) {
			open = append(open, question{at: len(findings), exact: a, premise: r.premise()})
		}
		findings = append(findings, a.finding(claim))
	}
	if err := g.ask(ctx, findings, open); err != nil {
		return nil, err
	}
	return findings, nil
}

func (a *Assessment) finding(claim *Claim) Finding {
	f := Finding{Claim: *claim, Verdict: a.Verdict, Category: a.Category, Score: a.Score, Evidence: a.Evidence, Reason: a.Reason}
	if a.Span != nil {
		before := len(hypothesis(claim)) - len(claim.Text) // what the claim leans on
		f.Start, f.End = claim.Start+max(0, a.Span.Start-before), claim.Start+max(0, a.Span.End-before)
	}
	return f
}

// vectors are those of the claims, by their place in the exchange, made in one call; nil
// for a claim that is searched by its words alone: all of them where the model fails or
// takes too long, which whoever supplies it counts.
func (g *groundedness) vectors(ctx context.Context, ex *Exchange) [][]float32 {
	out := make([][]float32, len(ex.Claims))
	if g.embedder == nil || g.store == nil || len(ex.Collections) == 0 || g.store.For(ex.Tenant).Revision() == "0" {
		return out
	}
	var texts []string
	var of []int
	for i := range ex.Claims {
		if ex.Claims[i].NotClaim == "" {
			texts, of = append(texts, hypothesis(&ex.Claims[i])), append(of, i)
		}
	}
	if len(texts) == 0 {
		return out
	}
	inTime, cancel := partOf(ctx, 1.0/3)
	defer cancel()
	made, err := g.embedder.Embed(inTime, texts)
	if err != nil || len(made) != len(texts) {
		return out
	}
	for k, i := range of {
		out[i] = made[k]
	}
	return out
}

// retrieve asks the store for the passages nearest to a claim.
func (g *groundedness) retrieve(ctx context.Context, ex *Exchange, claim *Claim, vector []float32) ([]groundtruth.Evidence, error) {
	if g.store == nil || len(ex.Collections) == 0 {
		return nil, nil
	}
	text := claim.Text
	if claim.Context != "" {
		text += "\n" + claim.Context
	}
	if len(text) > maxQuery {
		text = text[:maxQuery]
	}
	q := groundtruth.Query{Collections: ex.Collections, Text: text, K: groundtruth.DefaultK}
	if vector != nil {
		q.Vector, q.Embedding = vector, g.embedder.ID()
	}
	found, err := g.store.For(ex.Tenant).Search(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("searching the ground truth: %w", err)
	}
	return found, nil
}

// maxQuery bounds what one claim asks of the store, in bytes.
const maxQuery = 4 << 10

var _ Guard = (*groundedness)(nil)
