package groundtruth

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/tidwall/gjson"
)

// entryAt is one record of a file of facts or approved answers: named values, each
// one or several, and its line.
type entryAt struct {
	line   int
	fields []fieldAt
}

type fieldAt struct {
	name   string
	values []string
	list   bool
}

// Formats of records, by the endings of files.
var recordFormats = map[string]func(string) ([]entryAt, error){
	".csv": csvEntries, ".tsv": csvEntries, ".jsonl": jsonEntries, ".ndjson": jsonEntries, ".yaml": yamlEntries, ".yml": yamlEntries,
}

func csvEntries(text string) ([]entryAt, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = delimiter(text)
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("reading the CSV header: %w", err)
	}
	var out []entryAt
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d has %d fields and the header has %d", line, len(row), len(header))
		}
		if err != nil {
			return nil, fmt.Errorf("reading CSV: %w", err)
		}
		e := entryAt{}
		e.line, _ = r.FieldPos(0)
		for i, v := range row {
			e.fields = append(e.fields, fieldAt{name: header[i], values: []string{v}})
		}
		out = append(out, e)
	}
}

func jsonEntries(text string) ([]entryAt, error) {
	var out []entryAt
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if !gjson.Valid(line) || !strings.HasPrefix(line, "{") {
			return nil, fmt.Errorf("line %d is not a JSON object", number)
		}
		e := entryAt{line: number}
		var bad error
		gjson.Parse(line).ForEach(func(k, v gjson.Result) bool {
			f := fieldAt{name: k.String(), list: v.IsArray()}
			for _, one := range v.Array() {
				if one.IsObject() || one.IsArray() {
					bad = fmt.Errorf("line %d: %s is neither a value nor a list of values", number, k.String())
				}
				if text := one.String(); one.Type == gjson.Number { // as written: 1.50 stays 1.50
					f.values = append(f.values, one.Raw)
				} else if one.Type != gjson.Null {
					f.values = append(f.values, text)
				}
			}
			e.fields = append(e.fields, f)
			return bad == nil
		})
		if bad != nil {
			return nil, bad
		}
		out = append(out, e)
	}
	return out, nil
}

// yamlEntries reads a list of mappings.
func yamlEntries(text string) ([]entryAt, error) {
	file, err := parseYAML(text)
	if err != nil {
		return nil, err
	}
	var out []entryAt
	for _, doc := range file.Docs {
		seq, ok := doc.Body.(*ast.SequenceNode)
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("line %d: a list of records is needed: each begins with a dash", doc.Body.GetToken().Position.Line)
		}
		for _, item := range seq.Values {
			m, ok := item.(ast.MapNode)
			if !ok {
				return nil, fmt.Errorf("line %d: a record has named fields, such as subject: ...", item.GetToken().Position.Line)
			}
			e := entryAt{}
			for it := m.MapRange(); it.Next(); {
				key := it.Key().GetToken()
				if e.line == 0 {
					e.line = key.Position.Line
				}
				f := fieldAt{name: key.Value}
				values := []ast.Node{it.Value()}
				if list, ok := it.Value().(*ast.SequenceNode); ok {
					values, f.list = list.Values, true
				}
				for _, v := range values {
					text, ok := yamlScalar(v)
					if !ok {
						return nil, fmt.Errorf("line %d: %s is neither a value nor a list of values", key.Position.Line, f.name)
					}
					if v.Type() != ast.NullType {
						f.values = append(f.values, text)
					}
				}
				e.fields = append(e.fields, f)
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// yamlScalar is a scalar as written: 1.50 stays 1.50.
func yamlScalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.NullNode:
		return "", true
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// parseYAML parses text that is not nested beyond any use: the parser's time grows
// with the depth far faster than with the size.
func parseYAML(text string) (*ast.File, error) {
	if line := DeepYAML([]byte(text), maxNesting); line > 0 {
		return nil, fmt.Errorf("line %d is nested deeper than %d levels", line, maxNesting)
	}
	file, err := parser.ParseBytes([]byte(text), 0)
	if err == nil {
		return file, nil
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return nil, fmt.Errorf("line %d is not valid YAML: %s", at.GetToken().Position.Line, at.GetMessage())
	}
	return nil, fmt.Errorf("it is not valid YAML: %w", err)
}

// maxNesting is the deepest nesting of YAML, in brackets and indentation together.
const maxNesting = 64
