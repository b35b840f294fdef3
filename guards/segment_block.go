package guards

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// marker is what a line starts with.
type marker uint8

const (
	noMarker marker = iota
	hashes
	bullet
	fenceMark
	pipe
	rule  // a thematic break or the underline of a heading
	quote // >
)

// line reads the start of a line: indentation and Markdown markers. It reports
// whether it got any further.
func (c *Cutter) line(final bool) bool {
	for c.pos < len(c.buf) && c.buf[c.pos] != '\n' && isSpace(c.buf[c.pos]) {
		if c.buf[c.pos] == '\t' {
			c.indent += 3
		}
		c.indent++
		c.pos++
	}
	if c.pos == len(c.buf) {
		return false
	}
	rest := c.buf[c.pos:]
	if rest[0] == '\n' {
		c.closeLine()
		c.endTable()
		c.unit = paragraph
		c.nextLine()
		return true
	}
	kind, width, ok := readMarker(rest, final)
	if !ok {
		return false
	}
	if kind == bullet && c.isOpen && c.unit == paragraph && rest[0] >= '0' && rest[0] <= '9' && !(rest[0] == '1' && width < 5 && !isDigit(rest[1])) {
		kind = noMarker // only a list that starts at 1 interrupts a paragraph
	}
	if kind != pipe {
		c.endTable()
	}
	switch kind {
	case quote:
		if !c.lastQuoted {
			c.closeLine()
		}
		c.quoted, c.indent = true, 0
		c.pos += width
	case rule:
		if c.isOpen && c.unit == paragraph && (rest[0] == '=' || rest[0] == '-') {
			c.unit = heading
		}
		c.closeLine()
		c.unit = paragraph
		c.pos += width
		c.mode = inText // what is left is the line break
		c.lineText = c.pos
	case hashes:
		c.closeLine()
		c.unit = heading
		c.enterText(width)
	case bullet:
		c.closeLine()
		c.unit, c.itemIndent = item, c.indent
		c.outline.item()
		c.pos += width
	case fenceMark:
		c.closeLine()
		c.openFence(rest)
	case pipe:
		c.closeLine()
		c.mode, c.isOpen, c.open, c.space = inRow, true, c.pos, 0
	default:
		c.continueText(rest)
	}
	return true
}

// continueText decides whether a line without a marker goes on with the open
// sentence or starts a new one.
func (c *Cutter) continueText(rest []byte) {
	r, _ := utf8.DecodeRune(rest)
	if starts := !unicode.IsLower(r); c.isOpen && starts && (c.soft || c.unit == item && c.indent == 0 && unicode.IsUpper(r)) {
		c.closeLine()
		if c.indent == 0 {
			c.unit = paragraph
		}
	}
	c.enterText(0)
}

func (c *Cutter) enterText(width int) {
	c.pos += width
	c.lineText = c.pos
	c.mode, c.soft = inText, false
}

// nextLine consumes a line break.
func (c *Cutter) nextLine() {
	c.pos++
	c.mode, c.indent, c.code = atLine, 0, false
	c.lastQuoted, c.quoted = c.quoted, false
}

// closeLine emits the sentence that was left open at the end of the last line.
func (c *Cutter) closeLine() {
	if c.isOpen {
		c.emit(c.open, c.tail)
	}
}

