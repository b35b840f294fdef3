package guards

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// word is one word of a sentence; its offsets are of sentence.text and of
// sentence.norm.
type word struct {
	start, end         int
	normStart, normEnd int
	capital            bool // starts with a capital
	digit              bool // has a digit
	clause             bool // first of the sentence, or behind a colon, dash or opening quote
	comma              bool // a comma or semicolon stands before it
}

// sentence is a claim's text read once for all that is asked of it. It is used
// again for the next claim.
type sentence struct {
	text  string
	norm  []byte // the words in lower case, one space between
	words []word
	last  rune // last rune but for quotes, brackets, emphasis and emoji

	digits bool // has a figure
	link   bool // has a URL or an e-mail address
	names  int  // capitalised words that no rule of spelling explains
	counts int  // numbers and times in words: "two", "weekly", "Monday"
	verb   bool // has a finite verb of the list
	colon  int  // words before the last colon, -1 without one
}

// read analyses text.
func (s *sentence) read(text string) {
	*s = sentence{text: text, norm: s.norm[:0], words: s.words[:0], colon: -1}
	s.link = strings.Contains(text, "://") || strings.Contains(text, "www.") || strings.IndexByte(text, '@') > 0
	clause, comma := true, false
	for i := 0; i < len(text); {
		r, n := decode(text[i:])
		if !isWordRune(r) {
			switch {
			case r == ':' || r == '—' || r == '“' || r == '"' || r == '.' || r == '!' || r == '?' || r == '|':
				clause = true
				if r == ':' {
					s.colon = len(s.words)
				}
			case r == ',' || r == ';':
				comma = true
			}
			if r > ' ' && !isCloser(r) && !isEmoji(r) && r != '~' || r == '\'' {
				s.last = r
			}
			i += n
			continue
		}
		if len(s.norm) > 0 {
			s.norm = append(s.norm, ' ')
		}
		w := word{start: i, normStart: len(s.norm), capital: unicode.IsUpper(r), clause: clause, comma: comma}
		for i < len(text) {
			r, n := decode(text[i:])
			if !isWordRune(r) && !isInner(r, text[i+n:], i > w.start) {
				break
			}
			s.last = r
			switch {
			case 'A' <= r && r <= 'Z':
				s.norm = append(s.norm, byte(r)+'a'-'A')
			case r == '’':
				s.norm = append(s.norm, '\'')
			case r < utf8.RuneSelf:
				w.digit = w.digit || isASCIIDigit(r)
				s.norm = append(s.norm, byte(r))
			default:
				w.digit = w.digit || unicode.IsNumber(r)
				s.norm = append(s.norm, text[i:i+n]...)
			}
			i += n
		}
		w.end, w.normEnd = i, len(s.norm)
		s.note(w)
		s.words = append(s.words, w)
		clause, comma = false, false
	}
}

// note counts what a word says about the sentence.
func (s *sentence) note(w word) {
	norm := s.norm[w.normStart:w.normEnd]
	if w.digit {
		s.digits = true
	}
	if (countWords[string(norm)] || isCompoundCount(norm)) && !(string(norm) == "free" && s.word(len(s.words)-1) == "feel") {
		s.counts++
	}
	if finiteVerbs[string(norm)] {
		s.verb = true
	}
	if w.capital && !w.clause && norm[0] != 'i' || w.capital && !w.clause && len(norm) > 1 && norm[1] != '\'' {
		s.names++
	}
}

// isCompoundCount recognises "forty-five" and "two-thirds".
func isCompoundCount(norm []byte) bool {
	first, _, ok := bytes.Cut(norm, []byte("-"))
	return ok && countWords[string(first)]
}

// facts reports whether the sentence holds something that can be looked up.
func (s *sentence) facts() bool { return s.exact() || s.names > 0 }

// exact reports whether it holds a figure, a time or a link.
func (s *sentence) exact() bool { return s.digits || s.link || s.counts > 0 }

// word is the i-th word in lower case, "" past the end.
func (s *sentence) word(i int) string {
	if i < 0 || i >= len(s.words) {
		return ""
	}
	w := s.words[i]
	return string(s.norm[w.normStart:w.normEnd])
}

// at reports whether phrase, in lower case, stands at the i-th word.
func (s *sentence) at(i int, phrase string) bool {
	if i >= len(s.words) {
		return false
	}
	rest := s.norm[s.words[i].normStart:]
	return len(rest) >= len(phrase) && string(rest[:len(phrase)]) == phrase && (len(rest) == len(phrase) || rest[len(phrase)] == ' ')
}

// atAny reports which of the phrases stands at the i-th word, and the word
// behind it.
func (s *sentence) atAny(i int, phrases []string) (next int, ok bool) {
	for _, p := range phrases {
		if s.at(i, p) {
			return i + 1 + strings.Count(p, " "), true
		}
	}
	return i, false
}

// verbFrom reports whether a finite verb stands at the i-th word or behind it.
func (s *sentence) verbFrom(i int) bool {
	for ; i < len(s.words); i++ {
		w := s.words[i]
		if finiteVerbs[string(s.norm[w.normStart:w.normEnd])] {
			return true
		}
	}
	return false
}

// colonInside reports whether words follow a colon.
func (s *sentence) colonInside() bool { return s.colon >= 0 && s.colon < len(s.words) }

// comma is the first word at or behind i that a comma stands before, or -1.
func (s *sentence) comma(i int) int {
	for ; i < len(s.words); i++ {
		if s.words[i].comma {
			return i
		}
	}
	return -1
}

func decode(s string) (rune, int) {
	if s[0] < utf8.RuneSelf {
		return rune(s[0]), 1
	}
	return utf8.DecodeRuneInString(s)
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) && !isCloser(r) || unicode.IsMark(r)
}

// isInner reports whether r joins a word to what follows: an apostrophe or a
// hyphen between letters.
func isInner(r rune, after string, started bool) bool {
	if !started || after == "" || r != '\'' && r != '’' && r != '-' && r != '&' {
		return false
	}
	next, _ := decode(after)
	return isWordRune(next)
}
