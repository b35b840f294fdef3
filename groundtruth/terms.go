package groundtruth

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxTerm bounds one term in bytes; what is longer (base64, hashes run
// together) is cut, so that no input makes an unbounded vocabulary entry.
const maxTerm = 64

// A Tokenizer cuts text into search terms. Its zero value is ready; it keeps
// buffers between calls and is not safe for concurrent use.
type Tokenizer struct {
	buf  []byte // the term handed out
	fold []byte // scratch of the Unicode path
	join []byte // a compound written without its joiners
	part []span // words of the compound at hand
}

type span struct {
	start, end     int
	letter, number bool
	plain          bool // ASCII only
}

// Terms calls yield with each term of text and the byte offsets it was found
// at, until yield returns false. Terms are NFKC, lower case and without
// accents, not stemmed: "café" is "cafe", "DW-620" is "dw", "620" and "dw620",
// "1,500" is "1500", "10kg" is "10" and "kg"; scripts written without spaces
// give pairs of characters. The term is valid during the call only.
func (t *Tokenizer) Terms(text string, yield func(term []byte, start, end int) bool) {
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf && class[c] == 0 {
			i++
			continue
		}
		kind, n := runeClass(text, i)
		var ok bool
		switch kind {
		case 0:
			i += n
			continue
		case dense:
			i, ok = t.dense(text, i, yield)
		default:
			i, ok = t.compound(text, i, yield)
		}
		if !ok {
			return
		}
	}
}

// Character classes. Anything else is 0: it separates.
const (
	letter byte = iota + 1
	digit
	mark
	dense // of a script written without spaces
)

var class = func() (t [utf8.RuneSelf]byte) {
	for c := range t {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			t[c] = letter
		case '0' <= c && c <= '9':
			t[c] = digit
		}
	}
	return
}()

// runeClass classifies the character at text[i:], and gives its length.
func runeClass(text string, i int) (byte, int) {
	if c := text[i]; c < utf8.RuneSelf {
		return class[c], 1
	}
	r, n := utf8.DecodeRuneInString(text[i:])
	switch {
	case r < 0xAA || r == utf8.RuneError:
		return 0, n
	case r >= 0xE00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー' || r == 'ｰ' || r == 'ﾞ' || r == 'ﾟ':
		return dense, n
	case unicode.IsLetter(r), r >= 0x3300 && r <= 0x33FF: // ㎏ and its like are letters once normalised
		return letter, n
	case unicode.IsNumber(r):
		return digit, n
	case unicode.IsMark(r):
		return mark, n
	}
	return 0, n
}

// word scans the word at i: letters, digits and marks, the points within a
// number or version, the commas of a grouped number.
func word(text string, i int) span {
	w := span{start: i, plain: true}
	for i < len(text) {
		kind, n := runeClass(text, i)
		switch kind {
		case letter, mark:
			w.letter = true
		case digit:
			w.number = true
		default:
			if !w.number || !digitAt(text, i-1) || !digitAt(text, i+1) {
				w.end = i
				return w
			}
			if c := text[i]; c != '.' && !(c == ',' && !w.letter && grouped(text, i)) {
				w.end = i
				return w
			}
			n = 1
		}
		if kind != 0 && text[i] >= utf8.RuneSelf {
			w.plain = false
		}
		i += n
	}
	w.end = i
	return w
}

func digitAt(text string, i int) bool { return i >= 0 && i < len(text) && text[i]-'0' <= 9 }

// grouped reports whether the comma at i is followed by exactly three digits.
func grouped(text string, i int) bool {
	return digitAt(text, i+1) && digitAt(text, i+2) && digitAt(text, i+3) && !digitAt(text, i+4)
}

// compound scans words tied together by single joiners, and yields them; a
// compound of letters and digits is yielded as one term as well, so that
// "DW-620" finds "DW620".
func (t *Tokenizer) compound(text string, i int, yield func([]byte, int, int) bool) (int, bool) {
	t.part = t.part[:0]
	start, dots, single := i, true, true
	letters, digits := false, false
	for {
		w := word(text, i)
		i = w.end
		if n := joiner(text, i); n > 1 || n == 1 && text[i] == '\'' { // an apostrophe
			right := word(text, i+n)
			if w.letter && right.letter && w.end-w.start > 1 {
				i = right.end
				if !(right.end-right.start == 1 && text[right.start]|0x20 == 's') { // "company's" is "company"
					w.end, w.plain = right.end, w.plain && right.plain && n == 1
				}
			}
		}
		t.part = append(t.part, w)
		letters, digits = letters || w.letter, digits || w.number
		single = single && w.end-w.start == 1 && w.letter
		n := joiner(text, i)
		if n == 0 || len(t.part) == 8 || i-start > 2*maxTerm {
			break
		}
		dots = dots && text[i] == '.'
		i += n
	}
	if len(t.part) > 1 && (letters && digits || single && dots) {
		t.join = t.join[:0]
		for _, w := range t.part {
			t.join = append(t.join, t.folded(text[w.start:w.end], w.plain)...)
		}
		if len(t.join) <= maxTerm && !yield(t.join, start, t.part[len(t.part)-1].end) {
			return i, false
		}
		if !digits { // U.S.A. is one term, not three letters
			return i, true
		}
	}
	for _, w := range t.part {
		if !t.yieldWord(text, w, yield) {
			return i, false
		}
	}
	return i, true
}

