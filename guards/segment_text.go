package guards

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// plain marks the bytes of prose that decide nothing.
var plain = func() (t [256]bool) {
	for b := range utf8.RuneSelf {
		t[b] = !isSpace(byte(b)) && b != '.' && b != '!' && b != '?' && b != '`' && b != ':'
	}
	return t
}()

// text reads prose up to the end of its line, emitting the sentences that end
// on the way. It reports whether it got to the end of the line.
func (c *Cutter) text(final bool) bool {
	i := c.pos
	for i < len(c.buf) {
		b := c.buf[i]
		if !c.isOpen && b != '\n' && !isSpace(b) {
			if b == '-' && i > c.lineText { // a list item behind another on the same line
				if i+1 == len(c.buf) && !final {
					c.pos = i
					return false
				}
				if i+1 < len(c.buf) && c.buf[i+1] == ' ' {
					i++
					continue
				}
			}
			c.isOpen, c.open, c.space = true, i, 0
		}
		if c.isOpen && i-c.open >= maxUnit {
			c.cutLong(i)
			continue
		}
		if plain[b] {
			i++
			continue
		}
		r, w := rune(b), 1
		switch {
		case b == '\n':
			c.pos = i
			c.endLine()
			return true
		case isSpace(b):
			c.space = i
			i++
			continue
		case b == '`':
			c.code = !c.code
			i++
			continue
		case b == ':':
			ends, ok := c.endsLeadIn(i, final)
			if !ok {
				c.pos = i
				return false
			}
			i++
			if ends {
				c.emit(c.open, i)
			}
			continue
		case b >= utf8.RuneSelf:
			if !final && !utf8.FullRune(c.buf[i:]) {
				c.pos = i
				return false
			}
			r, w = utf8.DecodeRune(c.buf[i:])
		}
		if c.unit == heading || c.code || !isTerminator(r) {
			if isParagraphSeparator(r) && c.isOpen {
				c.emit(c.open, i)
			}
			i += w
			continue
		}
		end, ends, ok := c.boundary(i, final)
		if !ok {
			c.pos = i
			return false
		}
		if ends {
			c.emit(c.open, end)
		}
		i = end
	}
	c.pos = i
	return false
}

// endsLeadIn decides whether the colon at buf[p] ends a lead-in on the line of
// the text that it announces: "Here is a summary: The fee is $5."
func (c *Cutter) endsLeadIn(p int, final bool) (ends, ok bool) {
	if c.unit == heading || c.code || p-c.open > lookahead || !announces(c.buf[c.open:p]) {
		return false, true
	}
	limit := min(len(c.buf), p+lookahead)
	w := window{b: c.buf[:limit], final: final || limit == p+lookahead}
	next, newline, ok := w.skipSpace(p + 1)
	if !ok || newline || next == p+1 {
		return false, ok
	}
	r, n, ok := w.at(next)
	if r == '-' {
		return w.inlineItem(next + n)
	}
	return unicode.IsUpper(r) || unicode.IsDigit(r) || r == '*' || r == '"' || r == '“', ok
}

// endLine consumes the line break at pos. The sentence before it ends there if
// the line looks complete: otherwise the next line decides.
func (c *Cutter) endLine() {
	if c.isOpen {
		end := c.open + len(trimRight(c.buf[c.open:c.pos]))
		c.tail = end
		line := c.buf[min(max(c.open, c.lineText), end):end] // empty when the line is blank but for wide spaces
		switch {
		case c.unit == heading:
			c.emit(c.open, end)
		case c.open >= c.lineText && isBoldLine(line):
			u := c.unit
			c.unit = heading
			c.emit(c.open, end)
			c.unit = u
		case looksComplete(line, c.buf[end:c.pos]):
			c.emit(c.open, end)
		default:
			c.soft = c.open >= c.lineText && isLabelled(line)
		}
	}
	if c.unit == heading {
		c.unit = paragraph
	}
	c.nextLine()
}

// isBoldLine reports whether a line is bold from end to end, which is how
// models write headings.
func isBoldLine(line []byte) bool {
	line = bytes.TrimSuffix(line, []byte(":"))
	return len(line) > 4 && bytes.HasPrefix(line, []byte("**")) && bytes.HasSuffix(line, []byte("**")) &&
		bytes.Count(line, []byte("**")) == 2
}

// looksComplete reports whether a line that ends without a full stop ends its
// sentence all the same; gap is the white space behind it.
func looksComplete(line, gap []byte) bool {
	if bytes.HasPrefix(gap, []byte("  ")) {
		return true // a hard line break
	}
	last := bytes.TrimRight(line, "*_")
	if len(last) == 0 {
		return false
	}
	switch last[len(last)-1] {
	case ':', '\\':
		return true
	}
	r, _ := utf8.DecodeLastRune(last)
	return isEmoji(r) || r == '：'
}

// isLabelled reports whether a line reads "Label: value".
func isLabelled(line []byte) bool {
	line = bytes.TrimLeft(line, "*_")
	r, _ := utf8.DecodeRune(line)
	colon := bytes.IndexByte(line[:min(len(line), 40)], ':')
	return unicode.IsUpper(r) && colon > 0 && bytes.IndexByte(line[:colon], ',') < 0
}
