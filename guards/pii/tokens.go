package pii

import (
	_ "embed"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is what a token is made of.
type kind uint8

const (
	mark   kind = iota // one character that is neither letter nor digit
	word               // letters
	number             // digits
	mixed              // both
)

// token is a run of letters and digits, or one other character.
type token struct {
	start, end uint32
	hash       uint32 // of the word in lower case
	tells      tells  // what the word tells of its neighbours
	kind       kind
	upper      bool // begins with a capital
	shout      bool // has no small letter and more than one letter
	gap        gap  // what stands before it
}

type gap uint8

const (
	glued   gap = iota // nothing
	blank              // blanks
	newline            // a line's end, or the text's beginning
)

// tells is what a word tells of what stands near it.
type tells uint16

const (
	tellsPhone tells = 1 << iota
	tellsCard
	tellsBirth
	tellsAge
	tellsID
	tellsNegative
	tellsStreetBefore // of its name: "rue"
	tellsStreetAfter  // its name: "street"
	tellsUnit
	tellsMilitary
	tellsHonorific
	tellsMonth
	tellsPerson
	tellsHealth
)

//go:embed words.txt
var wordList string

// lexicon finds what a word tells by its hash. 0 is no word's: a slot with it is free.
type lexicon struct {
	keys  [1 << 12]uint32
	tells [1 << 12]tells
}

var kindNames = map[string]tells{
	"phone": tellsPhone, "card": tellsCard, "birth": tellsBirth, "age": tellsAge, "id": tellsID, "negative": tellsNegative,
	"before": tellsStreetBefore, "after": tellsStreetAfter, "unit": tellsUnit, "military": tellsMilitary,
	"honorific": tellsHonorific, "month": tellsMonth, "person": tellsPerson, "health": tellsHealth,
}

// words is the lexicon of words.txt.
var words = func() *lexicon {
	l := &lexicon{}
	for line := range strings.SplitSeq(wordList, "\n") {
		name, list, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		for _, w := range strings.Fields(list) {
			l.add(hashOf(w), kindNames[name])
		}
	}
	return l
}()

func (l *lexicon) add(h uint32, t tells) {
	i := h & (1<<12 - 1)
	for l.keys[i] != 0 && l.keys[i] != h {
		i = (i + 1) & (1<<12 - 1)
	}
	l.keys[i] = h
	l.tells[i] |= t
}

func (l *lexicon) of(h uint32) tells {
	for i := h & (1<<12 - 1); l.keys[i] != 0; i = (i + 1) & (1<<12 - 1) {
		if l.keys[i] == h {
			return l.tells[i]
		}
	}
	return 0
}

const (
	hashBasis = 2166136261
	hashPrime = 16777619
)

// hashOf is the hash of a word in lower case, as tokens have it.
func hashOf(s string) uint32 {
	h := uint32(hashBasis)
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if isUpper(c) {
				c |= 0x20
			}
			h = (h ^ uint32(c)) * hashPrime
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		h = hashRune(h, unicode.ToLower(r))
		i += n
	}
	return finish(h)
}

func hashRune(h uint32, r rune) uint32 {
	return ((h^uint32(r&0xff))*hashPrime ^ uint32(r>>8)) * hashPrime
}

// finish spreads the hash, and keeps 0 for nothing.
func finish(h uint32) uint32 {
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	return max(h, 1)
}

// classes are of bytes.
const (
	other = iota
	small
	capital
	digit
	space
	line
	high
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case isLower(b):
			t[c] = small
		case isUpper(b):
			t[c] = capital
		case isDigit(b):
			t[c] = digit
		case b == ' ' || b == '\t':
			t[c] = space
		case b == '\n' || b == '\r' || b == '\v' || b == '\f':
			t[c] = line
		case b >= 0x80:
			t[c] = high
		}
	}
	return t
}()

// tokenise appends the tokens of text. An apostrophe between letters is part of the
// word, for "o'brien" and "i'm".
func tokenise(text string, out []token) []token {
	before := newline
	for i := 0; i < len(text); {
		switch classes[text[i]] {
		case space:
			if before == glued {
				before = blank
			}
			i++
			continue
		case line:
			before = newline
			i++
			continue
		case other:
			out = append(out, token{start: uint32(i), end: uint32(i + 1), kind: mark, gap: before})
			before = glued
			i++
			continue
		}
		t := token{start: uint32(i), gap: before}
		i = t.read(text, i)
		if i == int(t.start) { // a character that is no letter: an emoji, a symbol
			_, n := utf8.DecodeRuneInString(text[i:])
			i += n
		}
		t.end = uint32(i)
		if t.kind == word {
			t.tells = words.of(t.hash)
		}
		out = append(out, t)
		before = glued
	}
	return out
}

// possessive tells the s of "Ann's".
func possessive(s string) bool {
	return s[0]|0x20 == 's' && (len(s) == 1 || classes[s[1]] != small && classes[s[1]] != capital && classes[s[1]] != high)
}

// read takes a run of letters and digits from i on and returns where it ends.
func (t *token) read(text string, i int) int {
	h := uint32(hashBasis)
	letters, digits, smalls := 0, 0, 0
	t.upper = classes[text[i]] == capital
	for ; i < len(text); i++ {
		c := text[i]
		switch classes[c] {
		case small:
			h = (h ^ uint32(c)) * hashPrime
			letters++
			smalls++
			continue
		case capital:
			h = (h ^ uint32(c|0x20)) * hashPrime
			letters++
			continue
		case digit:
			h = (h ^ uint32(c)) * hashPrime
			digits++
			continue
		case high:
			r, n := utf8.DecodeRuneInString(text[i:])
			if !unicode.IsLetter(r) && !unicode.IsMark(r) {
				break
			}
			l := unicode.ToLower(r)
			if l == r {
				smalls++
			} else if letters+digits == 0 {
				t.upper = true
			}
			letters++
			h = hashRune(h, l)
			i += n - 1
			continue
		case other:
			if c == '\'' && letters > 0 && digits == 0 && i+1 < len(text) {
				if n := classes[text[i+1]]; (n == small || n == capital || n == high) && !possessive(text[i+1:]) {
					h = (h ^ uint32(c)) * hashPrime
					continue
				}
			}
		}
		break
	}
	switch {
	case letters > 0 && digits > 0:
		t.kind = mixed
	case letters > 0:
		t.kind = word
	case digits > 0:
		t.kind = number
	}
	t.shout = letters > 1 && smalls == 0
	t.hash = finish(h)
	return i
}
