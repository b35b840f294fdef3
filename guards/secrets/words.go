package secrets

import (
	"cmp"
	"slices"
)

// words finds which rules' words stand in a text, reading each byte once.
type words struct {
	pairs  [1 << 16]bool // by the first two bytes
	starts [1 << 14]bool // by hash of the first three
	of     map[uint32][]entry
}

// entry is a word and the rules that it is one of.
type entry struct {
	word  string
	rules []int
}

func newWords(rules []*rule) *words {
	w := &words{of: map[uint32][]entry{}}
	index := map[string][]int{}
	for i, r := range rules {
		for _, k := range r.words {
			index[k] = append(index[k], i)
		}
	}
	for k, list := range index {
		if len(k) < 2 { // none is; a rule without words would never run
			continue
		}
		h := two(k[0], k[1])
		if len(k) == 2 {
			w.pairs[h] = true
		} else {
			h = three(k[0], k[1], k[2])
			w.starts[h%(1<<14)] = true
		}
		w.of[h] = append(w.of[h], entry{k, list})
	}
	return w
}

func two(a, b byte) uint32 { return uint32(a) | uint32(b)<<8 }

// three is above what two gives.
func three(a, b, c byte) uint32 { return uint32(a)*7919 ^ uint32(b)*1048 ^ uint32(c)<<11 | 1<<20 }

// hit is a word in a text and the rule that it is one of.
type hit struct{ rule, at int }

// in lists the words in text, by rule and place.
func (w *words) in(text string) []hit {
	var out []hit
	look := func(i int, h uint32) {
		for _, e := range w.of[h] {
			if len(text)-i >= len(e.word) && equal(text[i:i+len(e.word)], e.word) {
				for _, r := range e.rules {
					out = append(out, hit{r, i})
				}
			}
		}
	}
	for i := 0; i+2 <= len(text); i++ {
		a, b := lower(text[i]), lower(text[i+1])
		if h := two(a, b); w.pairs[h] {
			look(i, h)
		}
		if i+3 <= len(text) {
			if h := three(a, b, lower(text[i+2])); w.starts[h%(1<<14)] {
				look(i, h)
			}
		}
	}
	slices.SortFunc(out, func(a, b hit) int { return cmp.Or(a.rule-b.rule, a.at-b.at) })
	return out
}

func equal(text, word string) bool {
	for i := range len(word) {
		if lower(text[i]) != word[i] {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c-'A' <= 25 {
		return c | 0x20
	}
	return c
}
