//go:build cgo

package encoder

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The model that eval/train/embedder.py builds: make bench-encoder.
const realModel = "../../.cache/models/minilm-l6-embed"

func realEncoder(b *testing.B, cfg Config) *Encoder {
	b.Helper()
	cfg.Path, cfg.AnyLanguage, cfg.Deadline, cfg.CacheBytes, cfg.MaxTokens = realModel, true, time.Minute, -1, 512
	return open(b, cfg)
}

// randomIDs are n inputs of a length, the same every time; testdata/bench.py draws
// them too.
func randomIDs(n, length int) [][]int32 {
	x := uint32(2463534242)
	out := make([][]int32, n)
	for i := range out {
		out[i] = make([]int32, length)
		for j := range out[i] {
			x ^= x << 13
			x ^= x >> 17
			x ^= x << 5
			out[i][j] = int32(1000 + x%29000)
		}
		out[i][0], out[i][length-1] = 101, 102
	}
	return out
}

// BenchmarkRun is one run of the real model; TOUCHSTONE_BENCH_OUT names a file for the
// figures and vectors that testdata/bench.py compares with Python's onnxruntime.
func BenchmarkRun(b *testing.B) {
	e := realEncoder(b, Config{Workers: 1})
	type result struct {
		Rows, Length int
		Millis       []float64
		First        []float32 // vector of the first row
	}
	var results []result
	for _, shape := range [][2]int{{1, 32}, {1, 64}, {1, 128}, {1, 192}, {4, 128}, {16, 128}, {1, 512}} {
		b.Run(fmt.Sprintf("%dx%d", shape[0], shape[1]), func(b *testing.B) {
			var run []*task
			for _, ids := range randomIDs(shape[0], shape[1]) {
				run = append(run, &task{ids: ids, second: len(ids)})
			}
			var batch batch
			var millis []float64
			for b.Loop() {
				start := time.Now()
				batch.fill(run, e.model)
				if err := e.queue.session.run(&batch); err != nil {
					b.Fatal(err)
				}
				millis = append(millis, float64(time.Since(start).Microseconds())/1000)
			}
			first, err := e.model.row(&batch, 0, run[0])
			if err != nil {
				b.Fatal(err)
			}
			slices.Sort(millis)
			b.ReportMetric(millis[0], "ms-min")
			b.ReportMetric(millis[len(millis)/2], "ms-p50")
			results = append(results, result{shape[0], shape[1], millis, first})
		})
	}
	if file := os.Getenv("TOUCHSTONE_BENCH_OUT"); file != "" {
		data, err := json.Marshal(results)
		if err == nil {
			err = os.WriteFile(file, data, 0o644)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAnswer is a cold answer of 12 sentences, each beside its evidence, on every
// core: the time that the encoder adds to it.
func BenchmarkAnswer(b *testing.B) {
	e := realEncoder(b, Config{})
	rnd := rand.New(rand.NewPCG(3, 4))
	words := strings.Fields("the return window is thirty days from delivery and unopened items may be sent back for a full refund unless they were bought in a sale")
	sentence := func(n int) string {
		var s strings.Builder
		for range n {
			s.WriteString(words[rnd.IntN(len(words))] + " ")
		}
		return s.String()
	}
	for _, c := range []struct{ callers, words int }{{1, 45}, {1, 90}, {4, 45}} {
		b.Run(fmt.Sprintf("%d-callers-%d-words", c.callers, c.words), func(b *testing.B) {
			var millis []float64
			for b.Loop() {
				var group sync.WaitGroup
				start := time.Now()
				for range c.callers {
					texts := make([]string, 12)
					for i := range texts {
						texts[i] = sentence(c.words + rnd.IntN(16))
					}
					group.Go(func() {
						if _, err := e.Embed(b.Context(), texts); err != nil {
							b.Error(err)
						}
					})
				}
				group.Wait()
				millis = append(millis, float64(time.Since(start).Microseconds())/1000)
			}
			slices.Sort(millis)
			b.ReportMetric(millis[len(millis)/2]/float64(c.callers), "ms-p50/answer")
			b.ReportMetric(millis[len(millis)*99/100], "ms-p99")
		})
	}
}

// BenchmarkOpen is what a start costs.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		e, err := Open(Config{Path: realModel})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCached is the cost of an input that was seen before.
func BenchmarkCached(b *testing.B) {
	e := open(b, tiny(PairKind))
	p := []Pair{{strings.Repeat("the return window is thirty days ", 12), "returns are free"}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Classify(b.Context(), p); err != nil {
			b.Fatal(err)
		}
	}
}
