package proxy

import (
	"fmt"
	"strings"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/web"
	"touchstone/policies"
)

// exchangeView is what the page of one exchange shows of its entry.
func exchangeView(e *audit.Entry) *web.Exchange {
	v := &web.Exchange{
		Row: web.Row{
			ID: e.ID, At: e.At.UTC(), App: e.App, Route: e.Route, Model: e.Model, Outcome: string(e.Outcome),
			Shadow: e.Shadow, Status: e.Status, Question: e.Question, Ms: e.Latency.Total,
		},
		Kind: e.Kind, Path: e.Path, Upstream: e.Upstream, Reason: e.Reason, Keep: string(e.Keep), Stream: e.Stream, Back: "/",
	}
	for i := range e.Choices {
		v.Answers = append(v.Answers, answerView(e, i))
	}
	v.Facts = facts(
		"Path", e.Path, "Status", fmt.Sprint(e.Status), "Upstream", e.Upstream, "Delivery", map[bool]string{true: "streamed", false: "in one piece"}[e.Stream],
		"Mode", map[bool]string{true: "shadow: decided, not applied", false: "enforce"}[e.Shadow], "Content kept", map[audit.Keep]string{audit.KeepAll: "as sent", audit.KeepMask: "masked", audit.KeepHash: "hashes only"}[e.Keep],
	)
	l := e.Latency
	rest := max(0, l.Total-l.Upstream-l.Judge)
	v.Latency = []web.Fact{
		{Name: "Model", Value: web.Millis(l.Upstream), Class: "upstream"}, {Name: "Judging", Value: web.Millis(l.Judge), Class: "judge"},
		{Name: "Everything else", Value: web.Millis(rest), Class: "rest"}, {Name: "Total", Value: web.Millis(l.Total)},
	}
	if l.FirstSentence > 0 {
		v.Latency = append(v.Latency, web.Fact{Name: "First sentence left after", Value: web.Millis(l.FirstSentence)})
	}
	v.Bar = web.Bar([]web.Segment{
		{Class: "upstream", N: int(1000 * l.Upstream)}, {Class: "judge", N: int(1000 * l.Judge)}, {Class: "rest", N: int(1000 * rest)},
	})
	return v
}

// facts pairs names and values, leaving out what is empty.
func facts(pairs ...string) (out []web.Fact) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, web.Fact{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return out
}

// answerView is one choice: the answer cut at its sentences, why each has its
// verdict, and what was decided.
func answerView(e *audit.Entry, i int) web.Answer {
	r := &e.Choices[i]
	a := web.Answer{
		Choice: r.Choice, Many: len(e.Choices) > 1, Verdict: string(r.Verdict), Action: string(r.Action), Score: r.Score,
		Hashed: e.Keep == audit.KeepHash, Skipped: r.Skipped, Policy: r.Policy, Index: r.Index, Err: r.Error, Ms: r.Ms,
	}
	if r.Groundedness != nil {
		a.Groundedness, a.HasGroundedness = *r.Groundedness, true
	}
	text := at(e.Answers, i)
	a.Pieces = pieces(text, r, a.Hashed)
	if sent := at(e.Sent, i); sent != "" && sent != text {
		a.Sent, a.Changed = sent, true
	} else if !e.Shadow && r.Action == policies.Block {
		a.Changed, a.Withheld = true, true
	}
	for n, s := range r.Sentences {
		view := web.Sentence{N: n + 1, Anchor: web.Anchor(r.Choice, n+1), Verdict: string(s.Verdict), Category: s.Category,
			Reason: s.Reason, Text: strings.TrimSpace(s.Text), Score: s.Score}
		for _, ev := range s.Evidence {
			view.Evidence = append(view.Evidence, web.Evidence{Source: ev.Source, Title: ev.Title, Revision: ev.Revision, Quote: ev.Quote,
				Start: ev.Start, Caller: strings.HasPrefix(ev.Source, string(groundtruth.FromCaller)+":")})
		}
		a.Sentences = append(a.Sentences, view)
	}
	for _, f := range r.Findings {
		a.Findings = append(a.Findings, findingView(f, r.Choice, text, a.Hashed))
	}
	for _, rule := range r.Rules {
		a.Unsent = a.Unsent || len(r.Sentences) == 0 && !e.Shadow && rule.Phase == policies.PromptPhase && rule.Action == policies.Block
		a.Rules = append(a.Rules, ruleView(rule, r.Choice))
	}
	for _, rule := range r.Shadow {
		a.Shadow = append(a.Shadow, ruleView(rule, r.Choice))
	}
	for _, g := range r.Guards {
		name := g.Guard
		if g.Phase != "" {
			name += ", " + string(g.Phase)
		}
		a.Guards = append(a.Guards, web.Guard{Name: name, Status: string(g.Status), Error: g.Error, Ms: g.Ms})
	}
	return a
}

