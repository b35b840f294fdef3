package review

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"touchstone/policies"
)

// WriteText writes the replay for a terminal, with at most most exchanges in a list.
func (r *Replay) WriteText(w io.Writer, most int) error { return r.page(most).text(w) }

// WriteHTML writes the replay as one page that needs nothing else.
func (r *Replay) WriteHTML(w io.Writer) error { return r.page(1 << 30).html(w) }

// Summary says the outcome in one line.
func (r *Replay) Summary() string {
	t := &r.Total
	return fmt.Sprintf("%d of %d exchanges are decided otherwise: %d newly blocked, %d newly allowed, %d otherwise", t.Different(), t.Exchanges, t.Blocked, t.Allowed, t.Other)
}

func (r *Replay) page(most int) *page {
	p := &page{Title: "Policy " + r.Candidate + " on recorded traffic", Sub: period(r.From, r.To)}
	if r.Against != "" {
		p.Sub += ", against policy " + r.Against
	} else {
		p.Sub += ", against what was decided then"
	}
	t := &r.Total
	p.Figures = []figure{
		{"exchanges decided again", fmt.Sprint(t.Exchanges), ""},
		{"the same", fmt.Sprintf("%d (%s)", t.Exchanges-t.Different(), percent(t.Exchanges-t.Different(), t.Exchanges)), ""},
		{"newly blocked", fmt.Sprintf("%d (%s)", t.Blocked, percent(t.Blocked, t.Exchanges)), class(t.Blocked, "bad")},
		{"newly allowed", fmt.Sprintf("%d (%s)", t.Allowed, percent(t.Allowed, t.Exchanges)), class(t.Allowed, "good")},
		{"otherwise different", fmt.Sprintf("%d (%s)", t.Other, percent(t.Other, t.Exchanges)), ""},
		{"exchanges a second", fmt.Sprintf("%.0f", float64(t.Exchanges)/max(r.Seconds, 1e-9)), ""},
	}
	if r.Failed > 0 {
		p.Figures = append(p.Figures, figure{"could not be decided by the candidate", fmt.Sprint(r.Failed), "bad"})
	}
	p.Notes = append(p.Notes, r.notes()...)
	p.Sections = append(p.Sections,
		deltas("By rule", "An exchange counts for the rules that make the difference. Then and now: exchanges in which the rule was applied; held back: it fired in shadow, outside its canary or under an exception.", "rule", r.Rules),
		deltas("By application", "Then and now: exchanges blocked.", "application", r.Apps),
		deltas("By route", "", "route", r.Routes),
		deltas("By model", "", "model", r.Models))
	if len(r.Groups) > 0 {
		p.Sections = append(p.Sections, deltas("By group", "Exchanges with a finding that names the group of people it is aimed at.", "group", r.Groups))
	}
	p.Sections = append(p.Sections, differences("Newly blocked", r.Blocked, t.Blocked, most), differences("Newly allowed", r.Allowed, t.Allowed, most),
		differences("Otherwise different", r.Others, t.Other, most))
	return p
}

// notes say what the figures do not hold.
func (r *Replay) notes() (out []string) {
	if n := len(r.Recorded); n > 1 || n == 1 && r.Against != "" {
		var parts []string
		for rev, n := range r.Recorded {
			parts = append(parts, fmt.Sprintf("%d by %s", n, rev))
		}
		slices.Sort(parts)
		out = append(out, "Decided then: "+strings.Join(parts, ", ")+".")
	}
	return append(out, notesOf(r.Left)...)
}

// notesOf says what was left out, if anything was.
func notesOf(l Left) []string {
	var left []string
	for _, l := range []struct {
		n    int
		text string
	}{
		{l.Unjudged, "%d about which no policy was asked"},
		{l.Unrecorded, "%d from before the log recorded what the policy was asked"},
		{l.Undecided, "%d that on_failure decided, as the policy could not"},
		{l.Probes, "%d that a counterfactual probe sent"},
	} {
		if l.n > 0 {
			left = append(left, fmt.Sprintf(l.text, l.n))
		}
	}
	if len(left) == 0 {
		return nil
	}
	return []string{"Left out: " + strings.Join(left, ", ") + "."}
}

func deltas(title, note, what string, list []Delta) section {
	s := section{Title: title, Note: note, Head: []string{what, "exchanges", "then", "now", "newly blocked", "newly allowed", "otherwise"}}
	if what == "rule" {
		s.Head = append(s.Head, "held back then", "now")
	}
	for _, d := range list {
		name := d.Name
		if name == "" {
			name = "(none)"
		}
		r := row(name, d.Exchanges, d.Was, d.Now, cell{fmt.Sprint(d.Blocked), class(d.Blocked, "bad")}, cell{fmt.Sprint(d.Allowed), class(d.Allowed, "good")}, d.Other)
		if what == "rule" {
			r = append(r, row(d.ShadowWas, d.ShadowNow)...)
		}
		s.Rows = append(s.Rows, r)
		if d.Different() > 0 && d.Exchanges > 0 && len(s.Bars) < 20 {
			of := float64(d.Exchanges)
			s.Bars = append(s.Bars, bar{name, fmt.Sprintf("%s newly blocked, %s allowed", percent(d.Blocked, d.Exchanges), percent(d.Allowed, d.Exchanges)), float64(d.Blocked) / of, float64(d.Allowed) / of})
		}
	}
	return s
}

func differences(title string, list []Difference, of, most int) section {
	s := section{Title: title, Head: []string{"exchange", "time", "application", "route", "model", "then", "now", "why"}}
	for i := range list[:min(len(list), most)] {
		d := &list[i]
		s.Rows = append(s.Rows, row(id(d.ID), d.At.UTC().Format(time.DateTime), d.App, d.Route, d.Model, action(d.Was), action(d.Now), d.Why()))
	}
	if n := len(s.Rows); n < of {
		s.Title += fmt.Sprintf(", the first %d of %d", n, of)
	}
	return s
}

func action(a policies.Action) cell {
	if a == policies.Block {
		return cell{string(a), "bad"}
	}
	return cell{string(a), ""}
}

func class(n int, name string) string {
	if n == 0 {
		return ""
	}
	return name
}

// period says a span of time.
func period(from, to time.Time) string {
	const day = "2 January 2006 15:04"
	switch {
	case from.IsZero() && to.IsZero():
		return "All that is recorded"
	case from.IsZero():
		return "Recorded until " + to.UTC().Format(day) + " UTC"
	case to.IsZero():
		return "Recorded since " + from.UTC().Format(day) + " UTC"
	}
	return "Recorded from " + from.UTC().Format(day) + " to " + to.UTC().Format(day) + " UTC"
}
