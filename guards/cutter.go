package guards

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxUnit bounds what is held back: a longer sentence, table row or code
	// block is cut at white space.
	maxUnit = 8 << 10
	// lookahead is how far past a terminator the text is read to decide whether
	// it ends a sentence. It bounds the work done again when more text arrives.
	lookahead = 96
	// pushPiece bounds the buffer when much text arrives at once.
	pushPiece = 16 << 10
)

// Cutter cuts an answer into claims as it arrives. The claims do not depend on
// how the text was cut into pieces: Push of the whole text and Flush give the
// same claims as any other sequence of pushes. A zero Cutter is ready to use.
//
// Sentences end where UAX #29 says, but for abbreviations, initials, ordinals
// and the like; every list item, heading, table row and fenced code block is a
// unit of its own. The text is read once: each step either consumes bytes for
// good or waits for a bounded number of further ones.
type Cutter struct {
	buf   []byte // from the start of the open unit on
	base  int    // offset of buf[0] in the answer
	pos   int    // first byte of buf that is not decided
	index int    // of the next claim
	out   []Claim

	mode     mode
	unit     unit
	isOpen   bool // text of a unit has been seen that is not emitted
	open     int  // where it starts
	space    int  // last white space in it, 0 if none
	tail     int  // where it ends, when mode is atLine
	lineText int  // where the text of the current line starts
	soft     bool // the last line looks complete if the next starts like a new one
	code     bool // inside `inline code`

	indent     int  // of the current line
	itemIndent int  // of the current list item
	quoted     bool // the current line is in a block quote
	lastQuoted bool // the line before was
	fenceByte  byte
	fenceLen   int
	proseFence bool // inside ```markdown, which is read as prose
	inTable    bool
	isHeld     bool
	held       Claim // first row of a table, until the next line tells whether it is the header
	heldCells  []string
	header     []string

	outline outline
	words   sentence
	before  string // the claim before
}

// mode is what the Cutter expects at pos.
type mode uint8

const (
	atLine  mode = iota // the start of a line
	inText              // prose
	inFence             // a fenced code block
	inRow               // a line of a table
)

// unit is the kind of block that the open text belongs to.
type unit uint8

const (
	paragraph unit = iota
	item
	heading
	row
	headerRow
	code
)

// Push adds text and returns the claims that are complete whatever follows.
func (c *Cutter) Push(text string) []Claim {
	for len(text) > 0 {
		n := min(len(text), pushPiece)
		c.buf = append(c.buf, text[:n]...)
		text = text[n:]
		c.run(false)
		c.compact()
	}
	return c.take()
}

// Flush ends the answer and returns the claims that were still open.
func (c *Cutter) Flush() []Claim {
	c.run(true)
	if c.isOpen {
		end := len(c.buf)
		if c.mode == atLine {
			end = c.tail
		}
		c.emit(c.open, end)
	}
	c.release()
	c.compact()
	return c.take()
}

// Len is the number of bytes pushed so far.
func (c *Cutter) Len() int { return c.base + len(c.buf) }

func (c *Cutter) take() []Claim {
	out := c.out
	c.out = nil
	return out
}

// run decides as much of the buffer as can be decided.
func (c *Cutter) run(final bool) {
	for more := true; more; {
		switch c.mode {
		case atLine:
			more = c.line(final)
		case inText:
			more = c.text(final)
		case inFence:
			more = c.fence(final)
		case inRow:
			more = c.row(final)
		}
	}
}

// compact drops the bytes that no decision needs any more.
func (c *Cutter) compact() {
	drop := c.pos
	if c.isOpen {
		drop = c.open
	}
	if drop < len(c.buf) && drop < maxUnit/2 {
		return
	}
	c.buf = c.buf[:copy(c.buf, c.buf[drop:])]
	c.base += drop
	c.pos -= drop
	c.open -= drop
	c.space = max(c.space-drop, 0)
	c.tail -= drop
	c.lineText -= drop
}

// emit makes buf[start:end] a claim of the current unit and closes it.
func (c *Cutter) emit(start, end int) {
	for start < end && isSpace(c.buf[start]) {
		start++
	}
	end = start + len(trimRight(c.buf[start:end]))
	if c.unit == heading {
		end = start + len(trimHashes(c.buf[start:end]))
	}
	c.isOpen, c.soft, c.space = false, false, 0
	if end > start {
		c.add(Claim{Start: c.base + start, End: c.base + end, Text: string(c.buf[start:end])}, c.unit, nil)
	}
}

// add numbers a claim, says what it is and what it leans on, and hands it out.
// cells are those of a table row.
func (c *Cutter) add(claim Claim, u unit, cells []string) {
	claim.Index = c.index
	c.index++
	c.words.read(claim.Text)
	claim.NotClaim = classify(&c.words, u)
	c.outline.place(&claim, &c.words, u, c.itemIndent, c.header, cells)
	claim.Before = c.before
	c.before = claim.Text
	if n := len(c.before); n > maxContext {
		at := n - maxContext
		for at < n && !utf8.RuneStart(c.before[at]) {
			at++
		}
		c.before = strings.Clone(c.before[at:])
	}
	c.out = append(c.out, claim)
}

// tooLong reports whether the open unit has to be cut before buf[i].
func (c *Cutter) tooLong(i int) bool {
	n := i - c.open
	return n >= maxUnit && (utf8.RuneStart(c.buf[i]) || n >= maxUnit+utf8.UTFMax)
}

// cutLong emits the open text, which has reached maxUnit at buf[i], up to its
// last white space.
func (c *Cutter) cutLong(i int) {
	space := c.space
	if space <= c.open {
		c.emit(c.open, i)
		return
	}
	c.emit(c.open, space)
	if space+1 < i {
		c.isOpen, c.open = true, space+1
	}
}

// trimRight drops white space at the end.
func trimRight(b []byte) []byte {
	for len(b) > 0 {
		if last := b[len(b)-1]; last < utf8.RuneSelf {
			if !isSpace(last) {
				break
			}
			b = b[:len(b)-1]
			continue
		}
		r, w := utf8.DecodeLastRune(b)
		if !unicode.IsSpace(r) {
			break
		}
		b = b[:len(b)-w]
	}
	return b
}

// trimHashes drops the closing hashes of a heading.
func trimHashes(b []byte) []byte {
	n := len(b)
	for n > 0 && b[n-1] == '#' {
		n--
	}
	if n == len(b) || n > 0 && !isSpace(b[n-1]) {
		return b
	}
	return trimRight(b[:n])
}

func isSpace(b byte) bool {
	return b == ' ' || '\t' <= b && b <= '\r'
}
