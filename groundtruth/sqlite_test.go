package groundtruth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

// note is a document of one-paragraph passages, for tests.
func note(collection, id, title string, passages ...string) Document {
	d := Document{ID: id, Collection: collection, Title: title, Media: "text/plain"}
	for i, text := range passages {
		if i > 0 {
			d.Text += "\n\n"
		}
		start := len(d.Text)
		d.Text += text
		d.Passages = append(d.Passages, Passage{Ordinal: i, Start: start, End: len(d.Text), Text: text})
	}
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q %q", title, d.Text)))
	d.Hash = hex.EncodeToString(sum[:])
	return d
}

func openStore(t *testing.T, path string) *SQLite {
	t.Helper()
	s, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func replace(t *testing.T, s *SQLite, docs ...Document) {
	t.Helper()
	for _, d := range docs {
		if _, err := s.Replace(context.Background(), d); err != nil {
			t.Fatal(err)
		}
	}
}

// found lists what a search returns as "source#passage".
func found(t *testing.T, s *SQLite, text string, collections ...string) []string {
	t.Helper()
	hits, err := s.Search(context.Background(), Query{Collections: collections, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, h := range hits {
		names = append(names, fmt.Sprintf("%s#%d", h.Source, h.Passage))
	}
	return names
}

func TestReplaceSearchDeleteReopen(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "deep", "truth.db")
	s := openStore(t, path)
	if s.Revision() != "0" {
		t.Fatalf("an empty store is revision %s", s.Revision())
	}
	doc := note("shop", "returns.md", "Returns", "Goods may be returned within 30 days.", "Shipping is free above 50 euros.")
	for i, want := range []bool{true, false} {
		if changed, err := s.Replace(ctx, doc); err != nil || changed != want {
			t.Fatalf("storing it for the %d. time: changed %v, %v", i+1, changed, err)
		}
	}
	first := s.Revision()
	if got := found(t, s, "return goods", "shop"); len(got) != 2 || got[0] != "returns.md#0" { // the other by its title
		t.Fatalf("found %v", got)
	}
	replace(t, s, note("shop", "returns.md", "Returns", "Goods may be returned within 14 days."))
	if s.Revision() == first {
		t.Error("the revision did not change with the content")
	}
	if got := found(t, s, "shipping", "shop"); len(got) != 0 {
		t.Errorf("the old content is still found: %v", got)
	}
	want := s.Revision()
	s.Close()

	s = openStore(t, path)
	if s.Revision() != want {
		t.Errorf("revision %s after reopening, %s before", s.Revision(), want)
	}
	hits, _ := s.Search(ctx, Query{Collections: []string{"shop"}, Text: "14 days"})
	if len(hits) != 1 || hits[0].Text != "Goods may be returned within 14 days." || hits[0].Title != "Returns" || hits[0].Origin != FromIndex || hits[0].Revision == "" {
		t.Errorf("found %+v", hits)
	}
	list, _ := s.Sources(ctx, "")
	if len(list) != 1 || list[0].Passages != 1 || list[0].ID != "returns.md" || time.Since(list[0].Updated) > time.Minute {
		t.Errorf("sources %+v", list)
	}
	if err := s.Delete(ctx, "other", "returns.md"); !errors.Is(err, ErrNotFound) {
		t.Errorf("deleting from a collection that does not have it: %v", err)
	}
	if err := s.Delete(ctx, "shop", "returns.md"); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, "14 days", "shop"); len(got) != 0 || s.Revision() != "0" {
		t.Errorf("after deleting: found %v, revision %s", got, s.Revision())
	}
}
