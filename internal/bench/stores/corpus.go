package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"touchstone/groundtruth"
)

// A corpus makes passages and questions that resemble a company's documents in what
// matters to a store: words follow Zipf's law, vectors lie in clusters, and a question
// is near one passage, in words and in meaning. The same seed gives the same corpus.
type corpus struct {
	rng     *rand.Rand
	zipf    *rand.Zipf
	words   []string
	centres [][]float32
	noise   float64 // length of what sets a passage apart from its centre, which has length 1
	dims    int
}

const model = "bench"

func newCorpus(seed uint64, passages, dims int, noise float64) *corpus {
	rng := rand.New(rand.NewPCG(seed, 1))
	c := &corpus{rng: rng, zipf: rand.NewZipf(rng, 1.07, 3, 49_999), noise: noise, dims: dims}
	for i := range 50_000 {
		var w strings.Builder
		for n := i + 7; n > 0; n /= 20 {
			w.WriteByte("bcdfghjklmnpqrstvwxz"[n%20])
			w.WriteByte("aeiou"[(n/3+i)%5])
		}
		c.words = append(c.words, w.String())
	}
	for range max(1, passages/50) {
		c.centres = append(c.centres, c.direction(1))
	}
	return c
}

// direction is a random vector of a length.
func (c *corpus) direction(length float64) []float32 {
	v := make([]float32, c.dims)
	var norm float64
	for i := range v {
		x := c.rng.NormFloat64()
		v[i] = float32(x)
		norm += x * x
	}
	scale := float32(length / math.Sqrt(norm))
	for i := range v {
		v[i] *= scale
	}
	return v
}

// near is a unit vector not far from v.
func (c *corpus) near(v []float32, noise float64) []float32 {
	out := c.direction(noise)
	var norm float64
	for i := range out {
		out[i] += v[i]
		norm += float64(out[i]) * float64(out[i])
	}
	scale := float32(1 / math.Sqrt(norm))
	for i := range out {
		out[i] *= scale
	}
	return out
}

func (c *corpus) sentence(n int) string {
	var s strings.Builder
	for i := range n {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(c.words[c.zipf.Uint64()])
	}
	return s.String()
}

// document makes a source of ten passages of a hundred words.
func (c *corpus) document(collection string, number int) groundtruth.Document {
	d := groundtruth.Document{ID: fmt.Sprintf("doc-%d", number), Collection: collection, Title: c.sentence(4), Media: "text/plain",
		Hash: fmt.Sprintf("%064d", number), Embedding: model}
	for i := range 10 {
		start := len(d.Text)
		d.Text += c.sentence(100)
		d.Passages = append(d.Passages, groundtruth.Passage{Ordinal: i, Heading: "Section " + c.sentence(2), Start: start, End: len(d.Text),
			Text: d.Text[start:], Vector: c.near(c.centres[c.rng.IntN(len(c.centres))], c.noise)})
		d.Text += "\n"
	}
	return d
}

// question asks about a passage: a dozen words of it, and a vector half as far from it
// as passages are from their centre.
func (c *corpus) question(collection string, p *groundtruth.Passage) groundtruth.Query {
	words := strings.Fields(p.Text)
	var text []string
	for range 12 {
		text = append(text, words[c.rng.IntN(len(words))])
	}
	return groundtruth.Query{Collections: []string{collection}, Text: strings.Join(text, " "), Vector: c.near(p.Vector, c.noise/2), Embedding: model, K: 10}
}
