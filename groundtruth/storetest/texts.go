package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"touchstone/groundtruth"
)

// texts holds that text comes back byte for byte, and that no query or name breaks out
// of its place.
func texts(t *testing.T, sub Subject) {
	s := sub.New(t)
	pieces := []string{
		"plain", "it's 'quoted' \"twice\" and \\escaped\\", "'; DROP TABLE sources; --", "$1 $$ %s %I :x @> <=> & | ! ( ) :*",
		"Ünïcödé naïve Straße ŁÓDŹ", "日本語のテキスト", "한국어 텍스트", "עברית טקסט", "العربية", "emoji 👩‍👩‍👧‍👦 🏳️‍🌈", "combining e\u0301 a\u0308",
		"tab\tand\nnewline\r\nand \u2028 line", "\u0001\u0002\u001f control", "\U0010FFFF \uFFFD \uFEFFbom", "{\"json\": [1, null]}", "\\N", "\\.", "NULL",
		strings.Repeat("a", 5000), strings.Repeat("x' | 'y", 50),
	}
	for i, text := range pieces {
		id := fmt.Sprintf("%d %s", i, text[:min(len(text), 60)])
		if strings.ToValidUTF8(id, "") != id {
			id = fmt.Sprint(i)
		}
		d := Note("c "+id, id, text[:min(len(text), 2000)], text, "second "+text)
		d.Passages[1].Heading = text
		replace(t, s, d)
	}
	for i, text := range pieces {
		id := fmt.Sprintf("%d %s", i, text[:min(len(text), 60)])
		if strings.ToValidUTF8(id, "") != id {
			id = fmt.Sprint(i)
		}
		list := sources(t, s, "c "+id)
		if len(list) != 1 || list[0].ID != id || list[0].Title != text[:min(len(text), 2000)] {
			t.Errorf("%q is listed as %+v", id, list)
		}
		hits := search(t, s, groundtruth.Query{Collections: []string{"c " + id}, Text: "second " + text})
		at := slices.IndexFunc(hits, func(h groundtruth.Evidence) bool { return h.Passage == 1 })
		if at < 0 || hits[at].Text != "second "+text || hits[at].Heading != text || hits[at].Source != id || hits[at].Collection != "c "+id {
			t.Errorf("%q comes back as %+v", text, hits)
		}
	}
	for _, query := range append(pieces, "\x00", "a\x00b", "\xff\xfe", "plain\xff", strings.Repeat("'", 1000), strings.Repeat("\\", 999)) {
		search(t, s, groundtruth.Query{Collections: []string{"c 0 plain"}, Text: query, K: 3})
	}
	if got := found(t, s, "plain\xff", "c 0 plain"); len(got) != 2 {
		t.Errorf("a query with a broken character finds %v", got)
	}
	for _, name := range []string{"\x00", "c 0 plain\x00", "\xff"} {
		if got := found(t, s, "plain", name); len(got) != 0 {
			t.Errorf("collection %q has %v", name, got)
		}
		if got := sources(t, s, name); len(got) != 0 {
			t.Errorf("collection %q lists %v", name, got)
		}
		if err := s.Delete(ctx, "c 0 plain", name); err == nil {
			t.Errorf("source %q was deleted", name)
		}
		if got, err := s.For(name).Sources(ctx, ""); err != nil || len(got) != 0 {
			t.Errorf("tenant %q has %v, %v", name, got, err)
		}
	}
}

// refused holds that what no store can keep is refused whole, and says why.
func refused(t *testing.T, sub Subject) {
	s := sub.New(t)
	replace(t, s, Note("c", "a", "", "Kept as it is."))
	before := s.Revision()
	for want, change := range map[string]func(d *groundtruth.Document){
		"it has no ID":                                     func(d *groundtruth.Document) { d.ID = "" },
		"it names no collection":                           func(d *groundtruth.Document) { d.Collection = "" },
		"it has no hash":                                   func(d *groundtruth.Document) { d.Hash = "" },
		"its ID is not text":                               func(d *groundtruth.Document) { d.ID = "a\x00" },
		"its collection is not text":                       func(d *groundtruth.Document) { d.Collection = "\xff" },
		"its title is not text":                            func(d *groundtruth.Document) { d.Title = "a\xc3" },
		"its text is not text":                             func(d *groundtruth.Document) { d.Text = "One. \x00Two." },
		"its ID has 2049 bytes":                            func(d *groundtruth.Document) { d.ID = strings.Repeat("x", 2049) },
		"its collection's name has":                        func(d *groundtruth.Document) { d.Collection = strings.Repeat("x", 600) },
		"passage 1 is not the text":                        func(d *groundtruth.Document) { d.Passages[1].Text = "Three." },
		"passage 1 calls itself 7":                         func(d *groundtruth.Document) { d.Passages[1].Ordinal = 7 },
		"passage 0 is not text":                            func(d *groundtruth.Document) { d.Passages[0].Heading = "\x00" },
		"give both or none":                                func(d *groundtruth.Document) { d.Embedding = "m" },
		"has a vector of 0 components, the first one of 2": func(d *groundtruth.Document) { d.Embedding, d.Passages[0].Vector = "m", []float32{1, 2} },
		"has no direction": func(d *groundtruth.Document) {
			*d = withVectors(*d, "m", func(int) []float32 { return []float32{0, 0} })
		},
		"has 4001 components": func(d *groundtruth.Document) {
			*d = withVectors(*d, "m", func(int) []float32 { v := make([]float32, 4001); v[0] = 1; return v })
		},
	} {
		d := Note("c", "a", "T", "One.", "Two.")
		change(&d)
		if _, err := s.Replace(ctx, d); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if got := found(t, s, "kept", "c"); len(got) != 1 || s.Revision() != before {
		t.Errorf("found %v at revision %s, not %s", got, s.Revision(), before)
	}
}

// huge stores what is far larger than a source should be.
func huge(t *testing.T, sub Subject) {
	s := sub.New(t)
	var words strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&words, "w%dx ", i*7919)
	}
	long := strings.TrimSpace(words.String())
	many := make([]string, 3000)
	for i := range many {
		many[i] = fmt.Sprintf("row%dx of many", i)
	}
	replace(t, s, Note("c", "long", "", long, "short"), Note("c", "many", strings.Repeat("title ", 100), many...))
	replace(t, s, Note(strings.Repeat("c", 500), strings.Repeat("ä", 1000), "", "long names"))
	hits := search(t, s, groundtruth.Query{Collections: []string{"c"}, Text: "w7919x w15838x"})
	if len(hits) != 1 || hits[0].Text != long {
		t.Errorf("of a passage of %d bytes %d hits come back", len(long), len(hits))
	}
	if got := found(t, s, "row2999x", "c"); len(got) != 1 || got[0] != "many#2999" {
		t.Errorf("found %v", got)
	}
	if got := found(t, s, "long", strings.Repeat("c", 500)); len(got) != 1 {
		t.Errorf("with long names: %v", got)
	}
	vector := withVectors(Note("v", "v", "", "wide"), "m", func(int) []float32 { v := make([]float32, 4000); v[3999] = 1e-30; return v })
	replace(t, s, vector)
	if got := search(t, s, groundtruth.Query{Collections: []string{"v"}, Vector: vector.Passages[0].Vector, Embedding: "m"}); len(got) != 1 {
		t.Errorf("by a vector of 4000 components: %v", got)
	}
	if err := s.Delete(ctx, "c", "many"); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, "row2999x", "c"); len(got) != 0 {
		t.Errorf("after deleting: %v", got)
	}
}
