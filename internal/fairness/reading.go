package fairness

import "strings"

// minGraded is how many words a text needs for a reading grade: the formula was made
// for whole passages and says nothing of a line.
const minGraded = 20

// ReadingGrade is the Flesch-Kincaid grade level of a text (Kincaid et al. 1975): the
// years of school in the United States that reading it takes. Syllables are counted by
// rule. ok is false for a text of fewer than 20 words.
func ReadingGrade(text string) (grade float64, ok bool) { return gradeOf(words(text)) }

func gradeOf(ws []word) (grade float64, ok bool) {
	n, sentences, syllables := 0, 0, 0
	for i := range ws {
		if ws[i].gap == fullStop {
			sentences++
		}
		if c := ws[i].lower[0]; c >= '0' && c <= '9' {
			continue
		}
		n++
		syllables += syllablesIn(ws[i].lower)
	}
	if n < minGraded || sentences == 0 {
		return 0, false
	}
	words := float64(n)
	return 0.39*words/float64(sentences) + 11.8*float64(syllables)/words - 15.59, true
}

// syllablesIn counts groups of vowels, less a silent e at the end.
func syllablesIn(w string) int {
	n, vowel := 0, false
	for i := range len(w) {
		v := strings.IndexByte("aeiouy", w[i]) >= 0
		if v && !vowel {
			n++
		}
		vowel = v
	}
	if n > 1 && strings.HasSuffix(w, "e") && !strings.HasSuffix(w, "le") && !strings.HasSuffix(w, "ee") ||
		n > 1 && strings.HasSuffix(w, "es") && !strings.HasSuffix(w, "ses") && !strings.HasSuffix(w, "ces") && !strings.HasSuffix(w, "zes") && !strings.HasSuffix(w, "xes") && !strings.HasSuffix(w, "ges") && !strings.HasSuffix(w, "ches") && !strings.HasSuffix(w, "shes") ||
		n > 1 && strings.HasSuffix(w, "ed") && !strings.HasSuffix(w, "ted") && !strings.HasSuffix(w, "ded") {
		n--
	}
	return max(n, 1)
}
