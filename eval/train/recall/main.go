// Command recall tells how often the passages that a claim is compared with hold its own
// document, by words alone and with the sentence embedder. The contexts of all rows go into
// one store, where each row is looked up.
//
//	go run ./eval/train/recall DATA.jsonl[.gz]...
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"time"

	"touchstone/eval"
	"touchstone/groundtruth"
	"touchstone/internal/encoder/models"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "recall:", err)
		os.Exit(1)
	}
}

// row is one labelled text and the document that it rests on.
type row struct{ set, text, document string }

// hits count how often the right document came first, and among the passages compared.
type hits struct{ rows, first, among int }

func run(ctx context.Context, paths []string) error {
	model, err := models.OpenEmbedder(models.Options{Deadline: time.Minute})
	if err != nil {
		return err
	}
	defer model.Close()
	store, err := groundtruth.Open(ctx, ":memory:")
	if err != nil {
		return err
	}
	defer store.Close()
	var rows []row
	known := map[string]bool{}
	passages := 0
	for _, path := range paths {
		err := eval.Read(path, nil, func(item eval.Item) error {
			sum := sha256.Sum256([]byte(item.Context))
			id := hex.EncodeToString(sum[:8])
			for _, r := range item.Rows {
				rows = append(rows, row{item.Set, r.Text, id})
			}
			if known[id] || item.Context == "" {
				return nil
			}
			known[id] = true
			doc := groundtruth.Document{ID: id, Collection: "all", Title: item.Title, Hash: id, Media: "text/plain", Text: item.Context}
			for i, e := range groundtruth.Given("", item.Title, item.Context) {
				doc.Passages = append(doc.Passages, groundtruth.Passage{Ordinal: i, Heading: e.Heading, Start: e.Start, End: e.Start + len(e.Text), Text: e.Text})
			}
			passages += len(doc.Passages)
			if err := groundtruth.Embed(ctx, model, &doc); err != nil {
				return err
			}
			_, err := store.Replace(ctx, doc)
			return err
		})
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	}
	words, both := map[string]*hits{}, map[string]*hits{}
	for _, r := range rows {
		vectors, err := model.Embed(ctx, []string{r.text})
		if err != nil {
			return err
		}
		q := groundtruth.Query{Collections: []string{"all"}, Text: r.text}
		if err := count(ctx, store, q, r, words); err != nil {
			return err
		}
		q.Vector, q.Embedding = vectors[0], model.ID()
		if err := count(ctx, store, q, r, both); err != nil {
			return err
		}
	}
	fmt.Printf("%d documents, %d passages\n\n| set | rows | among five: words | with vectors | first: words | with vectors |\n| --- | --- | --- | --- | --- | --- |\n", len(known), passages)
	var sets []string
	for s := range words {
		sets = append(sets, s)
	}
	slices.Sort(sets)
	for _, s := range sets {
		n := float64(words[s].rows)
		fmt.Printf("| %s | %d | %.3f | %.3f | %.3f | %.3f |\n", s, words[s].rows,
			float64(words[s].among)/n, float64(both[s].among)/n, float64(words[s].first)/n, float64(both[s].first)/n)
	}
	return nil
}

// count looks one row up and notes where its document stands.
func count(ctx context.Context, store groundtruth.Store, q groundtruth.Query, r row, in map[string]*hits) error {
	found, err := store.Search(ctx, q)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(found, func(e groundtruth.Evidence) bool { return e.Source == r.document })
	for _, set := range []string{r.set, "all"} {
		if in[set] == nil {
			in[set] = &hits{}
		}
		in[set].rows++
		if at == 0 {
			in[set].first++
		}
		if at >= 0 {
			in[set].among++
		}
	}
	return nil
}
