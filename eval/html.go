package eval

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
)

//go:embed report.html
var pages embed.FS

// page is what report.html shows: a report or a comparison, as plots and tables.
type page struct {
	Title, Sub string
	Notes      []string
	Forest     []forest
	Plots      []plot
	Bars       []bar
	Tables     []table
}

// forest is a list of figures with their intervals on one scale.
type forest struct {
	Title, Note string
	Low, High   float64 // of the scale
	Mark        float64 // a line to compare with
	Lines       []interval
}

type interval struct {
	Name, Text            string
	At, From, To          float64 // on the scale
	Class                 string
	Defined, WithInterval bool
}

// plot is a group's ROC curve and reliability diagram.
type plot struct {
	Name, Text, ROC string
	Dots            []dot
}

type dot struct{ X, Y, R float64 }

type bar struct {
	Name, Text string
	A, B       float64 // shares; B is NaN for a single run
}

var reportPage = template.Must(template.New("report.html").Funcs(template.FuncMap{
	"percent": func(v float64) string { return fmt.Sprintf("%.2f%%", 100*v) },
	"along": func(f forest, v float64) string {
		return fmt.Sprintf("%.2f%%", 100*min(max((v-f.Low)/(f.High-f.Low), 0), 1))
	},
	"width": func(f forest, i interval) string {
		from, to := max(i.From, f.Low), min(i.To, f.High)
		return fmt.Sprintf("%.2f%%", 100*max(to-from, 0)/(f.High-f.Low))
	},
	"two": func(v float64) bool { return !math.IsNaN(v) },
}).ParseFS(pages, "report.html"))

// WriteHTML writes the report as one page with plots that needs nothing else.
func (r Report) WriteHTML(w io.Writer) error {
	p := page{Title: "How good the verdicts are", Sub: fmt.Sprintf("%d rows over %d documents", r.Overall.Rows, r.Overall.Docs)}
	if r.Policy != "" {
		p.Sub += ", policy " + r.Policy
	}
	if r.Index != "" {
		p.Sub += ", ground truth " + r.Index
	}
	p.Notes = []string{"A positive is a row that is not supported; it is caught when its verdict is contradicted, not covered or not measured. The worst groups come first. Intervals are 95%, by bootstrap over documents."}
	all := append([]Scores{r.Overall}, r.Sets...)
	p.Forest = append(p.Forest, forestOf("Balanced accuracy by data set", all))
	if len(r.Answers) > 0 {
		p.Forest = append(p.Forest, forestOf("Balanced accuracy of whole answers", r.Answers))
	}
	for i, s := range append(all, r.Answers...) {
		if i >= len(all) {
			s.Name += ", whole answers"
		}
		if s.roc != nil {
			p.Plots = append(p.Plots, plotOf(s))
		}
	}
	for _, e := range r.Errors {
		p.Bars = append(p.Bars, bar{Name: e.Error, A: float64(e.Rate), B: math.NaN(), Text: fmt.Sprintf("%s of %d", show(e.Rate), e.Rows)})
	}
	p.Tables = r.tables(true)
	return reportPage.Execute(w, p)
}

func forestOf(title string, groups []Scores) forest {
	f := forest{Title: title, Note: "0.5 is a coin.", Low: 0, High: 1, Mark: 0.5}
	for _, s := range groups {
		line := interval{Name: s.Name, Text: show(s.BalancedAccuracy) + " (" + showRange(s.BalancedInterval) + ")",
			At: float64(s.BalancedAccuracy), From: float64(s.BalancedInterval[0]), To: float64(s.BalancedInterval[1])}
		line.Defined, line.WithInterval = !math.IsNaN(line.At), !math.IsNaN(line.From)
		f.Lines = append(f.Lines, line)
	}
	return f
}

func plotOf(s Scores) plot {
	p := plot{Name: s.Name, Text: fmt.Sprintf("AUROC %s, calibration error %s", show(s.AUROC), show(s.CalibrationError))}
	var path strings.Builder
	for i, at := range s.roc {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, 100*at.falseAlarms, 100-100*at.caught)
	}
	p.ROC = path.String()
	most := 1
	for _, b := range s.Reliability {
		most = max(most, b.Rows)
	}
	for _, b := range s.Reliability {
		p.Dots = append(p.Dots, dot{100 * float64(b.Score), 100 - 100*float64(b.Bad), 1.5 + 4.5*math.Sqrt(float64(b.Rows)/float64(most))})
	}
	return p
}

// WriteHTML writes the comparison as one page with plots that needs nothing else.
func (c Comparison) WriteHTML(w io.Writer) error {
	p := page{Title: c.B + " against " + c.A, Sub: fmt.Sprintf("%d scored rows over %d documents", c.Overall.Rows, c.Overall.Docs), Notes: []string{c.Summary()}}
	p.Forest = append(p.Forest, gains("Gain in balanced accuracy by data set", append([]Difference{c.Overall}, c.Sets...)))
	if len(c.Answers) > 0 {
		p.Forest = append(p.Forest, gains("Gain in balanced accuracy of whole answers", c.Answers))
	}
	for _, e := range c.Errors {
		p.Bars = append(p.Bars, bar{Name: e.Error, A: float64(e.A), B: float64(e.B), Text: fmt.Sprintf("%s → %s of %d", show(e.A), show(e.B), e.Rows)})
	}
	p.Tables = c.tables()
	return reportPage.Execute(w, p)
}

func gains(title string, all []Difference) forest {
	f := forest{Title: title, Note: c95, Low: -0.3, High: 0.3}
	for _, d := range all {
		g := d.BalancedAccuracy
		line := interval{Name: d.Name, Text: showGain(g), At: float64(g.Gain), From: float64(g.Interval[0]), To: float64(g.Interval[1])}
		line.Defined, line.WithInterval = !math.IsNaN(line.At), !math.IsNaN(line.From)
		switch g.Beyond() {
		case 1:
			line.Class = "better"
		case -1:
			line.Class = "worse"
		}
		f.Lines = append(f.Lines, line)
	}
	return f
}

const c95 = "Right of the line is better. Intervals are 95%, by paired bootstrap over documents; one that crosses the line is no difference."
