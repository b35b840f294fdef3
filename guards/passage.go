package guards

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// pieceKind says what a piece of a passage is.
type pieceKind uint8

const (
	prosePiece pieceKind = iota
	rowPiece             // a row of a table
	fieldPiece           // one field of a JSON record
	headPiece            // a heading or the header row of a table: never quoted as a statement
)

// piece is the smallest piece of a passage that is compared with a claim.
type piece struct {
	kind       pieceKind
	null       bool  // a field without a value
	keyLen     uint8 // of a field: how many stems at the end of subject are its own key
	tok0, tok1 int32
	men0, men1 int32
	start, end uint32
	value      uint32   // where the value of a field begins; start is its key
	subject    []uint32 // stems that say what the unit is about and stand outside it: keys, headings, the row above
	cells      []cell   // of a row
}

// cell is one cell of a table row, with the stems of its column's header.
type cell struct {
	tok0, tok1 int32
	header     []uint32
}

// Limits of one analysed block. Longer texts are cut into several.
const (
	maxPieces = 64 // one bit each in the masks of block.locate
	maxBlock  = 8 << 10
)

// block is an analysed stretch of a passage. It is immutable once built.
type block struct {
	text     string // of the block alone
	head     []uint32
	toks     []token
	pieces   []piece
	mentions []mention
}

// stemSet numbers the distinct stems of a claim, to find them among the many
// words of the evidence: most of those are not in it, which the first look tells.
type stemSet struct {
	stems []uint32 // at most maxStems
	slots [4 * maxStems]uint8
}

func newStemSet(stems []uint32) *stemSet {
	set := &stemSet{stems: stems}
	for i, s := range stems {
		at := s % uint32(len(set.slots))
		for set.slots[at] != 0 {
			at = (at + 1) % uint32(len(set.slots))
		}
		set.slots[at] = uint8(i + 1)
	}
	return set
}

// index returns the number of a stem, or -1.
func (set *stemSet) index(stem uint32) int {
	for at := stem % uint32(len(set.slots)); set.slots[at] != 0; at = (at + 1) % uint32(len(set.slots)) {
		if i := int(set.slots[at]) - 1; set.stems[i] == stem {
			return i
		}
	}
	return -1
}

// locate sets in masks, by stem of the set, the bits of the pieces that hold it.
func (b *block) locate(set *stemSet, masks []uint64) {
	for n := range b.pieces {
		p, bit := &b.pieces[n], uint64(1)<<n
		toks := b.toks[p.tok0:p.tok1]
		for i := range toks {
			if t := &toks[i]; t.kind != symbolToken {
				if k := set.index(t.stem); k >= 0 {
					masks[k] |= bit
				}
			}
		}
		for _, s := range p.subject {
			if k := set.index(s); k >= 0 {
				masks[k] |= bit
			}
		}
		for c := range p.cells {
			for _, s := range p.cells[c].header {
				if k := set.index(s); k >= 0 {
					masks[k] |= bit
				}
			}
		}
	}
}

// blockAt is a block with its place in the passage.
type blockAt struct {
	*block
	offset int
}

// analyse cuts text into blocks, in the memory of s. head is what stands above
// it: title and heading.
func analyse(s *scratch, head, text string) []blockAt {
	at := len(s.places)
	a := analyser{text: text, head: stemsOf(head), pieces: s.spans[:0]}
	a.run()
	for first := 0; first < len(a.pieces); {
		last := first + 1
		for last < len(a.pieces) && last-first < maxPieces && int(a.pieces[last].end-a.pieces[first].start) <= maxBlock {
			last++
		}
		a.block(s, first, last)
		first = last
	}
	s.spans = a.pieces
	return s.places[at:len(s.places):len(s.places)]
}

// stemsOf returns the content stems of a short text.
func stemsOf(text string) []uint32 {
	if len(text) > 1<<10 {
		text = text[:1<<10]
	}
	var out []uint32
	var buf [64]token
	for _, t := range tokenize(buf[:0], text, 0, len(text), false) {
		if t.has(content) || t.kind == digitToken {
			out = append(out, t.stem)
		}
	}
	return out
}

