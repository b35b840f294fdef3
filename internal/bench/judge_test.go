package main

import (
	"context"
	"strings"
	"testing"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// BenchmarkJudge12 is what the benchmark's checked route does between the
// upstream's answer and the client's, without HTTP and the audit log: twelve
// sentences, all different, against 10,000 passages. "search" is the retrieval of
// the same sentences alone, "cut" their cutting. The shares say how many sentences
// of each kind were called supported: 1 would be best for right ones, 0 for the rest.
func BenchmarkJudge12(b *testing.B) {
	ctx := context.Background()
	c := newCorpus(10_000, 1)
	dir := b.TempDir()
	if err := c.write(dir); err != nil {
		b.Fatal(err)
	}
	store, err := groundtruth.Open(ctx, ":memory:")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	ingester := groundtruth.Ingester{Store: store, Collection: "default"}
	if _, err := ingester.Run(ctx, []string{dir}); err != nil {
		b.Fatal(err)
	}
	guard, err := guards.New("groundedness", guards.Deps{Store: store})
	if err != nil {
		b.Fatal(err)
	}
	engine, err := policies.Load(ctx, "")
	if err != nil {
		b.Fatal(err)
	}
	j := judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{guard}}, Policy: engine, Index: store.Revision}
	n := uint64(0) // goes on from one calibration of the benchmark to the next: no answer comes twice
	next := func() []string { n++; return c.answer(n) }

	b.Run("all", func(b *testing.B) {
		all, supported := map[string]float64{}, map[string]float64{}
		for b.Loop() {
			answer := next()
			one := j.Open(guards.Exchange{ID: "x", Route: "checked", Collections: []string{"default"}})
			r, _ := one.Add(ctx, strings.Join(answer, " "), true)
			kinds := c.claims(n)
			for i, s := range r.Sentences {
				kind := kinds[i].kind
				all[kind]++
				if s.Verdict == guards.Supported {
					supported[kind]++
				}
			}
		}
		for kind := range all {
			b.ReportMetric(supported[kind]/all[kind], kind+"-supported")
		}
	})
	b.Run("search", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, s := range next() {
				if _, err := store.Search(ctx, groundtruth.Query{Collections: []string{"default"}, Text: s}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("cut", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var cutter guards.Cutter
			if claims := append(cutter.Push(strings.Join(next(), " ")), cutter.Flush()...); len(claims) != sentences {
				b.Fatalf("%d claims", len(claims))
			}
		}
	})
}
