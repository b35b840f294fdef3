package guards

import (
	"context"
	"fmt"

	"touchstone/groundtruth"
)

// groundedness checks each claim against the ground truth and the evidence that
// the caller sent along.
type groundedness struct {
	store    groundtruth.Store // nil: only the caller's own evidence
	verifier *Verifier
}

// newGroundedness returns the guard "groundedness".
func newGroundedness(deps Deps) (Guard, error) {
	return &groundedness{store: deps.Store, verifier: NewVerifier()}, nil
}

func (*groundedness) Name() string { return "groundedness" }

// Check retrieves evidence for each checkable claim and compares them. A store
// that fails is an error: what could not be looked up is never a pass.
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
	mark := s.mark()
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
		sources := given // each claim writes its own behind them
		found, err := g.retrieve(ctx, ex, claim)
		if err != nil {
			return nil, err
		}
		for k := range found {
			sources = append(sources, g.verifier.source(s, &found[k]))
		}
		a := g.verifier.verify(claim, sources)
		findings = append(findings, Finding{Claim: *claim, Verdict: a.Verdict, Category: a.Category, Score: a.Score, Evidence: a.Evidence, Reason: a.Reason})
	}
	return findings, nil
}

// retrieve asks the store for the passages nearest to a claim.
func (g *groundedness) retrieve(ctx context.Context, ex *Exchange, claim *Claim) ([]groundtruth.Evidence, error) {
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
	found, err := g.store.Search(ctx, groundtruth.Query{Collections: ex.Collections, Text: text, K: groundtruth.DefaultK})
	if err != nil {
		return nil, fmt.Errorf("searching the ground truth: %w", err)
	}
	return found, nil
}

// maxQuery bounds what one claim asks of the store, in bytes.
const maxQuery = 4 << 10

var _ Guard = (*groundedness)(nil)