// readMarker says what a line without its indentation starts with and how many
// bytes that takes. ok is false when more text is needed.
func readMarker(b []byte, final bool) (kind marker, width int, ok bool) {
	at := func(i int) byte { // 0 past the end
		if i < len(b) {
			return b[i]
		}
		return 0
	}
	short := func(i int) bool { return i >= len(b) && !final }
	switch first := b[0]; first {
	case '#':
		n := 1
		for n <= 6 && at(n) == '#' {
			n++
		}
		if short(n) && n <= 6 {
			return 0, 0, false
		}
		if n <= 6 && isSpace(at(n)) {
			return hashes, n, true
		}
	case '>':
		if short(1) {
			return 0, 0, false
		}
		if next := at(1); isSpace(next) || next == '>' || next == 0 {
			return quote, 1, true
		}
	case '|':
		return pipe, 1, true
	case '`', '~':
		n := 1
		for n < lookahead && at(n) == first {
			n++
		}
		if n < 3 {
			return noMarker, 0, !short(n)
		}
		for i := n; i < lookahead && at(i) != '\n'; i++ {
			if short(i) {
				return 0, 0, false
			}
			if first == '`' && at(i) == '`' {
				return noMarker, 0, true // ```inline```
			}
			if i >= len(b) {
				break
			}
		}
		return fenceMark, n, true
	case '-', '*', '_', '=', '+':
		n, marks := 0, 0
		for n < lookahead && (at(n) == first || at(n) == ' ' || at(n) == '\r') {
			if at(n) == first {
				marks++
			}
			n++
		}
		if short(n) && n < lookahead {
			return 0, 0, false
		}
		if marks >= 3 && first != '+' && (at(n) == '\n' || n >= len(b) || n == lookahead) {
			return rule, n, true
		}
		if first != '_' && first != '=' && isSpace(at(1)) {
			return readCheckbox(b, 1, final)
		}
	case '(', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		i := 0
		if first == '(' {
			i = 1
		}
		digits := i
		for i < digits+3 && isDigit(at(i)) {
			i++
		}
		if short(i) {
			return 0, 0, false
		}
		if i == digits || at(i) != ')' && (at(i) != '.' || first == '(') {
			return noMarker, 0, true
		}
		if short(i + 1) {
			return 0, 0, false
		}
		if isSpace(at(i + 1)) {
			return readCheckbox(b, i+1, final)
		}
	default:
		if first >= 'a' && first <= 'z' {
			if short(1) || at(1) == ')' && short(2) {
				return 0, 0, false
			}
			if at(1) == ')' && isSpace(at(2)) {
				return bullet, 2, true
			}
			return noMarker, 0, true
		}
		if first < utf8.RuneSelf {
			return noMarker, 0, true
		}
		if !utf8.FullRune(b) && !final {
			return 0, 0, false
		}
		switch r, w := utf8.DecodeRune(b); r {
		case '•', '●', '▪', '‣', '◦', '∙', '·':
			return bullet, w, true
		case '–', '—':
			if short(w) {
				return 0, 0, false
			}
			if isSpace(at(w)) {
				return bullet, w, true
			}
		}
	}
	return noMarker, 0, true
}

