package groundtruth

// maxPassageTerms bounds the different stems of a passage that Weigh looks at.
const maxPassageTerms = 10_000

// referenceLength is the length of an average passage, in half terms, for stores
// that weigh a passage when it comes, before the others are known.
const referenceLength = 240

// Weigh lists the stems of a passage under its title and heading, each with what it
// adds to the passage's BM25 score per unit of the stem's rarity: 0 to 2.2. It is for
// stores that rank by words outside of this package.
func Weigh(t *Tokenizer, title string, p *Passage) map[string]float32 {
	counts := map[string]uint16{}
	length := 0
	add := func(text string, weight uint16) {
		t.Terms(text, func(term []byte, _, _ int) bool {
			s := stem(term)
			length += int(weight)
			if n, known := counts[s]; known || len(counts) < maxPassageTerms {
				counts[s] = min(n+weight, 1<<15)
			}
			return true
		})
	}
	add(p.Text, weightText)
	add(p.Heading, weightHeading)
	add(title, weightHeading)
	weights := make(map[string]float32, len(counts))
	norm := float32(2*k1*b) / referenceLength
	for s, n := range counts {
		weights[s] = gain(k1+1, norm, n, uint16(min(length, 1<<16-1)))
	}
	return weights
}

// Stems lists the different stems of text, at most limit, and how often each occurs.
func Stems(t *Tokenizer, text string, limit int) (stems []string, times []float32) {
	at := map[string]int{}
	t.Terms(text, func(term []byte, _, _ int) bool {
		s := stem(term)
		if i, known := at[s]; known {
			times[i]++
			return true
		}
		if len(stems) == limit {
			return false
		}
		at[s] = len(stems)
		stems, times = append(stems, s), append(times, 1)
		return true
	})
	return stems, times
}
