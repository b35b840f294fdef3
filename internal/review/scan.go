// Package review asks recorded traffic about rules: how another bundle would have
// decided, where a threshold should stand, whether a rule is ready to be applied.
package review

import (
	"context"
	"runtime"

	"golang.org/x/sync/errgroup"

	"touchstone/internal/audit"
)

// Progress is told how many entries of how many were looked at; nil is nobody.
type Progress func(done, of int64)

// scan gives every entry of a span to work, on all processors, and what comes of them
// to merge, one at a time and in the order of time. A few pages of entries are in
// memory at a time.
func scan[T any](ctx context.Context, log *audit.Reader, span audit.Span, progress Progress,
	work func(context.Context, *audit.Entry) (T, error), merge func(T)) error {
	of, err := log.Count(ctx, span)
	if err != nil {
		return err
	}
	type job struct {
		rows []audit.Row
		done chan []T
	}
	workers := runtime.GOMAXPROCS(0)
	jobs, order := make(chan job), make(chan chan []T, 2*workers)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(jobs)
		defer close(order)
		return log.Pages(ctx, span, func(page []audit.Row) error {
			j := job{page, make(chan []T, 1)}
			for _, send := range []func() error{
				func() error { return give(ctx, order, j.done) },
				func() error { return give(ctx, jobs, j) },
			} {
				if err := send(); err != nil {
					return err
				}
			}
			return nil
		})
	})
	for range workers {
		g.Go(func() error {
			for j := range jobs {
				out := make([]T, len(j.rows))
				for i := range j.rows {
					e, err := j.rows[i].Entry()
					if err != nil {
						return err
					}
					if out[i], err = work(ctx, e); err != nil {
						return err
					}
				}
				j.done <- out
			}
			return nil
		})
	}
	g.Go(func() error {
		var n int64
		for done := range order {
			select {
			case list := <-done:
				for _, v := range list {
					merge(v)
				}
				n += int64(len(list))
			case <-ctx.Done():
				return ctx.Err()
			}
			if progress != nil {
				progress(n, max(n, of))
			}
		}
		return nil
	})
	return g.Wait()
}

// give sends v unless ctx ends first.
func give[T any](ctx context.Context, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
