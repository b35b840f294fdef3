package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"touchstone/groundtruth"
)

// checkCase is what is to be checked.
type checkCase struct {
	Question, Answer string
	Context          []givenText
	Scope            groundtruth.Scope // for whom the answer is
	At               time.Time         // of the answer; zero means now
}

// givenText is a text the answer may rest on.
type givenText struct{ Source, Title, Text string }

// maxInput bounds what check reads from a file or standard input.
const maxInput = 8 << 20

// readText is the text an argument stands for.
func readText(arg string, stdin io.Reader, once *bool) (string, error) {
	switch {
	case arg == "-":
		if *once {
			return "", errors.New("standard input can be read only once")
		}
		*once = true
		return readAll(stdin, "standard input")
	case strings.HasPrefix(arg, "@"):
		f, err := os.Open(arg[1:])
		if err != nil {
			return "", err
		}
		defer f.Close()
		return readAll(f, arg[1:])
	}
	return arg, nil
}

func readAll(r io.Reader, name string) (string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	if len(data) > maxInput {
		return "", fmt.Errorf("%s is larger than %d MiB", name, maxInput>>20)
	}
	return string(data), nil
}

// readCase adds what the JSON on standard input says to what the options said. Its
// errors name the field and are written for people: the fields are read one by one,
// because encoding/json speaks of Go types and lets misspelt fields of values that
// have their own UnmarshalJSON pass.
func readCase(r io.Reader, in *checkCase) error {
	text, err := readAll(r, "standard input")
	if err != nil {
		return err
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal([]byte(text), new(json.RawMessage)); errors.As(err, &syntax) {
		return fmt.Errorf("standard input is not one JSON object: %w, at byte %d", err, syntax.Offset)
	} else if err != nil {
		return fmt.Errorf("standard input is not one JSON object: %w", err)
	}
	return readFields("standard input", json.RawMessage(text), "", map[string]func(string, json.RawMessage) error{
		"question": textInto(&in.Question),
		"answer":   textInto(&in.Answer),
		"scope": func(at string, v json.RawMessage) error {
			return readFields(at, v, at+".", map[string]func(string, json.RawMessage) error{
				"region": textInto(&in.Scope.Region), "product": textInto(&in.Scope.Product), "audience": textInto(&in.Scope.Audience),
			})
		},
		"context": func(at string, v json.RawMessage) error {
			if kind(v) != "a list" {
				return in.addContext(at, v)
			}
			var list []json.RawMessage
			if err := json.Unmarshal(v, &list); err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			for i, v := range list {
				if err := in.addContext(fmt.Sprintf("%s[%d]", at, i), v); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// scope reads "region=EU,audience=staff".
func (in *checkCase) scope(arg string) error {
	for part := range strings.SplitSeq(arg, ",") {
		name, value, ok := strings.Cut(part, "=")
		if name, value = strings.TrimSpace(name), strings.TrimSpace(value); !ok || value == "" || !in.Scope.Set(name, value) {
			return fmt.Errorf("%q is not region=..., product=... or audience=...", part)
		}
	}
	return nil
}

// parseMoment reads a day, which stands for its noon in UTC, or a moment.
func parseMoment(arg string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, arg); err == nil {
		return t.Add(12 * time.Hour), nil
	}
	t, err := time.Parse(time.RFC3339, arg)
	if err != nil {
		return t, fmt.Errorf("%q is neither a day such as 2026-03-31 nor a moment such as 2026-03-31T12:00:00Z", arg)
	}
	return t, nil
}

// addContext takes a bare text or an object of source, title and text.
func (in *checkCase) addContext(at string, v json.RawMessage) error {
	var g givenText
	switch k := kind(v); k {
	case "a text":
		if err := textInto(&g.Text)(at, v); err != nil {
			return err
		}
	case "an object":
		err := readFields(at, v, at+".", map[string]func(string, json.RawMessage) error{
			"source": textInto(&g.Source), "title": textInto(&g.Title), "text": textInto(&g.Text),
		})
		if err != nil {
			return err
		}
		if g.Text == "" {
			return fmt.Errorf("%s.text is missing or empty", at)
		}
	default:
		return fmt.Errorf("%s is %s where a text or an object with text is needed", at, k)
	}
	in.Context = append(in.Context, g)
	return nil
}

// readFields gives each field of an object to the reader of its name; null is a
// field left out. prefix stands before a field's name in errors.
func readFields(at string, v json.RawMessage, prefix string, known map[string]func(at string, v json.RawMessage) error) error {
	var fields map[string]json.RawMessage
	if k := kind(v); k != "an object" {
		return fmt.Errorf("%s is %s where an object is needed", at, k)
	}
	if err := json.Unmarshal(v, &fields); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		read := known[name]
		if read == nil {
			return fmt.Errorf("%s%s: there is no such field; there are: %s", prefix, printable(name), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		if kind(fields[name]) == "null" {
			continue
		}
		if err := read(prefix+name, fields[name]); err != nil {
			return err
		}
	}
	return nil
}

func textInto(into *string) func(string, json.RawMessage) error {
	return func(at string, v json.RawMessage) error {
		if k := kind(v); k != "a text" {
			return fmt.Errorf("%s is %s where a text is needed", at, k)
		}
		if err := json.Unmarshal(v, into); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
		return nil
	}
}

// kind names what a JSON value is, for people.
func kind(v json.RawMessage) string {
	switch bytes.TrimLeft(v, " \t\r\n")[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}
