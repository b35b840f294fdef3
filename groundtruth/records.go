package groundtruth

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/tidwall/gjson"
)

// csv reads a table with a header line. Every row must have as many fields as
// the header: a row out of step would put values under the wrong header.
func (x *extract) csv(text string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.ReuseRecord = delimiter(text), true
	first, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it holds no text")
	}
	if err != nil {
		return fmt.Errorf("reading the CSV header: %w", err)
	}
	header := make([]string, len(first))
	for i, h := range first {
		if header[i] = oneLine(h); header[i] == "" {
			header[i] = fmt.Sprintf("column %d", i+1)
		}
	}
	rows := 0
	for ; ; rows++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("reading CSV: line %d has %d fields and the header has %d", line, len(record), len(header))
		}
		if err != nil {
			return fmt.Errorf("reading CSV: %w", err)
		}
		x.add(row, cells(header, record))
	}
	if rows == 0 {
		return errors.New("it holds a header and no rows")
	}
	return nil
}

// delimiter is the separator that the first line has most of.
func delimiter(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	best, most := ',', 0
	for _, c := range ",;\t|" {
		if n := strings.Count(line, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// The fields of a record that hold its text and name it, the first found counts.
var (
	textFields  = []string{"text", "content", "body", "passage", "page_content", "context"}
	titleFields = []string{"title", "name", "heading", "id", "_id"}
)

// jsonl reads one record a line. A record that has a text field is that text
// and nothing else; of any other, every field is kept as "key: value".
func (x *extract) jsonl(text string) error {
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if !gjson.Valid(line) {
			return fmt.Errorf("line %d is not valid JSON", number)
		}
		record := gjson.Parse(line)
		if !record.IsObject() {
			return fmt.Errorf("line %d is not a JSON object", number)
		}
		x.headings, x.bare = x.headings[:0], false
		if title := firstField(record, titleFields); title != "" {
			x.headings = append(x.headings, heading{1, oneLine(title)})
		}
		if body := firstField(record, textFields); body != "" {
			x.plain(body)
			continue
		}
		var lines []string
		flatten(record, "", 0, func(key, value string) { lines = append(lines, key+": "+value) })
		x.add(paragraph, strings.Join(lines, "\n"))
	}
	return nil
}

func firstField(record gjson.Result, names []string) string {
	for _, name := range names {
		v := record.Get(name)
		if s := strings.TrimSpace(v.String()); s != "" && (v.Type == gjson.String || v.Type == gjson.Number) {
			return s
		}
	}
	return ""
}

// flatten visits the values of a record in their order, nested keys joined by
// points. Lists of plain values are one value; what is nested beyond any use is
// kept as it stands.
func flatten(v gjson.Result, prefix string, depth int, visit func(key, value string)) {
	v.ForEach(func(k, val gjson.Result) bool {
		key := prefix
		if v.IsObject() {
			key = oneLine(k.String())
			if prefix != "" {
				key = prefix + "." + key
			}
		}
		switch {
		case val.Type == gjson.Null:
		case val.IsArray() && !hasNested(val):
			var items []string
			for _, e := range val.Array() {
				items = append(items, oneLine(e.String()))
			}
			visit(key, strings.Join(items, ", "))
		case (val.IsObject() || val.IsArray()) && depth < 16:
			flatten(val, key, depth+1, visit)
		case val.Type == gjson.Number: // as written: 1.50 stays 1.50
			visit(key, val.Raw)
		default:
			if s := oneLine(val.String()); s != "" {
				visit(key, s)
			}
		}
		return true
	})
}

func hasNested(list gjson.Result) bool {
	nested := false
	list.ForEach(func(_, e gjson.Result) bool {
		nested = e.IsObject() || e.IsArray()
		return !nested
	})
	return nested
}
