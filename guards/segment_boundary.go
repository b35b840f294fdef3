package guards

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/sentences"
)

// atEnd is the rune behind the last one.
const atEnd rune = -1

// window is the text that a decision may look at. What is behind it is not
// known yet, unless final is set.
type window struct {
	b     []byte
	final bool
}

// at decodes the rune at i; ok is false when it has not arrived.
func (w window) at(i int) (r rune, width int, ok bool) {
	if i >= len(w.b) {
		return atEnd, 0, w.final
	}
	if b := w.b[i]; b < utf8.RuneSelf {
		return rune(b), 1, true
	}
	if !w.final && !utf8.FullRune(w.b[i:]) {
		return atEnd, 0, false
	}
	r, width = utf8.DecodeRune(w.b[i:])
	return r, width, true
}

// boundary decides whether the terminator at buf[p] ends a sentence. If so, end
// is behind it and the quotes, brackets, footnote marks and emoji that belong to
// it; otherwise end is where reading goes on. ok is false when more text is
// needed.
func (c *Cutter) boundary(p int, final bool) (end int, ends, ok bool) {
	limit := min(len(c.buf), p+lookahead)
	w := window{b: c.buf[:limit], final: final || limit == p+lookahead}

	run := p // end of the run of terminators
	for {
		r, n, ok := w.at(run)
		if !ok {
			return 0, false, false
		}
		if !isTerminator(r) {
			break
		}
		run += n
	}
	end, ok = w.closers(run)
	if !ok {
		return 0, false, false
	}
	r, n, ok := w.at(end)
	switch {
	case !ok:
		return 0, false, false
	case r == atEnd:
		return end, final && limit == len(c.buf), true // no sentence ends in the middle of a long run of marks
	case !unicode.IsSpace(r):
		// Only scripts that write no spaces go on at once: "3.5", "a.com/?q=1".
		if !isUnspaced(c.buf[p:run]) || !c.uaxBreak(p, run, end, end+n) {
			return run, false, true
		}
		return end, true, true
	}
	next, newline, ok := w.skipSpace(end)
	if !ok {
		return 0, false, false
	}
	if !newline { // footnote marks and emoji behind a space still belong to this sentence
		after, ok := w.trailers(next)
		if !ok {
			return 0, false, false
		}
		if after > next {
			end = after
			if next, newline, ok = w.skipSpace(end); !ok {
				return 0, false, false
			}
		}
	}

	said, mark := c.buf[c.open:p], c.buf[p:run]
	if isOrdinal(said) {
		return run, false, true
	}
	if len(mark) == 1 && mark[0] == '.' {
		if kind := abbreviation(said); kind != noAbbreviation {
			ends, ok = w.afterAbbreviation(kind, next)
			return pick(ends, end, run), ends, ok
		}
	}
	if newline {
		return end, true, true
	}
	if isYesNo(said) { // "Yes. It is." is one statement
		return run, false, true
	}
	ends, ok = c.startsSentence(w, p, run, next)
	return pick(ends, end, run), ends, ok
}

// startsSentence decides whether a new sentence starts at buf[next], behind the
// terminators buf[p:run].
func (c *Cutter) startsSentence(w window, p, run, next int) (starts, ok bool) {
	ellipsis := run-p > 1 && c.buf[p] == '.' || bytes.ContainsRune(c.buf[p:run], '…')
	r, n, ok := w.at(next)
	switch {
	case !ok:
		return false, false
	case r == atEnd || r == '`':
		return true, true
	case unicode.IsDigit(r) || unicode.Is(unicode.Sc, r):
		return !ellipsis, true // "between 5 ... 10"
	case r == '-': // only a list item on the same line
		return w.inlineItem(next + n)
	case isContinuation(r):
		return false, true
	case unicode.IsLower(r):
		// iPhone and eBay may start a sentence; any other small letter goes on with it.
		second, _, ok := w.at(next + n)
		return unicode.IsUpper(second), ok
	}
	to := next
	for { // to the first letter, which decides
		r, n, ok = w.at(to)
		if !ok {
			return false, false
		}
		to += n
		if r == atEnd || unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\n' || isTerminator(r) {
			break
		}
	}
	if unicode.IsLower(r) {
		return false, true
	}
	return ellipsis || c.uaxBreak(p, run, next, to), true
}

// inlineItem reports whether a space and a capital or bold text stand at i.
func (w window) inlineItem(i int) (starts, ok bool) {
	if r, n, ok := w.at(i); r != ' ' {
		return false, ok
	} else {
		i += n
	}
	r, _, ok := w.at(i)
	return unicode.IsUpper(r) || r == '*', ok
}

// uaxBreak reports whether UAX #29 ends a sentence at the terminators buf[p:run]
// when buf[next:to] follows, reading no further. What closes the sentence in
// between has been dealt with and is left out.
func (c *Cutter) uaxBreak(p, run, next, to int) bool {
	start := p
	if p > c.open { // what is before the terminator matters to the rules
		_, n := utf8.DecodeLastRune(c.buf[c.open:p])
		if start -= n; c.buf[start] == '\n' {
			start = p
		}
	}
	var b [2*lookahead + 2*utf8.UTFMax]byte
	text := append(b[:0], c.buf[start:run]...)
	if isSpace(c.buf[next-1]) {
		text = append(text, ' ')
	}
	end := len(text)
	text = append(text, c.buf[next:to]...)
	n, _, err := sentences.SplitFunc(text, true)
	return err == nil && n <= end
}

