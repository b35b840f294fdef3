// Command pairs writes what a pair classifier is shown of labelled data, through
// the very code that serves it: the sentences of the cutter, the evidence that the
// verifier chooses, and beside them what the deterministic layer says. One JSON line
// for each checkable sentence.
//
//	go run ./eval/train/pairs DATA.jsonl[.gz]... > pairs.jsonl
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"touchstone/eval"
	"touchstone/groundtruth"
	"touchstone/guards"
)

// pair is one line of the output.
type pair struct {
	Set      string          `json:"set"`
	Doc      string          `json:"doc"`
	Row      string          `json:"row"`
	Answer   string          `json:"answer"` // what is scored as a whole
	RowLabel eval.Label      `json:"row_label"`
	Label    string          `json:"label"` // of the sentence; "" where only the row has one
	Error    string          `json:"error"`
	Evidence string          `json:"evidence"`
	Claim    string          `json:"claim"`
	Text     string          `json:"text"` // the claim without what it leans on
	Score    float64         `json:"score"`
	Verdict  guards.Verdict  `json:"verdict"`
	Features guards.Features `json:"features"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "pairs:", err)
		os.Exit(1)
	}
}

func run(paths []string) error {
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	v := guards.NewVerifier()
	for _, path := range paths {
		if err := eval.Read(path, nil, func(item eval.Item) error { return write(lines, v, item) }); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	}
	return out.Flush()
}

func write(out *json.Encoder, v *guards.Verifier, item eval.Item) error {
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
			if c.NotClaim != "" || row.Label == eval.LabelGeneric || row.Label == eval.LabelNotClaim {
				continue
			}
			p := pair{Set: item.Set, Doc: document(item.Context), Row: row.ID, Answer: item.ID, RowLabel: row.Label,
				Label: labelOf(row, c.Start-start, c.End-start, checkable), Error: row.Error, Text: c.Text}
			if !item.Whole {
				p.Answer = row.ID
			}
			a := v.Verify(&c, evidence)
			p.Score, p.Verdict, p.Features = a.Score, a.Verdict, a.Features
			p.Evidence, p.Claim = v.Pair(&c, evidence)
			if err := out.Encode(p); err != nil {
				return err
			}
		}
		start += len(text)
	}
	return nil
}

// document names a context by its letters and digits, so that two sets that hold
// the same text in other spacing are split alike.
func document(context string) string {
	var b strings.Builder
	for _, r := range context {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
		if b.Len() >= 400 {
			break
		}
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:8])
}

// labelOf is the label of the bytes from to to of a row.
func labelOf(row eval.Row, from, to, sentences int) string {
	if !(row.Label == eval.LabelUnsupported || row.Label == eval.LabelContradicted) {
		return string(row.Label)
	}
	if len(row.Spans) == 0 {
		if sentences > 1 {
			return ""
		}
		return string(row.Label)
	}
	from, to = max(from, 0), min(to, len(row.Text))
	if from >= to {
		return ""
	}
	first := utf8.RuneCountInString(row.Text[:from]) // spans count characters
	last := first + utf8.RuneCountInString(row.Text[from:to])
	for _, s := range row.Spans {
		if s[0] < last && s[1] > first {
			return string(row.Label)
		}
	}
	return string(eval.LabelSupported)
}
