package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"touchstone/groundtruth"
)

// isolation changes a store at random for several tenants and collections, and holds
// after each step that what one sees is exactly its own: by words, by vectors, in the
// list of sources.
func isolation(t *testing.T, sub Subject) {
	s := sub.New(t)
	rng := rand.New(rand.NewPCG(5, 6))
	tenants := []string{"", "acme", "acme2", "ACME", "a c'me\\\"%_$1"}
	collections := []string{"default", "Default", "hr' OR 'x'='x", "日本"}
	vector := func(int) []float32 {
		return []float32{rng.Float32() - 0.5, rng.Float32() - 0.5, rng.Float32() - 0.5, 0.1}
	}
	type place struct{ tenant, collection, id string }
	model := map[place]groundtruth.Document{}
	for step := range 160 {
		at := place{tenants[rng.IntN(len(tenants))], collections[rng.IntN(len(collections))], fmt.Sprintf("doc-%d", rng.IntN(4))}
		view := s.For(at.tenant)
		if _, stored := model[at]; rng.IntN(4) == 0 {
			err := view.Delete(ctx, at.collection, at.id)
			if stored != (err == nil) || err != nil && !errors.Is(err, groundtruth.ErrNotFound) {
				t.Fatalf("step %d: deleting %q: %v", step, at, err)
			}
			delete(model, at)
		} else {
			var passages []string
			for i := range rng.IntN(5) {
				passages = append(passages, fmt.Sprintf("shared words of %d, step%d", i, step))
			}
			d := Note(at.collection, at.id, fmt.Sprintf("%s at step %d", at.tenant, step), passages...)
			if rng.IntN(3) > 0 {
				d = withVectors(d, "m", vector)
			}
			if _, err := view.Replace(ctx, d); err != nil {
				t.Fatalf("step %d: storing %q: %v", step, at, err)
			}
			model[at] = d
		}
		if step%4 != 3 {
			continue
		}
		tenant := tenants[rng.IntN(len(tenants))]
		view = s.For(tenant)
		var asked []string
		for _, c := range collections {
			if rng.IntN(2) == 0 {
				asked = append(asked, c)
			}
		}
		q := groundtruth.Query{Collections: asked, Text: "shared words", K: 200}
		if rng.IntN(2) == 0 {
			q.Vector, q.Embedding = vector(0), "m"
		}
		var want []string
		for at, d := range model {
			for i := range d.Passages {
				if at.tenant == tenant && slices.Contains(asked, at.collection) {
					want = append(want, fmt.Sprintf("%s/%s#%d: %s: %s", at.collection, at.id, i, d.Title, d.Passages[i].Text))
				}
			}
		}
		var got []string
		for _, h := range search(t, view, q) {
			got = append(got, fmt.Sprintf("%s/%s#%d: %s: %s", h.Collection, h.Source, h.Passage, h.Title, h.Text))
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("step %d: tenant %q asks for %q and finds\n%s\nnot\n%s", step, tenant, asked, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		var listed []string
		for _, src := range sources(t, view, "") {
			listed = append(listed, src.Collection+"/"+src.ID+" "+src.Hash)
		}
		var stored []string
		for at, d := range model {
			if at.tenant == tenant {
				stored = append(stored, at.collection+"/"+at.id+" "+d.Hash)
			}
		}
		slices.Sort(stored)
		if !slices.Equal(listed, stored) {
			t.Fatalf("step %d: tenant %q has the sources\n%v\nnot\n%v", step, tenant, listed, stored)
		}
	}
}

// tenantsModels holds that each tenant has a model of its own.
func tenantsModels(t *testing.T, sub Subject) {
	s := sub.New(t)
	a, b := s.For("a"), s.For("b")
	replace(t, a, withVectors(Note("c", "x", "", "One."), "m1", func(int) []float32 { return []float32{1, 0} }))
	replace(t, b, withVectors(Note("c", "x", "", "One."), "m2", func(int) []float32 { return []float32{0, 1, 0} }))
	if err := a.ForgetVectors(ctx); err != nil {
		t.Fatal(err)
	}
	if got := sources(t, a, ""); got[0].Embedding != "" {
		t.Errorf("a's source still has vectors of %q", got[0].Embedding)
	}
	hits := search(t, b, groundtruth.Query{Collections: []string{"c"}, Vector: []float32{0, 2, 0}, Embedding: "m2"})
	if len(hits) != 1 || sources(t, b, "")[0].Embedding != "m2" {
		t.Errorf("after a dropped its vectors, b finds %v", hits)
	}
}
