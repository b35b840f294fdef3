//go:build cgo

package encoder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"touchstone/internal/encoder/ortlib"
)

// The native library comes by an ordinary package client, once.
func TestMain(m *testing.M) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	if _, err := ortlib.Fetch(ctx, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	cancel()
	os.Exit(m.Run())
}

func open(t testing.TB, cfg Config) *Encoder {
	t.Helper()
	e, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
	return e
}

func tiny(kind Kind) Config {
	return Config{Path: filepath.Join("testdata", string(kind)), AnyLanguage: true, Deadline: time.Minute}
}

// The model says what Python's onnxruntime says of the same input, whatever else is
// asked at the same time.
func TestAgreesWithPython(t *testing.T) {
	for kind, most := range map[Kind]float64{
		EmbedKind: 1e-6, TokenKind: 1e-5,
		PairKind: 0.005, // int8: what is rounded may differ by one step from processor to processor
	} {
		data, err := os.ReadFile(filepath.Join("testdata", string(kind), "expected.json"))
		if err != nil {
			t.Fatal(err)
		}
		var rows []struct {
			IDs    []int32   `json:"ids"`
			Second int       `json:"second"`
			Out    []float32 `json:"out"`
		}
		if err := json.Unmarshal(data, &rows); err != nil {
			t.Fatal(err)
		}
		e := open(t, tiny(kind))
		got, err := e.run(t.Context(), len(rows), func(i int) input {
			return input{key: keyOf(fmt.Sprint(i)), ids: rows[i].IDs, second: rows[i].Second}
		})
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i, row := range rows {
			if len(got[i]) != len(row.Out) {
				t.Fatalf("%s %d: %d numbers, want %d", kind, i, len(got[i]), len(row.Out))
			}
			for j, v := range row.Out {
				worst = max(worst, math.Abs(float64(v-got[i][j])))
			}
		}
		t.Logf("%s: largest difference %.2g", kind, worst)
		if worst > most {
			t.Errorf("%s: largest difference %g, want at most %g", kind, worst, most)
		}
	}
}

