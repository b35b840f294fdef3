package groundtruth

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

// reference remembers the terms of texts.
type reference map[string][]string

// ranked is BM25 as the textbook has it, over every passage of the collections:
// what the index must agree with.
func (r reference) ranked(docs map[[2]string]Document, collections []string, query string) (names []string, scores []float64) {
	terms := func(text string) []string {
		list, ok := r[text]
		if !ok {
			var t Tokenizer
			t.Terms(text, func(term []byte, _, _ int) bool { list = append(list, stem(term)); return true })
			r[text] = list
		}
		return list
	}
	type passage struct {
		name   string
		tf     map[string]float64
		length float64
	}
	var all []passage
	df, total := map[string]float64{}, 0.0
	for key, d := range docs {
		if !slices.Contains(collections, key[0]) {
			continue
		}
		for _, p := range d.Passages {
			x := passage{name: fmt.Sprintf("%s/%s#%d", d.Collection, d.ID, p.Ordinal), tf: map[string]float64{}}
			for text, weight := range map[string]float64{"t" + p.Text: 1, "h" + p.Heading: 0.5, "d" + d.Title: 0.5} {
				for _, term := range terms(text[1:]) {
					x.tf[term] += weight
					x.length += weight
				}
			}
			for term := range x.tf {
				df[term]++
			}
			total += x.length
			all = append(all, x)
		}
	}
	score := map[string]float64{}
	for _, term := range terms(query) {
		for _, x := range all {
			if tf := x.tf[term]; tf > 0 {
				idf := math.Log(1 + (float64(len(all))-df[term]+0.5)/(df[term]+0.5))
				score[x.name] += idf * tf * 2.2 / (tf + 1.2*(0.25+0.75*x.length*float64(len(all))/total))
			}
		}
	}
	for name := range score {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(score[b], score[a]), strings.Compare(a, b)) })
	for _, name := range names {
		scores = append(scores, score[name])
	}
	return names, scores
}

// randomDocument has few words, so that scores tie and terms are frequent.
func randomDocument(rng *rand.Rand, z *zipfWords) Document {
	var passages []string
	for range 1 + rng.IntN(12) {
		passages = append(passages, z.sentence(1+rng.IntN(40)))
	}
	d := note(fmt.Sprintf("c%d", rng.IntN(3)), fmt.Sprintf("doc-%02d", rng.IntN(40)), z.sentence(rng.IntN(3)), passages...)
	for i := range d.Passages {
		d.Passages[i].Heading = z.sentence(rng.IntN(3))
	}
	d.Hash = Hash(fmt.Sprint(rng.Uint64()), nil)
	return d
}

// TestIndexAgreesWithReference changes a store at random and compares every
// search with the reference, before and after reopening and with a store that
// was given only the final state.
func TestIndexAgreesWithReference(t *testing.T) {
	for seed := range uint64(4) {
		rng := rand.New(rand.NewPCG(seed, 7))
		z := newZipfWords(seed, []int{40, 600}[seed%2])
		path := filepath.Join(t.TempDir(), "truth.db")
		s := openStore(t, path)
		docs, ref := map[[2]string]Document{}, reference{}
		for step := range 260 {
			d := randomDocument(rng, z)
			key := [2]string{d.Collection, d.ID}
			if _, stored := docs[key]; stored && rng.IntN(3) == 0 {
				if err := s.Delete(context.Background(), d.Collection, d.ID); err != nil {
					t.Fatal(err)
				}
				delete(docs, key)
			} else {
				replace(t, s, d)
				docs[key] = d
			}
			if step%26 == 0 {
				ref.compare(t, s, docs, rng, z)
			}
		}
		ref.compare(t, s, docs, rng, z)
		s.Close()
		again, fresh := openStore(t, path), openStore(t, ":memory:")
		for _, d := range docs {
			replace(t, fresh, d)
		}
		ref.compare(t, again, docs, rng, z)
		if again.Revision() != s.Revision() {
			t.Errorf("revision %s after reopening, %s before", again.Revision(), s.Revision())
		}
		if a, b := again.Revision(), fresh.Revision(); a[strings.Index(a, "-"):] != b[strings.Index(b, "-"):] {
			t.Errorf("the same content is %s and %s", a, b)
		}
		for range 200 {
			q := randomQuery(rng, z)
			a, _ := again.Search(context.Background(), q)
			b, _ := fresh.Search(context.Background(), q)
			c, _ := s.Search(context.Background(), q)
			if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(a, c) {
				t.Fatalf("%+v finds\n%+v after reopening,\n%+v in a new store,\n%+v before", q, a, b, c)
			}
		}
	}
}

func randomQuery(rng *rand.Rand, z *zipfWords) Query {
	q := Query{Text: z.sentence(1 + rng.IntN(18)), K: 1 + rng.IntN(12)}
	for i := range 4 { // c3 does not exist
		if rng.IntN(2) == 0 {
			q.Collections = append(q.Collections, fmt.Sprintf("c%d", i), fmt.Sprintf("c%d", i))
		}
	}
	return q
}

func (r reference) compare(t *testing.T, s *SQLite, docs map[[2]string]Document, rng *rand.Rand, z *zipfWords) {
	t.Helper()
	for range 15 {
		q := randomQuery(rng, z)
		hits, err := s.Search(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		names, scores := r.ranked(docs, q.Collections, q.Text)
		if want := min(q.K, len(names)); len(hits) != want {
			t.Fatalf("%+v finds %d passages, not %d", q, len(hits), want)
		}
		for i, h := range hits {
			d := docs[[2]string{h.Collection, h.Source}]
			if !slices.Contains(q.Collections, h.Collection) || h.Text != d.Passages[h.Passage].Text || h.Title != d.Title || h.Start != d.Passages[h.Passage].Start {
				t.Fatalf("%+v finds %+v, which is not stored so", q, h)
			}
			// Ties may be in another order than in the reference, which sums in float64.
			if math.Abs(h.Score-scores[i]) > 1e-4*scores[i] {
				t.Fatalf("%+v: hit %d scores %v; the reference has %s with %v", q, i, h.Score, names[i], scores[i])
			}
			j := slices.Index(names, fmt.Sprintf("%s/%s#%d", h.Collection, h.Source, h.Passage))
			if j < 0 || math.Abs(h.Score-scores[j]) > 1e-4*scores[j] {
				t.Fatalf("%+v: %s#%d scores %v, not what the reference gives it", q, h.Source, h.Passage, h.Score)
			}
		}
	}
}

// TestSearchWhileChanging holds that a search sees each source wholly old or
// wholly new, and is of use to the race detector.
func TestSearchWhileChanging(t *testing.T) {
	s := openStore(t, ":memory:")
	version := func(n int) Document {
		passages := make([]string, 60)
		for i := range passages {
			passages[i] = fmt.Sprintf("common edition%d word%d", n, i)
		}
		return note("c", "doc", fmt.Sprint("title ", n), passages...)
	}
	replace(t, s, version(0))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				hits, _ := s.Search(context.Background(), Query{Collections: []string{"c"}, Text: "common", K: 100})
				titles := map[string]int{}
				for _, h := range hits {
					titles[h.Title]++
				}
				if len(hits) != 60 || len(titles) != 1 {
					t.Errorf("a search saw %v", titles)
					return
				}
			}
		})
	}
	for n := range 150 { // long enough that the index is rebuilt on the way
		replace(t, s, version(n+1))
	}
	close(done)
	wg.Wait()
}
