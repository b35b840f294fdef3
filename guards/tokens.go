package guards

import (
	"unicode"
	"unicode/utf8"
)

// Kinds of tokens.
const (
	wordToken   uint8 = iota // letters, apostrophes inside; a capital after a small letter begins a new one
	digitToken               // a run of ASCII digits
	symbolToken              // any other character
)

// Flags of tokens.
const (
	content uint8 = 1 << iota // counts for the meaning: neither function word nor number
	capital                   // begins with an upper-case letter
	upper                     // two letters or more, all upper-case
	glued                     // follows the token before without a space
	negated                   // in the reach of a negation
	initial                   // first word of its sentence, cell or quotation
)

// token is one word, run of digits or symbol of an analysed text.
type token struct {
	stem  uint32 // hash of the stemmed lower-case form
	start uint32 // byte offset in the text
	size  uint16
	lex   uint16 // index in lexemes; 0 for a word that no table knows
	kind  uint8
	flags uint8
	char  byte // of an ASCII symbol
}

func (t *token) end() int             { return int(t.start) + int(t.size) }
func (t *token) has(f uint8) bool     { return t.flags&f != 0 }
func (t *token) is(c wordClass) bool  { return lexemes[t.lex].class&c != 0 }
func (t *token) text(s string) string { return s[t.start:t.end()] }

// maxToken bounds one token; a longer run of letters is cut there.
const maxToken = 1 << 10