// joiner returns the length of the character at i when it ties two words
// together, else 0.
func joiner(text string, i int) int {
	if i+1 >= len(text) {
		return 0
	}
	n := 0
	switch text[i] {
	case '-', '_', '.', '/', '\'':
		n = 1
	case 0xE2: // ’ ‐ ‑
		if i+3 < len(text) && text[i+1] == 0x80 && (text[i+2] == 0x99 || text[i+2] == 0x90 || text[i+2] == 0x91) {
			n = 3
		}
	}
	if n == 0 || i+n >= len(text) {
		return 0
	}
	if kind, _ := runeClass(text, i+n); kind != letter && kind != digit {
		return 0
	}
	return n
}

// yieldWord yields a word, split where digits and letters meet: "10kg" as "10"
// and "kg", "iphone15" as itself, "iphone" and "15", "v2.3" as itself and "2.3".
func (t *Tokenizer) yieldWord(text string, w span, yield func([]byte, int, int) bool) bool {
	term := t.folded(text[w.start:w.end], w.plain)
	if len(term) == 0 {
		return true
	}
	if !w.letter || !w.number || !w.plain {
		return yield(term, w.start, w.end)
	}
	cut, changes := 0, 0
	for i := 1; i < len(term); i++ {
		if (term[i] >= 'a') != (term[i-1] >= 'a') {
			cut, changes = i, changes+1
		}
	}
	switch {
	case changes != 1 || cut == 0: // A4B7: a code
		return yield(term, w.start, w.end)
	case term[0] < 'a': // 10kg, 21st
		if !yield(term[:cut], w.start, w.end) {
			return false
		}
		switch string(term[cut:]) {
		case "st", "nd", "rd", "th":
			return true
		}
		return yield(term[cut:], w.start, w.end)
	}
	if !yield(term, w.start, w.end) || cut > 1 && !yield(term[:cut], w.start, w.end) {
		return false
	}
	return cut == 1 && term[0] != 'v' || yield(term[cut:], w.start, w.end)
}

// folded writes word in the form it is searched by into t.buf.
func (t *Tokenizer) folded(word string, plain bool) []byte {
	t.buf = t.buf[:0]
	if !plain {
		t.fold = norm.NFKD.AppendString(t.fold[:0], word)
		for i := 0; i < len(t.fold) && len(t.buf) < maxTerm-utf8.UTFMax; {
			r, n := utf8.DecodeRune(t.fold[i:])
			i += n
			t.buf = appendFolded(t.buf, r)
		}
		return t.buf
	}
	for i := 0; i < len(word) && len(t.buf) < maxTerm; i++ {
		switch c := word[i]; {
		case 'A' <= c && c <= 'Z':
			t.buf = append(t.buf, c|0x20)
		case c != ',' && c != '\'':
			t.buf = append(t.buf, c)
		}
	}
	return t.buf
}

// appendFolded appends r in lower case, or nothing if it is an accent.
func appendFolded(b []byte, r rune) []byte {
	switch {
	case r >= 0x300 && r <= 0x36F, r == '’', r == '\'', r == ',', r == 0xAD:
		return b
	case r < utf8.RuneSelf:
		if 'A' <= r && r <= 'Z' {
			r |= 0x20
		}
		return append(b, byte(r))
	}
	switch r = unicode.ToLower(r); r { // letters that have no decomposition
	case 'ß':
		return append(b, "ss"...)
	case 'æ':
		return append(b, "ae"...)
	case 'œ':
		return append(b, "oe"...)
	case 'ø':
		return append(b, 'o')
	case 'ł':
		return append(b, 'l')
	case 'đ', 'ð':
		return append(b, 'd')
	case 'ı':
		return append(b, 'i')
	case 'ς':
		r = 'σ'
	}
	return utf8.AppendRune(b, r)
}

// dense yields the pairs of neighbouring characters of a run without spaces,
// or its one character.
func (t *Tokenizer) dense(text string, i int, yield func([]byte, int, int) bool) (int, bool) {
	start := i
	for i < len(text) && i-start < 4096 { // a longer run is cut in two
		kind, n := runeClass(text, i)
		if kind != dense && kind != mark {
			break
		}
		i += n
	}
	t.fold = norm.NFKC.AppendString(t.fold[:0], text[start:i])
	prev, at, pairs := 0, 0, 0
	for at < len(t.fold) {
		_, n := utf8.DecodeRune(t.fold[at:])
		at += n
		if at-n > prev || pairs > 0 {
			if !yield(t.fold[prev:at], start, i) {
				return i, false
			}
			prev, pairs = at-n, pairs+1
		}
	}
	if pairs == 0 && len(t.fold) > 0 {
		return i, yield(t.fold, start, i)
	}
	return i, true
}
