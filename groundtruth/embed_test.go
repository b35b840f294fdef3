package groundtruth

import (
	"context"
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hashedWords is a model that knows no meaning: a text's vector says which words
// it has.
type hashedWords struct {
	id   string
	dims int
	seen []string
	err  error
}

func (h *hashedWords) ID() string { return h.id }

func (h *hashedWords) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if h.err != nil {
		return nil, h.err
	}
	h.seen = append(h.seen, texts...)
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i] = make([]float32, h.dims)
		for _, w := range strings.Fields(strings.ToLower(text)) {
			sum := fnv.New32a()
			sum.Write([]byte(w))
			out[i][int(sum.Sum32())%h.dims]++
		}
	}
	return out, nil
}

func TestIngestWithEmbedder(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	file := filepath.Join(dir, "returns.md")
	if err := os.WriteFile(file, []byte("# Returns\n\n## When\n\nWithin 30 days.\n\n## Where\n\nIn any shop.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, ":memory:")
	model := &hashedWords{id: "words-1", dims: 64}
	for _, step := range []struct {
		embedder Embedder
		want     Counts
		model    string
	}{
		{nil, Counts{Added: 1}, ""},
		{model, Counts{Changed: 1}, "words-1"}, // the same file, now with vectors
		{model, Counts{Unchanged: 1}, "words-1"},
		{nil, Counts{Unchanged: 1}, "words-1"}, // without a model nothing is lost
	} {
		in := Ingester{Store: s, Collection: "c", Embedder: step.embedder}
		n, err := in.Run(ctx, []string{dir})
		list, _ := s.Sources(ctx, "c")
		if err != nil || n != step.want || len(list) != 1 || list[0].Embedding != step.model {
			t.Fatalf("got %+v, %v and %+v, want %+v of model %q", n, err, list, step.want, step.model)
		}
	}
	if len(model.seen) != 2 || model.seen[0] != "Returns\nWhen\nWithin 30 days." {
		t.Errorf("the model saw %q", model.seen)
	}
	vectors, _ := model.Embed(ctx, []string{"In any shop."})
	hits, err := s.Search(ctx, Query{Collections: []string{"c"}, Vector: vectors[0], Embedding: model.ID(), K: 1})
	if err != nil || len(hits) != 1 || hits[0].Heading != "Where" {
		t.Errorf("found %+v, %v", hits, err)
	}
	other := Ingester{Store: s, Collection: "c", Embedder: &hashedWords{id: "words-2", dims: 64}}
	if err := os.WriteFile(filepath.Join(dir, "new.txt"), []byte("Another text."), 0o644); err != nil {
		t.Fatal(err)
	}
	if n, err := other.Run(ctx, []string{dir}); !errors.Is(err, ErrEmbedding) || n.Added > 0 {
		t.Errorf("another model: %+v, %v", n, err)
	}
	broken := Ingester{Store: s, Collection: "c", Embedder: &hashedWords{id: "words-1", err: errors.New("no memory")}}
	if _, err := broken.Run(ctx, []string{dir}); err == nil || !strings.Contains(err.Error(), "no memory") {
		t.Errorf("a model that fails: %v", err)
	}
}