// tokenize appends the tokens of text[from:to] to toks. Offsets are those of
// text. Escapes of JSON strings are skipped when escaped is set.
func tokenize(toks []token, text string, from, to int, escaped bool) []token {
	first, prev := true, -1
	for i := from; i < to; {
		c := text[i]
		if c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		if escaped && c == '\\' && i+1 < to {
			i += 2
			continue
		}
		start := i
		t := token{start: uint32(start)}
		if start == prev {
			t.flags |= glued
		}
		switch {
		case isLetter(c):
			i = scanWord(text, i, to, &t)
		case c >= '0' && c <= '9':
			for i < to && text[i] >= '0' && text[i] <= '9' && i-start < maxToken {
				i++
			}
			t.kind, t.stem = digitToken, hashBytes(text[start:i])
		case c < utf8.RuneSelf:
			i++
			t.kind, t.char = symbolToken, c
		default:
			r, n := utf8.DecodeRuneInString(text[i:to])
			switch {
			case r == utf8.RuneError && n == 1:
				i++
				continue
			case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
				i += n
				continue
			case r == '–' || r == '—' || r == '−':
				i += n
				t.kind, t.char = symbolToken, '-'
			case isIdeograph(r): // no spaces between words: each character is a word
				i += n
				t.stem, t.flags = hashBytes(text[start:i]), t.flags|content
			case unicode.IsLetter(r):
				i = scanWord(text, i, to, &t)
			default:
				i += n
				t.kind = symbolToken
			}
		}
		t.size = uint16(i - start)
		prev = i
		if t.kind == wordToken && first {
			t.flags |= initial
			first = false
		} else if t.kind == digitToken {
			first = false
		}
		if t.kind == symbolToken && (t.char == '"' || t.char == ':' || t.char == '|' || t.char == '(') {
			first = true
		}
		toks = append(toks, t)
	}
	return toks
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isIdeograph(r rune) bool {
	return r >= 0x0E00 && r <= 0x0E7F || r >= 0x3040 && r <= 0x30FF || r >= 0x3400 && r <= 0x9FFF || r >= 0xF900 && r <= 0xFAFF || r >= 0x20000 && r <= 0x3FFFF
}

// scanWord reads the word at i and fills in t; it returns where the word ends.
func scanWord(text string, i, to int, t *token) int {
	var buf [48]byte // the lower-case form; what is longer is hashed by its first bytes and its length
	low := buf[:0]
	start, uppers, letters, lastLower := i, 0, 0, false
	for i < to && i-start < maxToken {
		c := text[i]
		if c < utf8.RuneSelf {
			switch {
			case c >= 'a' && c <= 'z':
				lastLower = true
			case c >= 'A' && c <= 'Z':
				if lastLower { // camelCase
					goto done
				}
				uppers++
				c |= 0x20
			case c == '\'' && i+1 < to && isLetter(text[i+1]) && i > start:
				letters--
			default:
				goto done
			}
			letters++
			if len(low) < cap(low) {
				low = append(low, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:to])
		if r == '’' && i > start && i+n < to && isLetter(text[i+n]) {
			r = '\''
		} else if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) || isIdeograph(r) {
			break
		} else {
			letters++
			if unicode.IsUpper(r) {
				uppers++
				r = unicode.ToLower(r)
				lastLower = false
			} else {
				lastLower = true
			}
		}
		if len(low)+4 <= cap(low) {
			low = utf8.AppendRune(low, r)
		}
		i += n
	}
done:
	if uppers > 0 {
		if r, _ := utf8.DecodeRuneInString(text[start:]); unicode.IsUpper(r) {
			t.flags |= capital
		}
		if uppers >= 2 && uppers == letters {
			t.flags |= upper
		}
	}
	t.lex = lexIndex[string(low)]
	class := lexemes[t.lex].class
	if class&stopWord == 0 && class&(cardinal|scaleWord) == 0 && letters > 1 {
		t.flags |= content
	}
	if t.stem = lexemes[t.lex].stem; t.stem != 0 {
		return i
	}
	t.stem = stemHash(low)
	if letters > len(low) {
		t.stem ^= uint32(letters) * 2654435761
	}
	return i
}

// stemHash strips English endings from a lower-case word and hashes the rest.
// It is meant to bring forms together, not to find roots.
func stemHash(w []byte) uint32 {
	if root, ok := irregular[string(w)]; ok {
		return stemHash(append(w[:0], root...))
	}
	if n := len(w); n > 2 && w[n-2] == '\'' {
		w = w[:n-2] // possessive
	}
	n := len(w)
	ends := func(s string) bool { return n > len(s)+2 && string(w[n-len(s):]) == s }
	switch {
	case ends("ies"):
		w = append(w[:n-3], 'y')
	case ends("sses"), ends("xes"), ends("zes"), ends("ches"), ends("shes"):
		w = w[:n-2]
	case n > 3 && w[n-1] == 's' && w[n-2] != 's' && w[n-2] != 'u' && w[n-2] != 'i':
		w = w[:n-1]
	}
	n = len(w)
	switch {
	case n > 7 && ends("ation"):
		w = undouble(w[:n-5])
	case n > 5 && ends("ing") && hasVowel(w[:n-3]):
		w = undouble(w[:n-3])
	case n > 4 && ends("ed") && hasVowel(w[:n-2]):
		w = undouble(w[:n-2])
	case n > 6 && ends("ment"):
		w = w[:n-4]
	case n > 5 && ends("ly"):
		w = w[:n-2]
	}
	if n = len(w); n > 3 && (w[n-1] == 'e' || n > 4 && w[n-1] == 'y') {
		w = w[:n-1]
	}
	return hashBytes(w)
}

func undouble(w []byte) []byte {
	if n := len(w); n > 3 && w[n-1] == w[n-2] && w[n-1] != 's' && w[n-1] != 'e' {
		return w[:n-1]
	}
	return w
}

func hasVowel(w []byte) bool {
	for _, c := range w {
		switch c {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			return true
		}
	}
	return false
}

// hashBytes is FNV-1a: the same in every process, so that scores never depend
// on one.
func hashBytes[T ~string | ~[]byte](b T) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(b); i++ {
		h = (h ^ uint32(b[i])) * 16777619
	}
	return h
}

// compound reports whether token i begins a compound: the "no" of "no-go" denies nothing.
func compound(toks []token, i int) bool {
	return i+2 < len(toks) && toks[i+1].has(glued) && toks[i+1].char == '-' && toks[i+2].has(glued) && toks[i+2].kind == wordToken
}

// markNegation flags the words in the reach of a negation: the next one that
// carries content, two after "no" and "without", within the clause.
func markNegation(toks []token) {
	left := 0
	for i := range toks {
		t := &toks[i]
		switch {
		case t.kind == wordToken && t.is(negator) && !compound(toks, i):
			left = 2
			if t.is(verbNegator) {
				left = 1
			}
		case breaksClause(t):
			left = 0
		case left > 0 && t.kind == wordToken && t.has(content):
			t.flags |= negated
			left--
		}
	}
}