// closers skips what closes a sentence behind its terminator.
func (w window) closers(i int) (end int, ok bool) {
	for {
		r, n, ok := w.at(i)
		switch {
		case !ok:
			return 0, false
		case isCloser(r) || isEmoji(r):
			i += n
		case r == '[' || r == '【':
			after, ok := w.footnote(i)
			if !ok || after == i {
				return i, ok
			}
			i = after
		default:
			return i, true
		}
	}
}

// trailers skips footnote marks and emoji that stand alone behind a sentence.
func (w window) trailers(i int) (end int, ok bool) {
	end = i
	for {
		r, n, ok := w.at(i)
		switch {
		case !ok:
			return 0, false
		case isEmoji(r):
			i += n
		case r == '[' || r == '【':
			after, ok := w.footnote(i)
			if !ok || after == i {
				return end, ok
			}
			i = after
		case r == atEnd || unicode.IsSpace(r):
			if i > end {
				end = i
			}
			if r == atEnd || r == '\n' {
				return end, true
			}
			i += n
		default:
			return end, true
		}
	}
}

// footnote skips a mark such as [1], [2, 3], [^4] or 【1†source】 at i, and
// returns i when there is none.
func (w window) footnote(i int) (end int, ok bool) {
	first, n, _ := w.at(i)
	wide := first == '【'
	digits := false
	for j := i + n; j < i+40; j += n {
		var r rune
		if r, n, ok = w.at(j); !ok {
			return 0, false
		}
		switch {
		case r == ']' && !wide || r == '】' && wide:
			if !digits {
				return i, true
			}
			return j + n, true
		case isASCIIDigit(r):
			digits = true
		case r == '^' || r == ',' || r == '-' || r == '–' || r == ' ':
		case wide && r != atEnd && r != '\n':
		default:
			return i, true
		}
	}
	return i, true
}

// skipSpace skips white space up to a line break.
func (w window) skipSpace(i int) (next int, newline, ok bool) {
	for {
		r, n, ok := w.at(i)
		if !ok {
			return 0, false, false
		}
		if r == '\n' || isParagraphSeparator(r) {
			return i, true, true
		}
		if !unicode.IsSpace(r) {
			return i, false, true
		}
		i += n
	}
}

// afterAbbreviation decides whether a sentence ends at an abbreviation, given
// what starts at i.
func (w window) afterAbbreviation(kind abbreviationKind, i int) (ends, ok bool) {
	if kind == neverEnds {
		return false, true
	}
	lines := 0
	for { // to the next word
		r, n, ok := w.at(i)
		if !ok {
			return false, false
		}
		if r == '\n' {
			lines++
		}
		if r == atEnd || lines == 2 {
			return true, true
		}
		if !unicode.IsSpace(r) && !isOpener(r) {
			break
		}
		i += n
	}
	if r, _, _ := w.at(i); !unicode.IsUpper(r) {
		return !unicode.IsLower(r) && unicode.IsLetter(r), true
	}
	start := i
	for {
		r, n, ok := w.at(i)
		if !ok {
			return false, false
		}
		if !unicode.IsLetter(r) && r != '\'' {
			break
		}
		i += n
	}
	word := w.b[start:i]
	switch kind {
	case beforeNumber:
		return !isRoman(word), true
	case beforeName:
		return isStarter(word), true
	default: // mayEnd
		return !isCalendar(word), true
	}
}

func pick(cond bool, a, b int) int {
	if cond {
		return a
	}
	return b
}

// isTerminator reports whether r can end a sentence.
func isTerminator(r rune) bool {
	switch {
	case r == '.' || r == '!' || r == '?' || r == '…':
		return true
	case r < 0x589 || r >= 0x2010 && r < 0x203c:
		return false
	}
	return unicode.Is(unicode.STerm, r)
}

// isUnspaced reports whether a run of terminators belongs to a script in which
// the next sentence follows without a space.
func isUnspaced(run []byte) bool {
	r, _ := utf8.DecodeRune(run)
	switch r {
	case '…', '‼', '⁇', '⁈', '⁉', '؟':
		return false
	}
	return r >= utf8.RuneSelf
}

// isCloser reports whether r can close a quotation, a bracket or emphasis, or
// is a raised footnote number.
func isCloser(r rune) bool {
	switch r {
	case '"', '\'', ')', ']', '}', '*', '_', '’', '”', '“', '»', '«', '›', '‹', '¹', '²', '³', '`':
		return true
	}
	return r >= 0x2070 && (r <= 0x2079 || unicode.In(r, unicode.Pe, unicode.Pf))
}

// isOpener reports whether r can stand before the first letter of a sentence.
func isOpener(r rune) bool {
	switch r {
	case '"', '\'', '(', '[', '*', '_', '“', '‘', '«', '„', '¿', '¡':
		return true
	}
	return false
}

// isContinuation reports whether r goes on with a sentence (SContinue of UAX #29).
func isContinuation(r rune) bool {
	switch r {
	case ',', ';', ':', '-', '–', '—', '、', '，', '：', '；', '،':
		return true
	}
	return false
}

func isParagraphSeparator(r rune) bool {
	return r == 0x85 || r == 0x2028 || r == 0x2029
}

func isASCIIDigit(r rune) bool { return '0' <= r && r <= '9' }

// isEmoji reports whether r is a pictograph or a part of one.
func isEmoji(r rune) bool {
	switch {
	case r < 0x200d:
		return false
	case r == 0x200d || r == 0x20e3 || r == 0xfe0f:
		return true
	}
	return r >= 0x2600 && r < 0x27c0 || r >= 0x2b00 && r < 0x2c00 || r >= 0x1f000 && r < 0x1fb00 || r >= 0xe0020 && r < 0xe0080
}
