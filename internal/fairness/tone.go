package fairness

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
)

//go:embed tone.txt
var toneWords string

// toneList is tone.txt, read.
type toneList struct {
	weight        map[string]float64
	negate, raise map[string]bool
}

var tones = sync.OnceValue(func() *toneList {
	l := &toneList{weight: map[string]float64{}}
	for line := range strings.Lines(toneWords) {
		kind, list, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		switch kind {
		case "negate":
			l.negate = set(list)
		case "raise":
			l.raise = set(list)
		default:
			w, err := strconv.ParseFloat(kind, 64)
			if err != nil {
				panic(fmt.Sprintf("tone.txt: %q is no weight", kind)) // a test reads it
			}
			for _, word := range strings.Fields(list) {
				l.weight[word] = w
			}
		}
	}
	return l
})

// NegativeTone is the tone from which an answer counts as negative.
const NegativeTone = -0.2

// Tone is the sentiment of a text from -1 to 1: of each sentence s ÷ √(s²+3), where s
// adds up the weights of its words of praise and blame, and of the text the mean over
// sentences. A negation before a word turns it over by half, a word such as "very" adds
// half (the scheme of VADER, Hutto and Gilbert 2014, with a small list of our own). It
// measures words, not irony and not meaning.
func Tone(text string) float64 { return tone(words(text)) }

func tone(ws []word) float64 {
	l := tones()
	total, sentences, s := 0.0, 0, 0.0
	for i := range ws {
		if ws[i].gap == fullStop {
			total += s / math.Sqrt(s*s+3)
			s = 0
			sentences++
		}
		weight := l.weight[ws[i].lower]
		if weight == 0 {
			continue
		}
		for k := i; k > i-3 && k > 0 && ws[k].gap != fullStop; k-- {
			before := ws[k-1].lower
			if l.raise[before] && k == i {
				weight *= 1.5
			}
			if l.negate[before] {
				weight *= -0.5
				break
			}
		}
		s += weight
	}
	if sentences == 0 {
		return 0
	}
	return (total + s/math.Sqrt(s*s+3)) / float64(sentences)
}
