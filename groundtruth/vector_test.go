package groundtruth

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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

// TestPackedCosine holds that packing costs next to nothing, whatever the length,
// and that the coarse half is near.
func TestPackedCosine(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, dims := range []int{1, 2, 7, 8, 9, 31, 384, 1024, maxDims} {
		var vs vectors
		var p probe
		for doc := range uint32(600) { // more than a block
			a, b := randomVector(rng, dims), randomVector(rng, dims)
			blob := pack(a)
			vs.set(doc, blob)
			if got := vs.blob(doc); !bytes.Equal(got, blob) {
				t.Fatalf("%d components: row %d comes back as\n%x, not\n%x", dims, doc, got, blob)
			}
			if doc%50 != 0 {
				continue
			}
			p.set(b)
			bl, r := vs.blocks[doc/blockRows], int(doc%blockRows)
			want := cosine(a, b)
			if got := p.cosine(bl, r, vs.words, vs.dims); math.Abs(float64(got)-want) > 2e-4 {
				t.Errorf("%d components: cosine %v, not %v", dims, got, want)
			}
			if got := p.coarse(bl, r, vs.words, vs.dims); math.Abs(float64(got)-want) > 0.03 {
				t.Errorf("%d components: coarse cosine %v of %v", dims, got, want)
			}
		}
	}
}

// withVectors gives the passages of a document vectors.
func withVectors(d Document, model string, vector func(text string) []float32) Document {
	d.Embedding, d.Passages = model, slices.Clone(d.Passages)
	for i := range d.Passages {
		d.Passages[i].Vector = vector(d.Passages[i].Text)
	}
	return d
}

// TestNearestAgreesWithExact compares a search by vector alone with the cosines of
// all passages, while sources change and after reopening.
func TestNearestAgreesWithExact(t *testing.T) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(3, 4))
	path := filepath.Join(t.TempDir(), "truth.db")
	s := openStore(t, path)
	all := map[string][]float32{} // "collection/source#passage"
	vector := func(string) []float32 { return randomVector(rng, 48) }
	for step := range 900 {
		collection, id := fmt.Sprintf("c%d", rng.IntN(3)), fmt.Sprintf("d%d", rng.IntN(60))
		for i := range 9 {
			delete(all, fmt.Sprintf("%s/%s#%d", collection, id, i))
		}
		passages := make([]string, rng.IntN(9))
		for i := range passages {
			passages[i] = "x"
		}
		d := note(collection, id, fmt.Sprint(step), passages...)
		if step%10 != 0 {
			d = withVectors(d, "m", vector)
		}
		replace(t, s, d)
		for i, p := range d.Passages {
			if p.Vector != nil {
				all[fmt.Sprintf("%s/%s#%d", collection, id, i)] = p.Vector
			}
		}
		if step%100 == 99 {
			s.Close()
			s = openStore(t, path)
		}
		if step%30 != 29 {
			continue
		}
		q := Query{Collections: []string{"c0", "c2"}, Vector: randomVector(rng, 48), Embedding: "m", K: 10}
		hits, err := s.Search(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for name := range all {
			if !strings.HasPrefix(name, "c1/") {
				want = append(want, name)
			}
		}
		slices.SortFunc(want, func(a, b string) int { return cmp.Compare(cosine(all[b], q.Vector), cosine(all[a], q.Vector)) })
		var got []string
		for _, h := range hits {
			got = append(got, fmt.Sprintf("%s/%s#%d", h.Collection, h.Source, h.Passage))
		}
		if !slices.Equal(got, want[:10]) {
			t.Fatalf("step %d: found %v, not %v", step, got, want[:10])
		}
	}
}

