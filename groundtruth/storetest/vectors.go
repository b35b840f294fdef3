package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"touchstone/groundtruth"
)

func randomVector(rng *rand.Rand, dims int) []float32 {
	v := make([]float32, dims)
	for i := range v {
		v[i] = float32(rng.NormFloat64() * 3)
	}
	return v
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// nearest compares searches by vector with the cosines of all passages, while sources
// change. A store may be approximate: it must find 97 in 100 of the right ones.
func nearest(t *testing.T, sub Subject) {
	s := sub.New(t)
	rng := rand.New(rand.NewPCG(3, 4))
	all := map[string][]float32{} // "collection/source#passage"
	right, asked := 0, 0
	for step := range 150 {
		collection, id := fmt.Sprintf("c%d", rng.IntN(3)), fmt.Sprintf("d%d", rng.IntN(20))
		for i := range 9 {
			delete(all, fmt.Sprintf("%s/%s#%d", collection, id, i))
		}
		passages := make([]string, 1+rng.IntN(8))
		for i := range passages {
			passages[i] = "x"
		}
		d := Note(collection, id, fmt.Sprint(step), passages...)
		if step%10 != 0 {
			d = withVectors(d, "m", func(int) []float32 { return randomVector(rng, 48) })
		}
		replace(t, s, d)
		for i, p := range d.Passages {
			if p.Vector != nil {
				all[fmt.Sprintf("%s/%s#%d", collection, id, i)] = p.Vector
			}
		}
		if step%10 != 9 {
			continue
		}
		q := groundtruth.Query{Collections: []string{"c0", "c2"}, Vector: randomVector(rng, 48), Embedding: "m", K: 10}
		var want []string
		for name := range all {
			if !strings.HasPrefix(name, "c1/") {
				want = append(want, name)
			}
		}
		slices.SortFunc(want, func(a, b string) int { return cmp.Compare(cosine(all[b], q.Vector), cosine(all[a], q.Vector)) })
		want = want[:min(10, len(want))]
		hits := search(t, s, q)
		if len(hits) != len(want) {
			t.Fatalf("step %d: found %d passages, not %d", step, len(hits), len(want))
		}
		for _, h := range hits {
			if slices.Contains(want, fmt.Sprintf("%s/%s#%d", h.Collection, h.Source, h.Passage)) {
				right++
			}
		}
		asked += len(want)
	}
	if recall := float64(right) / float64(asked); recall < 0.97 {
		t.Errorf("recall %.3f: %d of %d", recall, right, asked)
	}
}

func fusion(t *testing.T, sub Subject) {
	s := sub.New(t)
	at := func(v ...float32) func(int) []float32 { return func(int) []float32 { return v } }
	replace(t, s,
		withVectors(Note("c", "words", "", "A refund is made within 14 days."), "m", at(0.5, 0, 1)),
		withVectors(Note("c", "meaning", "", "You get your money back."), "m", at(0.9, 0.1, 0)),
		withVectors(Note("c", "both", "", "Every refund is paid in full."), "m", at(1, 0, 0)),
		withVectors(Note("c", "neither", "", "Parcels go by sea."), "m", at(0, 1, 0)),
		Note("c", "plain", "", "No refund for gift cards."))
	q := groundtruth.Query{Collections: []string{"c"}, Text: "refund", Vector: []float32{2, 0.1, 0}, Embedding: "m", K: 10}
	hits := search(t, s, q)
	if len(hits) != 5 || hits[0].Source != "both" || !slices.IsSortedFunc(hits, func(a, b groundtruth.Evidence) int { return cmp.Compare(b.Score, a.Score) }) {
		t.Fatalf("found %+v", hits)
	}
	q.K = 2
	if again := search(t, s, q); !slices.Equal(again, hits[:2]) {
		t.Errorf("the best two are %v, of %v", names(again), names(hits))
	}
	q.K, q.Text = 10, ""
	if got := names(search(t, s, q)); !slices.Equal(got, []string{"both#0", "meaning#0", "words#0", "neither#0"}) {
		t.Errorf("by the vector alone: %v", got)
	}
	q.Text, q.Vector = "gift cards", nil
	if got := names(search(t, s, q)); !slices.Equal(got, []string{"plain#0"}) {
		t.Errorf("by words alone: %v", got)
	}
}

func models(t *testing.T, sub Subject) {
	s := sub.New(t)
	vector := func(dims int) func(int) []float32 {
		return func(i int) []float32 { v := make([]float32, dims); v[i%dims] = 1; return v }
	}
	replace(t, s, withVectors(Note("c", "a", "", "One.", "Two."), "m", vector(3)))
	q := func(model string, v ...float32) groundtruth.Query {
		return groundtruth.Query{Collections: []string{"c"}, Text: "one", Vector: v, Embedding: model}
	}
	for _, bad := range []groundtruth.Query{q("other", 1, 2, 3), q("m", 1, 2), q("", 1, 2, 3)} {
		if _, err := s.Search(ctx, bad); !errors.Is(err, groundtruth.ErrEmbedding) || !strings.Contains(err.Error(), `of "m" with 3 components`) {
			t.Errorf("a query of model %q with %d components: %v", bad.Embedding, len(bad.Vector), err)
		}
	}
	for _, bad := range [][]float32{{1, 2, float32(math.NaN())}, {0, 0, 0}, {1, 2, float32(math.Inf(-1))}, {}} {
		if _, err := s.Search(ctx, q("m", bad...)); err == nil && bad != nil {
			t.Errorf("a query by %v was answered", bad)
		}
	}
	other := withVectors(Note("d", "late", "", "One more."), "other", vector(2))
	if _, err := s.Replace(ctx, other); !errors.Is(err, groundtruth.ErrEmbedding) || len(sources(t, s, "d")) != 0 {
		t.Errorf("storing vectors of another model: %v", err)
	}
	longer := withVectors(Note("c", "a", "", "One.", "Three."), "m", vector(4))
	if _, err := s.Replace(ctx, longer); !errors.Is(err, groundtruth.ErrEmbedding) || !slices.Equal(found(t, s, "two", "c"), []string{"a#1"}) {
		t.Errorf("storing longer vectors: %v", err)
	}
	if err := s.ForgetVectors(ctx); err != nil {
		t.Fatal(err)
	}
	if got := names(search(t, s, q("any", 1, 2))); !slices.Equal(got, []string{"a#0"}) {
		t.Errorf("without vectors a query with one finds %v, not what has its word", got)
	}
	replace(t, s, other, withVectors(Note("c", "a", "", "One.", "Two."), "other", vector(2)))
	if got := search(t, s, q("other", 0, 1)); len(got) != 2 {
		t.Errorf("after the change of model: %v", names(got))
	}
	if err := s.Delete(ctx, "d", "late"); err != nil {
		t.Fatal(err)
	}
	replace(t, s, Note("c", "a", "", "One.", "Two, now without vectors."))
	if got := search(t, s, q("other", 0, 1)); len(got) != 1 {
		t.Errorf("after a change without vectors: %v", names(got))
	}
}
