// Command pairs writes what a pair classifier is shown of labelled data, through
// the very code that serves it: the sentences of the cutter, the evidence that the
// verifier chooses, and beside them what the deterministic layer says. One JSON line
// for each checkable sentence. With -entail, also what the model says of each.
//
//	go run ./eval/train/pairs DATA.jsonl[.gz]... > pairs.jsonl
//	go run ./eval/train/pairs -entail [-model DIR] DATA.jsonl[.gz]... > judged.jsonl
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"touchstone/eval"
	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/encoder/models"
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
	Settled  bool            `json:"settled"` // by exact comparison: no model is asked
	Features guards.Features `json:"features"`
	// What the model says: supported, contradicted, not covered. Absent where it was
	// not asked or could not judge.
	Entailment []float64 `json:"entailment,omitempty"`
}

func main() {
	entail := flag.Bool("entail", false, "ask the model about each pair")
	model := flag.String("model", "", "`FOLDER` of the model; by default the one that the program carries")
	flag.Parse()
	if err := run(flag.Args(), *entail, *model); err != nil {
		fmt.Fprintln(os.Stderr, "pairs:", err)
		os.Exit(1)
	}
}

func run(paths []string, entail bool, model string) error {
	buffered := bufio.NewWriter(os.Stdout)
	out := &writer{verifier: guards.NewVerifier(), lines: json.NewEncoder(buffered)}
	out.lines.SetEscapeHTML(false)
	if entail {
		m, err := models.OpenVerifier(models.Options{Path: model, Deadline: time.Minute})
		if err != nil {
			return err
		}
		defer m.Close()
		out.model = m
	}
	for _, path := range paths {
		if err := eval.Read(path, nil, out.add); err != nil {
			return fmt.Errorf("reading %s: %w", path, err)
		}
	}
	if err := out.flush(); err != nil {
		return err
	}
	return buffered.Flush()
}

// writer holds sentences back until there are enough to ask the model about at once.
type writer struct {
	verifier *guards.Verifier
	model    guards.Entailer // nil: none is asked
	lines    *json.Encoder
	waiting  []pair
}

const askedAtOnce = 32

func (w *writer) flush() error {
	if w.model != nil && len(w.waiting) > 0 {
		asked := make([]guards.Pair, len(w.waiting))
		for i := range w.waiting {
			asked[i] = guards.Pair{Evidence: w.waiting[i].Evidence, Claim: w.waiting[i].Claim}
		}
		said, err := w.model.Entail(context.Background(), asked)
		if err != nil {
			return err
		}
		for i, e := range said {
			if e.NotMeasured == "" && asked[i].Evidence != "" {
				w.waiting[i].Entailment = []float64{e.Supported, e.Contradicted, e.NotCovered}
			}
		}
	}
	for i := range w.waiting {
		if err := w.lines.Encode(&w.waiting[i]); err != nil {
			return err
		}
	}
	w.waiting = w.waiting[:0]
	return nil
}

func (w *writer) add(item eval.Item) error {
	evidence := groundtruth.Given("context", item.Title, item.Context)
	if len(evidence) == 0 {
		return nil
	}
	var cutter guards.Cutter
	var claims []guards.Claim
	starts := make([]int, len(item.Rows)+1) // of each row in the answer
	for i, row := range item.Rows {
		text := row.Text
		if i < len(item.Rows)-1 {
			text += " "
		}
		claims = append(claims, cutter.Push(text)...)
		starts[i+1] = starts[i] + len(text)
	}
	claims = append(claims, cutter.Flush()...)
	// A sentence is known to be whole when the next one begins, so that it comes with a
	// later row than its own: its place in the answer tells which that is.
	rowOf := func(at int) int { return max(sort.SearchInts(starts, at+1)-1, 0) }
	checkable := make([]int, len(item.Rows))
	for _, c := range claims {
		if c.NotClaim == "" {
			checkable[rowOf(c.Start)]++
		}
	}
	for _, c := range claims {
		at := rowOf(c.Start)
		row := item.Rows[at]
		if c.NotClaim != "" || row.Label == eval.LabelGeneric || row.Label == eval.LabelNotClaim {
			continue
		}
		p := pair{Set: item.Set, Doc: document(item.Context), Row: row.ID, Answer: item.ID, RowLabel: row.Label,
			Label: labelOf(row, c.Start-starts[at], c.End-starts[at], checkable[at]), Error: row.Error, Text: c.Text}
		if last := rowOf(c.End - 1); item.Rows[last].Label != row.Label {
			p.Label = "" // it runs over rows of different labels
		}
		if !item.Whole {
			p.Answer = row.ID
		}
		a, asked := w.verifier.Compare(&c, evidence)
		p.Score, p.Verdict, p.Settled, p.Features = a.Score, a.Verdict, a.Settled, a.Features
		p.Evidence, p.Claim = asked.Evidence, asked.Claim
		if w.waiting = append(w.waiting, p); len(w.waiting) == askedAtOnce {
			if err := w.flush(); err != nil {
				return err
			}
		}
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
