package fairness

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is a word of a text: letters and digits. A hyphen ends it; of a contraction
// or possessive it is the part before the apostrophe, but for n't.
type word struct {
	start, end int    // byte offsets, suffix and all
	text       string // as written
	lower      string
	suffix     string // "s", "m", "re", "ve", "ll" or "d" after an apostrophe
	gap        gap    // what stands before it
}

// gap is what stands between a word and the one before, the strongest of it.
type gap uint8

const (
	space    gap = iota // nothing but spaces
	hyphen              // one hyphen: the two are one word
	pause               // a comma, bracket, quote, slash
	fullStop            // the end of a sentence, or a line break
)

// maxWords bounds what is read of a text.
const maxWords = 20_000

// words cuts a text into words.
func words(text string) []word {
	out := make([]word, 0, min(len(text)/5, maxWords))
	between := fullStop
	for i := 0; i < len(text) && len(out) < maxWords; {
		r, n := decode(text, i)
		if !letter(r) {
			between = max(between, gapOf(r, text, i))
			i += n
			continue
		}
		start := i
		for i < len(text) {
			r, n := decode(text, i)
			if !letter(r) && !(apostrophe(r) && within(text, i, n)) {
				break
			}
			i += n
		}
		w := word{start: start, end: i, text: text[start:i], gap: between}
		if strings.ContainsAny(w.text, "'’") {
			w.split()
		}
		if lower(w.text) {
			w.lower = w.text
		} else {
			w.lower = strings.ToLower(w.text)
		}
		out = append(out, w)
		between = space
	}
	return out
}

func decode(s string, i int) (rune, int) {
	if s[i] < utf8.RuneSelf {
		return rune(s[i]), 1
	}
	return utf8.DecodeRuneInString(s[i:])
}

func lower(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func letter(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

func apostrophe(r rune) bool { return r == '\'' || r == '’' }

// within tells whether letters stand on both sides of the n bytes at i.
func within(text string, i, n int) bool {
	if i == 0 || i+n >= len(text) {
		return false
	}
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	after, _ := utf8.DecodeRuneInString(text[i+n:])
	return unicode.IsLetter(before) && unicode.IsLetter(after)
}

// split takes a suffix off, and writes other apostrophes as one sign.
func (w *word) split() {
	w.text = strings.ReplaceAll(w.text, "’", "'")
	at := strings.LastIndexByte(w.text, '\'')
	switch tail := strings.ToLower(w.text[at+1:]); tail {
	case "s", "m", "re", "ve", "ll", "d":
		w.suffix, w.text = tail, w.text[:at]
	}
}

func gapOf(r rune, text string, i int) gap {
	switch r {
	case ' ', '\t', '\u00a0', '*', '_', '#':
		return space
	case '-', '‐', '‑':
		if i > 0 && i+1 < len(text) && text[i-1] != ' ' && text[i+1] != ' ' {
			return hyphen
		}
		return pause
	case '.':
		if i+1 < len(text) && !unicode.IsSpace(rune(text[i+1])) { // "U.S."
			return pause
		}
		return fullStop
	case '!', '?', ';', ':', '\n', '\r', '…', '•', '|':
		return fullStop
	}
	return pause
}

// capital tells whether the word begins with a capital letter.
func (w *word) capital() bool {
	r, _ := utf8.DecodeRuneInString(w.text)
	return unicode.IsUpper(r)
}