// analyser turns a text into units.
type analyser struct {
	text   string
	head   []uint32
	pieces []span
	header [][]uint32 // stems of the columns of the table being read; nil outside tables
	title  []uint32   // stems of the last heading line
	depth  int
	failed int // attempts at reading a record
}

// Limits on what a hostile text can make of the analysis.
const (
	maxAttempts = 8       // at reading a record
	maxCells    = 64      // of a table row; the rest is one cell
	maxSubject  = 48      // stems that a record's keys give to a field
	maxFields   = 1 << 14 // of one record
)

// span is a piece before its tokens are known.
type span struct {
	kind       pieceKind
	null       bool
	keyLen     uint8
	start, end uint32
	value      uint32
	subject    []uint32
	cells      []span
	header     []uint32
}

func (a *analyser) run() {
	from := 0
	for from < len(a.text) {
		rest := a.text[from:]
		trimmed := strings.TrimLeft(rest, " \t\r\n")
		if trimmed != "" && (trimmed[0] == '{' || trimmed[0] == '[') {
			start := len(a.text) - len(trimmed)
			var raw json.RawMessage
			dec := json.NewDecoder(strings.NewReader(trimmed))
			if len(trimmed) > 1<<20 || a.failed == maxAttempts {
			} else if dec.Decode(&raw) != nil {
				a.failed++ // it only looked like one
			} else {
				end := start + int(dec.InputOffset())
				a.fields(gjson.Parse(a.text[start:end]), start, start, nil, 0)
				from = end
				continue
			}
		}
		nl := strings.IndexByte(rest, '\n')
		if nl < 0 {
			nl = len(rest)
		}
		a.line(from, from+nl)
		from += nl + 1
	}
}

// line adds one line of text: a heading, a table row or sentences.
func (a *analyser) line(from, to int) {
	for from < to && (a.text[from] == ' ' || a.text[from] == '\t' || a.text[from] == '\r') {
		from++
	}
	for to > from && (a.text[to-1] == ' ' || a.text[to-1] == '\t' || a.text[to-1] == '\r') {
		to--
	}
	if from >= to {
		return
	}
	line := a.text[from:to]
	if strings.Count(line, "|") >= 2 || line[0] == '|' {
		a.row(from, to)
		return
	}
	if a.recordLine(from, to) {
		return
	}
	a.header = nil
	if line[0] == '#' || len(line) < 80 && !strings.ContainsAny(line[len(line)-1:], ".!?;,") && (line[len(line)-1] == ':' || !strings.ContainsAny(line, ":|")) && line[0] != '-' && line[0] != '*' {
		kind := headPiece
		if line[len(line)-1] != ':' && line[0] != '#' {
			kind = prosePiece // it may be a statement all the same
		}
		a.title = stemsOf(line)
		a.pieces = append(a.pieces, span{kind: kind, start: uint32(from), end: uint32(to)})
		return
	}
	for from < to {
		end := sentenceEnd(a.text, from, to)
		a.pieces = append(a.pieces, span{kind: prosePiece, start: uint32(from), end: uint32(end), subject: a.title})
		for from = end; from < to && a.text[from] == ' '; from++ {
		}
	}
}

// row adds a table row; the first row of a table names its columns.
func (a *analyser) row(from, to int) {
	var cells []span
	for start := from; start <= to; {
		end := to
		if n := strings.IndexByte(a.text[start:to], '|'); n >= 0 && len(cells) < maxCells-1 {
			end = start + n
		}
		if !(start == from && end == start) && !(end >= to && strings.TrimSpace(a.text[start:end]) == "") {
			cells = append(cells, span{start: uint32(start), end: uint32(end)})
		}
		start = end + 1
	}
	if strings.Trim(a.text[from:to], "|-: \t") == "" {
		return
	}
	s := span{kind: rowPiece, start: uint32(from), end: uint32(to), cells: cells, subject: a.title}
	if a.header == nil {
		s.kind = headPiece
		for _, c := range cells {
			a.header = append(a.header, stemsOf(a.text[c.start:c.end]))
		}
	} else {
		for i := range min(len(cells), len(a.header)) {
			cells[i].header = a.header[i]
		}
	}
	a.pieces = append(a.pieces, s)
}

