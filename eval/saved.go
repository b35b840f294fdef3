package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"touchstone/guards"
	"touchstone/policies"
)

// Saved is a predictions file that is read again beside the rows it was made for,
// line by line: it is never held whole.
type Saved struct {
	path  string
	file  io.Closer
	lines *bufio.Scanner
	line  int
}

// OpenSaved opens a predictions file.
func OpenSaved(path string) (*Saved, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &Saved{path: path, file: f, lines: lines}, nil
}

// Close closes the file.
func (s *Saved) Close() error { return s.file.Close() }

// Result is what was predicted for the rows of item, which must come in the order
// of the run that wrote the file.
func (s *Saved) Result(item Item) (Result, error) {
	res := Result{Item: item, Rows: make([]Judged, len(item.Rows)), Action: policies.Allow}
	known := wordSet(item.Title + "\n" + item.Context)
	for i, row := range item.Rows {
		p, err := s.next(row.ID)
		if err != nil {
			return res, err
		}
		if item.Content != nil && p.Found == nil {
			p.Found = &Found{}
		}
		res.Rows[i] = Judged{Row: row, Prediction: p, Overlap: overlap(row.Text, known)}
		res.Ms += p.Ms
		if p.Action.Strictness() > res.Action.Strictness() {
			res.Action = p.Action
		}
	}
	res.Item.Context, res.Item.Rows = "", nil
	return res, nil
}

// next is the next line, which must be about the row of that id.
func (s *Saved) next(id string) (p Prediction, err error) {
	line, err := s.scan()
	if errors.Is(err, io.EOF) {
		return p, fmt.Errorf("%s ends after %d lines, and row %q of the data has none: was it made from the same files, whole?", s.path, s.line, id)
	} else if err != nil {
		return p, err
	}
	if err := json.Unmarshal(line, &p); err != nil {
		return p, fmt.Errorf("%s:%d: not a prediction: %w", s.path, s.line, err)
	}
	if p.ID != id {
		return p, fmt.Errorf("%s:%d is about row %q where the data has %q: were the files named in the same order?", s.path, s.line, p.ID, id)
	}
	if !known(p.Verdict) {
		return p, fmt.Errorf("%s:%d: unknown verdict %q", s.path, s.line, p.Verdict)
	}
	return p, nil
}

func known(v guards.Verdict) bool {
	for _, k := range verdicts {
		if k == v {
			return true
		}
	}
	return false
}

// End is an error when lines are left over.
func (s *Saved) End() error {
	_, err := s.scan()
	if errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return err
	}
	return fmt.Errorf("%s:%d: a line more than the data has rows: was it made from the same files?", s.path, s.line)
}

// scan is the next line that is not empty, io.EOF behind the last.
func (s *Saved) scan() ([]byte, error) {
	for s.lines.Scan() {
		s.line++
		if line := bytes.TrimSpace(s.lines.Bytes()); len(line) > 0 {
			return line, nil
		}
	}
	if err := s.lines.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", s.path, s.line+1, err)
	}
	return nil, io.EOF
}

// Name is the file's name without folder and ending, as a heading.
func (s *Saved) Name() string {
	name := s.path[strings.LastIndexByte(s.path, '/')+1:]
	return strings.TrimSuffix(name, ".jsonl")
}
