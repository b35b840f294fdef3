package pii

import "strings"

// dated looks for a date that begins with the digits of token i: a date of birth where
// the words before call it one. It returns where to go on, or 0 where there is no date.
func (s *scan) dated(i int) int {
	end := s.dateEnd(i)
	if end == 0 {
		return 0
	}
	s.birth(i, end)
	return end
}

// birth records a date as one of birth where the words around say so.
func (s *scan) birth(from, to int) {
	if s.before(from)&tellsBirth == 0 && !(to < len(s.tokens) && s.tokens[to].tells&tellsBirth != 0 && s.tokens[to].gap == blank) {
		return
	}
	// "born to serve since 3 May 2010": what stands between must not say another thing.
	for k, i := 0, from-1; i >= 0 && k < reach; i-- {
		if s.tokens[i].kind == mark {
			continue
		}
		if s.tokens[i].tells&tellsBirth != 0 {
			break
		}
		switch strings.ToLower(s.of(i)) {
		case "since", "died", "until", "expires", "due", "valid", "issued", "shipped", "ordered":
			return
		}
		k++
	}
	s.add(int(s.tokens[from].start), int(s.tokens[to-1].end), Birth, 0.95, "A date that the words around it call a date of birth.")
}

// dateEnd tells a date that begins with a number: 1980-05-03, 3.5.1980, 03/05/80, 3 May
// 1980, 3rd of May 1980. It returns the token behind it, or 0.
func (s *scan) dateEnd(i int) int {
	first := s.of(i)
	if len(first) > 4 {
		if (len(first) == 8 || len(first) == 6) && s.before(i)&tellsBirth != 0 && (dateDMY(first[:min(len(first), 6)]) || len(first) == 8 && dateYMD(first[2:])) {
			return i + 1
		}
		return 0
	}
	if i+4 < len(s.tokens) && s.tokens[i+1].kind == mark && s.tokens[i+2].kind == number && s.tokens[i+3].kind == mark && s.tokens[i+4].kind == number &&
		s.tokens[i+1].gap == glued && s.tokens[i+4].gap != newline {
		sep := s.text[s.tokens[i+1].start]
		if sep == s.text[s.tokens[i+3].start] && strings.IndexByte("-./", sep) >= 0 && (sep == '.' || s.tokens[i+2].gap == glued && s.tokens[i+4].gap == glued) {
			b, c := s.of(i+2), s.of(i+4)
			if len(first) == 4 && plausible(first) && dayAndMonth(b, c) || len(first) <= 2 && (len(c) == 4 && plausible(c) || len(c) == 2 && s.before(i)&tellsBirth != 0) && dayAndMonth(first, b) {
				return i + 5
			}
		}
	}
	return s.dayMonth(i, first)
}

// dayMonth tells "3 May 1980" and "3. Mai 1980" from their day on.
func (s *scan) dayMonth(i int, day string) int {
	if len(day) > 2 || num(day) < 1 || num(day) > 31 {
		return 0
	}
	k := i + 1
	for k < len(s.tokens) && k-i < 3 && (s.of(k) == "." || s.of(k) == "-" || strings.EqualFold(s.of(k), "of") || strings.EqualFold(s.of(k), "de") || strings.EqualFold(s.of(k), "th")) {
		k++
	}
	if k >= len(s.tokens) || s.tokens[k].tells&tellsMonth == 0 {
		return 0
	}
	return s.yearBehind(k + 1)
}

// yearBehind tells a year behind a day and month, with what may stand between.
func (s *scan) yearBehind(k int) int {
	for n := 0; k < len(s.tokens) && n < 2 && (s.of(k) == "," || s.of(k) == "." || s.of(k) == "-" || strings.EqualFold(s.of(k), "de")); n++ {
		k++
	}
	if k < len(s.tokens) && s.tokens[k].kind == number && len(s.of(k)) == 4 && plausible(s.of(k)) {
		return k + 1
	}
	return 0
}

