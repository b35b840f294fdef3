package proxy

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// readEvents reads a stream to its end.
func readEvents(r io.Reader, limit int) (raw string, data []string, err error) {
	s := newSSEReader(r, limit)
	for {
		ev, err := s.next()
		if err == io.EOF {
			return raw, data, nil
		}
		if err != nil {
			return raw, data, err
		}
		raw += string(ev.raw)
		if ev.data != nil {
			data = append(data, string(ev.data))
		}
	}
}

func TestSSEReader(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		data     []string
	}{
		{"plain", "data: a\n\ndata: b\n\n", []string{"a", "b"}},
		{"no space", "data:a\n\n", []string{"a"}},
		{"one space only is dropped", "data:  a\n\n", []string{" a"}},
		{"crlf", "data: a\r\n\r\ndata: b\r\n\r\n", []string{"a", "b"}},
		{"lone cr", "data: a\r\rdata: b\r\r", []string{"a", "b"}},
		{"cr hides no event in a comment", ": x\rdata: a\n\n", []string{"a"}},
		{"many lines", "data: a\ndata: b\n\n", []string{"a\nb"}},
		{"empty data says nothing", "data\n\ndata:\n\n", nil},
		{"comments and other fields", ": hi\nid: 3\nevent: m\nretry: 5\ndata: a\nx: y\n\n: bye\n\n", []string{"a"}},
		{"byte order mark", "\xef\xbb\xbfdata: a\n\n", []string{"a"}},
		{"last event without its blank line", "data: a\n\ndata: b", []string{"a", "b"}},
		{"colon in data", "data: {\"a\":1}\n\n", []string{`{"a":1}`}},
		{"blank lines", "\n\n\ndata: a\n\n\n\n", []string{"a"}},
		{"nothing", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"at once": strings.NewReader(tc.in), "by byte": iotest.OneByteReader(strings.NewReader(tc.in)),
				"with the end": iotest.DataErrReader(strings.NewReader(tc.in)),
			} {
				raw, data, err := readEvents(r, 1<<10)
				if err != nil || raw != tc.in || !slices.Equal(data, tc.data) {
					t.Errorf("%s: got %q %q %v, want %q", how, raw, data, err, tc.data)
				}
			}
		})
	}
}

func TestSSEReaderBoundsAnEvent(t *testing.T) {
	for _, in := range []string{"data: " + strings.Repeat("a", 200) + "\n\n", strings.Repeat(": a\n", 60)} {
		if _, _, err := readEvents(strings.NewReader(in), 100); !errors.Is(err, errEventTooLarge) {
			t.Errorf("got %v, want errEventTooLarge", err)
		}
	}
}

func TestSSEReaderDoesNotWaitAfterABlankLine(t *testing.T) {
	for _, in := range []string{"data: a\n\n", "data: a\r\r", "data: a\r\n\r\n"} {
		pr, pw := io.Pipe()
		go pw.Write([]byte(in)) // and then nothing, as an upstream that thinks
		ev, err := newSSEReader(pr, 100).next()
		if err != nil || string(ev.data) != "a" || string(ev.raw) != in {
			t.Errorf("%q: got %+v, %v", in, ev, err)
		}
		pw.Close()
	}
}

func TestSSEReaderReportsACut(t *testing.T) {
	_, data, err := readEvents(io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(io.ErrUnexpectedEOF)), 100)
	if !errors.Is(err, io.ErrUnexpectedEOF) || !slices.Equal(data, []string{"a"}) {
		t.Errorf("got %q, %v", data, err)
	}
}

// FuzzSSE holds the reader to its promise: no byte is lost or made up, and how
// the bytes arrive changes nothing of what they say.
func FuzzSSE(f *testing.F) {
	for _, s := range []string{"data: a\n\n", "data: a\r\n\r\ndata: b", "\xef\xbb\xbfdata\r\r: c\n\n", "event: e\rdata: 1\ndata: 2\r\n\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		raw, data, err := readEvents(bytes.NewReader(in), 1<<16)
		if err != nil {
			return // over the limit
		}
		if raw != string(in) {
			t.Fatalf("raw bytes %q are not the input %q", raw, in)
		}
		raw, slow, err := readEvents(iotest.OneByteReader(bytes.NewReader(in)), 1<<16)
		if err != nil || raw != string(in) || !slices.Equal(slow, data) {
			t.Fatalf("by byte: %q %q %v, at once: %q", raw, slow, err, data)
		}
	})
}