// ruleView is a rule that fired, with whose it is and what it serves.
func ruleView(rule policies.Rule, choice int) web.Rule {
	v := web.Rule{
		ID: rule.ID, Action: string(rule.Action), Title: rule.Title, Severity: rule.Severity, Principle: rule.Principle, Message: rule.Message,
		Description: rule.Description, Obligation: strings.Join(rule.Obligation, ", "), Owner: rule.Owner, Remediation: rule.Remediation,
	}
	for _, n := range rule.Sentences {
		v.Sentences = append(v.Sentences, web.Ref{N: n + 1, Anchor: web.Anchor(choice, n+1)})
	}
	switch {
	case rule.State == policies.Exception:
		v.Why = "held back by the exception " + rule.Exception
	case rule.State == policies.InShadow:
		v.Why = "the rule is in shadow"
	case rule.State == policies.InCanary:
		v.Why = "the rule is a canary" // applied or not, as the list says
	case rule.Lapsed != "":
		v.Why = "the exception " + rule.Lapsed + " is over"
	}
	return v
}

// findingView is a finding with the words it spans, where they are kept.
func findingView(f judge.FindingRecord, choice int, answer string, hashed bool) web.Finding {
	v := web.Finding{Guard: f.Guard, Category: strings.ReplaceAll(f.Category, "_", " "), Group: f.Group, Reason: f.Reason, Score: f.Score, Known: f.Known}
	switch f.Side {
	case guards.InPrompt:
		v.Where = fmt.Sprintf("message %d of the prompt", f.Message+1)
	case guards.InTool:
		v.Where = fmt.Sprintf("a tool's result, message %d of the prompt", f.Message+1)
	case guards.InContext:
		v.Where = fmt.Sprintf("grounding source %d", f.Message+1)
	default:
		if f.Sentence != nil {
			v.Where, v.Anchor = fmt.Sprintf("sentence %d", *f.Sentence+1), web.Anchor(choice, *f.Sentence+1)
		}
		if !hashed && f.Start >= 0 && f.End >= f.Start && f.End <= len(answer) {
			v.Text = answer[f.Start:f.End]
		}
	}
	return v
}

func at(texts []string, i int) string {
	if i < len(texts) {
		return texts[i]
	}
	return ""
}

// pieces cuts an answer at its sentences. Where offsets do not fit the text, which
// only a foreign entry can have, the answer is one piece.
func pieces(text string, r *judge.Receipt, hashed bool) (out []web.Piece) {
	end := 0
	if !hashed {
		for n, s := range r.Sentences {
			if s.Start < end || s.End < s.Start || s.End > len(text) {
				out, end = nil, 0
				break
			}
			if s.Start > end {
				out = append(out, web.Piece{Text: text[end:s.Start]})
			}
			out = append(out, web.Piece{N: n + 1, Anchor: web.Anchor(r.Choice, n+1), Verdict: string(s.Verdict), Text: text[s.Start:s.End]})
			end = s.End
		}
	}
	if end < len(text) {
		out = append(out, web.Piece{Text: text[end:]})
	}
	return out
}
