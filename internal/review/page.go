package review

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"text/tabwriter"
)

//go:embed page.html
var pages embed.FS

// page is what a report shows, as HTML or as text.
type page struct {
	Title, Sub string
	Notes      []string
	Figures    []figure
	Sections   []section
}

// figure is a number worth seeing first.
type figure struct{ Name, Value, Class string }

// section is a heading with bars, a plot, a table, or several of them.
type section struct {
	Title, Note string
	Sheet       bool // begins on a new sheet of paper
	Bars        []bar
	Plot        *plot
	Head        []string
	Rows        [][]cell
}

// bar shows two shares on both sides of a middle line.
type bar struct {
	Name, Text string
	More, Less float64
}

type cell struct{ Text, Class string }

// plot has lines over the unit square, 640 wide and 250 high.
type plot struct {
	Label             string
	Lines             []line
	Marks, Across, Up []tick
}

type line struct{ Name, Class, Path, Band string }

type tick struct {
	X    float64
	Text string
}

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"half": func(share float64) string { return fmt.Sprintf("%.2f%%", 50*min(max(share, 0), 1)) },
}).ParseFS(pages, "page.html"))

// html writes the page; it needs nothing else and prints well.
func (p *page) html(w io.Writer) error { return pageTemplate.Execute(w, p) }

// text writes the page for a terminal: its figures and tables.
func (p *page) text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", p.Title, p.Sub)
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	if len(p.Figures) > 0 {
		b.WriteByte('\n')
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, f := range p.Figures {
			fmt.Fprintf(t, "%s\t%s\n", f.Value, f.Name)
		}
		t.Flush() //nolint:errcheck // into memory
	}
	for _, s := range p.Sections {
		if len(s.Rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n%s\n", s.Title)
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "  "+strings.Join(s.Head, "\t"))
		for _, row := range s.Rows {
			cells := make([]string, len(row))
			for i, c := range row {
				cells[i] = plain(c.Text)
			}
			fmt.Fprintln(t, "  "+strings.Join(cells, "\t"))
		}
		t.Flush() //nolint:errcheck // into memory
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// plain makes what came from outside harmless on a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}

// row makes cells of values; a cell stays as it is.
func row(texts ...any) []cell {
	out := make([]cell, len(texts))
	for i, t := range texts {
		switch t := t.(type) {
		case cell:
			out[i] = t
		default:
			out[i] = cell{Text: fmt.Sprint(t)}
		}
	}
	return out
}

func id(s string) cell { return cell{s, "id"} }

// percent writes a share so that a little never reads as nothing.
func percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	return share(float64(n) / float64(of))
}

func share(v float64) string {
	switch {
	case v == 0 || v == 1:
		return fmt.Sprintf("%.0f%%", 100*v)
	case v < 0.0001:
		return "<0.01%"
	case v > 0.9999:
		return ">99.99%"
	case v < 0.1:
		return fmt.Sprintf("%.2f%%", 100*v)
	}
	return fmt.Sprintf("%.1f%%", 100*v)
}
