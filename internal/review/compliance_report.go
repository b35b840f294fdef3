package review

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// WriteText writes the report for a terminal.
func (out *Compliance) WriteText(w io.Writer) error { return out.page().text(w) }

// WriteHTML writes the report as one page that needs nothing else and prints well.
func (out *Compliance) WriteHTML(w io.Writer) error { return out.page().html(w) }

func (out *Compliance) page() *page {
	p := &page{Title: "Policy report", Sub: fmt.Sprintf("%s. Rules of policy %s. Made on %s UTC", period(out.From, out.To), out.Policy, out.MadeAt.Format("2 January 2006 15:04"))}
	p.Figures = append(p.Figures, figure{"exchanges recorded", fmt.Sprint(out.Exchanges), ""})
	for _, o := range slices.Sorted(maps.Keys(out.Outcomes)) {
		p.Figures = append(p.Figures, figure{o, fmt.Sprintf("%d (%s)", out.Outcomes[o], percent(out.Outcomes[o], out.Exchanges)), ""})
	}
	p.Notes = []string{"For each obligation: the rules that serve it, what they did, how right they were by reviewers, and exchanges in the audit log that show it. " +
		"Which obligations a rule serves is what its METADATA says. The report tells what was decided; it does not say that an obligation is met."}
	p.Notes = append(p.Notes, notesOf(out.Left)...)
	for _, o := range out.Obligations {
		p.Sections = append(p.Sections, obligationSection(o.Name, o.Rules))
	}
	principles := section{Title: "By principle", Sheet: true, Head: []string{"principle", "rules", "fired", "applied", "blocked"}}
	for _, o := range out.Principles {
		var ids []string
		fired, applied, blocked := 0, 0, 0
		for _, u := range o.Rules {
			ids = append(ids, u.ID)
			fired, applied, blocked = fired+u.Fired, applied+u.Applied, blocked+u.Blocked
		}
		principles.Rows = append(principles.Rows, row(o.Name, strings.Join(ids, ", "), fired, applied, blocked))
	}
	exceptions := section{Title: "Exceptions", Head: []string{"exception", "rule", "until", "owner", "reason", "state", "held back", "fired after its end"}}
	for _, e := range out.Exceptions {
		exceptions.Rows = append(exceptions.Rows, row(id(e.ID), e.Rule, e.Until, e.Owner, e.Reason, e.State, e.Used, e.Lapsed))
	}
	events := section{Title: "Events", Note: "Switches, erasures and other acts on the log or the rules, from the chain.", Head: []string{"time", "event", "by", "why", "with"}}
	for _, e := range out.Events {
		var with []string
		for _, k := range slices.Sorted(maps.Keys(e.With)) {
			with = append(with, k+" "+e.With[k])
		}
		events.Rows = append(events.Rows, row(e.At.UTC().Format(time.DateTime), e.Event, e.By, e.Why, strings.Join(with, ", ")))
	}
	evidence := section{Title: "Evidence", Note: "Every exchange named here stands in a log whose entries are chained. touchstone audit verify checks the whole log, and audit prove writes a proof for one exchange that an outsider can check.",
		Head: []string{"what", "value"}}
	for _, rev := range slices.Sorted(maps.Keys(out.Revisions)) {
		evidence.Rows = append(evidence.Rows, row("exchanges decided by policy "+rev, out.Revisions[rev]))
	}
	if out.Checkpoint != "" {
		evidence.Rows = append(evidence.Rows, row("signed head of the log", strings.TrimSpace(out.Checkpoint)))
	} else {
		evidence.Rows = append(evidence.Rows, row("signed head of the log", "none: no checkpoint has been signed"))
	}
	p.Sections = append(p.Sections, principles, exceptions, events, evidence)
	return p
}

func obligationSection(name string, rules []RuleUse) section {
	s := section{Title: name, Head: []string{"rule", "what it looks for", "severity", "owner", "state", "fired", "applied", "blocked", "excepted", "precision", "evidence"}}
	for i := range rules {
		u := &rules[i]
		state := u.State
		if u.Gone {
			state = "no longer in the bundle"
		} else if u.Share != nil {
			state += " " + share(*u.Share)
		}
		s.Rows = append(s.Rows, row(u.ID, u.Title, u.Severity, u.Owner, state, u.Fired, u.Applied, u.Blocked, u.Excepted, u.Precision, cell{strings.Join(u.Evidence, " "), ""}))
	}
	return s
}
