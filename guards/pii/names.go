package pii

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// tagNames finds names and addresses by the tagger.
func (s *scan) tagNames() {
	labels := s.names.tag(s.text, s.tokens, &s.tags)
	for i := 0; i < len(labels); {
		l := labels[i]
		if l != personName && l != streetAddress {
			i++
			continue
		}
		end := i + 1
		for end < len(labels) && labels[end] == l && (l == streetAddress || s.tokens[end].gap != newline) {
			end++
		}
		last := end
		for last > i && s.tokens[last-1].kind == mark {
			last--
		}
		from := i
		for from < last && s.tokens[from].kind == mark {
			from++
		}
		if from < last {
			if l == personName {
				s.person(from, last)
			} else {
				s.place(from, last)
			}
		}
		i = end
	}
}

// person records a name.
func (s *scan) person(from, to int) {
	for from < to && s.tokens[to-1].kind != word && !(from > 0 && s.of(from-1) == "@") {
		to--
	}
	if !s.couldName(from, to) {
		return
	}
	start, end := int(s.tokens[from].start), int(s.tokens[to-1].end)
	if from > 0 && s.of(from-1) == "@" {
		start = int(s.tokens[from-1].start)
	}
	s.add(start, end, Person, logistic(s.margin(from, to)+20, 40), "The name of a person, by its form and the words around it.")
}

// couldName tells tokens that the tagger may have right: of more than one letter, of
// a script with capitals (it has learnt of no other), and not one word that names numbers.
func (s *scan) couldName(from, to int) bool {
	if to-from == 1 && s.tokens[from].tells&(tellsID|tellsPhone|tellsCard|tellsMonth) != 0 {
		return false
	}
	for i := from; i < to; i++ {
		if t := &s.tokens[i]; t.kind == number || t.end-t.start < 2 {
			continue
		}
		if r, _ := utf8.DecodeRuneInString(s.of(i)); r < utf8.RuneSelf || unicode.IsUpper(r) || unicode.IsLower(r) {
			return true
		}
	}
	return false
}

// logistic turns a margin into a probability; its two numbers are fitted on texts that
// the tagger had not learnt from.
func logistic(margin, per float64) float64 { return 1 / (1 + math.Exp(-margin/per)) }

// margin is by how much the tagger's label won over tokens, on average.
func (s *scan) margin(from, to int) float64 {
	sum, n := 0, 0
	for i := from; i < to; i++ {
		if s.tokens[i].kind != mark {
			sum += int(s.tags.margins[i])
			n++
		}
	}
	return float64(sum) / float64(max(n, 1))
}

// place records an address.
func (s *scan) place(from, to int) {
	// What ends an address is a name or a number, not "which".
	for to-1 > from && s.tokens[to-1].kind == word && !s.tokens[to-1].upper && s.names.common.has(s.tokens[to-1].hash) {
		to--
	}
	for to-1 > from && s.tokens[to-1].kind == mark {
		to--
	}
	s.add(int(s.tokens[from].start), int(s.tokens[to-1].end), Address, logistic(s.margin(from, to)-55, 25), "A street address, by its form and the words around it.")
}

func (s *scan) houseNumber(i int) {}
