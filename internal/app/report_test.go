package app

import (
	"strings"
	"testing"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

func sample() judge.Receipt {
	return judge.Receipt{
		Action: policies.Block, Policy: "p1", Index: "i1", Ms: 1.25,
		Rules: []policies.Rule{{ID: "hallucination.contradicted", Action: policies.Block, Message: "The answer contradicts the ground truth."}},
		Sentences: []judge.SentenceRecord{
			{Text: "Hello!", Verdict: guards.NotClaim, Reason: "Nothing to check: greeting."},
			{Text: "Returns take\n90 days.", Verdict: guards.Contradicted, Category: "duration", Reason: "The answer says 90 days; \"Returns\" says 30 days.",
				Evidence: []judge.EvidenceRecord{{Source: "returns.md", Title: "Returns", Revision: "r1", Quote: "Returns take 30 days."}}},
			{Text: "A courier comes.", Verdict: guards.NotCovered, Reason: "Nothing bears on this."},
		},
		Guards: []judge.GuardRecord{{Guard: "groundedness", Status: guards.OK}, {Guard: "slow", Status: guards.Timeout, Error: "no result within 2s"}},
	}
}

func TestReportForPeople(t *testing.T) {
	const want = `· Hello!

✗ Returns take 90 days.
  contradicted, duration  The answer says 90 days;
  "Returns" says 30 days.
  │ returns.md · Returns @r1
  │ “Returns take 30 days.”

? A courier comes.
  not covered  Nothing bears on this.

──────────────────────────────────────────────────
✗ BLOCKED  1 contradicted, 1 not covered, 1 nothing to check
  hallucination.contradicted → block  The answer
  contradicts the ground truth.
  ! guard slow: timeout: no result within 2s
  policy p1 · index i1 · 1.2 ms
`
	if got := (&report{width: 50}).text(sample()); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Colours change nothing but the colours.
func TestReportInColours(t *testing.T) {
	plain, coloured := (&report{width: 50}).text(sample()), (&report{width: 50, colour: true}).text(sample())
	if !strings.Contains(coloured, "\x1b[31") {
		t.Error("nothing is red")
	}
	var bare strings.Builder
	escape := false
	for _, r := range coloured {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			bare.WriteRune(r)
		}
	}
	if bare.String() != plain {
		t.Errorf("without its colours:\n%s\nplain:\n%s", bare.String(), plain)
	}
}

// An answer or a document must not steer the terminal of who reads about it.
func TestReportIsSafeToPrint(t *testing.T) {
	r := sample()
	r.Sentences[1].Text = "Returns\x1b]0;owned\a take \x1b[2J90 days.\u009b31m"
	r.Sentences[1].Evidence[0].Quote = "\x1b[1A\rReturns"
	r.Sentences[1].Evidence[0].Source = "evil\x1b[2K.md"
	r.Sentences[1].Reason = "It says \x1b[8mnothing."
	r.Rules[0].Message = "\x1b[0m"
	r.Guards[1].Error = "\x1b[5m"
	r.Error = "\x1b[5m"
	if got := (&report{width: 50}).text(r); strings.ContainsAny(got, "\x1b\a\r\u009b") {
		t.Errorf("%q", got)
	}
}

func TestReportOfAnEmptyAnswer(t *testing.T) {
	if got := (&report{width: 50}).text(judge.Receipt{Action: policies.Allow}); !strings.Contains(got, "The answer is empty.") || !strings.Contains(got, "ALLOWED") {
		t.Errorf("%s", got)
	}
}
