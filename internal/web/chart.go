package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Charts are SVG in two layers: geometry in a box of 1000 by 1000 units that is
// stretched to the width there is, and text placed in per cent, so that it keeps
// its size on any screen. Colours come from the style sheet.
const box = 1000.0

// Tick is a label and its place in per cent of the axis.
type Tick struct {
	At    string // "12.5%"
	Label string
	Minor bool // left out on a narrow screen
}

// Step is what the pointer meets: one step of time and what to say of it.
type Step struct{ X, W, Title string }

// Chart is a line with its 95% band over time. Steps without a measurement are
// gaps: never zero.
type Chart struct {
	Label  string // for those who cannot see it
	Line   string // path data
	Band   string
	Dots   string // of measurements with a gap on both sides
	Grid   []Tick
	Times  []Tick
	Steps  []Step
	Empty  bool
	Accent string // CSS class
}

// Point is one step of a Chart.
type Point struct {
	At time.Time
	Estimate
}

// LineChart draws points that are step apart. share says that the values are shares
// of one; else they are per 1,000.
func LineChart(label, accent string, points []Point, step time.Duration, share bool) Chart {
	c := Chart{Label: label, Accent: accent, Empty: true}
	n := float64(len(points))
	low, high := bounds(points, share)
	y := func(v float64) float64 {
		return box * (1 - (min(max(v, low), high)-low)/(high-low))
	}
	x := func(i int) float64 { return box * (float64(i) + 0.5) / n }
	var line, band, dots strings.Builder
	for i := 0; i < len(points); {
		if points[i].Of == 0 {
			i++
			continue
		}
		c.Empty = false
		end := i
		for end < len(points) && points[end].Of > 0 {
			end++
		}
		run := points[i:end]
		if len(run) == 1 {
			p := run[0]
			fmt.Fprintf(&dots, "M%.1f %.1fh0", x(i), y(p.Value))
			fmt.Fprintf(&band, "M%.1f %.1fV%.1fH%.1fV%.1fZ", x(i)-box/n/4, y(p.Low), y(p.High), x(i)+box/n/4, y(p.Low))
			i = end
			continue
		}
		for j, p := range run {
			fmt.Fprintf(&line, "%s%.1f %.1f", move(j), x(i+j), y(p.Value))
			fmt.Fprintf(&band, "%s%.1f %.1f", move(j), x(i+j), y(p.High))
		}
		for j := len(run) - 1; j >= 0; j-- {
			fmt.Fprintf(&band, "L%.1f %.1f", x(i+j), y(run[j].Low))
		}
		band.WriteString("Z")
		i = end
	}
	c.Line, c.Band, c.Dots = line.String(), band.String(), dots.String()
	for _, v := range gridLines(low, high) {
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if share {
			text = fmt.Sprintf("%.0f%%", 100*v)
		}
		c.Grid = append(c.Grid, Tick{At: pct(y(v)), Label: text})
	}
	c.Times = timeTicks(points, step)
	for i, p := range points {
		title := span(p.At, step) + "\nnothing measured"
		switch {
		case p.Of > 0 && share:
			title = fmt.Sprintf("%s\n%s (95%%: %s to %s)\nof %s checked sentences", span(p.At, step), percent(p.Value), percent(p.Low), percent(p.High), thousands(p.Of))
		case p.Of > 0:
			title = fmt.Sprintf("%s\n%s per 1,000 (95%%: %s to %s)\nof %s checked sentences", span(p.At, step), number(p.Value), number(p.Low), number(p.High), thousands(p.Of))
		}
		c.Steps = append(c.Steps, Step{fmt.Sprintf("%.2f", box*float64(i)/n), fmt.Sprintf("%.2f", box/n), title})
	}
	return c
}

func move(j int) string {
	if j == 0 {
		return "M"
	}
	return "L"
}

func pct(v float64) string { return fmt.Sprintf("%.2f%%", v/box*100) }

// bounds are the ends of the value axis. Wide intervals of thin steps are cut off
// rather than flattening the line.
func bounds(points []Point, share bool) (low, high float64) {
	low, high = math.Inf(1), 0
	top := 0.0
	for _, p := range points {
		if p.Of > 0 {
			low, high, top = min(low, p.Low), max(high, p.Value), max(top, p.High)
		}
	}
	if share { // a share is read against the whole: from 0, 50 or 80 to 100%
		for _, from := range []float64{0.8, 0.5} {
			if low >= from && !math.IsInf(low, 1) {
				return from, 1
			}
		}
		return 0, 1
	}
	return 0, nice(max(10, min(top, 1.6*high)))
}

