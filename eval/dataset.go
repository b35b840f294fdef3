// Package eval measures how well answers are judged: it puts labelled rows
// through the same judge as live traffic, without HTTP, and scores the verdicts.
package eval

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Label is what people (or a construction) say of a row. "" is an unlabelled
// row: judged and predicted, never scored.
type Label string

const (
	LabelSupported    Label = "supported"
	LabelContradicted Label = "contradicted"
	LabelUnsupported  Label = "unsupported" // nothing in the context says it, in whole or in part
	LabelGeneric      Label = "generic"     // says nothing to check: not scored
	LabelNotClaim     Label = "not_claim"   // likewise
)

// scored says whether a row takes part in two-way scores, and bad whether it
// is a positive there: something that should have been caught.
func (l Label) scored() bool { return l == LabelSupported || l.bad() }
func (l Label) bad() bool    { return l == LabelUnsupported || l == LabelContradicted }

// A Row is what one prediction is made for: a whole response, a claim, or one
// sentence of an answer.
type Row struct {
	ID    string
	Text  string
	Label Label
	Error string   // how it was made wrong, "none" for a right one; "" where the set does not say
	Spans [][2]int // unsupported parts, in characters of Text
}

// An Item is one answer to judge at once. Its answer is the text of its rows
// with a space between them, so that a sentence is judged in its place, after the
// sentences that it may lean on.
type Item struct {
	ID       string // of the answer, where the rows are its sentences
	Set      string // data set: the file's name without its endings
	Task     string
	Doc      string // document the rows rest on: the unit of resampling
	Title    string
	Context  string
	Question string
	Rows     []Row
	Content  *Content // the row is about what its text holds, not about truth
	Whole    bool     // the rows are sentences of one answer, which is scored as a whole too
}

// maxLine bounds one line of a data file, in bytes.
const maxLine = 16 << 20

// Read calls use for every item of a data file (JSON lines, plain or gzip), in
// order, and stops at its first error. progress, if not nil, is told the bytes
// read from the disk. Errors in the data are "file:line: ...".
func Read(path string, progress io.Writer, use func(Item) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var raw io.Reader = f
	if progress != nil {
		raw = io.TeeReader(f, progress)
	}
	r := bufio.NewReaderSize(raw, 64<<10)
	set := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".jsonl")
	if magic, _ := r.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(r)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		defer z.Close()
		return readLines(path, set, z, use)
	}
	return readLines(path, set, r, use)
}

func readLines(path, set string, r io.Reader, use func(Item) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		items, err := parseLine(set, filepath.Dir(path), lines.Bytes())
		if err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		for _, item := range items {
			if err := use(item); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s:%d: the line is longer than %d MiB", path, n+1, maxLine>>20)
	} else if err != nil {
		return fmt.Errorf("%s:%d: %w", path, n+1, err)
	}
	return nil
}

// line is the union of the schemas that Read knows; see README.md.
type line struct {
	ID       *string // may be empty: a public set has such a row
	Task     string
	Title    string
	Context  string
	Passage  string
	Question string
	Response *string
	Label    Label
	Spans    [][]any
	Claims   []piece
	Answer   []piece
}

// piece is one claim against a passage, or one sentence of an answer.
type piece struct {
	Text  string
	Label Label
	Error string
}

// parseLine turns one line into items: one for a response or an answer, one for
// each claim.
func parseLine(set, folder string, data []byte) ([]Item, error) {
	var probe struct{ ID, Text, Response, Claims, Answer json.RawMessage }
	if err := json.Unmarshal(data, &probe); err == nil && probe.Text != nil && probe.ID != nil && probe.Response == nil && probe.Claims == nil && probe.Answer == nil {
		return parseContent(set, folder, data)
	}
	var l line
	if err := json.Unmarshal(data, &l); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) {
			return nil, fmt.Errorf("field %q: want %s, got %s", mismatch.Field, mismatch.Type, mismatch.Value)
		}
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	if l.ID == nil {
		return nil, errors.New(`field "id" is missing`)
	}
	id := *l.ID
	item := Item{ID: id, Set: set, Task: l.Task, Doc: set + "\x00" + id, Title: l.Title, Context: l.Context, Question: l.Question}
	switch {
	case l.Response != nil:
		row := Row{ID: id, Text: *l.Response, Label: l.Label}
		for _, s := range l.Spans {
			span, err := characters(s)
			if err != nil {
				return nil, err
			}
			row.Spans = append(row.Spans, span)
		}
		if l.Context != "" {
			item.Doc = set + "\x00" + l.Context // several answers share one document
		}
		item.Rows = []Row{row}
		return check(item)
	case l.Answer != nil:
		item.Whole = true
		for i, p := range l.Answer {
			item.Rows = append(item.Rows, p.row(id, i))
		}
		return check(item)
	case l.Claims != nil:
		item.Context = l.Passage
		if item.Task == "" {
			item.Task = "claim"
		}
		var items []Item
		for i, p := range l.Claims {
			one := item
			one.Rows = []Row{p.row(id, i)}
			checked, err := check(one)
			if err != nil {
				return nil, err
			}
			items = append(items, checked...)
		}
		return items, nil
	}
	return nil, errors.New(`a row has a "response", "claims", an "answer" in sentences or a "text"; this one has none of them`)
}

func (p piece) row(id string, n int) Row {
	return Row{ID: fmt.Sprintf("%s#%d", id, n), Text: p.Text, Label: p.Label, Error: p.Error}
}

// check refuses labels that are not known: a misspelt one must not silently
// leave the scores.
func check(item Item) ([]Item, error) {
	for _, r := range item.Rows {
		switch r.Label {
		case "", LabelSupported, LabelContradicted, LabelUnsupported, LabelGeneric, LabelNotClaim:
		default:
			return nil, fmt.Errorf("row %s: unknown label %q", r.ID, r.Label)
		}
	}
	return []Item{item}, nil
}

// characters reads a span [start, end, ...].
func characters(s []any) (span [2]int, err error) {
	if len(s) < 2 {
		return span, errors.New(`field "spans": a span is [start, end, type]`)
	}
	for i := range span {
		v, ok := s[i].(float64)
		if !ok || v < 0 || v != float64(int(v)) {
			return span, fmt.Errorf(`field "spans": %v is not a character offset`, s[i])
		}
		span[i] = int(v)
	}
	return span, nil
}

// Files expands patterns to the files they name, in the order given. A pattern
// that names nothing is an error.
func Files(patterns []string) ([]string, error) {
	var files []string
	for _, p := range patterns {
		names, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("data file %q: %w", p, err)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("data file %q: no such file", p)
		}
		files = append(files, names...)
	}
	return files, nil
}
