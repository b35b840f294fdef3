package groundtruth

import (
	"math"
	"slices"
	"strings"

	"github.com/ledongthuc/pdf"
)

// Bounds of one page.
const (
	maxForms    = 8       // nesting of forms within forms
	maxPageText = 4 << 20 // bytes
)

// A run is a piece of text that a page shows in one go: from x to end, on the
// line at y. End is x where the font does not say how wide its glyphs are.
type run struct {
	x, end, y, size float64
	text            string
}

// matrix is a 3x3 transformation whose last column is 0 0 1.
type matrix [6]float64

func (m matrix) mul(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

var identity = matrix{1, 0, 0, 1, 0, 0}

// graphics is the part of the graphics state that text depends on.
type graphics struct {
	ctm                matrix
	font               *face
	size               float64
	char, word, leader float64 // Tc, Tw, TL
	scale, rise        float64 // Tz as a factor, Ts
}

// face is a font with the widths of its glyphs, in thousandths of its size.
type face struct {
	enc      pdf.TextEncoding
	wide     bool // codes have two bytes
	widths   map[int]float64
	fallback float64
}

// interpreter follows a content stream. The library's own puts characters into
// the text that are not there, and does not know the widths of composite fonts.
type interpreter struct {
	g      graphics
	saved  []graphics
	tm, lm matrix // of the text, and of its line
	runs   []run
	size   int // bytes of text
}

// runsOf lists what a page shows, in the order of its content stream, which is
// nearly always that of reading.
func runsOf(p pdf.Page) []run {
	in := &interpreter{g: graphics{ctm: identity, scale: 1}, tm: identity, lm: identity}
	if content := p.V.Key("Contents"); content.Kind() == pdf.Stream || content.Kind() == pdf.Array {
		in.follow(content, p.Resources(), 0)
	}
	return in.runs
}

func (in *interpreter) follow(content, resources pdf.Value, depth int) {
	faces := map[string]*face{}
	base := len(in.saved)
	pdf.Interpret(content, func(stk *pdf.Stack, op string) {
		args := make([]pdf.Value, stk.Len())
		for i := len(args) - 1; i >= 0; i-- {
			args[i] = stk.Pop()
		}
		num := func(i int) float64 { // the i-th of the operands, from the end: there may be junk before them
			if i = len(args) - i; i < 0 || i >= len(args) {
				return 0
			}
			return args[i].Float64()
		}
		last := func() pdf.Value {
			if len(args) == 0 {
				return pdf.Value{}
			}
			return args[len(args)-1]
		}
		switch op {
		case "q":
			if len(in.saved) < 1024 {
				in.saved = append(in.saved, in.g)
			}
		case "Q":
			if n := len(in.saved); n > base {
				in.g, in.saved = in.saved[n-1], in.saved[:n-1]
			}
		case "cm":
			in.g.ctm = matrix{num(6), num(5), num(4), num(3), num(2), num(1)}.mul(in.g.ctm)
		case "BT":
			in.tm, in.lm = identity, identity
		case "Tf":
			if len(args) >= 2 {
				name := args[len(args)-2].Name()
				if faces[name] == nil {
					faces[name] = newFace(resources.Key("Font").Key(name))
				}
				in.g.font, in.g.size = faces[name], num(1)
			}
		case "Tc":
			in.g.char = num(1)
		case "Tw":
			in.g.word = num(1)
		case "TL":
			in.g.leader = num(1)
		case "Tz":
			in.g.scale = num(1) / 100
		case "Ts":
			in.g.rise = num(1)
		case "TD":
			in.g.leader = -num(1)
			in.move(num(2), num(1))
		case "Td":
			in.move(num(2), num(1))
		case "T*":
			in.move(0, -in.g.leader)
		case "Tm":
			in.lm = matrix{num(6), num(5), num(4), num(3), num(2), num(1)}
			in.tm = in.lm
		case "Tj":
			in.show(last())
		case "'":
			in.move(0, -in.g.leader)
			in.show(last())
		case "\"":
			in.g.word, in.g.char = num(3), num(2)
			in.move(0, -in.g.leader)
			in.show(last())
		case "TJ":
			list := last()
			for i := range list.Len() {
				if v := list.Index(i); v.Kind() == pdf.String {
					in.show(v)
				} else {
					in.advance(-v.Float64() / 1000 * in.g.size * in.g.scale)
				}
			}
		case "Do":
			form := resources.Key("XObject").Key(last().Name())
			if form.Kind() != pdf.Stream || form.Key("Subtype").Name() != "Form" || depth == maxForms || in.size > maxPageText {
				return
			}
			outside, tm, lm := in.g, in.tm, in.lm
			if m := form.Key("Matrix"); m.Len() == 6 {
				var place matrix
				for i := range place {
					place[i] = m.Index(i).Float64()
				}
				in.g.ctm = place.mul(in.g.ctm)
			}
			own := form.Key("Resources")
			if own.IsNull() {
				own = resources
			}
			in.follow(form, own, depth+1)
			in.g, in.tm, in.lm = outside, tm, lm
		}
	})
	in.saved = in.saved[:base]
}

// move goes to a new line.
func (in *interpreter) move(x, y float64) {
	in.lm = matrix{1, 0, 0, 1, x, y}.mul(in.lm)
	in.tm = in.lm
}

func (in *interpreter) advance(x float64) { in.tm = matrix{1, 0, 0, 1, x, 0}.mul(in.tm) }

// show adds a string of the font at hand.
func (in *interpreter) show(v pdf.Value) {
	f, raw := in.g.font, v.RawString()
	if f == nil || raw == "" || in.size > maxPageText {
		return
	}
	at := matrix{in.g.size * in.g.scale, 0, 0, in.g.size, 0, in.g.rise}.mul(in.tm).mul(in.g.ctm)
	in.advance(f.width(raw)/1000*in.g.size*in.g.scale + in.spacing(raw))
	end := in.tm.mul(in.g.ctm)
	text := f.enc.Decode(raw)
	in.size += len(text)
	in.runs = append(in.runs, run{at[4], end[4], at[5], math.Hypot(at[2], at[3]), text})
}

// spacing is what character and word spacing add to the width of raw.
func (in *interpreter) spacing(raw string) float64 {
	n := len(raw)
	words := strings.Count(raw, " ")
	if in.g.font.wide {
		n, words = n/2, 0
	}
	return (float64(n)*in.g.char + float64(words)*in.g.word) * in.g.scale
}

func newFace(v pdf.Value) *face {
	font := pdf.Font{V: v}
	f := &face{enc: font.Encoder(), widths: map[int]float64{}}
	if v.Key("Subtype").Name() != "Type0" {
		for i, w := range font.Widths() {
			f.widths[font.FirstChar()+i] = w
		}
		f.fallback = v.Key("FontDescriptor").Key("MissingWidth").Float64()
		return f
	}
	f.wide = true
	descendant := v.Key("DescendantFonts").Index(0)
	f.fallback = 1000
	if dw := descendant.Key("DW"); !dw.IsNull() {
		f.fallback = dw.Float64()
	}
	// W lists "first [w w w]" and "first last w".
	for list, i := descendant.Key("W"), 0; i+1 < list.Len(); {
		first, next := int(list.Index(i).Int64()), list.Index(i+1)
		if next.Kind() == pdf.Array {
			for j := range next.Len() {
				f.widths[first+j] = next.Index(j).Float64()
			}
			i += 2
			continue
		}
		w := list.Index(i + 2).Float64()
		for code := first; code <= min(int(next.Int64()), 1<<16-1); code++ {
			f.widths[code] = w
		}
		i += 3
	}
	return f
}

// width is how far the glyphs of raw reach, in thousandths of the size.
func (f *face) width(raw string) (sum float64) {
	step := 1
	if f.wide {
		step = 2
	}
	for i := 0; i+step <= len(raw); i += step {
		code := int(raw[i])
		if f.wide {
			code = code<<8 | int(raw[i+1])
		}
		if w, ok := f.widths[code]; ok {
			sum += w
		} else {
			sum += f.fallback
		}
	}
	return sum
}

// laidOut puts runs together: a gap is a space, a step down a new line, a step
// larger than the page's usual one, or one back up, a new paragraph.
func laidOut(runs []run) string {
	var steps []float64
	for i := 1; i < len(runs); i++ {
		if down := runs[i-1].y - runs[i].y; down > 0.5*runs[i].size && down < 3*runs[i].size {
			steps = append(steps, down/runs[i].size)
		}
	}
	usual := 1.2
	if len(steps) > 0 {
		slices.Sort(steps)
		usual = min(steps[(len(steps)-1)/2], 2)
	}
	var out strings.Builder
	var last run
	for _, r := range runs {
		size := max(r.size, 1)
		if out.Len() > 0 {
			down := last.y - r.y
			switch {
			case down > (usual*1.3)*size || down < -0.6*size:
				out.WriteString("\n\n")
			case down > 0.5*size:
				out.WriteByte('\n')
			case r.x-last.end > 0.15*size || r.x < last.x-size:
				out.WriteByte(' ')
			}
		}
		out.WriteString(r.text)
		last = r
	}
	return unhyphenated(ligatures.Replace(out.String()))
}

// ligatures are glyphs that stand for letters; nobody searches for them.
var ligatures = strings.NewReplacer("ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl")

// unhyphenated joins words that were cut at the end of a line.
func unhyphenated(text string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, "-\n")
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		lower := func(at int) bool { return at >= 0 && at < len(text) && text[at] >= 'a' && text[at] <= 'z' }
		if !lower(i-1) || !lower(i+2) {
			out.WriteString("-\n")
		}
		text = text[i+2:]
	}
}
