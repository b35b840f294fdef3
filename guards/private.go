package guards

import (
	"context"
	"fmt"
	"strings"
	"unicode"

	"touchstone/guards/pii"
	"touchstone/guards/secrets"
)

// sighting is something a detector found in one text.
type sighting struct {
	start, end int // bytes of the text
	category   string
	score      float64
	why        string
}

// spotter finds things in a text by themselves: what it says of a text hangs on
// nothing else. It must be safe for concurrent use.
type spotter func(text string) []sighting

// private is a detector made of a spotter: personal data, secrets.
type private struct {
	name string
	spot spotter
}

// Bounds on what one text and one prompt can put before the policy, whose rules run on
// each finding.
const (
	mostFindings = 500    // less than secrets.Most
	restCategory = "more" // the rest of a text with more findings than are listed
)

// newPII returns the guard "pii": personal data in prompts and answers.
func newPII(Deps) (Guard, error) {
	scanner := pii.New()
	return &private{name: "pii", spot: func(text string) []sighting {
		var out []sighting
		for _, s := range scanner.Scan(text) {
			out = append(out, sighting{s.Start, s.End, s.Category, s.Score, s.Why})
		}
		return out
	}}, nil
}

// newSecrets returns the guard "secrets": keys, tokens and passwords in prompts and
// answers.
func newSecrets(Deps) (Guard, error) {
	scanner, err := secrets.New()
	if err != nil {
		return nil, err
	}
	return &private{name: "secrets", spot: func(text string) []sighting {
		var out []sighting
		for _, s := range scanner.Scan(text) {
			out = append(out, sighting{s.Start, s.End, s.Category, s.Score, s.Why})
		}
		return out
	}}, nil
}

func (g *private) Name() string { return g.name }

// Detects says that findings have no verdict.
func (*private) Detects() {}

// Check looks at each claim by itself, so that a streamed answer gets the findings of
// the whole one.
func (g *private) Check(ctx context.Context, ex *Exchange) ([]Finding, error) {
	var out []Finding
	sent := asked{ex: ex}
	for i := range ex.Claims {
		claim := &ex.Claims[i]
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("reading claim %d: %w", claim.Index, err)
		}
		for _, s := range bounded(g.spot(claim.Text), len(claim.Text)) {
			out = append(out, Finding{
				Claim: *claim, Category: s.category, Score: s.score, Reason: s.why, Side: InAnswer,
				Start: claim.Start + s.start, End: claim.Start + s.end, Known: sent.holds(claim.Text[s.start:s.end]),
			})
		}
	}
	return out, nil
}

// CheckPrompt looks at each message. Grounding sources are not read: they are not sent
// upstream but as parts of messages.
func (g *private) CheckPrompt(ctx context.Context, ex *Exchange) ([]Finding, error) {
	var out []Finding
	for i := range ex.Prompt {
		m := &ex.Prompt[i]
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("reading message %d: %w", i, err)
		}
		for _, s := range bounded(g.spot(m.Text), len(m.Text)) {
			out = append(out, Finding{Category: s.category, Score: s.score, Reason: s.why, Side: sideOf(m), Message: i, Start: s.start, End: s.end})
		}
		if len(out) > mostFindings { // the last one's rest covers its text; later texts are covered whole
			for k := i + 1; k < len(ex.Prompt); k++ {
				if m := &ex.Prompt[k]; m.Text != "" {
					out = append(out, rest(sideOf(m), k, 0, len(m.Text)))
				}
			}
			break
		}
	}
	return out, nil
}

func rest(side Side, message, start, end int) Finding {
	return Finding{Category: restCategory, Score: 1, Side: side, Message: message, Start: start, End: end,
		Reason: "There was more before this than is listed one by one; the rest of the text is taken as a whole."}
}

// bounded keeps the first of many and takes the rest of the text as one.
func bounded(found []sighting, size int) []sighting {
	if len(found) <= mostFindings {
		return found
	}
	from := found[mostFindings].start
	r := rest("", 0, from, size)
	return append(found[:mostFindings:mostFindings], sighting{from, size, r.Category, r.Score, r.Reason})
}

// asked is what the caller sent along, to tell what an answer merely repeats.
type asked struct {
	ex   *Exchange
	text string // letters and digits alone, made when first needed
}

// holds tells whether a value stands in what the caller sent, however it is spaced.
func (a *asked) holds(value string) bool {
	if a.text == "" {
		var b strings.Builder
		for i := range a.ex.Prompt {
			if a.ex.Prompt[i].Role != "assistant" { // what a model said before makes it no better known
				b.WriteString(bare(a.ex.Prompt[i].Text))
				b.WriteByte(' ')
			}
		}
		for i := range a.ex.Given {
			b.WriteString(bare(a.ex.Given[i].Text))
			b.WriteByte(' ')
		}
		a.text = b.String()
	}
	v := bare(value)
	return v != "" && strings.Contains(a.text, v)
}

// bare is text as letters and digits in lower case.
func bare(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

var (
	_ PromptGuard = (*private)(nil)
	_ Detector    = (*private)(nil)
)
