package eval

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"touchstone/guards"
)

func judged(label Label, v guards.Verdict, score float64) Judged {
	return Judged{
		Row: Row{ID: "x", Text: "ab", Label: label}, Overlap: math.NaN(),
		Prediction: Prediction{Verdict: v, Score: score},
	}
}

func TestScorerLeavesOutWhatIsNotScored(t *testing.T) {
	var s Scorer
	s.Add(Result{Item: Item{Set: "a", Task: "qa"}, Rows: []Judged{
		judged(LabelSupported, guards.Supported, .1),
		judged(LabelUnsupported, guards.NotMeasured, .5),
		judged(LabelGeneric, guards.NotCovered, .9),
		judged(LabelNotClaim, guards.Contradicted, .9),
		judged("", guards.Contradicted, .9),
	}})
	all := s.Report().Overall
	if all.Rows != 5 || all.Precision != 1 || all.Recall != 1 || all.AUROC != 1 {
		t.Errorf("got %+v: only the supported and the unsupported row take part, and not measured is caught", all)
	}
	if n := len(all.Confusion); n != 2 {
		t.Errorf("confusion has %d labels, want 2", n)
	}
}

func TestScorerJudgesAnAnswerByItsWorstSentence(t *testing.T) {
	var s Scorer
	for _, rows := range [][]Judged{
		{judged(LabelSupported, guards.Supported, .1), judged(LabelContradicted, guards.Supported, .2)}, // missed
		{judged(LabelNotClaim, guards.NotClaim, 0), judged(LabelSupported, guards.Supported, .1)},
		{judged(LabelNotClaim, guards.NotClaim, 0)}, // nothing to check: not scored
	} {
		s.Add(Result{Item: Item{Set: "a", Whole: true}, Rows: rows})
	}
	got := s.Report().Answers[0]
	if got.Rows != 3 || got.Labels[LabelContradicted] != 1 || got.Labels[LabelSupported] != 1 || got.Labels[LabelNotClaim] != 1 || got.Recall != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestWorstGroupFirst(t *testing.T) {
	var s Scorer
	for set, verdict := range map[string]guards.Verdict{"bad": guards.Supported, "good": guards.Contradicted} {
		s.Add(Result{Item: Item{Set: set}, Rows: []Judged{judged(LabelSupported, guards.Supported, .1), judged(LabelContradicted, verdict, .6)}})
	}
	s.Add(Result{Item: Item{Set: "one class"}, Rows: []Judged{judged(LabelSupported, guards.Supported, .1)}})
	var names []string
	for _, g := range s.Report().Sets {
		names = append(names, g.Name)
	}
	if got := strings.Join(names, ","); got != "bad,good,one class" {
		t.Errorf("got %s", got)
	}
}

func TestErrorTypesAndBuckets(t *testing.T) {
	var s Scorer
	for i := range 9 {
		r := judged(LabelContradicted, guards.Supported, .1)
		r.Error, r.Overlap = "number", float64(i)/10
		if i >= 6 {
			r.Label, r.Error, r.Verdict = LabelSupported, "none", guards.NotCovered
		}
		if i >= 3 && i < 6 {
			r.Verdict = guards.Contradicted
			r.Error = "date"
		}
		s.Add(Result{Item: Item{Set: "a"}, Rows: []Judged{r}})
	}
	rep := s.Report()
	if e := rep.Errors; len(e) != 3 || e[0].Error != "none" || e[0].Rate != 1 || e[1].Error != "number" || e[1].Rate != 0 || e[2].Rate != 1 {
		t.Errorf("got %+v", e)
	}
	b := rep.Overall.Overlap
	if len(b) != 3 || b[0].Rows != 3 || b[0].Recall != 0 || b[1].Recall != 1 || b[2].FalseAlarms != 1 || b[2].Low != .6 {
		t.Errorf("got %+v", b)
	}
}

func TestSpansCountCharacters(t *testing.T) {
	row := Judged{
		Row: Row{Text: "Grüße! Nö.", Spans: [][2]int{{7, 9}}}, // "Nö"
		Prediction: Prediction{Sentences: []Sentence{
			{Start: 0, End: 8, Verdict: guards.Supported},
			{Start: 9, End: 13, Verdict: guards.Contradicted},
		}},
	}
	gold, marked, both := spanChars(row)
	if gold != 2 || marked != 3 || both != 2 {
		t.Errorf("got %d, %d, %d; want 2 marked by people, 3 caught, 2 both", gold, marked, both)
	}
}

func TestReportRendersEveryGroup(t *testing.T) {
	var s Scorer
	r := judged(LabelContradicted, guards.Contradicted, .8)
	r.Error, r.Overlap, r.Spans = "number", .5, [][2]int{{0, 1}}
	s.Add(Result{Item: Item{Set: "set-a", Task: "qa", Whole: true}, Rows: []Judged{r, judged(LabelSupported, guards.Supported, .1)}})
	s.Add(Result{Item: Item{Set: "set-b", Task: "claim"}, Rows: []Judged{judged(LabelSupported, guards.Supported, .1)}})
	var text, page bytes.Buffer
	if err := s.Report().WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := s.Report().WriteMarkdown(&page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"set-a", "set-b", "number", "p99 ms", "WHOLE ANSWERS", "SPANS"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("text lacks %q", want)
		}
	}
	if !strings.Contains(page.String(), "| set-a | not supported | 0.000 | 1.000 | - | - | - |") {
		t.Errorf("no share of bad rows by verdict:\n%s", page.String())
	}
	if strings.Contains(page.String(), "p99") || !strings.Contains(page.String(), "| set-b | 1 | 1 | 1/0/0/0 |") {
		t.Errorf("page:\n%s", page.String())
	}
}