// monthFirst tells "May 3, 1980" from its month on.
func (s *scan) monthFirst(i int) int {
	k := i + 1
	if k < len(s.tokens) && s.of(k) == "." {
		k++
	}
	if k >= len(s.tokens) || s.tokens[k].kind == mark || s.tokens[k].kind == word {
		return 0
	}
	day := strings.TrimRight(strings.ToLower(s.of(k)), "stndrh")
	if len(day) == 0 || len(day) > 2 || !digits(day) || num(day) < 1 || num(day) > 31 {
		return 0
	}
	end := s.yearBehind(k + 1)
	if end > 0 {
		s.birth(i, end)
	}
	return end
}

// ordinalDate tells "3rd May 1980" from "3rd" on.
func (s *scan) ordinalDate(i int) int {
	w := strings.ToLower(s.of(i))
	day := strings.TrimRight(w, "stndrh")
	if len(w) > 4 || len(day) == 0 || len(day) == len(w) || !digits(day) {
		return 0
	}
	end := s.dayMonth(i, day)
	if end > 0 {
		s.birth(i, end)
	}
	return end
}

func plausible(year string) bool {
	y := num(year)
	return y >= 1880 && y <= 2100
}

// dayAndMonth tells a day and a month in either order.
func dayAndMonth(a, b string) bool {
	if len(a) > 2 || len(b) > 2 {
		return false
	}
	x, y := num(a), num(b)
	return x >= 1 && y >= 1 && x <= 31 && y <= 31 && (x <= 12 || y <= 12)
}

// people are words for those who have an age.
var people = map[string]bool{
	"man": true, "woman": true, "male": true, "female": true, "boy": true, "girl": true, "patient": true, "person": true, "lady": true, "gentleman": true,
	"mother": true, "father": true, "son": true, "daughter": true, "child": true, "kid": true, "student": true, "husband": true, "wife": true, "guy": true,
}

// aged finds the age of a person: "36 year old female", "I just turned 46", "aged 54".
func (s *scan) aged(i int) {
	n := num(s.of(i))
	if n < 1 || n > 120 {
		return
	}
	at := func(k int) string {
		if k < 0 || k >= len(s.tokens) {
			return ""
		}
		return strings.ToLower(s.of(k))
	}
	score := 0.0
	switch k := i + 1; {
	case at(k) == "y" && at(k+1) == "/" && at(k+2) == "o", at(k) == "yo":
		score = 0.9
	case strings.HasPrefix(at(k), "year") || strings.HasPrefix(at(k), "yr") || at(k) == "-" && strings.HasPrefix(at(k+1), "year"):
		if at(k) == "-" {
			k++
		}
		if k++; at(k) == "-" {
			k++
		}
		if at(k) != "old" && at(k) != "olds" && at(k) != "of" {
			return
		}
		score = 0.45 // a company and a laptop are so many years old too
		if s.before(i)&tellsPerson != 0 || people[at(k+1)] || people[at(k+2)] {
			score = 0.9
		}
	default:
		switch at(i - 1) {
		case "aged", "turned", "turning":
			score = 0.85
		case "age":
			score = 0.75
		case ":", "is", "was", "am", "m":
			switch at(i - 2) {
			case "age":
				score = 0.85
			case "i", "he", "she", "'", "i'm": // "She was 5 minutes late" is no age
				if i+1 == len(s.tokens) || s.tokens[i+1].kind == mark && strings.IndexByte(".,;!?)", s.text[s.tokens[i+1].start]) >= 0 {
					score = 0.7
				}
			}
		case "i'm":
			if i+1 == len(s.tokens) || s.tokens[i+1].kind == mark && strings.IndexByte(".,;!?)", s.text[s.tokens[i+1].start]) >= 0 {
				score = 0.7
			}
		}
		if score > 0 && at(i+1) == "%" || at(i-1) == "turned" && s.before(i)&tellsPerson == 0 {
			return
		}
	}
	if score > 0 {
		s.add(int(s.tokens[i].start), int(s.tokens[i].end), Age, score, "The age of a person.")
	}
}

// health finds a health term: of somebody where the words around speak of a person.
func (s *scan) health(i int) {
	score, why := 0.3, "A health term; nothing near it speaks of a person."
	if s.around(i, i+1)&tellsPerson != 0 {
		score, why = 0.75, "A health term, with words near it that speak of a person."
	}
	s.add(int(s.tokens[i].start), int(s.tokens[i].end), Health, score, why)
}