func TestFusion(t *testing.T) {
	ctx := context.Background()
	s := openStore(t, ":memory:")
	near := map[string][]float32{"refund": {1, 0, 0}, "money back": {0.9, 0.1, 0}, "shipping": {0, 1, 0}}
	replace(t, s,
		withVectors(note("c", "words", "", "A refund is made within 14 days."), "m", func(string) []float32 { return []float32{0.5, 0, 1} }),
		withVectors(note("c", "meaning", "", "You get your money back."), "m", func(string) []float32 { return near["money back"] }),
		withVectors(note("c", "both", "", "Every refund is paid in full."), "m", func(string) []float32 { return near["refund"] }),
		withVectors(note("c", "neither", "", "Parcels go by sea."), "m", func(string) []float32 { return near["shipping"] }),
		note("c", "plain", "", "No refund for gift cards."))
	q := Query{Collections: []string{"c"}, Text: "refund", Vector: []float32{2, 0.1, 0}, Embedding: "m", K: 10}
	hits, err := s.Search(ctx, q)
	if err != nil || len(hits) != 5 || hits[0].Source != "both" || hits[4].Source == "plain" {
		t.Fatalf("found %+v, %v", hits, err)
	}
	{
		q.K = 2
		again, _ := s.Search(ctx, q)
		if len(again) != 2 || again[0] != hits[0] || again[1] != hits[1] {
			t.Errorf("the best two are %+v", again)
		}
	}
	q.Embedding = "other"
	if _, err := s.Search(ctx, q); !errors.Is(err, ErrEmbedding) || !strings.Contains(err.Error(), `of "m" with 3 components, and these are of "other" with 3`) {
		t.Errorf("a query of another model: %v", err)
	}
	q.Embedding, q.Vector = "m", []float32{1, 2}
	if _, err := s.Search(ctx, q); !errors.Is(err, ErrEmbedding) {
		t.Errorf("a query of another length: %v", err)
	}
	q.Vector = []float32{1, 2, float32(math.NaN())}
	if _, err := s.Search(ctx, q); err == nil {
		t.Error("a query that is not a number was answered")
	}
	other := withVectors(note("d", "late", "", "New."), "other", func(string) []float32 { return []float32{1, 0, 0} })
	if _, err := s.Replace(ctx, other); !errors.Is(err, ErrEmbedding) {
		t.Errorf("storing vectors of another model: %v", err)
	}
	before := s.Revision()
	if err := s.ForgetVectors(ctx); err != nil || s.Revision() == before {
		t.Fatalf("revision %s after dropping the vectors, %v", s.Revision(), err)
	}
	if changed, err := s.Replace(ctx, other); err != nil || !changed {
		t.Fatalf("another model after that: %v, %v", changed, err)
	}
	q.Vector, q.Embedding, q.K = []float32{0, 0, 1}, "other", 10
	if hits, err := s.Search(ctx, q); err != nil || len(hits) != 3 {
		t.Errorf("by words: %+v, %v", hits, err)
	}
	list, _ := s.Sources(ctx, "")
	for _, src := range list {
		if want := map[bool]string{true: "other", false: ""}[src.ID == "late"]; src.Embedding != want {
			t.Errorf("%s has vectors of %q, not %q", src.ID, src.Embedding, want)
		}
	}
}

func TestReplaceRefusesVectors(t *testing.T) {
	for name, change := range map[string]func(d *Document){
		"no model":    func(d *Document) { d.Embedding = "" },
		"no vectors":  func(d *Document) { d.Passages[0].Vector, d.Passages[1].Vector = nil, nil },
		"one missing": func(d *Document) { d.Passages[1].Vector = nil },
		"lengths":     func(d *Document) { d.Passages[1].Vector = []float32{1} },
		"zero":        func(d *Document) { d.Passages[1].Vector = []float32{0, 0} },
		"infinite":    func(d *Document) { d.Passages[1].Vector = []float32{1, float32(math.Inf(1))} },
		"far too large": func(d *Document) {
			d.Passages[0].Vector, d.Passages[1].Vector = make([]float32, 5000), make([]float32, 5000)
		},
	} {
		s := openStore(t, ":memory:")
		d := withVectors(note("c", "a", "", "One.", "Two."), "m", func(string) []float32 { return []float32{1, 2} })
		change(&d)
		if _, err := s.Replace(context.Background(), d); err == nil || s.Revision() != "0" {
			t.Errorf("%s: stored, %v", name, err)
		}
	}
}
