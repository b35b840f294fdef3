package groundtruth

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// zipfWords makes text of made-up words whose frequencies follow Zipf's law, as
// those of English roughly do.
type zipfWords struct {
	rng   *rand.Rand
	zipf  *rand.Zipf
	words []string
}

func newZipfWords(seed uint64, vocabulary int) *zipfWords {
	rng := rand.New(rand.NewPCG(seed, 1))
	z := &zipfWords{rng: rng, zipf: rand.NewZipf(rng, 1.07, 3, uint64(vocabulary-1))}
	for i := range vocabulary {
		var w strings.Builder
		for n := i + 7; n > 0; n /= 20 {
			w.WriteByte("bcdfghjklmnpqrstvwxz"[n%20])
			w.WriteByte("aeiou"[(n/3+i)%5])
		}
		z.words = append(z.words, w.String())
	}
	return z
}

func (z *zipfWords) sentence(n int) string {
	var s strings.Builder
	for i := range n {
		if i > 0 {
			s.WriteByte(' ')
		}
		s.WriteString(z.words[z.zipf.Uint64()])
	}
	return s.String()
}

// document makes a source of ten passages of a hundred words.
func (z *zipfWords) document(i int) Document {
	doc := Document{ID: fmt.Sprintf("doc-%d", i), Collection: "default", Title: z.sentence(4), Hash: fmt.Sprintf("%064d", i)}
	for j := range 10 {
		start := len(doc.Text)
		doc.Text += z.sentence(100)
		doc.Passages = append(doc.Passages, Passage{Ordinal: j, Heading: "Section " + z.sentence(2), Start: start, End: len(doc.Text), Text: doc.Text[start:]})
	}
	return doc
}

func BenchmarkSearch(b *testing.B) {
	for _, passages := range []int{10_000, 100_000} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		z := newZipfWords(1, 50_000)
		ix := newIndex()
		ch := ix.begin()
		for i := range passages / 10 {
			doc := z.document(i)
			ch.put(newSource("", &doc, time.Now()))
		}
		ch.publish(revision{1, 1})
		ch = nil
		runtime.GC()
		runtime.ReadMemStats(&after)
		queries := make([]string, 4096)
		for i := range queries {
			queries[i] = z.sentence(15)
		}
		collections := []string{"default"}
		b.Run(fmt.Sprintf("passages=%d", passages), func(b *testing.B) {
			b.ReportAllocs()
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				hits, _ := ix.search("", Query{Collections: collections, Text: queries[i%len(queries)]})
				took = append(took, time.Since(start))
				if len(hits) == 0 {
					b.Fatal("nothing found")
				}
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1e3, "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100])/1e3, "p99-µs")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "heap-MiB")
		})
	}
}

// BenchmarkOpen opens a store of 10,000 passages.
func BenchmarkOpen(b *testing.B) {
	ctx := context.Background()
	path := filepath.Join(b.TempDir(), "truth.db")
	z := newZipfWords(1, 50_000)
	s, err := Open(ctx, path)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 1000 {
		if _, err := s.Replace(ctx, z.document(i)); err != nil {
			b.Fatal(err)
		}
	}
	s.Close()
	for b.Loop() {
		s, err := Open(ctx, path)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}

func BenchmarkTerms(b *testing.B) {
	var t Tokenizer
	text := "The DW-620 router costs 1,500 euros, weighs 3.5kg and ships to 27 countries within 14 days of the order."
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		t.Terms(text, func([]byte, int, int) bool { return true })
	}
}
