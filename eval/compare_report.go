package eval

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// Summary says in a sentence whether B is better than A, and by how much.
func (c Comparison) Summary() string {
	g := c.Overall.BalancedAccuracy
	verdict := "are alike: the difference is within chance"
	switch g.Beyond() {
	case 1:
		verdict = "differ: " + c.B + " is better"
	case -1:
		verdict = "differ: " + c.B + " is worse"
	}
	text := fmt.Sprintf("%s and %s %s. Balanced accuracy %s and %s, gain %s. %d rows were fixed, %d broken.",
		c.A, c.B, verdict, show(g.A), show(g.B), strings.TrimSuffix(showGain(g), star), c.Overall.Fixed, c.Overall.Broken)
	var worse []string
	for _, d := range c.Sets {
		if d.BalancedAccuracy.Beyond() < 0 {
			worse = append(worse, d.Name)
		}
	}
	if len(worse) > 0 {
		text += fmt.Sprintf(" Worse beyond chance: %s.", join(worse))
	}
	return text
}

// Worse says whether B is worse beyond chance, overall or on a data set.
func (c Comparison) Worse() bool {
	for _, d := range append([]Difference{c.Overall}, c.Sets...) {
		if d.BalancedAccuracy.Beyond() < 0 {
			return true
		}
	}
	return false
}

func join(names []string) string {
	out := names[0]
	for i, n := range names[1:] {
		if i == len(names)-2 {
			out += " and " + n
		} else {
			out += ", " + n
		}
	}
	return out
}

// WriteText writes the comparison as aligned tables for a terminal.
func (c Comparison) WriteText(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s\n\n", c.Summary()); err != nil {
		return err
	}
	return writeText(w, c.tables())
}

// WriteMarkdown writes the comparison as tables for a page.
func (c Comparison) WriteMarkdown(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s\n\n", c.Summary()); err != nil {
		return err
	}
	return writeMarkdown(w, c.tables())
}

func (c Comparison) tables() []table {
	out := []table{c.table("Data sets", append([]Difference{c.Overall}, c.Sets...))}
	if len(c.Answers) > 0 {
		out = append(out, c.table("Whole answers", c.Answers))
	}
	if len(c.Errors) > 0 {
		t := table{Title: "Kinds of error", Note: "Share caught; for `none`, the right rows, the false alarm rate.", Head: []string{"error", "rows", "A", "B", "fixed", "broken"}}
		for _, e := range c.Errors {
			t.Rows = append(t.Rows, []string{e.Error, fmt.Sprint(e.Rows), show(e.A), show(e.B), fmt.Sprint(e.Fixed), fmt.Sprint(e.Broken)})
		}
		out = append(out, t)
	}
	return out
}

func (c Comparison) table(title string, all []Difference) table {
	t := table{Title: title, Note: fmt.Sprintf("A is %s, B is %s. Gains with 95%% intervals by paired bootstrap over documents; * where the interval leaves out zero.", c.A, c.B),
		Head: []string{"group", "rows", "docs", "bal. acc. A", "B", "gain", "F1 A", "B", "gain", "AUROC A", "B", "gain", "fixed", "broken"}}
	for _, d := range all {
		row := []string{d.Name, fmt.Sprint(d.Rows), fmt.Sprint(d.Docs)}
		for _, ch := range []Change{d.BalancedAccuracy, d.F1, d.AUROC} {
			row = append(row, show(ch.A), show(ch.B), showGain(ch))
		}
		t.Rows = append(t.Rows, append(row, fmt.Sprint(d.Fixed), fmt.Sprint(d.Broken)))
	}
	return t
}

// star marks a gain beyond chance.
const star = " *"

func showGain(c Change) string {
	if math.IsNaN(float64(c.Gain)) {
		return "-"
	}
	text := fmt.Sprintf("%+.3f (%+.2f to %+.2f)", float64(c.Gain), float64(c.Interval[0]), float64(c.Interval[1]))
	if c.Beyond() != 0 {
		text += star
	}
	return text
}