// readCheckbox ends a bullet at b[n], taking "[ ]" or "[x]" along.
func readCheckbox(b []byte, n int, final bool) (marker, int, bool) {
	for i, want := range []string{" ", "[", " xX", "]", " "} {
		if n+i >= len(b) {
			if final {
				break
			}
			return 0, 0, false
		}
		if !strings.Contains(want, string(rune(b[n+i]))) {
			break
		}
		if i == 4 {
			return bullet, n + i, true
		}
	}
	return bullet, n, true
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

// openFence starts a code block. A block that is declared to be prose is read
// as such: an answer wrapped in ```markdown is still an answer.
func (c *Cutter) openFence(rest []byte) {
	n := 0
	for n < len(rest) && rest[n] == rest[0] {
		n++
	}
	end := bytes.IndexByte(rest, '\n')
	if end < 0 || end > lookahead {
		end = min(len(rest), lookahead)
	}
	info := string(bytes.ToLower(bytes.TrimSpace(rest[min(n, end):end])))
	prose := info == "markdown" || info == "md" || info == "text" || info == "txt" || info == "plaintext"
	if prose || c.proseFence && info == "" {
		c.proseFence = prose
		c.unit = paragraph
		c.enterText(end)
		return
	}
	c.mode, c.unit, c.isOpen, c.open, c.space = inFence, code, true, c.pos, 0
	c.fenceByte, c.fenceLen = rest[0], n
	c.pos += end
}

// fence reads a code block line by line until its closing fence.
func (c *Cutter) fence(final bool) bool {
	for c.pos < len(c.buf) {
		if at := c.pos; c.tooLong(at) {
			c.cutLong(at)
			c.unit = code
			if !c.isOpen {
				c.isOpen, c.open = true, at
			}
		}
		b := c.buf[c.pos]
		if b != '\n' {
			if isSpace(b) {
				c.space = c.pos
			}
			c.pos++
			continue
		}
		end, closes, ok := c.closingFence(c.pos+1, final)
		if !ok {
			return false
		}
		if closes {
			c.emit(c.open, end)
			c.unit = paragraph
			c.pos, c.mode, c.lineText = end, inText, end
			return true
		}
		c.space = c.pos
		c.pos++
	}
	return false
}

// closingFence reports whether the line at i closes the code block and where
// its fence ends.
func (c *Cutter) closingFence(i int, final bool) (end int, closes, ok bool) {
	limit := i + lookahead
	for i < len(c.buf) && i < limit-lookahead/2 && (c.buf[i] == ' ' || c.buf[i] == '\t' || c.buf[i] == '>') {
		i++
	}
	n := 0
	for i < len(c.buf) && i < limit && c.buf[i] == c.fenceByte {
		i++
		n++
	}
	end = i
	for i < len(c.buf) && i < limit && c.buf[i] != '\n' && isSpace(c.buf[i]) {
		i++
	}
	if i == len(c.buf) && i < limit {
		return end, n >= c.fenceLen, final
	}
	return end, n >= c.fenceLen && (i == limit || c.buf[i] == '\n'), true
}

// row reads one line of a table. The first row waits for the next line, which
// tells whether it is the header.
func (c *Cutter) row(final bool) bool {
	i := c.pos
	for i < len(c.buf) && c.buf[i] != '\n' {
		if c.tooLong(i) {
			c.release()
			c.inTable = true
			c.unit = row
			c.pos = i
			c.cutLong(i)
			if !c.isOpen {
				c.isOpen, c.open = true, i
			}
		}
		if isSpace(c.buf[i]) {
			c.space = i
		}
		i++
	}
	c.pos = i
	if i == len(c.buf) && !final {
		return false
	}
	c.endRow()
	if i == len(c.buf) {
		c.mode, c.tail = atLine, i
		return false
	}
	c.nextLine()
	return true
}

// endRow deals with the complete table line buf[open:pos].
func (c *Cutter) endRow() {
	line := c.buf[c.open:c.pos]
	start, end := trimPipes(c.buf, c.open, c.pos)
	c.isOpen, c.unit = false, paragraph
	separator := isSeparator(line)
	switch {
	case c.isHeld && separator:
		c.isHeld = false
		c.add(c.held, headerRow, nil)
		c.header = c.heldCells
	case separator || start == end:
	default:
		claim := Claim{Start: c.base + start, End: c.base + end, Text: string(c.buf[start:end])}
		cells := splitCells(string(line))
		if !c.inTable {
			c.held, c.heldCells, c.isHeld = claim, cells, true
			break
		}
		c.release()
		c.add(claim, row, cells)
	}
	c.inTable = true
}

// release emits the held first row of a table that turned out to have no header.
func (c *Cutter) release() {
	if c.isHeld {
		c.isHeld = false
		c.add(c.held, row, c.heldCells)
	}
}

func (c *Cutter) endTable() {
	c.release()
	c.inTable, c.header = false, nil
}

// isSeparator reports whether a table line is the one below the header.
func isSeparator(line []byte) bool {
	dashes := false
	for _, b := range line {
		switch b {
		case '-':
			dashes = true
		case '|', ':', ' ', '\t', '\r':
		default:
			return false
		}
	}
	return dashes
}

// trimPipes narrows b[start:end] to what is between the outer pipes.
func trimPipes(b []byte, start, end int) (int, int) {
	for start < end && (b[start] == '|' || isSpace(b[start])) {
		start++
	}
	for start < end && (b[end-1] == '|' || isSpace(b[end-1])) {
		end--
	}
	return start, end
}

// splitCells cuts a table row, which starts with a pipe, at its pipes.
func splitCells(line string) []string {
	line = strings.TrimPrefix(strings.TrimSpace(line), "|")
	line = strings.TrimSuffix(line, "|")
	var cells []string
	start := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '|' && (i == 0 || line[i-1] != '\\') {
			cells = append(cells, strings.TrimSpace(line[start:i]))
			start = i + 1
		}
	}
	return append(cells, strings.TrimSpace(line[start:]))
}
