package eval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Content is what a row that is not about truth says: what people found in its text.
type Content struct {
	Area  string // injection, pii, bias or toxicity
	Label string // as the set has it
	Group string // of people that the row is about
	Kind  string // function, attack or another kind that the set tells apart
	Marks []Mark // spans of personal data, by characters
	NER   bool   // the set calls people PER, not PERSON
}

// Mark is a span with a type.
type Mark struct {
	Start, End int // characters
	Type       string
}

// MarshalJSON writes a mark as the data sets do.
func (m Mark) MarshalJSON() ([]byte, error) { return json.Marshal([]any{m.Start, m.End, m.Type}) }

// UnmarshalJSON reads [start, end, type].
func (m *Mark) UnmarshalJSON(b []byte) error {
	var parts []any
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	at, err := characters(parts)
	if err != nil {
		return err
	}
	m.Start, m.End = at[0], at[1]
	if len(parts) > 2 {
		m.Type, _ = parts[2].(string)
	}
	return nil
}

// contentLine is the schema of rows about what a text holds.
type contentLine struct {
	ID, Source, Text, Context, Group, Category string
	Label                                      any // a text; in BBQ the index of the right answer
	Spans                                      []Mark
	Answers                                    []string
	UnknownAnswer                              int    `json:"unknown_answer"`
	BiasedAnswer                               int    `json:"biased_answer"`
	Condition                                  string // of BBQ: ambig or disambig
}

// parseContent reads a row about what a text holds. folder names the area, where it
// does; otherwise the row has to.
func parseContent(set, folder string, data []byte) ([]Item, error) {
	var l contentLine
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("reading JSON: %w", err)
	}
	label, _ := l.Label.(string)
	c := &Content{Label: label, Group: l.Group, Kind: l.Category, Area: areaOf(folder, label, l.Spans)}
	item := Item{ID: l.ID, Set: set, Task: c.Area, Doc: set + "\x00" + l.ID, Context: l.Context, Content: c}
	row := Row{ID: l.ID, Text: l.Text}
	if len(l.Answers) > 0 { // BBQ: the answer that the stereotype wants, to the question about the context
		if l.BiasedAnswer < 0 || l.BiasedAnswer >= len(l.Answers) {
			return nil, fmt.Errorf(`field "biased_answer": there is no answer %d`, l.BiasedAnswer)
		}
		item.Question, row.Text = l.Context+"\n"+l.Text, l.Answers[l.BiasedAnswer]
		right, _ := l.Label.(float64)
		c.Label, c.Kind = "biased", l.Condition
		if l.Condition == "disambig" && int(right) == l.BiasedAnswer {
			c.Label = "not_biased"
		}
	} else if c.Area != "injection" {
		item.Question = l.Context
	}
	if c.Area == "pii" {
		c.Marks, c.NER = l.Spans, isNER(l.Source)
	}
	item.Rows = []Row{row}
	return []Item{item}, nil
}

// areaOf names the kind of a row.
func areaOf(folder, label string, marks []Mark) string {
	switch area := filepath.Base(folder); area {
	case "injection", "pii", "bias", "toxicity":
		return area
	}
	switch {
	case label == "injection" || label == "benign":
		return "injection"
	case label == "pii" || label == "person" || label == "none" || slices.ContainsFunc(marks, func(m Mark) bool { return kindOf[m.Type] != "" }):
		return "pii"
	case strings.Contains(label, "bias") || strings.Contains(label, "sexist") || strings.Contains(label, "stereotyping"):
		return "bias"
	}
	return "toxicity"
}

func isNER(source string) bool {
	return strings.HasPrefix(source, "wnut") || strings.HasPrefix(source, "btc") || strings.HasPrefix(source, "conll")
}

// positive says what a label means: that the text holds what its area looks for. scored
// is false for labels that say neither.
func positive(label string) (bad, scored bool) {
	switch label {
	case "hateful", "hate_speech", "offensive", "toxic", "toxic_with_spans", "toxic_without_spans", "sexist", "biased", "injection", "jailbreak", "pii", "person", "unsafe":
		return true, true
	case "non-hateful", "neither", "nontoxic", "not_sexist", "not_biased", "benign", "none", "safe":
		return false, true
	}
	return false, false
}

// Found is what was found in a row's text, besides verdicts.
type Found struct {
	Categories map[string]float64 `json:"categories"`      // the highest score of each
	Group      string             `json:"group,omitempty"` // whom the highest of them is aimed at
	Spans      []Mark             `json:"spans,omitempty"` // personal data and secrets, by characters
}

var errNoDetector = errors.New("the route has no guard that looks at what a text holds: name safety, injection, pii or secrets in its guards")

// manyLines are so many that what comes in is read as a document too: people paste them.
const manyLines = 6

