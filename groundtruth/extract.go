package groundtruth

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

// Sizes of passages in bytes: as many paragraphs as fit the target make one; a
// paragraph longer than the maximum is cut between sentences. Table rows are
// cut only beyond a limit that no real row has.
const (
	targetPassage = 900
	maxPassage    = 1600
	maxRow        = 8192
	maxHeading    = 300
)

// An extract collects what a reader finds in a file: its text block by block,
// each under the headings above it.
type extract struct {
	title    string
	text     strings.Builder
	blocks   []block
	headings []heading
	bare     bool // nothing has followed the last heading
}

type heading struct {
	level int
	text  string
}

// A block is a paragraph, list item, table row or code block in the text.
type block struct {
	start, end int
	kind       kind
	heading    string
}

type kind int

const (
	paragraph kind = iota
	item
	row
	code
)

// head opens a section. The first heading of level 1 names the document, unless
// something else did.
func (x *extract) head(level int, text string) {
	text = oneLine(text)
	if text == "" {
		return
	}
	x.closeSection(level)
	if level == 1 && x.title == "" && len(x.blocks) == 0 {
		x.title, x.headings, x.bare = text, nil, false
		return
	}
	if level == 1 && text == x.title {
		x.headings, x.bare = nil, false
		return
	}
	x.headings = append(x.headings, heading{level, text})
	x.bare = true
}

// closeSection leaves the sections of this level and below. A heading that
// nothing followed says something by itself and becomes text.
func (x *extract) closeSection(level int) {
	n := len(x.headings)
	if x.bare && n > 0 && x.headings[n-1].level >= level {
		text := x.headings[n-1].text
		x.headings = x.headings[:n-1]
		x.add(paragraph, text)
	}
	for n = len(x.headings); n > 0 && x.headings[n-1].level >= level; n-- {
	}
	x.headings = x.headings[:n]
}

// add appends a block of text; code keeps its lines and spaces.
func (x *extract) add(k kind, text string) {
	text = clean(text)
	switch k {
	case code:
		text = strings.Trim(strings.TrimRightFunc(text, unicode.IsSpace), "\n")
	case row:
		text = oneLine(text)
	default:
		text = strings.TrimSpace(text)
	}
	if text == "" {
		return
	}
	x.bare = false
	if n := len(x.blocks); n > 0 {
		sep := "\n\n"
		if k == x.blocks[n-1].kind && (k == row || k == item) {
			sep = "\n"
		}
		x.text.WriteString(sep)
	}
	start := x.text.Len()
	x.text.WriteString(text)
	x.blocks = append(x.blocks, block{start, x.text.Len(), k, x.path()})
}

// path is the headings at hand, outermost first.
func (x *extract) path() string {
	names := make([]string, len(x.headings))
	for i, h := range x.headings {
		names[i] = h.text
	}
	path := strings.Join(names, " > ")
	if len(path) > maxHeading {
		path = path[:wordBreak(path, maxHeading)]
	}
	if n := len(x.blocks); n > 0 && x.blocks[n-1].heading == path {
		return x.blocks[n-1].heading // one copy
	}
	return path
}

// document cuts what was collected into passages.
func (x *extract) document() Document {
	x.closeSection(0)
	d := Document{Title: x.title, Text: x.text.String()}
	start, end, under := 0, 0, ""
	flush := func() {
		if end > start {
			d.Passages = append(d.Passages, Passage{Ordinal: len(d.Passages), Heading: under, Start: start, End: end, Text: d.Text[start:end]})
		}
		start = end
	}
	for _, bl := range x.blocks {
		size := bl.end - bl.start
		if end > start && (bl.heading != under || bl.end-start > targetPassage) {
			flush()
		}
		if end == start {
			start, end, under = bl.start, bl.start, bl.heading
		}
		if size <= maxPassage || bl.kind == row && size <= maxRow {
			end = bl.end
			continue
		}
		for _, piece := range pieces(d.Text[bl.start:bl.end]) {
			start, end = bl.start+piece[0], bl.start+piece[1]
			flush()
		}
	}
	flush()
	return d
}

