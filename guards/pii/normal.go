package pii

import (
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normal is a text as patterns read it: digits of every script and width as ASCII
// ones, blanks and dashes plain, invisible characters gone, and letters that only
// look Latin made Latin inside Latin words.
type normal struct {
	text   string
	shifts []shift // ascending; none when text is as given
}

// shift says that from a place in the normal text on, places lie that much further
// on in the text as given.
type shift struct{ from, by int }

// normalise is cheap for text in which nothing has to change.
func normalise(text string) normal {
	i := firstHigh(text)
	if i == len(text) {
		return normal{text: text}
	}
	n := normal{}
	var b strings.Builder
	changed := false
	for i < len(text) {
		c := text[i]
		if c < utf8.RuneSelf {
			if changed {
				b.WriteByte(c)
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		plain, replace := plainly(r, text, i, size)
		if !replace {
			if changed {
				b.WriteString(text[i : i+size])
			}
			i += size
			continue
		}
		if !changed {
			changed = true
			b.Grow(len(text))
			b.WriteString(text[:i])
		}
		b.WriteString(plain)
		i += size
		n.shifts = append(n.shifts, shift{b.Len(), i - b.Len()})
	}
	if !changed {
		return normal{text: text}
	}
	n.text = b.String()
	return n
}

// origin is where a place of the normal text lies in the text as given.
func (n *normal) origin(at int) int {
	k := sort.Search(len(n.shifts), func(i int) bool { return n.shifts[i].from > at })
	if k == 0 {
		return at
	}
	return at + n.shifts[k-1].by
}

// originEnd is origin for the end of a span: what was dropped behind it stays out.
func (n *normal) originEnd(at int) int {
	if at == 0 {
		return 0
	}
	k := sort.Search(len(n.shifts), func(i int) bool { return n.shifts[i].from >= at })
	if k < len(n.shifts) && n.shifts[k].from == at { // the last character is itself a replaced one
		return at + n.shifts[k].by
	}
	if k == 0 {
		return at
	}
	return at + n.shifts[k-1].by
}

// firstHigh is where the first byte outside ASCII stands.
func firstHigh(s string) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		if (s[i]|s[i+1]|s[i+2]|s[i+3]|s[i+4]|s[i+5]|s[i+6]|s[i+7])&0x80 != 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			break
		}
	}
	return i
}

// plainly is what stands for r, and whether anything has to.
func plainly(r rune, text string, i, size int) (string, bool) {
	switch {
	case r >= 0xC0 && r < 0x0370 || r >= 0x1E00 && r < 0x2000: // Latin letters with marks
		return "", false
	case r == 0xAD, r == 0x034F, r == 0x115F, r == 0x1160, r == 0x3164, unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
		return "", true
	case r >= 0x2010 && r <= 0x2015, r == 0x2212, r == 0xFE58, r == 0xFE63:
		return "-", true
	case r == 0x2018, r == 0x2019, r == 0x201B, r == 0x02BC:
		return "'", true
	case unicode.Is(unicode.Zs, r):
		return " ", true
	case unicode.Is(unicode.Nd, r):
		return string('0' + digitOf(r)), true
	case r >= 0xFF01 && r <= 0xFF5E:
		return string(r - 0xFF01 + '!'), true
	case r >= 0x1D400 && r <= 0x1D7FF, r >= 0x2460 && r <= 0x2473, r >= 0x24B6 && r <= 0x24E9, r >= 0x2070 && r <= 0x209C:
		return norm.NFKC.String(string(r)), true
	}
	if like, ok := looksLike[r]; ok && (i > 0 && isAlnum(text[i-1]) || i+size < len(text) && isAlnum(text[i+size])) {
		return like, true
	}
	return "", false
}

// digitOf is the value of a decimal digit: each script has its ten in a row.
func digitOf(r rune) rune {
	n := rune(0)
	for n < 9 && unicode.Is(unicode.Nd, r-n-1) && r-n-1 >= 0 {
		n++
	}
	if r >= 0x1D7CE && r <= 0x1D7FF { // five tens stand in one row
		return (r - 0x1D7CE) % 10
	}
	return n
}

// looksLike are Cyrillic and Greek letters with the look of Latin ones.
var looksLike = func() map[rune]string {
	m := map[rune]string{}
	from := []rune("аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅαοριυνκτΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
	for i, c := range "aeopcyxijsdhqwABEKMHOPCTYXIJSaopiuvktABEZHIKMNOPTYX" {
		m[from[i]] = string(c)
	}
	return m
}()

func isDigit(c byte) bool { return c-'0' <= 9 }
func isUpper(c byte) bool { return c-'A' <= 25 }
func isLower(c byte) bool { return c-'a' <= 25 }
func isAlnum(c byte) bool { return isDigit(c) || isUpper(c) || isLower(c) }