// nice is the next value above v that people count in.
func nice(v float64) float64 {
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 1.5, 2, 3, 4, 5, 6, 8, 10} {
		if v <= m*unit*1.0001 {
			return m * unit
		}
	}
	return 10 * unit
}

// gridLines are the values with a line: the ends and one or two between.
func gridLines(low, high float64) []float64 {
	parts := 2.0
	for _, p := range []float64{3, 4} {
		if step := (high - low) / p; math.Abs(step*100-math.Round(step*100)) < 1e-9 && math.Mod(math.Round(step*100), 5) == 0 {
			parts = p
			break
		}
	}
	var out []float64
	for i := 0.0; i <= parts; i++ {
		out = append(out, low+(high-low)*i/parts)
	}
	return out
}

// Bars are stacked columns over time.
type Bars struct {
	Label string
	Rects []Rect
	Grid  []Tick
	Times []Tick
	Steps []Step
	Empty bool
}

// Rect is a part of a column, in units of the box.
type Rect struct{ Class, X, Y, W, H string }

// Column is one step of Bars: how many exchanges by outcome.
type Column struct {
	At                                  time.Time
	Passed, Flagged, Blocked, Unchecked int
}

// StackedBars draws columns that are step apart.
func StackedBars(label string, columns []Column, step time.Duration) Bars {
	b := Bars{Label: label, Empty: true}
	most := 0
	for _, c := range columns {
		most = max(most, c.Passed+c.Flagged+c.Blocked+c.Unchecked)
	}
	high := nice(max(4, float64(most)))
	n := float64(len(columns))
	points := make([]Point, len(columns))
	for i, c := range columns {
		points[i].At = c.At
		x, w := box*(float64(i)+0.14)/n, box*0.72/n
		base := box
		for _, p := range []struct {
			class string
			n     int
		}{{"pass", c.Passed}, {"unchecked", c.Unchecked}, {"flag", c.Flagged}, {"block", c.Blocked}} {
			if p.n == 0 {
				continue
			}
			b.Empty = false
			h := box * float64(p.n) / high
			base -= h
			b.Rects = append(b.Rects, Rect{p.class, fmt.Sprintf("%.2f", x), fmt.Sprintf("%.2f", base), fmt.Sprintf("%.2f", w), fmt.Sprintf("%.2f", h)})
		}
		b.Steps = append(b.Steps, Step{fmt.Sprintf("%.2f", box*float64(i)/n), fmt.Sprintf("%.2f", box/n),
			fmt.Sprintf("%s\n%s passed, %s flagged, %s blocked, %s unchecked", span(c.At, step), thousands(c.Passed), thousands(c.Flagged), thousands(c.Blocked), thousands(c.Unchecked))})
	}
	for _, v := range []float64{0, high / 2, high} {
		b.Grid = append(b.Grid, Tick{At: pct(box * (1 - v/high)), Label: strconv.FormatFloat(v, 'f', -1, 64)})
	}
	b.Times = timeTicks(points, step)
	return b
}

// span says which time a step covers.
func span(at time.Time, step time.Duration) string {
	end := at.Add(step)
	if step >= 24*time.Hour {
		return at.Format("Mon 2 Jan")
	}
	return at.Format("Mon 2 Jan 15:04") + "–" + end.Format("15:04") + " UTC"
}

// timeTicks labels round times: about six, of which every second is minor.
func timeTicks(points []Point, step time.Duration) []Tick {
	if len(points) == 0 {
		return nil
	}
	total := step * time.Duration(len(points))
	every := 5 * 24 * time.Hour
	for _, d := range []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour} {
		if total/d <= 8 {
			every = d
			break
		}
	}
	format := "15:04"
	if every >= 24*time.Hour {
		format = "2 Jan"
	}
	var out []Tick
	start := points[0].At
	for at := start.Truncate(every).Add(every); at.Before(start.Add(total)); at = at.Add(every) {
		share := float64(at.Sub(start)) / float64(total)
		if share < 0.03 || share > 0.97 {
			continue
		}
		out = append(out, Tick{At: pct(box * share), Label: at.Format(format), Minor: len(out)%2 == 1})
	}
	return out
}
