package guards

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold returns text as a reader sees it, where that differs from its bytes:
// digits of every script and form become ASCII ones, invisible characters, tags
// and emphasis go, character references are resolved. A figure that is spelt so
// that comparison cannot read it must not pass for a sentence without figures.
// Plain text is returned as it is.
func fold(text string) string {
	if !foldable(text) {
		return text
	}
	if strings.Contains(text, "&") {
		text = html.UnescapeString(text)
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '<':
			if n := tagLen(text[i:]); n > 0 {
				i += n
				continue
			}
		case c == '`', c == '*' && !(i > 0 && i+1 < len(text) && isDigit(text[i-1]) && isDigit(text[i+1])):
			i++
			continue
		}
		if c < 0x80 {
			b.WriteByte(c)
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case unicode.Is(unicode.Nd, r):
			b.WriteByte('0' + digitOf(r))
		case r >= 0xFF01 && r <= 0xFF5E, r >= 0x1D400 && r <= 0x1D7FF, r >= 0x2460 && r <= 0x24FF, r >= 0x2776 && r <= 0x2793: // full width, mathematical, circled
			b.WriteString(norm.NFKC.String(text[i : i+n]))
		case unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r), r == '\u034F', r == '\u115F', r == '\u1160', r == '\u3164':
			// seen by nobody
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// foldable reports whether text holds anything that fold could change. The
// letters and signs of ordinary Western text are none of it.
func foldable(text string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '<' || c == '*' || c == '`' || c == '&':
			return true
		case c < 0x80:
		default:
			r, n := utf8.DecodeRuneInString(text[i:])
			i += n - 1
			switch {
			case r >= 0xC0 && r < 0x250, r >= '‐' && r <= '”', r == '…', r == '€', r == '£', r == '•', r == '°', r == '½', r == '¼', r == '¾', r == ' ':
			default:
				return true
			}
		}
	}
	return false
}

// tagLen is the length of the simple tag that s begins with, 0 if it is none.
func tagLen(s string) int {
	for i := 1; i < len(s) && i < 24; i++ {
		switch c := s[i]; {
		case c == '>':
			if i == 1 {
				return 0
			}
			return i + 1
		case isLetter(c), c == '/', i > 2 && (isDigit(c) || c == ' ' || c == '-'):
		default:
			return 0
		}
	}
	return 0
}

// digitOf is the value of a decimal digit. The digits of a script stand in a row,
// from zero to nine.
func digitOf(r rune) byte {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return byte((r - rune(t.Lo)) % 10)
		}
	}
	return 0
}
