package review

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// WriteText writes the analysis for a terminal.
func (out *Threshold) WriteText(w io.Writer) error { return out.page().text(w) }

// WriteHTML writes the analysis as one page with a plot that needs nothing else.
func (out *Threshold) WriteHTML(w io.Writer) error { return out.page().html(w) }

func (out *Threshold) page() *page {
	p := &page{Title: "The " + out.Setting + " of " + out.Rule, Sub: fmt.Sprintf("%s, policy %s", period(out.From, out.To), out.Policy)}
	now := out.At(out.Current)
	p.Figures = []figure{
		{"exchanges tried", fmt.Sprint(out.Exchanges), ""},
		{"with a ruling on the rule", fmt.Sprint(out.Reviewed), ""},
		{"of those, it should fire in", fmt.Sprint(out.Positive), ""},
		{fmt.Sprintf("fires at %g, as it stands now", out.Current), now.Rate.String(), ""},
		{"precision there", now.Precision.String(), ""},
		{"recall there", now.Recall.String(), ""},
	}
	if s := out.Suggested; s != nil {
		at := out.At(s.Threshold)
		p.Figures = append(p.Figures, figure{fmt.Sprintf("suggested: false blocks in at most %s of exchanges, with %.0f%% confidence", share(s.FalseBlocks), 100*s.Confidence), fmt.Sprintf("%g", s.Threshold), "good"})
		p.Notes = append(p.Notes, fmt.Sprintf("At %g the rule fires in %s of exchanges; %s of the reviewed ones rightly; it reaches %s of those it should.", s.Threshold, at.Rate, at.Precision, at.Recall))
	} else {
		p.Notes = append(p.Notes, out.unsuggested())
	}
	p.Notes = append(p.Notes, notesOf(out.Left)...)
	p.Notes = append(p.Notes, "Precision and recall are of reviewed exchanges, and hold for others as far as those were drawn by chance. Intervals are 95%, by Wilson. "+
		"A suggestion ends when the scores drift: keep the JSON and give it to -check.")
	p.Sections = []section{{
		Title: "Every threshold", Plot: out.plot(),
		Head: []string{"threshold", "fires in", "share of exchanges", "reviewed", "precision", "recall", "false blocks at most"},
	}}
	for i := range out.Points {
		at := &out.Points[i]
		special := at == now || out.Suggested != nil && at == out.At(out.Suggested.Threshold)
		if i%5 != 0 && !special {
			continue
		}
		name := fmt.Sprintf("%.2f", at.Threshold)
		switch {
		case at == now:
			name += " now"
		case special:
			name += " suggested"
		}
		p.Sections[0].Rows = append(p.Sections[0].Rows, row(name, at.Fires, at.Rate, at.Precision.Of, at.Precision, at.Recall, share(at.FalseBlocks)))
	}
	return p
}

// unsuggested says what a suggestion needs.
func (out *Threshold) unsuggested() string {
	strictest := &out.Points[0]
	if out.Rising {
		strictest = &out.Points[steps]
	}
	if strictest.Fires == 0 {
		return fmt.Sprintf("No threshold is suggested: %d exchanges are too few to say anything of so small a share.", out.Exchanges)
	}
	return fmt.Sprintf("No threshold is suggested: even at %g the rule fires in %s of exchanges, and %d reviewed ones do not show that it is right there. Review more of them.",
		strictest.Threshold, strictest.Rate, strictest.Precision.Of)
}

func (out *Threshold) plot() *plot {
	p := &plot{Label: "Rate, precision and recall of " + out.Rule + " by threshold"}
	p.Lines = []line{
		lineOf("share of exchanges in which it fires", "", out.Points, func(p *Point) Share { return p.Rate }),
		lineOf("precision", "good", out.Points, func(p *Point) Share { return p.Precision }),
		lineOf("recall", "bad", out.Points, func(p *Point) Share { return p.Recall }),
	}
	p.Marks = []tick{{640 * out.Current, fmt.Sprintf("now %g", out.Current)}}
	if s := out.Suggested; s != nil && s.Threshold != out.Current {
		p.Marks = append(p.Marks, tick{640 * s.Threshold, fmt.Sprintf("suggested %g", s.Threshold)})
	}
	for i := range 5 {
		v := float64(i) / 4
		p.Across = append(p.Across, tick{640 * v, fmt.Sprintf("%.2f", v)})
		p.Up = append(p.Up, tick{254 - 250*v, fmt.Sprintf("%.0f%%", 100*v)})
	}
	return p
}

// lineOf draws a share with its interval, where it is known.
func lineOf(name, class string, points []Point, of func(*Point) Share) line {
	l := line{Name: name, Class: class}
	var path, upper, lower strings.Builder
	var back []string
	begun := false
	for i := range points {
		s := of(&points[i])
		if s.Of == 0 || math.IsNaN(s.P()) {
			begun = false
			continue
		}
		x := 640 * points[i].Threshold
		command := "L"
		if !begun {
			command = "M"
		}
		begun = true
		fmt.Fprintf(&path, "%s%.1f %.1f", command, x, 250-250*s.P())
		if upper.Len() == 0 {
			command = "M"
		} else {
			command = "L"
		}
		fmt.Fprintf(&upper, "%s%.1f %.1f", command, x, 250-250*s.High)
		back = append(back, fmt.Sprintf("L%.1f %.1f", x, 250-250*s.Low))
	}
	for i := len(back) - 1; i >= 0; i-- {
		lower.WriteString(back[i])
	}
	l.Path = path.String()
	if upper.Len() > 0 {
		l.Band = upper.String() + lower.String() + "Z"
	}
	return l
}

// String says what a drift comes to, in words.
func (d Drift) String() string {
	figures := fmt.Sprintf("population stability index %.3f over %d bins (by chance alone it stays below %.3f), %d exchanges then and %d now", d.PSI, d.Bins, d.Critical, d.Of[0], d.Of[1])
	switch d.Verdict {
	case Expired:
		if d.Bins == 0 {
			return "expired: there is nothing to compare with"
		}
		return "expired: the scores have drifted; " + figures
	case Watch:
		return "holds, but the scores begin to drift; " + figures
	}
	return "holds; " + figures
}
