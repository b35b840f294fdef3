package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"touchstone/groundtruth"
)

// readers holds that a search sees each source wholly old or wholly new.
func readers(t *testing.T, sub Subject) {
	s := sub.New(t)
	version := func(n int) groundtruth.Document {
		passages := make([]string, 60)
		for i := range passages {
			passages[i] = fmt.Sprintf("common edition%d word%d", n, i)
		}
		d := Note("c", "doc", fmt.Sprint("title ", n), passages...)
		return withVectors(d, "m", func(i int) []float32 { return []float32{1, float32(i) / 100, float32(n%5) / 100} })
	}
	replace(t, s, version(0))
	done := make(chan struct{})
	var wg sync.WaitGroup
	for reader := range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				q := groundtruth.Query{Collections: []string{"c"}, Text: "common", K: 100}
				if reader > 0 {
					q.Vector, q.Embedding = []float32{1, 0, 0}, "m"
				}
				hits, err := s.Search(ctx, q)
				titles := map[string]int{}
				for _, h := range hits {
					titles[h.Title]++
				}
				if err != nil || len(hits) != 60 || len(titles) != 1 {
					t.Errorf("a search saw %v, %v", titles, err)
					return
				}
			}
		})
	}
	for n := range 60 {
		replace(t, s, version(n+1))
	}
	close(done)
	wg.Wait()
}

// writers change the same sources at once, and different ones; none may be lost.
func writers(t *testing.T, sub Subject) {
	s := sub.New(t)
	var wg sync.WaitGroup
	const each = 12
	for w := range 6 {
		wg.Go(func() {
			view := s.For([]string{"", "t"}[w%2])
			for n := range each {
				own := Note("c", fmt.Sprintf("own-%d-%d", w, n), "", fmt.Sprintf("own%d words%d", w, n))
				both := withVectors(Note("c", "both", fmt.Sprint(w, " ", n), fmt.Sprintf("both%dx%d a", w, n), "b", "c"), "m", func(int) []float32 { return []float32{1, 2} })
				for _, d := range []groundtruth.Document{own, both} {
					if _, err := view.Replace(ctx, d); err != nil {
						t.Errorf("storing %s: %v", d.ID, err)
						return
					}
				}
				if n%3 == 2 {
					if err := view.Delete(ctx, "c", fmt.Sprintf("own-%d-%d", w, n)); err != nil {
						t.Error(err)
					}
					if err := view.Delete(ctx, "c", "both"); err != nil && !errors.Is(err, groundtruth.ErrNotFound) {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	for i, tenant := range []string{"", "t"} {
		view := s.For(tenant)
		replace(t, view, Note("c", "last", tenant, "last words"))
		own, rest := 0, 0
		for _, src := range sources(t, view, "c") {
			if strings.HasPrefix(src.ID, "own-") {
				own++
			} else {
				rest++
			}
		}
		if own != 3*each*2/3 || rest < 1 || rest > 2 {
			t.Errorf("tenant %q has %d own sources, not %d, and %d others", tenant, own, 3*each*2/3, rest)
		}
		for w := i; w < 6; w += 2 {
			if got := found(t, view, fmt.Sprintf("own%d", w), "c"); len(got) != groundtruth.DefaultK {
				t.Errorf("tenant %q finds %v of writer %d", tenant, got, w)
			}
		}
	}
}

// cancelled holds that an ended context ends every call at once, and that nothing is
// done.
func cancelled(t *testing.T, sub Subject) {
	s := sub.New(t)
	replace(t, s, Note("c", "a", "", "Kept."))
	before := s.Revision()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithDeadline(ctx, time.Now().Add(-time.Second))
	defer cancel()
	for want, ctx := range map[error]context.Context{context.Canceled: ended, context.DeadlineExceeded: late} {
		for what, call := range map[string]func() error{
			"Search": func() error {
				_, err := s.Search(ctx, groundtruth.Query{Collections: []string{"c"}, Text: "kept"})
				return err
			},
			"Replace":       func() error { _, err := s.Replace(ctx, Note("c", "a", "", "Changed.")); return err },
			"Delete":        func() error { return s.Delete(ctx, "c", "a") },
			"Sources":       func() error { _, err := s.Sources(ctx, ""); return err },
			"ForgetVectors": func() error { return s.ForgetVectors(ctx) },
		} {
			start := time.Now()
			if err := call(); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", what, err, want)
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("%s took %s", what, took)
			}
		}
	}
	if got := found(t, s, "kept", "c"); len(got) != 1 || s.Revision() != before {
		t.Errorf("found %v at revision %s, not %s", got, s.Revision(), before)
	}
}