// fields adds the leaves of a JSON value at offset at. Their subject is the path
// of keys and the name that the record gives itself.
func (a *analyser) fields(v gjson.Result, at, keyAt int, path []uint32, keyLen int) {
	if a.depth > 32 || len(a.pieces) > maxFields {
		return
	}
	if !v.IsObject() && !v.IsArray() {
		s := span{kind: fieldPiece, start: uint32(keyAt), value: uint32(at), end: uint32(at + len(v.Raw)), subject: path, keyLen: uint8(min(keyLen, 255)), null: v.Type == gjson.Null || v.Raw == `""`}
		if v.Type == gjson.String && len(v.Raw) > 80 {
			for from, to := at+1, at+len(v.Raw)-1; from < to; {
				end := sentenceEnd(a.text, from, to)
				a.pieces = append(a.pieces, span{kind: prosePiece, start: uint32(from), end: uint32(end), subject: path})
				for from = end; from < to && a.text[from] == ' '; from++ {
				}
			}
			return
		}
		a.pieces = append(a.pieces, s)
		return
	}
	a.depth++
	defer func() { a.depth-- }()
	named := path
	if v.IsObject() {
		for _, k := range []string{"name", "id", "title", "opt", "option"} {
			if n := v.Get(k); n.Exists() && !n.IsObject() && !n.IsArray() {
				named = append(slices.Clip(named), stemsOf(n.String())...)
				break
			}
		}
	}
	cursor := 1 // in v.Raw; keys and values stand in it in order, with nothing but punctuation between
	v.ForEach(func(k, e gjson.Result) bool {
		p, own := named, keyLen
		if v.IsObject() {
			cursor += strings.Index(v.Raw[cursor:], k.Raw)
			keyAt = at + cursor
			cursor += len(k.Raw)
		}
		cursor += strings.Index(v.Raw[cursor:], e.Raw)
		start := at + cursor
		if !v.IsObject() {
			keyAt = start
		}
		cursor += len(e.Raw)
		if v.IsObject() {
			key := stemsOf(k.String())
			p, own = append(slices.Clip(p), key...), len(key)
			p = p[max(0, len(p)-maxSubject):]
			own = min(own, len(p))
		}
		a.fields(e, start, keyAt, p, own)
		return true
	})
}