func TestClassify(t *testing.T) {
	e := open(t, tiny(PairKind))
	ps, err := e.Classify(t.Context(), []Pair{
		{"the return window is thirty days", "returns are free"},
		{"the return window is thirty days", ""},
		{"", "free shipping"},
		{"free", strings.Repeat("the return window ", 40)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range ps {
		if sum := p.Supported + p.Contradicted + p.NotCovered; i != 1 && math.Abs(sum-1) > 1e-9 {
			t.Errorf("%d: %+v sums to %v", i, p, sum)
		}
		if p.Cut != (i == 3) {
			t.Errorf("%d: cut %v", i, p.Cut)
		}
	}
	if want := (Probs{NotMeasured: NotMeasuredNoWords}); ps[1] != want {
		t.Errorf("empty claim: %+v", ps[1])
	}
	if _, err := e.Embed(t.Context(), []string{"x"}); err == nil {
		t.Error("a pair model embeds")
	}
}

// Logits become calibrated probabilities, by what the labels mean.
func TestProbs(t *testing.T) {
	m := model{labels: []meaning{supported, notCovered, contradicted, ignored}, temperature: 2, bias: []float64{0, 0.5, 0, 0}}
	var p Probs
	m.probs([]float32{2, 1, 0, 6}, &p)
	a, b, c := math.Exp(1), math.Exp(1), math.Exp(0)
	for _, v := range []struct{ got, want float64 }{{p.Supported, a / (a + b + c)}, {p.NotCovered, b / (a + b + c)}, {p.Contradicted, c / (a + b + c)}} {
		if math.Abs(v.got-v.want) > 1e-12 {
			t.Errorf("%+v", p)
		}
	}
}

func TestSpans(t *testing.T) {
	m := model{labels: []meaning{supported, notCovered}, temperature: 1, width: 2}
	pieces := []Piece{{0, 0, 3}, {0, 4, 7}, {0, 8, 9}, {0, 10, 12}, {0, 12, 15}}
	got, worst := m.spans([]float32{0, 2, 0, 2, 3, 0, 0, 1, 0, 9}, pieces)
	if worst.NotCovered < 0.999 || worst.Supported > 0.001 {
		t.Errorf("the worst token: %+v", worst)
	}
	if len(got) != 2 || got[0].Start != 0 || got[0].End != 7 || got[1].Start != 10 || got[1].End != 15 || got[0].Score < 0.88 || got[0].Score > 0.89 {
		t.Errorf("%+v", got)
	}
	e := open(t, tiny(TokenKind))
	marked := 0
	for i := range 20 {
		claim := fmt.Sprintf("%d. shipping is free über Nacht, [SEP] order %d is over", i, i*i)
		marks, err := e.Spans(t.Context(), []Pair{{strings.Repeat("free shipping ", i), claim}})
		if err != nil {
			t.Fatal(err)
		}
		end := 0
		for _, s := range marks[0].Spans {
			if s.Start < end || s.End <= s.Start || s.End > len(claim) || s.Score < 0.5 || s.Score > 1 {
				t.Errorf("%+v of %d bytes", s, len(claim))
			}
			end = s.End
			marked++
		}
	}
	if marked == 0 {
		t.Error("the model of the test marks nothing")
	}
}

func TestEmbed(t *testing.T) {
	e := open(t, tiny(EmbedKind))
	vs, err := e.Embed(t.Context(), []string{"free shipping", "", "free  SHIPPING", strings.Repeat("a", 1<<20)})
	if err != nil {
		t.Fatal(err)
	}
	if vs[1] != nil || len(vs[0]) != e.Dim() || len(vs[3]) != e.Dim() {
		t.Fatalf("%d, %d, %d numbers", len(vs[0]), len(vs[1]), len(vs[3]))
	}
	dot, length := 0.0, 0.0
	for i, v := range vs[0] {
		dot += float64(v * vs[2][i])
		length += float64(v * v)
	}
	if math.Abs(dot-1) > 1e-5 || math.Abs(length-1) > 1e-5 {
		t.Errorf("similarity %v to itself, length %v", dot, length)
	}
}

// What a model says of an input does not depend on who else asks.
func TestAloneAndTogether(t *testing.T) {
	for _, kind := range []Kind{PairKind, EmbedKind} {
		cfg := tiny(kind)
		alone := open(t, cfg)
		cfg.CacheBytes = -1
		together := open(t, cfg)
		rnd := rand.New(rand.NewPCG(1, 2))
		ins := make([]input, 200)
		for i := range ins {
			ids := make([]int32, 3+rnd.IntN(60))
			for j := range ids {
				ids[j] = int32(6 + rnd.IntN(90))
			}
			ins[i] = input{key: keyOf(fmt.Sprint(i)), ids: ids, second: len(ids) / 2}
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				got, err := together.run(t.Context(), len(ins), func(i int) input { return ins[i] })
				if err != nil {
					t.Error(err)
					return
				}
				for i := range ins {
					want, err := alone.run(t.Context(), 1, func(int) input { return ins[i] })
					if err != nil {
						t.Error(err)
						return
					}
					for j, v := range want[0] {
						if d := math.Abs(float64(v - got[i][j])); d > 1e-5 {
							t.Errorf("%s, input %d: %v alone, %v among others", kind, i, want[0], got[i])
							return
						}
					}
				}
			})
		}
		group.Wait()
	}
}

// Identical requests are one run, and nothing stays behind.
func TestIdenticalRequests(t *testing.T) {
	e := open(t, tiny(PairKind))
	var group sync.WaitGroup
	goOn := make(chan struct{})
	for range 10_000 { // the runtime keeps the descriptors of goroutines: 4 MB that are no request's
		group.Go(func() { <-goOn })
	}
	close(goOn)
	group.Wait()
	before, heap := runtime.NumGoroutine(), heapInUse()
	var failed atomic.Int64
	for range 10_000 {
		group.Go(func() {
			if _, err := e.Classify(t.Context(), []Pair{{"the return window is thirty days", "the window is over"}}); err != nil {
				failed.Add(1)
			}
		})
	}
	group.Wait()
	if n := tasksOf(e); n != 1 || failed.Load() > 0 {
		t.Errorf("%d runs, %d failures", n, failed.Load())
	}
	if n := len(e.queue.open); n != 0 || len(e.queue.slots) != 0 {
		t.Errorf("%d tasks left, %d slots taken", n, len(e.queue.slots))
	}
	for wait := time.Now(); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Since(wait) > 10*time.Second {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	if after := heapInUse(); after > heap+4<<20 {
		t.Errorf("%d bytes more on the heap", after-heap)
	}
}

// tasksOf counts the inputs that ever came to the workers.
func tasksOf(e *Encoder) uint64 {
	e.queue.mu.Lock()
	defer e.queue.mu.Unlock()
	return e.queue.count
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// More inputs than the queue holds, from one caller and from many, all come through,
// and the cache stays within its bounds.
func TestMoreThanFits(t *testing.T) {
	cfg := tiny(EmbedKind)
	cfg.Queue, cfg.CacheBytes = 8, 20_000
	e := open(t, cfg)
	var group sync.WaitGroup
	for g := range 10 {
		group.Go(func() {
			texts := make([]string, 300)
			for i := range texts {
				texts[i] = fmt.Sprintf("order %d of %d", i, g%5)
			}
			vs, err := e.Embed(t.Context(), texts)
			if err != nil {
				t.Error(err)
				return
			}
			for i, v := range vs {
				if v == nil {
					t.Errorf("no vector for %q", texts[i])
				}
			}
		})
	}
	group.Wait()
	c := e.queue.cache
	if c.size > 20_000 || c.size < 15_000 || len(c.byKey) != c.used.Len() || len(c.byKey) > 20_000/cachedOverhead {
		t.Errorf("cache: %d bytes, %d entries, %d in order", c.size, len(c.byKey), c.used.Len())
	}
	if len(e.queue.slots) != 0 || len(e.queue.open) != 0 {
		t.Errorf("%d slots taken, %d tasks open", len(e.queue.slots), len(e.queue.open))
	}
}

// A caller who gives up gets an error at once, and what only it asked for is not run.
func TestDeadline(t *testing.T) {
	cfg := tiny(PairKind)
	cfg.Workers, cfg.Deadline = 1, 20*time.Millisecond
	e := open(t, cfg)
	pairs := make([]Pair, 50_000)
	for i := range pairs {
		pairs[i] = Pair{"the return window is thirty days from delivery", fmt.Sprint("order ", i)}
	}
	start := time.Now()
	_, err := e.Classify(t.Context(), pairs)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v", err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("returned after %v", d)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Classify(ctx, pairs[:1]); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for wait := time.Now(); len(e.queue.slots) > 0; time.Sleep(time.Millisecond) {
		if time.Since(wait) > 10*time.Second {
			t.Fatalf("%d tasks still held", len(e.queue.slots))
		}
	}
}

// A caller who gives up does not take the result from another who waits for it.
func TestOneOfTwoGivesUp(t *testing.T) {
	cfg := tiny(PairKind)
	cfg.Workers = 1
	e := open(t, cfg)
	for i := range 50 {
		p := []Pair{{"free shipping", fmt.Sprint("order ", i)}}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { e.Classify(ctx, p) })
		group.Go(func() {
			if _, err := e.Classify(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
		cancel()
		group.Wait()
	}
}

func TestClose(t *testing.T) {
	e := open(t, tiny(EmbedKind))
	var group sync.WaitGroup
	for g := range 8 {
		group.Go(func() {
			for i := range 200 {
				if _, err := e.Embed(t.Context(), []string{fmt.Sprint(g, " ", i)}); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
	}
	time.Sleep(2 * time.Millisecond)
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	group.Wait()
	if _, err := e.Embed(t.Context(), []string{"x"}); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := e.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("Close again: %v", err)
	}
}

// Whatever the texts, probabilities sum to 1 or it is said why there are none.
func FuzzClassify(f *testing.F) {
	e := open(f, Config{Path: tiny(PairKind).Path, Deadline: time.Minute})
	lines := hardLines(f)
	for i, l := range lines[:200] {
		f.Add(l.Text, lines[i+200].Text)
	}
	f.Fuzz(func(t *testing.T, evidence, claim string) {
		ps, err := e.Classify(t.Context(), []Pair{{evidence, claim}})
		if err != nil {
			t.Fatal(err)
		}
		p := ps[0]
		sum, want := p.Supported+p.Contradicted+p.NotCovered, 1.0
		if p.NotMeasured != "" {
			want = 0
		}
		if math.Abs(sum-want) > 1e-9 || min(p.Supported, p.Contradicted, p.NotCovered) < 0 {
			t.Errorf("%+v", p)
		}
	})
}
