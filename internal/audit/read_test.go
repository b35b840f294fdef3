package audit

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"touchstone/guards"
)

// timed is a log of n entries, a second apart, whose ids say so.
func timed(t *testing.T, n int) (path string, l *Log, ids []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.db")
	l, err := Open(path, Options{Flush: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		e := entry(i, guards.Supported)
		e.ID = idAt(e.At)
		ids = append(ids, e.ID)
		l.Append(t.Context(), e, true)
	}
	flush(t, l)
	return path, l, ids
}

func TestReaderGoesThroughTheLog(t *testing.T) {
	path, l, ids := timed(t, 700)
	defer l.Close(context.Background()) //nolint:errcheck // the test is over
	// One that began before all others and took longer than they.
	late := entry(0, guards.Supported)
	late.ID = "00000000000000000000000000"
	if !l.Append(t.Context(), late, true) || l.Flush(t.Context()) != nil {
		t.Fatal("not written")
	}
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it is only read
	read := func(through func(each func([]Row) error) error) (got []string) {
		t.Helper()
		if err := through(func(page []Row) error {
			if len(page) > pageRows {
				t.Errorf("a page of %d", len(page))
			}
			for i := range page {
				e, err := page[i].Entry()
				if err != nil {
					return err
				}
				got = append(got, e.ID)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := read(func(each func([]Row) error) error { return r.Pages(t.Context(), Span{}, each) })
	if want := append([]string{late.ID}, ids...); !slices.Equal(all, want) {
		t.Errorf("%d entries in the order of time, want %d", len(all), len(want))
	}
	after := read(func(each func([]Row) error) error { return l.Reader().Written(t.Context(), ids[690], each) })
	if want := append(slices.Clone(ids[691:]), late.ID); !slices.Equal(after, want) {
		t.Errorf("written after: %v, want %v", after, want)
	}
	if err := r.Written(t.Context(), "none", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("after what there is not: %v", err)
	}
	stop := errors.New("enough")
	if err := r.Pages(t.Context(), Span{}, func([]Row) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}

func TestReaderChoosesByTime(t *testing.T) {
	path, l, _ := timed(t, 60)
	defer l.Close(context.Background()) //nolint:errcheck // the test is over
	r, err := OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it is only read
	from, to := entry(20).At, entry(40).At
	for _, s := range []Span{{From: from, To: to}, {From: from}, {To: to}, {}, {From: to, To: from}, {From: from, Filter: Filter{Route: "nowhere"}}} {
		want := int64(0)
		for i := range 60 {
			at := entry(i).At
			if (s.From.IsZero() || !at.Before(s.From)) && (s.To.IsZero() || at.Before(s.To)) && s.Route == "" {
				want++
			}
		}
		n, err := r.Count(t.Context(), s)
		if err != nil || n != want {
			t.Errorf("%v: %d entries, want %d (%v)", s, n, want, err)
		}
		pages := int64(0)
		if err := r.Pages(t.Context(), s, func(p []Row) error { pages += int64(len(p)); return nil }); err != nil || pages != n {
			t.Errorf("%v: %d in pages (%v)", s, pages, err)
		}
	}
	for _, tc := range []struct {
		n, want int
		cut     bool
	}{{10, 10, true}, {60, 60, true}, {61, 60, false}} {
		s, cut, err := r.Newest(t.Context(), Span{To: entry(60).At}, tc.n)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.Count(t.Context(), s); err != nil || int(n) != tc.want || cut != tc.cut {
			t.Errorf("the newest %d: %d, cut %v (%v)", tc.n, n, cut, err)
		}
	}
	if got := idAt(time.UnixMilli(1)); got != "00000000010000000000000000" {
		t.Errorf("the least id of a millisecond is %s", got)
	}
}
