package eval

import (
	"math"
	"strings"
	"unicode"
)

// words are the runs of letters and digits of a text, in lower case.
func words(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range words(text) {
		set[w] = true
	}
	return set
}

// overlap is the share of a text's words that are in a set; NaN for a text or a
// set without words.
func overlap(text string, set map[string]bool) float64 {
	all := words(text)
	if len(all) == 0 || len(set) == 0 {
		return math.NaN()
	}
	n := 0
	for _, w := range all {
		if set[w] {
			n++
		}
	}
	return float64(n) / float64(len(all))
}

// spanChars counts the characters of a row inside its labelled spans, inside the
// sentences caught, and inside both.
func spanChars(row Judged) (gold, caughtChars, both int) {
	at := 0 // in characters
	for i := range row.Text {
		g, c := false, false
		for _, s := range row.Spans {
			g = g || at >= s[0] && at < s[1]
		}
		for _, s := range row.Sentences {
			c = c || caught(s.Verdict) && i >= s.Start && i < s.End
		}
		at++
		if g {
			gold++
		}
		if c {
			caughtChars++
		}
		if g && c {
			both++
		}
	}
	return gold, caughtChars, both
}
