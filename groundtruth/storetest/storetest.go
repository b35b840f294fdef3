// Package storetest holds what every groundtruth.Store must do. Each store's own tests
// run it.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"touchstone/groundtruth"
)

// A Subject makes stores to test.
type Subject struct {
	// New returns an empty store that is closed after the test.
	New func(t *testing.T) groundtruth.Store
	// Reopen closes a store that New made and opens it again.
	Reopen func(t *testing.T, s groundtruth.Store) groundtruth.Store
}

// Run tests stores of one kind.
func Run(t *testing.T, sub Subject) {
	for name, test := range map[string]func(*testing.T, Subject){
		"Life": life, "Revision": revision, "Reopened": reopened, "Ranking": ranking, "Limits": limits,
		"Isolation": isolation, "TenantsModels": tenantsModels,
		"Nearest": nearest, "Fusion": fusion, "Models": models,
		"Texts": texts, "Refused": refused, "Huge": huge,
		"Records": records, "History": history,
		"Readers": readers, "Writers": writers, "Cancelled": cancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, sub) })
	}
}

var ctx = context.Background()

// Note is a document of one-paragraph passages.
func Note(collection, id, title string, passages ...string) groundtruth.Document {
	d := groundtruth.Document{ID: id, Collection: collection, Title: title, Media: "text/plain"}
	for i, text := range passages {
		if i > 0 {
			d.Text += "\n\n"
		}
		start := len(d.Text)
		d.Text += text
		d.Passages = append(d.Passages, groundtruth.Passage{Ordinal: i, Start: start, End: len(d.Text), Text: text})
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", title, d.Text))
	d.Hash = hex.EncodeToString(sum[:])
	return d
}

// withVectors gives the passages of a document vectors.
func withVectors(d groundtruth.Document, model string, vector func(passage int) []float32) groundtruth.Document {
	d.Embedding, d.Passages = model, slices.Clone(d.Passages)
	for i := range d.Passages {
		d.Passages[i].Vector = vector(i)
	}
	return d
}

func replace(t *testing.T, s groundtruth.Store, docs ...groundtruth.Document) {
	t.Helper()
	for _, d := range docs {
		if changed, err := s.Replace(ctx, d); err != nil || !changed {
			t.Fatalf("storing %s: changed %v, %v", d.ID, changed, err)
		}
	}
}

func search(t *testing.T, s groundtruth.Store, q groundtruth.Query) []groundtruth.Evidence {
	t.Helper()
	hits, err := s.Search(ctx, q)
	if err != nil {
		t.Fatalf("searching %q: %v", q.Text, err)
	}
	return hits
}

// names lists hits as "source#passage".
func names(hits []groundtruth.Evidence) []string {
	list := []string{}
	for _, h := range hits {
		list = append(list, fmt.Sprintf("%s#%d", h.Source, h.Passage))
	}
	return list
}

// found is what a search by words returns, as names.
func found(t *testing.T, s groundtruth.Store, text string, collections ...string) []string {
	t.Helper()
	return names(search(t, s, groundtruth.Query{Collections: collections, Text: text}))
}

func sources(t *testing.T, s groundtruth.Store, collection string) []groundtruth.Source {
	t.Helper()
	list, err := s.Sources(ctx, collection)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func life(t *testing.T, sub Subject) {
	s := sub.New(t)
	if got := sources(t, s, ""); len(got) != 0 || s.Revision() != "0" {
		t.Fatalf("an empty store has %v at revision %s", got, s.Revision())
	}
	doc := Note("shop", "returns.md", "Returns", "Goods may be returned within 30 days.", "Shipping is free above 50 euros.")
	doc.Passages[1].Heading = "Costs > Parcels"
	replace(t, s, doc)
	if changed, err := s.Replace(ctx, doc); err != nil || changed {
		t.Fatalf("storing it again: changed %v, %v", changed, err)
	}
	want := groundtruth.Evidence{Source: "returns.md", Title: "Returns", Heading: "Costs > Parcels", Collection: "shop",
		Revision: doc.Hash[:12], Passage: 1, Start: doc.Passages[1].Start, Text: doc.Passages[1].Text, Origin: groundtruth.FromIndex}
	hits := search(t, s, groundtruth.Query{Collections: []string{"shop"}, Text: "free shipping"})
	if len(hits) != 1 || hits[0].Score <= 0 {
		t.Fatalf("found %+v", hits)
	}
	if want.Score = hits[0].Score; hits[0] != want {
		t.Errorf("found %+v\nwant  %+v", hits[0], want)
	}
	list := sources(t, s, "shop")
	if len(list) != 1 || time.Since(list[0].Updated) > time.Minute || list[0].Updated.Location() != time.UTC {
		t.Fatalf("sources %+v", list)
	}
	src := doc.Source(list[0].Updated)
	if list[0] != src {
		t.Errorf("source %+v\nwant   %+v", list[0], src)
	}
	replace(t, s, Note("shop", "returns.md", "Returns", "Goods may be returned within 14 days."))
	if got := found(t, s, "shipping", "shop"); len(got) != 0 {
		t.Errorf("the old content is still found: %v", got)
	}
	if got := found(t, s, "goods", "shop"); !slices.Equal(got, []string{"returns.md#0"}) {
		t.Errorf("the new content is found as %v", got)
	}
	for collection, id := range map[string]string{"other": "returns.md", "shop": "return.md", "": ""} {
		if err := s.Delete(ctx, collection, id); !errors.Is(err, groundtruth.ErrNotFound) {
			t.Errorf("deleting %s of %s, which is not there: %v", id, collection, err)
		}
	}
	if err := s.Delete(ctx, "shop", "returns.md"); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, "14 days", "shop"); len(got) != 0 || s.Revision() != "0" || len(sources(t, s, "")) != 0 {
		t.Errorf("after deleting: found %v, revision %s", got, s.Revision())
	}
	replace(t, s, Note("shop", "empty.md", "Nothing in it"))
	if list := sources(t, s, "shop"); len(list) != 1 || list[0].Passages != 0 {
		t.Errorf("a source without passages is listed as %+v", list)
	}
}

func revision(t *testing.T, sub Subject) {
	s := sub.New(t)
	seen := map[string]string{"0": "empty"}
	step := func(what string, changes bool, do func() error) {
		t.Helper()
		before := s.Revision()
		if err := do(); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		after := s.Revision()
		if !changes && after != before {
			t.Errorf("%s: revision %s became %s", what, before, after)
		}
		if earlier, known := seen[after]; changes && known {
			t.Errorf("%s: revision %s again, as after %s", what, after, earlier)
		}
		seen[after] = what
	}
	put := func(d groundtruth.Document) func() error {
		return func() error { _, err := s.Replace(ctx, d); return err }
	}
	one, two := Note("c", "one", "", "First."), Note("c", "two", "", "Second.")
	step("one", true, put(one))
	step("two", true, put(two))
	step("two again", false, put(two))
	step("a failed delete", false, func() error { s.Delete(ctx, "c", "three"); return nil })
	step("a refused document", false, func() error { s.Replace(ctx, groundtruth.Document{ID: "x"}); return nil })
	step("one changed", true, put(Note("c", "one", "", "Changed.")))
	step("one changed back", true, put(one))
	step("another collection", true, put(Note("d", "one", "", "First.")))
	step("another tenant", true, func() error { _, err := s.For("t").Replace(ctx, one); return err })
	step("vectors", true, put(withVectors(one, "m", func(int) []float32 { return []float32{1} })))
	step("no vectors", true, func() error { return s.ForgetVectors(ctx) })
	step("no vectors again", false, func() error { return s.ForgetVectors(ctx) })
	step("delete", true, func() error { return s.Delete(ctx, "c", "two") })
}

func reopened(t *testing.T, sub Subject) {
	s := sub.New(t)
	vector := func(i int) []float32 { return []float32{1, float32(i)} }
	replace(t, s, withVectors(Note("c", "a", "A", "One word.", "Two words."), "m", vector), Note("c", "b", "B", "No vectors, some words."))
	replace(t, s.For("t"), Note("c", "a", "A", "Another tenant's words."))
	q := groundtruth.Query{Collections: []string{"c"}, Text: "words", Vector: []float32{1, 2}, Embedding: "m"}
	hits, list, rev := search(t, s, q), sources(t, s, ""), s.Revision()
	s = sub.Reopen(t, s)
	if got := search(t, s, q); !slices.Equal(got, hits) || len(got) != 3 {
		t.Errorf("found %+v after reopening, %+v before", got, hits)
	}
	if got := sources(t, s, ""); !slices.Equal(got, list) || s.Revision() != rev {
		t.Errorf("revision %s and sources %+v after reopening, %s and %+v before", s.Revision(), got, rev, list)
	}
	if got := found(t, s.For("t"), "words", "c"); !slices.Equal(got, []string{"a#0"}) {
		t.Errorf("the other tenant's is found as %v", got)
	}
}

// ranking holds that rare words count more than frequent ones, that forms of a word
// find each other, and that titles and headings are searched.
func ranking(t *testing.T, sub Subject) {
	s := sub.New(t)
	for i := range 40 {
		replace(t, s, Note("c", fmt.Sprintf("filler-%02d", i), "", "The delivery of a parcel takes some days.", "A parcel has a number."))
	}
	replace(t, s,
		Note("c", "drill", "Manual", "The café refunded its customers for the DW-620 drill, firmware v2.3.1, at 1,500 rpm."),
		Note("c", "tokyo", "", "東京の配送は三日かかります。"),
		Note("c", "titled", "Warranty of lanterns", "It lasts three years."),
		Note("c", "insured", "", "The delivery of an insured parcel takes some days."))
	for query, want := range map[string]string{
		"cafe": "drill#0", "CAFÉ": "drill#0", "refunding": "drill#0", "dw620": "drill#0", "version 2.3.1": "drill#0", "1500": "drill#0",
		"配送": "tokyo#0", "lantern": "titled#0", "is the parcel insured on delivery": "insured#0", "unheard": "", "": "", "...": "",
	} {
		got := append(found(t, s, query, "c"), "")
		if got[0] != want {
			t.Errorf("%q finds %v first, not %q", query, got[0], want)
		}
	}
	if got := search(t, s, groundtruth.Query{Collections: []string{"c"}, Text: "parcel", K: 7}); len(got) != 7 {
		t.Errorf("asked for 7 passages with a frequent word, got %d", len(got))
	}
}

func limits(t *testing.T, sub Subject) {
	s := sub.New(t)
	var many []string
	for i := range 1200 {
		many = append(many, fmt.Sprintf("common word%d", i))
	}
	replace(t, s, Note("c", "many", "", many...), Note("d", "few", "", "common"))
	for _, q := range []struct {
		groundtruth.Query
		want int
	}{
		{groundtruth.Query{Text: "common"}, 0},
		{groundtruth.Query{Text: "common", Collections: []string{}}, 0},
		{groundtruth.Query{Text: "common", Collections: []string{""}}, 0},
		{groundtruth.Query{Text: "common", Collections: []string{"x"}}, 0},
		{groundtruth.Query{Text: "common", Collections: []string{"c"}}, groundtruth.DefaultK},
		{groundtruth.Query{Text: "common", Collections: []string{"c"}, K: -1}, groundtruth.DefaultK},
		{groundtruth.Query{Text: "common", Collections: []string{"c"}, K: 1}, 1},
		{groundtruth.Query{Text: "common", Collections: []string{"c"}, K: 1 << 30}, groundtruth.MaxK},
		{groundtruth.Query{Text: "common", Collections: []string{"d", "d", "x", "d"}, K: 50}, 1},
		{groundtruth.Query{Text: strings.Repeat("common x1 ", 20_000), Collections: []string{"d"}, K: 50}, 1},
	} {
		if hits := search(t, s, q.Query); len(hits) != q.want {
			t.Errorf("%.60q in %q at most %d: found %d, not %d", q.Text, q.Collections, q.K, len(hits), q.want)
		}
	}
}