// sentenceEnd returns the end of the sentence at from, at most to. It cuts after
// . ! ? before a space and something that can begin a sentence.
func sentenceEnd(text string, from, to int) int {
	for i := from; i < to; i++ {
		switch c := text[i]; c {
		case '.', '!', '?':
			j := i + 1
			for j < to && (text[j] == '"' || text[j] == '\'' || text[j] == ')' || text[j] == '\\') {
				j++
			}
			if j >= to {
				return to
			}
			if j == i+1 && i-from > 2 && j+1 < to && isLower(text[i-1]) && isLower(text[i-2]) && text[j] >= 'A' && text[j] <= 'Z' && isLower(text[j+1]) {
				return j // "soggy.Water": a space was lost
			}
			if text[j] != ' ' || c == '.' && abbreviated(text[from:i]) {
				continue
			}
			for k := j; k < to; k++ {
				if n := text[k]; n != ' ' {
					if n >= 'a' && n <= 'z' {
						break
					}
					return j
				}
			}
		case '\n':
			return i
		}
		if i-from > 2000 {
			return i + 1
		}
	}
	return to
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

// abbreviated reports whether the text before a full stop ends in an abbreviation.
func abbreviated(s string) bool {
	s = s[max(0, len(s)-16):]
	i := strings.LastIndexAny(s, " (\"") + 1
	w := s[i:]
	if len(w) == 1 && w[0] >= 'A' && w[0] <= 'Z' {
		return true
	}
	switch strings.ToLower(w) {
	case "mr", "mrs", "ms", "dr", "prof", "st", "no", "vs", "e.g", "i.e", "approx", "inc", "ltd", "co", "jr", "sr", "fig", "gen", "col", "lt", "gov", "sen", "rep", "u.s", "d.c":
		return true
	}
	return false
}

// block analyses the units first to last.
func (a *analyser) block(s *scratch, first, last int) {
	offset := int(a.pieces[first].start)
	toks0, mentions0, pieces0 := len(s.toks), len(s.mentions), len(s.pieces)
	b := block{text: a.text[offset:a.pieces[last-1].end], head: a.head,
		toks: s.toks[toks0:], mentions: s.mentions[mentions0:], pieces: s.pieces[pieces0:]}
	long := toks0 > 1<<12 // a long text: moving all that came before, again and again, costs more than memory of its own
	if long {
		b.toks, b.mentions, b.pieces = make([]token, 0, len(b.text)/5+8), nil, make([]piece, 0, last-first)
	}
	for _, from := range a.pieces[first:last] {
		u := piece{kind: from.kind, null: from.null, keyLen: from.keyLen, start: from.start - uint32(offset), end: from.end - uint32(offset), subject: from.subject,
			tok0: int32(len(b.toks)), men0: int32(len(b.mentions))}
		if from.cells == nil {
			b.toks = tokenize(b.toks, b.text, int(u.start), int(u.end), from.kind == fieldPiece)
			markNegation(b.toks[u.tok0:])
			b.mentions = extract(b.mentions, b.text, b.toks, int(u.tok0), len(b.toks))
		}
		cells := len(s.cells)
		for _, c := range from.cells {
			cl := cell{tok0: int32(len(b.toks)), header: c.header}
			b.toks = tokenize(b.toks, b.text, int(c.start)-offset, int(c.end)-offset, false)
			cl.tok1 = int32(len(b.toks))
			b.mentions = extract(b.mentions, b.text, b.toks, int(cl.tok0), len(b.toks))
			s.cells = append(s.cells, cl)
		}
		if len(from.cells) > 0 {
			u.cells = s.cells[cells:len(s.cells):len(s.cells)]
		}
		u.tok1, u.men1 = int32(len(b.toks)), int32(len(b.mentions))
		if from.kind == fieldPiece {
			u.value = from.value - uint32(offset)
			b.keyDimensions(&u)
		}
		b.pieces = append(b.pieces, u)
	}
	if long {
		s.place(b, offset)
		return
	}
	// Where an append moved them, they go back to the scratch.
	s.toks, s.mentions, s.pieces = append(s.toks, b.toks...), append(s.mentions, b.mentions...), append(s.pieces, b.pieces...)
	b.toks, b.mentions, b.pieces = s.toks[toks0:len(s.toks):len(s.toks)], s.mentions[mentions0:len(s.mentions):len(s.mentions)], s.pieces[pieces0:len(s.pieces):len(s.pieces)]
	s.place(b, offset)
}

// keyDimensions gives plain numbers of a field the unit that its key names:
// "fare_eur": 189.
func (b *block) keyDimensions(u *piece) {
	for i := u.men0; i < u.men1; i++ {
		m := &b.mentions[i]
		if m.kind != numberFact || m.dim != dimNone {
			continue
		}
		for _, s := range u.subject {
			if k, ok := keyDims[s]; ok {
				m.dim, m.value, m.high = k.dim, m.value*k.factor, m.high*k.factor
			}
		}
	}
}

// keyDims are the units that keys of records name.
var keyDims = func() map[uint32]struct {
	dim    dim
	factor float64
} {
	out := map[uint32]struct {
		dim    dim
		factor float64
	}{}
	for _, w := range []string{"eur", "usd", "gbp", "chf", "kg", "km", "cm", "mm", "kwh", "ml", "gb", "mb", "ms", "minutes", "hours", "days", "months", "percent", "pct", "seconds", "weeks", "years"} {
		l := lexemes[lexIndex[w]]
		if f := l.value; l.class&unitWord != 0 {
			out[stemHash([]byte(w))] = struct {
				dim    dim
				factor float64
			}{l.dim, f}
		}
	}
	return out
}()