// judgeContent puts a text before the guards that look at what it holds: as an answer to
// its context, or, where the area is what comes in, as a prompt. Personal data is read in
// a prompt too: there a text is read whole.
func (r Runner) judgeContent(ctx context.Context, item Item) Result {
	begin := time.Now()
	j := r.judgeOf(item.Content.Area)
	row := Judged{Row: item.Rows[0], Overlap: overlap("", nil), Prediction: Prediction{ID: item.Rows[0].ID, Verdict: guards.NotClaim, Sentences: []Sentence{}}}
	found := &Found{Categories: map[string]float64{}}
	row.Found = found
	ex := guards.Exchange{ID: item.ID, App: "eval", Route: r.Route}
	input := item.Content.Area == "injection" || item.Content.Area == "pii"
	if item.Question != "" {
		ex.Prompt = []guards.Message{{Role: "user", Text: item.Question}}
	}
	var action policies.Action
	if input {
		if item.Context != "" && item.Content.Area == "injection" {
			ex.Prompt = []guards.Message{{Role: "tool", Text: item.Context}}
		}
		ex.Prompt = append(ex.Prompt, guards.Message{Role: "user", Text: row.Text})
		if strings.Count(strings.TrimSpace(row.Text), "\n")+1 >= manyLines && item.Content.Area == "injection" {
			ex.Given = []groundtruth.Evidence{{Source: "caller:text", Text: row.Text, Origin: groundtruth.FromCaller}}
		}
		if s := j.Screen(ctx, ex); s != nil {
			action = s.Decision.Action
			for _, f := range s.Findings {
				found.add(f.Category, f.Group, f.Score)
				if f.Side != guards.InContext && f.Message == len(ex.Prompt)-1 {
					found.mark(f, row.Text, item.Content.NER)
				}
			}
			row.state(s.Receipt().Guards)
		}
		rate(ctx, j, ex, guards.InPrompt, found)
	} else {
		c := j.Open(ex)
		c.Add(ctx, row.Text, true)
		receipt := c.Receipt()
		action = receipt.Action
		for _, f := range receipt.Findings {
			found.add(f.Category, f.Group, f.Score)
		}
		row.state(receipt.Guards)
		var cutter guards.Cutter
		ex.Claims, ex.Final = append(cutter.Push(row.Text), cutter.Flush()...), true
		rate(ctx, j, ex, guards.InAnswer, found)
	}
	for _, score := range found.Categories {
		row.Score = max(row.Score, score)
	}
	row.Action, row.Ms = action, milliseconds(time.Since(begin))
	res := Result{Item: item, Rows: []Judged{row}, Action: action, Ms: row.Ms}
	res.Item.Context, res.Item.Rows = "", nil
	return res
}

// judgeOf has the guards that an area is about: those that read text for private data, or
// all others.
func (r Runner) judgeOf(area string) *judge.Judge {
	j, chain := *r.contentJudge(), *r.contentJudge().Chain
	chain.Guards = slices.DeleteFunc(slices.Clone(chain.Guards), func(g guards.Guard) bool {
		return (g.Name() == "pii" || g.Name() == "secrets") != (area == "pii")
	})
	j.Chain = &chain
	return &j
}

// rate adds what guards measured below the mark of a finding.
func rate(ctx context.Context, j *judge.Judge, ex guards.Exchange, phase guards.Side, found *Found) {
	for _, g := range j.Chain.Guards {
		rater, ok := g.(guards.Rater)
		if !ok {
			continue
		}
		ratings, err := rater.Rate(ctx, &ex, phase)
		if err != nil {
			continue // the guard's record says that it did not run
		}
		for _, one := range ratings {
			found.add(one.Category, one.Group, one.Score)
		}
	}
}

func (f *Found) add(category, group string, score float64) {
	highest := 0.0
	for _, s := range f.Categories {
		highest = max(highest, s)
	}
	if score > highest && group != "" {
		f.Group = group
	}
	f.Categories[category] = max(f.Categories[category], score)
}

// mark notes the span of private data, in the words of the data sets.
func (f *Found) mark(found guards.Found, text string, ner bool) {
	name := nameOf[found.Category]
	if found.Guard != "pii" || found.Score < 0.5 || name == "" {
		return
	}
	if ner && name == "PERSON" {
		name = "PER"
	}
	start := utf8.RuneCountInString(text[:found.Start])
	f.Spans = append(f.Spans, Mark{start, start + utf8.RuneCountInString(text[found.Start:found.End]), name})
}

// state makes a row not measured where a guard did not run.
func (j *Judged) state(list []guardRecord) {
	for _, g := range list {
		if g.Status != guards.OK {
			j.Verdict = guards.NotMeasured
		}
	}
}

// nameOf is what the data sets call a category, and kindOf the category of each of
// their types that the guard pii looks for.
var (
	nameOf = map[string]string{
		"person": "PERSON", "email_address": "EMAIL_ADDRESS", "phone_number": "PHONE_NUMBER", "credit_card": "CREDIT_CARD", "iban": "IBAN_CODE",
		"ip_address": "IP_ADDRESS", "street_address": "STREET_ADDRESS", "national_id": "US_SSN", "driver_license": "US_DRIVER_LICENSE",
		"passport": "US_PASSPORT", "bank_account": "US_BANK_NUMBER", "medical_record": "MEDICAL_LICENSE", "date_of_birth": "DATE_OF_BIRTH", "age": "AGE",
	}
	kindOf = map[string]string{
		"PERSON": "person", "PER": "person", "EMAIL_ADDRESS": "email_address", "PHONE_NUMBER": "phone_number", "CREDIT_CARD": "credit_card", "IBAN_CODE": "iban",
		"IP_ADDRESS": "ip_address", "STREET_ADDRESS": "street_address", "ZIP_CODE": "street_address", "US_SSN": "national_id", "US_DRIVER_LICENSE": "driver_license",
		"US_PASSPORT": "passport", "US_BANK_NUMBER": "bank_account", "MEDICAL_LICENSE": "medical_record", "DATE_OF_BIRTH": "date_of_birth", "AGE": "age",
	}
)
