package groundtruth

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/ledongthuc/pdf"
)

// maxPages bounds one PDF: a small file can claim to have any number.
const maxPages = 5000

// deepArray is nesting that only an attack writes: the parser recurses once for each.
var deepArray = bytes.Repeat([]byte("["), 500)

// pdf reads the pages of a PDF, each under the heading "Page n". A page that
// cannot be read fails the file: a source with a hole would make what stands
// there look as if nothing covered it.
func (x *extract) pdf(ctx context.Context, data []byte) error {
	if bytes.Contains(data, deepArray) {
		return errors.New("reading PDF: arrays nested too deep")
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
		return errors.New("it is protected by a password")
	case err != nil:
		return fmt.Errorf("reading PDF: %w", err)
	case count > maxPages:
		return fmt.Errorf("it has %d pages, more than %d", count, maxPages)
	}
	for n := 1; n <= count && ctx.Err() == nil; n++ {
		var text string
		if err := recovered(func() error { text = laidOut(runsOf(r.Page(n))); return nil }); err != nil {
			return fmt.Errorf("reading page %d of the PDF: %w", n, err)
		}
		x.headings, x.bare = []heading{{1, fmt.Sprintf("Page %d", n)}}, false
		x.plain(text)
	}
	return ctx.Err()
}
