// Command features writes what the deterministic verifier measures of labelled
// data: one CSV line for each checkable sentence, for fit.py.
//
//	go run ./eval/train/features DATA.jsonl[.gz]... > features.csv
package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"unicode/utf8"

	"touchstone/eval"
	"touchstone/groundtruth"
	"touchstone/guards"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "features:", err)
		os.Exit(1)
	}
}

func run(paths []string) error {
	buffered := bufio.NewWriter(os.Stdout)
	out := csv.NewWriter(buffered)
	header := []string{"set", "doc", "row", "answer_label", "label", "error", "verdict", "category", "score", "text"}
	if err := out.Write(append(header, guards.FeatureNames[:]...)); err != nil {
		return err
	}
	v := guards.NewVerifier()
	for _, path := range paths {
		err := eval.Read(path, nil, func(item eval.Item) error { return measure(out, v, item) })
		if err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return buffered.Flush()
}

// measure writes the sentences of one item. label is 1 for a sentence that is
// not supported, 0 for a supported one, and -1 where only the whole row is
// labelled and it has several sentences.
func measure(out *csv.Writer, v *guards.Verifier, item eval.Item) error {
	evidence := groundtruth.Given("context", item.Title, item.Context)
	if len(evidence) == 0 {
		return nil
	}
	var cutter guards.Cutter
	start := 0
	for i, row := range item.Rows {
		text := row.Text
		if i < len(item.Rows)-1 {
			text += " "
		}
		claims := cutter.Push(text)
		if i == len(item.Rows)-1 {
			claims = append(claims, cutter.Flush()...)
		}
		checkable := 0
		for _, c := range claims {
			if c.NotClaim == "" {
				checkable++
			}
		}
		for _, c := range claims {
			label := labelOf(row, c.Start-start, c.End-start, checkable)
			if c.NotClaim != "" || label == "" {
				continue
			}
			a := v.Verify(&c, evidence)
			line := []string{item.Set, item.Doc, row.ID, string(row.Label), label, row.Error, string(a.Verdict), a.Category,
				strconv.FormatFloat(a.Score, 'f', 4, 64), c.Text}
			for _, f := range a.Features {
				line = append(line, strconv.FormatFloat(f, 'g', 5, 64))
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
		start += len(text)
	}
	return nil
}

// labelOf is the label of the bytes from to to of a row; "" when the row is not scored.
func labelOf(row eval.Row, from, to, sentences int) string {
	switch row.Label {
	case eval.LabelSupported:
		return "0"
	case eval.LabelUnsupported, eval.LabelContradicted:
	default:
		return ""
	}
	if len(row.Spans) == 0 {
		if sentences > 1 {
			return "-1"
		}
		return "1"
	}
	from, to = max(from, 0), min(to, len(row.Text))
	if from >= to {
		return "-1"
	}
	first := utf8.RuneCountInString(row.Text[:from]) // spans count characters
	last := first + utf8.RuneCountInString(row.Text[from:to])
	for _, s := range row.Spans {
		if s[0] < last && s[1] > first {
			return "1"
		}
	}
	return "0"
}
