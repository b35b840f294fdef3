package review

import (
	"fmt"
	"io"
	"time"
)

// WriteText writes the view for a terminal, with at most most exchanges in a list.
func (out *Promotion) WriteText(w io.Writer, most int) error { return out.page(most).text(w) }

// WriteHTML writes the view as one page that needs nothing else.
func (out *Promotion) WriteHTML(w io.Writer) error { return out.page(1 << 30).html(w) }

func (out *Promotion) page(most int) *page {
	p := &page{Title: "The rule " + out.Rule + " on recorded traffic", Sub: period(out.From, out.To), Notes: out.Notes()}
	for _, f := range out.Figures() {
		p.Figures = append(p.Figures, figure{f[0], f[1], ""})
	}
	p.Sections = []section{partsSection("By application", "application", out.Apps), partsSection("By route", "route", out.Routes)}
	if len(out.Groups) > 0 {
		p.Sections = append(p.Sections, partsSection("By group", "group", out.Groups))
	}
	p.Sections = append(p.Sections,
		firings("Newly blocked, if it were applied to all", out.Blocked, most),
		firings("Newly allowed, if it were applied to none", out.Allowed, most))
	return p
}

// Figures are the numbers to see first, as names and values.
func (out *Promotion) Figures() [][2]string {
	return [][2]string{
		{"exchanges decided", fmt.Sprint(out.Exchanges)},
		{"in which it fires", out.Total.Fired.String()},
		{"that it would block, if applied to all", out.Total.WouldBlock.String()},
		{"applied in", fmt.Sprint(out.Applied)},
		{"held back: shadow, canary, exception", fmt.Sprintf("%d, %d, %d", out.Held.Shadow, out.Held.Canary, out.Held.Exception)},
		{fmt.Sprintf("precision, of %d reviewed", out.Precision.Of), out.Precision.String()},
		{"missed, by reviewers", fmt.Sprint(out.Missed)},
	}
}

// Notes say what the figures do not hold.
func (out *Promotion) Notes() []string {
	notes := notesOf(out.Left)
	if out.Precision.Of < 30 {
		notes = append(notes, fmt.Sprintf("Only %d exchanges in which it fires were reviewed: too few to promote it by. Review some of the lists below, drawn by chance.", out.Precision.Of))
	}
	return append(notes, "Precision holds for others as far as the reviewed ones were drawn by chance. Intervals are 95%, by Wilson.")
}

func partsSection(title, what string, parts []Part) section {
	s := section{Title: title, Head: []string{what, "exchanges", "fires in", "would block"}}
	for i := range parts {
		p := &parts[i]
		name := p.Name
		if name == "" {
			name = "(none)"
		}
		s.Rows = append(s.Rows, row(name, p.exchanges, p.Fired, p.WouldBlock))
		if p.blocks > 0 && len(s.Bars) < 20 {
			s.Bars = append(s.Bars, bar{Name: name, Text: "would block " + p.WouldBlock.String(), More: p.WouldBlock.P()})
		}
	}
	return s
}

func firings(title string, list []Firing, most int) section {
	s := section{Title: title, Head: []string{"exchange", "time", "application", "route", "model", "decided", "what it says", "reviewed"}}
	for i := range list[:min(len(list), most)] {
		f := &list[i]
		s.Rows = append(s.Rows, row(id(f.ID), f.At.UTC().Format(time.DateTime), f.App, f.Route, f.Model, f.Decided, f.Message, f.Reviewed))
	}
	if len(s.Rows) < len(list) {
		s.Title += fmt.Sprintf(", the first %d of %d", len(s.Rows), len(list))
	}
	return s
}
