package guards

import (
	"context"
	"fmt"
	"slices"
)

// injection looks in what comes in for text that wants to take the assistant over:
// jailbreaks in messages of the user, instructions to the assistant in documents and in
// what tools answer; and in the answer for the system prompt. The safety model judges
// meaning; hidden text and role markers are found without it.
type injection struct{ heads }

// newInjection returns the guard "injection".
func newInjection(deps Deps) (Guard, error) {
	h, err := newHeads(deps.Safety, "injection")
	if err != nil {
		return nil, err
	}
	return &injection{h}, nil
}

func (*injection) Name() string { return "injection" }

// Detects says that the guard gives no verdicts on truth.
func (*injection) Detects() {}

// Check looks for the system prompt in the claims.
func (g *injection) Check(ctx context.Context, ex *Exchange) ([]Finding, error) {
	ratings, err := g.Rate(ctx, ex, InAnswer)
	return g.findings(ratings), err
}

// CheckPrompt measures the messages of the user, what tools answered, and the grounding
// sources.
func (g *injection) CheckPrompt(ctx context.Context, ex *Exchange) ([]Finding, error) {
	ratings, err := g.Rate(ctx, ex, InPrompt)
	return g.findings(ratings), err
}

// everyPart is up to how many parts of a document the model judges all; of longer ones
// those that could be addressed to a reader.
const everyPart = 64

// Rate implements Rater.
func (g *injection) Rate(ctx context.Context, ex *Exchange, phase Side) ([]Rating, error) {
	if phase == InAnswer {
		return leaks(ex), nil
	}
	var out []Rating
	var asked questions
	for i := range ex.Prompt {
		m := &ex.Prompt[i]
		place := Rating{Side: sideOf(m), Message: i}
		switch {
		case place.Side == InTool:
			out = append(out, structural(m.Text, place)...)
			asked.document(m.Text, place)
		case m.Role == "user":
			out = append(out, structural(m.Text, place)...)
			asked.text(m.Text, asUser, place)
		}
	}
	for i := range ex.Given {
		place := Rating{Side: InContext, Message: i}
		out = append(out, structural(ex.Given[i].Text, place)...)
		asked.document(ex.Given[i].Text, place)
	}
	if g.model == nil {
		return out, Unmeasured(errNoSafetyModel.Error() + ": only hidden text and role markers were looked for")
	}
	labels, err := g.ask(ctx, &asked)
	if labels == nil && err != nil {
		return out, Unmeasured(fmt.Sprintf("only hidden text and role markers were looked for: %v", err))
	}
	for i, l := range labels {
		if l.Scores == nil {
			continue
		}
		r := asked.places[i]
		r.Category, r.Score = "injection", l.Scores[g.at["injection"]]
		out = append(out, r)
	}
	return out, err
}

// document adds the parts of a document: all of them, or of a long one those that could
// be addressed to a reader.
func (q *questions) document(text string, place Rating) {
	parts := windows(text)
	for _, p := range parts {
		if len(parts) <= everyPart || addresses(text[p.start:p.end]) {
			place.Start, place.End = p.start, p.end
			q.add(asDocument, text[p.start:p.end], place)
		}
	}
}

func (*injection) findings(ratings []Rating) []Finding {
	var out []Finding
	for _, r := range ratings {
		if r.Score < findingFloor {
			continue
		}
		f := Finding{Claim: r.Claim, Category: r.Category, Score: r.Score, Side: r.Side, Message: r.Message, Start: r.Start, End: r.End, Reason: injectionReason(r)}
		same := func(o Finding) bool {
			return o.Category == f.Category && o.Side == f.Side && o.Message == f.Message && o.Start == f.Start && o.End == f.End
		}
		if i := slices.IndexFunc(out, same); i < 0 {
			out = append(out, f)
		} else if out[i].Score < f.Score {
			out[i] = f
		}
	}
	return out
}

func injectionReason(r Rating) string {
	switch {
	case r.Category == "hidden_text":
		return "Holds characters that nobody sees but a model reads."
	case r.Category == "role_marker":
		return "Holds marks that pass for the beginning of another speaker's message."
	case r.Category == "prompt_leak":
		return "Repeats the system prompt word for word."
	case r.Side == InPrompt:
		return "Tries to change or reveal the instructions of the assistant."
	}
	return "Gives instructions to the assistant, which a document should not."
}
