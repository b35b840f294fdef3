package pii

import (
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"unicode/utf8"
)

// Example is a text with its names and addresses marked, to learn from.
type Example struct {
	Text  string
	Spans []Marked
}

// Marked is a span of an Example. Label is "person", "address", "place" or
// "organisation".
type Marked struct {
	Start, End int // bytes
	Label      string
}

var labelOf = map[string]label{"person": personName, "address": streetAddress, "place": placeName, "organisation": organisation}

// Lists are words that a tagger knows by themselves.
type Lists struct {
	Common      []string // not looked at in small letters
	First, Last []string // given and family names
}

// lesson is an example as the tagger reads it.
type lesson struct {
	text   string
	tokens []token
	gold   []label
}

// Learn makes a tagger from examples by an averaged perceptron and writes it to w in
// the form that the package embeds. The same examples, words and seed give the same
// tagger.
func Learn(w io.Writer, examples []Example, words Lists, rounds int, seed uint64) error {
	t, weights := &tagger{}, make([]int8, int(labelCount)<<tableBits)
	for _, list := range []struct {
		set   *bits
		words []string
	}{{&t.common, words.Common}, {&t.first, words.First}, {&t.last, words.Last}} {
		for _, w := range list.words {
			list.set.add(hashOf(w))
		}
	}
	lessons := make([]lesson, len(examples))
	for i, e := range examples {
		lessons[i] = lessonOf(e)
	}
	size := len(weights)
	now, sum, touched := make([]float32, size), make([]float64, size), make([]int32, size)
	step := int32(0)
	add := func(f uint32, l label, by float32) {
		i := int(f)*int(labelCount) + int(l)
		sum[i] += float64(now[i]) * float64(step-touched[i])
		touched[i] = step
		now[i] += by
	}
	random := rand.New(rand.NewPCG(seed, 1))
	var features [featureCount]uint32
	var labels []label
	for range rounds {
		random.Shuffle(len(lessons), func(i, j int) { lessons[i], lessons[j] = lessons[j], lessons[i] })
		for _, le := range lessons {
			labels = append(labels[:0], make([]label, len(le.tokens))...)
			for i := range le.tokens {
				if !t.candidateAt(le.text, le.tokens, i, labels) {
					if le.tokens[i].kind == mark && i > 0 && le.tokens[i].gap != newline {
						labels[i] = bridged(le.text[le.tokens[i].start], labels[i-1])
					}
					continue
				}
				t.featuresOf(le.text, le.tokens, i, labels, &features)
				var sums [labelCount]float32
				for _, f := range features {
					for l := range sums {
						sums[l] += now[int(f)*int(labelCount)+l]
					}
				}
				best := outside
				for l := label(1); l < labelCount; l++ {
					if sums[l] > sums[best] {
						best = l
					}
				}
				step++
				gold := le.gold[i]
				// A right answer by a hair is learnt from too (margin).
				rival, margin := best, float32(1)
				if best == gold {
					rival, margin = runnerUp(sums, gold), 1
				}
				if best != gold || sums[gold]-sums[rival] < margin {
					for _, f := range features {
						add(f, gold, 1)
						add(f, rival, -1)
					}
				}
				labels[i] = best
				if random.IntN(2) == 0 { // half the time the labels before are right, half the time its own
					labels[i] = gold
				}
			}
		}
	}
	largest := 0.0
	for i := range sum {
		sum[i] += float64(now[i]) * float64(step-touched[i])
		sum[i] /= float64(max(step, 1))
		largest = max(largest, sum[i], -sum[i])
	}
	// A few very large weights may be cut: finer steps for all others are worth more.
	scale := heaviest / min(largest, clip)
	for i := range sum {
		weights[i] = int8(math.Round(max(-heaviest, min(heaviest, sum[i]*scale))))
	}
	return t.writeTo(w, weights)
}

const clip = 24

func runnerUp(sums [labelCount]float32, best label) label {
	second := outside
	if best == outside {
		second = 1
	}
	for l := label(0); l < labelCount; l++ {
		if l != best && sums[l] > sums[second] {
			second = l
		}
	}
	return second
}

func lessonOf(e Example) lesson {
	n := normalise(e.Text)
	le := lesson{text: n.text, tokens: tokenise(n.text, nil)}
	le.gold = make([]label, len(le.tokens))
	for i := range le.tokens {
		at := n.origin(int(le.tokens[i].start))
		for _, s := range e.Spans {
			if at >= s.Start && at < s.End {
				le.gold[i] = labelOf[s.Label]
			}
		}
	}
	return le
}

// writeTo writes the tagger in the form that readTagger reads.
func (t *tagger) writeTo(w io.Writer, weights []int8) error {
	z, err := zlib.NewWriterLevel(w, zlib.BestCompression)
	if err != nil {
		return err
	}
	for _, part := range []any{&t.common, &t.first, &t.last, weights} {
		if err := binary.Write(z, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("writing a tagger: %w", err)
		}
	}
	return z.Close()
}

// Words calls f with every word of text in lower case, and whether it stands in small
// letters there: what Learn's list of common words is made from.
func Words(text string, f func(word string, small bool)) {
	n := normalise(text)
	for _, t := range tokenise(n.text, nil) {
		if t.kind == word && utf8.ValidString(n.text[t.start:t.end]) {
			f(n.text[t.start:t.end], !t.upper)
		}
	}
}
