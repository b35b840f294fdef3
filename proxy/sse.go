package proxy

import (
	"bufio"
	"bytes"
	"io"
)

// sseEvent is one server-sent event: its bytes as they came, the blank line that
// ends it included, and what they say.
type sseEvent struct {
	raw  []byte
	name string // of an "event:" line
	data []byte // lines joined by \n; nil when there is nothing in them (a comment)
	odd  bool   // it has a line that is of no event, such as JSON by itself
}

// sseReader cuts a stream into events. Whatever the stream holds, the raw bytes
// of its events joined are the stream's bytes: lines may end in \n, \r\n or \r,
// comments and unknown fields stay in place, and a byte order mark or a last event
// without its blank line is kept.
type sseReader struct {
	r     *bufio.Reader
	limit int // bytes of one event
	begun bool
}

func newSSEReader(r io.Reader, limit int) *sseReader {
	return &sseReader{r: bufio.NewReaderSize(r, 16<<10), limit: limit}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// next returns the next event, or io.EOF after the last. It fails with
// errEventTooLarge when an event goes over the limit. Its event does not
// share memory with later ones.
func (s *sseReader) next() (*sseEvent, error) {
	ev := &sseEvent{}
	hasData, crlf := false, false
	for {
		start := len(ev.raw)
		end, err := s.line(ev, &crlf)
		if err != nil && err != io.EOF {
			return nil, err
		}
		line := ev.raw[start:end]
		if !s.begun && len(ev.raw) > 0 {
			s.begun = true
			line = bytes.TrimPrefix(line, byteOrderMark)
		}
		if len(line) == 0 {
			if len(ev.raw) == 0 {
				return nil, io.EOF
			}
			return ev, nil
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "data":
			if hasData {
				ev.data = append(ev.data, '\n')
			}
			hasData = true
			ev.data = append(ev.data, value...)
		case "event":
			ev.name = string(value)
		case "", "id", "retry": // "" begins a comment
		default:
			ev.odd = true
		}
		if err == io.EOF {
			return ev, nil
		}
	}
}

// line appends one line with its ending to ev.raw and returns where its text
// ends. crlf tells whether lines of this event have ended in \r\n so far: then a
// \r at the end of what has arrived is not yet the whole ending.
func (s *sseReader) line(ev *sseEvent, crlf *bool) (end int, err error) {
	start := len(ev.raw)
	for {
		chunk, err := s.r.Peek(1)
		if len(chunk) == 0 {
			return len(ev.raw), err
		}
		chunk, _ = s.r.Peek(s.r.Buffered())
		i := bytes.IndexAny(chunk, "\r\n")
		n := i + 1
		if i < 0 {
			n = len(chunk)
		}
		if len(ev.raw)+n > s.limit {
			return 0, errEventTooLarge
		}
		ev.raw = append(ev.raw, chunk[:n]...)
		brk := i >= 0 && chunk[i] == '\r'
		s.r.Discard(n) // cannot fail: n bytes are buffered
		if i < 0 {
			continue
		}
		end = len(ev.raw) - 1
		// After the blank line of a stream that ends lines in a lone \r the next
		// byte may be long in coming: only there it is not waited for.
		if brk && (end > start || *crlf || s.r.Buffered() > 0) {
			if next, err := s.r.Peek(1); err == nil && next[0] == '\n' {
				s.r.Discard(1)
				ev.raw = append(ev.raw, '\n')
				*crlf = true
			} else if err != nil && err != io.EOF {
				return 0, err
			}
		}
		return end, nil
	}
}
