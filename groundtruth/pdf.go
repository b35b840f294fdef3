package groundtruth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
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
			if err := recovered(func() error { p.text = lines(r.Page(n).Content().Text); return nil }); err != nil {
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

// lines puts glyphs together: a gap is a space, a step down a new line, a larger
// step or one back up a new paragraph. Glyphs come in the order of the content
// stream, which is nearly always that of reading.
func lines(glyphs []pdf.Text) string {
	var out strings.Builder
	var last pdf.Text
	for _, g := range glyphs {
		if g.S == "\n" || g.S == "" {
			continue
		}
		size := math.Abs(g.FontSize)
		if size == 0 {
			size = 10
		}
		if out.Len() > 0 {
			down := last.Y - g.Y
			switch {
			case down > 1.8*size || down < -0.6*size:
				out.WriteString("\n\n")
			case down > 0.6*size:
				out.WriteByte('\n')
			case g.X-(last.X+last.W) > 0.2*size || g.X < last.X-size:
				out.WriteByte(' ')
			}
		}
		out.WriteString(g.S)
		last = g
	}
	return unhyphenated(out.String())
}

// unhyphenated joins words that were cut at the end of a line.
func unhyphenated(text string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, "-\n")
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		lower := func(at int) bool { return at >= 0 && at < len(text) && text[at] >= 'a' && text[at] <= 'z' }
		if !lower(i-1) || !lower(i+2) {
			out.WriteString("-\n")
		}
		text = text[i+2:]
	}
}
