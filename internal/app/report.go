package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/fatih/color"
	"golang.org/x/term"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// terminal says whether a stream is one, and how many columns it has.
func terminal(stream any) (columns int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	return columns, err == nil
}

// colourful says whether to write w in colours: to a terminal, unless NO_COLOR is set.
func colourful(w io.Writer) bool {
	_, ok := terminal(w)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// report writes a receipt for people: the answer sentence by sentence, with what
// each verdict rests on, then what the policy makes of it.
type report struct {
	w      strings.Builder
	colour bool
	width  int // columns to wrap at
}

// newReport suits a report to where it will be read.
func newReport(out io.Writer) *report {
	columns, ok := terminal(out)
	if !ok || columns == 0 {
		columns = 101
	}
	return &report{colour: colourful(out), width: min(max(columns-1, 40), 110)}
}

// look is how a verdict or an action appears. The symbol and the word tell as
// much as the colour, which some cannot see.
type look struct {
	symbol, word string
	colour       color.Attribute
}

var verdictLooks = map[guards.Verdict]look{
	guards.Supported:    {"✓", "supported", color.FgGreen},
	guards.Contradicted: {"✗", "contradicted", color.FgRed},
	guards.NotCovered:   {"?", "not covered", color.FgYellow},
	guards.NotClaim:     {"·", "nothing to check", color.FgHiBlack},
	guards.NotMeasured:  {"!", "not measured", color.FgMagenta},
}

var actionLooks = map[policies.Action]look{
	policies.Allow:   {"✓", "ALLOWED", color.FgGreen},
	policies.Flag:    {"⚑", "FLAGGED", color.FgYellow},
	policies.Redact:  {"⚑", "REDACTED", color.FgYellow},
	policies.Rewrite: {"⚑", "REWRITTEN", color.FgYellow},
	policies.Block:   {"✗", "BLOCKED", color.FgRed},
}

func (p *report) paint(text string, attrs ...color.Attribute) string {
	c := color.New(attrs...)
	if p.colour {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c.Sprint(text)
}

// indent is where the text of a sentence begins, past symbol and space.
const indent = "  "

// text is the whole report.
func (p *report) text(r judge.Receipt) string {
	for _, s := range r.Sentences {
		p.sentence(s)
	}
	if len(r.Sentences) == 0 {
		fmt.Fprintln(&p.w, p.paint("The answer is empty.", color.Faint))
		fmt.Fprintln(&p.w)
	}
	p.findings(r)
	p.verdict(r)
	return p.w.String()
}

func (p *report) sentence(s judge.SentenceRecord) {
	l, ok := verdictLooks[s.Verdict]
	if !ok {
		l = look{"!", string(s.Verdict), color.FgMagenta}
	}
	text := oneLine(s.Text)
	if s.Verdict == guards.NotClaim {
		fmt.Fprintf(&p.w, "%s %s\n\n", p.paint(l.symbol, l.colour), p.wrap(p.paint(text, color.Faint), indent, p.width))
		return
	}
	fmt.Fprintf(&p.w, "%s %s\n", p.paint(l.symbol, l.colour, color.Bold), p.wrap(text, indent, p.width))
	word := l.word
	if s.Category != "" {
		word += ", " + strings.ReplaceAll(s.Category, "_", " ")
	}
	fmt.Fprintf(&p.w, "%s%s\n", indent, p.wrap(p.paint(word, l.colour, color.Bold)+"  "+oneLine(s.Reason), indent, p.width))
	for _, e := range s.Evidence {
		name := e.Source
		if e.Title != "" && e.Title != e.Source {
			name += " · " + e.Title
		}
		if e.Revision != "" {
			name += " @" + e.Revision
		}
		fmt.Fprintf(&p.w, "%s%s\n", indent, p.paint("│ "+oneLine(name), color.FgCyan))
		if quote := oneLine(e.Quote); quote != "" {
			bar := p.paint("│ ", color.FgCyan)
			fmt.Fprintf(&p.w, "%s%s%s\n", indent, bar, p.wrap("“"+quote+"”", indent+bar, p.width-2))
		}
	}
	fmt.Fprintln(&p.w)
}

// findings lists what was found that says nothing about truth.
func (p *report) findings(r judge.Receipt) {
	for _, f := range r.Findings {
		what := strings.ReplaceAll(f.Category, "_", " ")
		if f.Group != "" {
			what += ", " + f.Group
		}
		where := "in the answer"
		switch f.Side {
		case guards.InPrompt:
			where = fmt.Sprintf("in message %d of the prompt", f.Message)
		case guards.InTool:
			where = fmt.Sprintf("in message %d of the prompt, from a tool", f.Message)
		case guards.InContext:
			where = fmt.Sprintf("in grounding source %d", f.Message)
		}
		fmt.Fprintf(&p.w, "%s %s\n", p.paint("◆", color.FgYellow, color.Bold),
			p.wrap(p.paint(oneLine(what), color.FgYellow, color.Bold)+"  "+oneLine(fmt.Sprintf("%s, bytes %d to %d (%s, %.2f). %s", where, f.Start, f.End, f.Guard, f.Score, f.Reason)), indent, p.width))
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(&p.w)
	}
}

func (p *report) verdict(r judge.Receipt) {
	l, ok := actionLooks[r.Action]
	if !ok {
		l = look{"!", strings.ToUpper(string(r.Action)), color.FgMagenta}
	}
	fmt.Fprintln(&p.w, p.paint(strings.Repeat("─", min(p.width, 60)), color.FgHiBlack))
	summary := tally(r)
	fmt.Fprintf(&p.w, "%s  %s\n", p.paint(l.symbol+" "+l.word, l.colour, color.Bold), summary)
	for _, rule := range r.Rules {
		name := oneLine(fmt.Sprintf("%s → %s", rule.ID, rule.Action))
		fmt.Fprintf(&p.w, "%s%s\n", indent, p.wrap(p.paint(name, actionLooks[rule.Action].colour)+"  "+oneLine(rule.Message), indent, p.width))
		if rule.Replacement != "" {
			fmt.Fprintf(&p.w, "%s%sreplaced by: %s\n", indent, indent, oneLine(rule.Replacement))
		}
	}
	for _, g := range r.Guards {
		if g.Status != guards.OK {
			fmt.Fprintf(&p.w, "%s%s\n", indent, p.paint(fmt.Sprintf("! guard %s%s: %s: %s", g.Guard, phase(g.Phase), g.Status, oneLine(g.Error)), color.FgMagenta))
		}
	}
	if r.Error != "" {
		fmt.Fprintf(&p.w, "%s%s\n", indent, p.paint("! policy: "+oneLine(r.Error), color.FgMagenta))
	}
	index := r.Index
	if index == "" {
		index = "none"
	}
	fmt.Fprintf(&p.w, "%s%s\n", indent, p.paint(fmt.Sprintf("policy %s · index %s · %.1f ms", r.Policy, index, r.Ms), color.FgHiBlack))
}

// phase names what a guard was reading where that is not the answer.
func phase(p policies.Phase) string {
	if p == "" {
		return ""
	}
	return " on the " + string(p)
}

// tally counts the sentences by verdict, worst first.
func tally(r judge.Receipt) string {
	n := map[guards.Verdict]int{}
	for _, s := range r.Sentences {
		n[s.Verdict]++
	}
	var parts []string
	for _, v := range []guards.Verdict{guards.Contradicted, guards.NotCovered, guards.NotMeasured, guards.Supported, guards.NotClaim} {
		if n[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[v], verdictLooks[v].word))
		}
	}
	if len(parts) == 0 {
		return "no sentences"
	}
	return strings.Join(parts, ", ")
}

// wrap breaks text at spaces so that lines stay within width; further lines begin
// with margin. Escape sequences of colours take no room.
func (p *report) wrap(text, margin string, width int) string {
	var out strings.Builder
	column := visible(margin)
	for i, word := range strings.Split(text, " ") {
		n := visible(word)
		switch {
		case i == 0:
		case column+1+n > width:
			out.WriteString("\n" + margin)
			column = visible(margin)
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += n
	}
	return out.String()
}

// visible counts the runes of s that take room on a terminal.
func visible(s string) int {
	n, escape := 0, false
	for _, r := range s {
		switch {
		case r == '\x1b':
			escape = true
		case escape:
			escape = r != 'm'
		default:
			n++
		}
	}
	return n
}

// oneLine shows text on one line and makes control characters harmless: an answer
// must not steer the terminal of the person who reads about it.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
