package groundtruth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ledongthuc/pdf"
)

// Bounds of reading one PDF: a small file can claim to hold anything.
const (
	maxPages   = 5000
	pdfTimeout = time.Minute
)

// deepArray is nesting that only an attack writes: the parser recurses once for each.
var deepArray = bytes.Repeat([]byte("["), 500)

// pdf reads the pages of a PDF, each under the heading "Page n". The parser
// panics on broken files and cannot be interrupted: it runs beside, and is left
// behind when the time is over.
func (x *extract) pdf(ctx context.Context, data []byte) error {
	if bytes.Contains(data, deepArray) {
		return errors.New("reading PDF: arrays nested too deep")
	}
	ctx, cancel := context.WithTimeout(ctx, pdfTimeout)
	defer cancel()
	type page struct {
		number int
		text   string
		err    error
	}
	pages := make(chan page)
	go func() {
		defer close(pages)
		send := func(p page) bool {
			select {
			case pages <- p:
				return p.err == nil
			case <-ctx.Done():
				return false
			}
		}
		var r *pdf.Reader
		var count int
		err := recovered(func() (err error) {
			if r, err = pdf.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
				count = r.NumPage()
			}
			return err
		})
		switch {
		case errors.Is(err, pdf.ErrInvalidPassword):
			err = errors.New("it is protected by a password")
		case err == nil && count > maxPages:
			err = fmt.Errorf("it has %d pages, more than %d", count, maxPages)
		}
		if err != nil {
			send(page{err: fmt.Errorf("reading PDF: %w", err)})
			return
		}
		for n := 1; n <= count; n++ {
			p := page{number: n}
			if err := recovered(func() error { p.text = laidOut(runsOf(r.Page(n))); return nil }); err != nil {
				p.err = fmt.Errorf("reading page %d of the PDF: %w", n, err)
			}
			if !send(p) {
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("reading PDF: not done within %s", pdfTimeout)
			}
			return ctx.Err()
		case p, more := <-pages:
			if !more {
				return ctx.Err()
			}
			if p.err != nil {
				return p.err
			}
			x.headings, x.bare = []heading{{1, fmt.Sprintf("Page %d", p.number)}}, false
			x.plain(p.text)
		}
	}
}

// recovered runs f and turns a panic into an error.
func recovered(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the file is broken: %v", r)
		}
	}()
	return f()
}
