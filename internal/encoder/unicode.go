package encoder

import (
	"sort"
	"unicode"
)

//go:generate python3 testdata/gen.py

// class is what a rune is to the tokenizer.
type class uint8

const (
	letter      class = iota // part of a word
	space                    // ends one
	punctuation              // a word of its own
	dropped                  // control characters and accents
)

// classOf follows Hugging Face's tokenizers, whose Unicode tables are older than
// Go's and know no character since Unicode 8: such ones are letters.
func classOf(r rune) class {
	if r < 0x80 {
		return asciiClass[r]
	}
	switch {
	case within(droppedRunes, r):
		return dropped
	case within(punctuationRunes, r):
		return punctuation
	case unicode.Is(unicode.White_Space, r):
		return space
	}
	return letter
}

var asciiClass = func() (table [0x80]class) {
	for r := range table {
		switch r := byte(r); {
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			table[r] = space
		case r < ' ' || r == 0x7F:
			table[r] = dropped
		case r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			table[r] = letter
		default:
			table[r] = punctuation
		}
	}
	return table
}()

// within reports whether r lies in one of the ranges lo, hi, lo, hi, ...
func within(ranges []rune, r rune) bool {
	i := sort.Search(len(ranges), func(i int) bool { return ranges[i] > r })
	return i%2 == 1 || i > 0 && ranges[i-1] == r
}

func isCJK(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r >= 0x3400 && r <= 0x4DBF || r >= 0xF900 && r <= 0xFAFF ||
		r >= 0x20000 && (r <= 0x2A6DF || r >= 0x2A700 && r <= 0x2B73F || r >= 0x2B740 && r <= 0x2B81F ||
			r >= 0x2B920 && r <= 0x2CEAF || r >= 0x2F800 && r <= 0x2FA1F)
}

// lower is unicode.ToLower with the pairs of Unicode 16 and 17, which Go 1.26 does
// not have yet.
func lower(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}
	switch {
	case r == 0x1C89 || r == 0xA7CC || r == 0xA7CE || r == 0xA7D2 || r == 0xA7D4 || r == 0xA7DA:
		return r + 1
	case r == 0xA7CB:
		return 0x264
	case r == 0xA7DC:
		return 0x19B
	case r >= 0x10D50 && r <= 0x10D65:
		return r + 0x20
	case r >= 0x16EA0 && r <= 0x16EB8:
		return r + 0x1B
	}
	return unicode.ToLower(r)
}

// undecomposed reports whether r has a decomposition that the older tables of
// Hugging Face's tokenizers lack.
func undecomposed(r rune) bool { return r == 0x11938 }