// pieces cuts a long text between sentences, or between words where a sentence
// is too long itself, into pieces of about the target size.
func pieces(text string) (cuts [][2]int) {
	start, end := 0, 0
	flush := func() {
		a, z := start, end
		for ; a < z && isSpace(text[a]); a++ {
		}
		for ; z > a && isSpace(text[z-1]); z-- {
		}
		if z > a {
			cuts = append(cuts, [2]int{a, z})
		}
		start = end
	}
	tokens := sentences.FromString(text)
	for tokens.Next() {
		s, e := tokens.Start(), tokens.End()
		if e-start > targetPassage && s > start && !abbreviated(text[start:s]) || e-start > maxPassage {
			end = s
			flush()
		}
		for e-start > maxPassage {
			end = start + wordBreak(text[start:], targetPassage)
			flush()
		}
		end = e
	}
	flush()
	return cuts
}

// abbreviated reports whether text ends with a short capitalised word and a
// point ("Dr. ", "No. "), where a sentence hardly ends.
func abbreviated(text string) bool {
	text = strings.TrimRight(text, " \t")
	if !strings.HasSuffix(text, ".") {
		return false
	}
	w := text[strings.LastIndexAny(text, " \n\t(")+1:]
	return len(w) <= 4 && len(w) > 1 && w[0] >= 'A' && w[0] <= 'Z'
}

// wordBreak returns an offset of at most limit where text can be cut: after a
// space, else between characters.
func wordBreak(text string, limit int) int {
	if len(text) <= limit {
		return len(text)
	}
	if i := strings.LastIndexAny(text[:limit], " \n\t"); i > 0 {
		return i
	}
	for limit > 1 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return limit
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

func oneLine(text string) string { return strings.Join(strings.Fields(clean(text)), " ") }

// clean drops invisible characters and makes every kind of blank a space, so
// that people and patterns see the same text.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == 0xA0 || r == 0x2007 || r == 0x202F:
			return ' '
		case r == 0xAD || r == 0x200B || r == 0xFEFF || r == 0x2060 || unicode.IsControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// cells joins a table row: "Header: value; Header: value". Empty cells are left out.
func cells(header, values []string) string {
	var out strings.Builder
	for i, v := range values {
		if v = oneLine(v); v == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteString("; ")
		}
		if i < len(header) && header[i] != "" {
			out.WriteString(header[i])
			out.WriteString(": ")
		}
		out.WriteString(v)
	}
	return out.String()
}

// plain adds text as people type it: paragraphs between blank lines, lines that
// were only wrapped joined again, list items apart.
func (x *extract) plain(text string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	var para []string
	listed := false
	flush := func() {
		if len(para) > 0 {
			k := paragraph
			if listed {
				k = item
			}
			x.add(k, strings.Join(para, ""))
		}
		para, listed = para[:0], false
	}
	last := ""
	for line := range strings.SplitSeq(text, "\n") {
		trimmed := oneLine(line)
		switch {
		case trimmed == "":
			flush()
		case isItem(trimmed):
			flush()
			listed = true
			para = append(para, trimmed)
		case len(para) == 0:
			para = append(para, trimmed)
		case len(last) >= 50: // a full line goes on
			para = append(para, " ", trimmed)
		default:
			para = append(para, "\n", trimmed)
		}
		last = trimmed
	}
	flush()
}

// isItem reports whether a line begins like a list item: "- x", "* x", "3. x", "b) x".
func isItem(line string) bool {
	mark, rest, ok := strings.Cut(line, " ")
	if !ok || strings.TrimSpace(rest) == "" {
		return false
	}
	if slices.Contains([]string{"-", "*", "+", "•", "–"}, mark) {
		return true
	}
	n := len(mark) - 1
	return n >= 1 && n <= 3 && (mark[n] == '.' || mark[n] == ')') && (strings.Trim(mark[:n], "0123456789") == "" || n == 1 && mark[n] == ')')
}
