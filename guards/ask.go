package guards

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"touchstone/groundtruth"
)

// question is a claim that exact comparison leaves open.
type question struct {
	at      int // of the finding
	exact   Assessment
	premise premise
}

// pair is what the model is asked.
func (q *question) pair(claim *Claim) Pair { return Pair{q.premise.text, hypothesis(claim)} }

// join is the claim's verdict with what the model said. Evidence that shares no word
// with a claim can only show that it says the same in other words.
func (q *question) join(claim *Claim, said Entailment) Assessment {
	if !q.exact.wordless {
		return Join(claim, q.exact, said)
	}
	offered := q.exact
	offered.Evidence = []groundtruth.Evidence{q.premise.pieces[0].quote}
	if a := Join(claim, offered, said); a.Verdict == Supported || a.Verdict == NotMeasured {
		return a
	}
	return q.exact
}

// alone is the model's verdict by itself.
func (q *question) alone(said Entailment) Assessment {
	a := q.exact
	if said.NotMeasured != "" {
		return a.unmeasured(notMeasuredReason(said.NotMeasured))
	}
	a.Verdict, a.Category, a.Score = NotCovered, "meaning", 1-said.Supported
	switch {
	case said.Supported >= notCoveredFrom:
		a.Verdict = Supported
	case said.Contradicted >= said.NotCovered:
		a.Verdict = Contradicted
	}
	a.Evidence = []groundtruth.Evidence{q.premise.pieces[0].quote}
	a.Reason = reasonMeaning(a.Verdict, a.Score, &a.Evidence[0])
	return a
}

// maxAlone bounds the pieces of evidence of a claim that are shown to the model alone.
const maxAlone = 3

// ask puts all open questions to the model in one call and writes the joined verdicts
// into the findings. Its error is that of ctx.
func (g *groundedness) ask(ctx context.Context, findings []Finding, open []question) error {
	if len(open) == 0 {
		return nil
	}
	pairs := make([]Pair, len(open))
	for i := range open {
		pairs[i] = open[i].pair(&findings[open[i].at].Claim)
	}
	inTime, cancel := partOf(ctx, 0.9)
	defer cancel()
	said, err := g.model.Entail(inTime, pairs)
	if ctx.Err() != nil {
		return fmt.Errorf("asking the model: %w", ctx.Err())
	}
	if err == nil && len(said) != len(pairs) {
		err = fmt.Errorf("%d answers to %d questions", len(said), len(pairs))
	}
	var doubtful []int // whose deciding evidence is not known yet
	for i := range open {
		q := &open[i]
		f := &findings[q.at]
		if err != nil {
			a := q.exact.unmeasured(modelFailed(err))
			*f = a.finding(&f.Claim)
			continue
		}
		if g.alone {
			a := q.alone(said[i])
			*f = a.finding(&f.Claim)
			continue
		}
		a := q.join(&f.Claim, said[i])
		*f = a.finding(&f.Claim)
		decided := a.Verdict != q.exact.Verdict && (a.Verdict == Supported || a.Verdict == Contradicted)
		if decided && len(q.premise.pieces) > 1 {
			q.premise.pieces = q.premise.pieces[:min(maxAlone, len(q.premise.pieces))]
			doubtful = append(doubtful, i)
		}
	}
	if len(doubtful) > 0 {
		g.quote(inTime, findings, open, doubtful)
	}
	return ctx.Err()
}

// quote finds out which piece of its evidence decides a claim that the model decided:
// each is shown to it alone. A claim that none of them supports needs a surer score, as
// pieces that are put together may say what none of their documents does. Where the call
// fails the pieces that share most words stay.
func (g *groundedness) quote(ctx context.Context, findings []Finding, open []question, which []int) {
	var pairs []Pair
	for _, i := range which {
		claim := hypothesis(&findings[open[i].at].Claim)
		for k := range open[i].premise.pieces {
			pairs = append(pairs, Pair{open[i].premise.pieces[k].text, claim})
		}
	}
	said, err := g.model.Entail(ctx, pairs)
	if err != nil || len(said) != len(pairs) {
		return
	}
	for _, i := range which {
		f, pieces := &findings[open[i].at], open[i].premise.pieces
		alone := said[:len(pieces)]
		said = said[len(pieces):]
		if f.Verdict == Supported && f.Score >= missingFrom && !slices.ContainsFunc(alone, func(e Entailment) bool { return e.Supported >= supportsAlone }) {
			a := open[i].exact
			*f = a.finding(&f.Claim)
			continue
		}
		f.Evidence = leading(pieces, alone, f.Verdict)
		f.Reason = reasonMeaning(f.Verdict, f.Score, &f.Evidence[0])
	}
}

// partOf gives a share of what is left of ctx's time, so that the rest is left for what
// comes after a model.
func partOf(ctx context.Context, share float64) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Duration(share*float64(time.Until(end))))
}

// modelFailed says for people why a claim is not measured. The error itself is for the
// operator: whoever supplies the model counts and logs it.
func modelFailed(err error) string {
	why := "failed"
	if errors.Is(err, context.DeadlineExceeded) {
		why = "did not answer in time"
	}
	return "The model " + why + ", and exact comparison does not settle the sentence."
}
