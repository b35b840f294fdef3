package eval_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"touchstone/eval"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// echo says of each claim what the claim itself names, after a while.
type echo struct{ delay func(string) time.Duration }

func (echo) Name() string { return "echo" }

func (e echo) Check(_ context.Context, ex *guards.Exchange) (out []guards.Finding, err error) {
	for _, c := range ex.Claims {
		f := guards.Finding{Claim: c, Verdict: guards.Supported, Score: .1, Reason: "evidence: " + ex.Given[0].Text}
		if strings.Contains(c.Text, "wrong") {
			f.Verdict, f.Score = guards.Contradicted, .9
		}
		if e.delay != nil {
			time.Sleep(e.delay(c.Text))
		}
		out = append(out, f)
	}
	return out, nil
}

// strict blocks contradicted sentences.
type strict struct{}

func (strict) Revision() string { return "r" }

func (strict) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow, Revision: "r"}
	for _, s := range in.Sentences {
		if s.Verdict == guards.Contradicted {
			d.Merge(policies.Decision{Action: policies.Block, Rules: []policies.Rule{{ID: "x", Action: policies.Block, Sentences: []int{s.Claim.Index}}}})
		}
	}
	return d, nil
}

func runner(e echo, workers int) eval.Runner {
	return eval.Runner{Workers: workers, Judge: &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{e}}, Policy: strict{}}}
}

func source(items ...eval.Item) func(func(eval.Item) error) error {
	return func(use func(eval.Item) error) error {
		for _, i := range items {
			if err := use(i); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestPredictionLinesKeepTheirForm(t *testing.T) {
	item := eval.Item{ID: "r1", Context: "The lamp costs 5 euros.", Rows: []eval.Row{{ID: "r1", Text: "The lamp costs 5 euros. The wrong lamp costs 7 euros."}}}
	err := runner(echo{}, 1).Run(context.Background(), source(item), func(res eval.Result) error {
		p := res.Rows[0].Prediction
		p.Ms = 1.5
		data, err := json.Marshal(p)
		const want = `{"id":"r1","score":0.901,"verdict":"contradicted","action":"block","sentences":[` +
			`{"start":0,"end":23,"verdict":"supported","score":0.1,"reason":"evidence: The lamp costs 5 euros."},` +
			`{"start":24,"end":53,"verdict":"contradicted","score":0.9,"reason":"evidence: The lamp costs 5 euros."}],"ms":1.5}`
		if string(data) != want {
			t.Errorf("got  %s\nwant %s", data, want)
		}
		if res.Rows[0].Overlap != 9./11 {
			t.Errorf("overlap %v, want 9 of 11 words", res.Rows[0].Overlap)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSentencesOfAnAnswerAreJudgedInPlace(t *testing.T) {
	item := eval.Item{ID: "a", Whole: true, Context: "C", Rows: []eval.Row{
		{ID: "a#0", Text: "Our lamp costs 5 euros."},
		{ID: "a#1", Text: "The wrong lamp costs 7 euros. It is sold in Oslo."},
		{ID: "a#2", Text: "It weighs 3 kg."},
	}}
	err := runner(echo{}, 1).Run(context.Background(), source(item), func(res eval.Result) error {
		var got []string
		for _, r := range res.Rows {
			line := fmt.Sprintf("%s %s %s", r.Prediction.ID, r.Verdict, r.Action)
			for _, s := range r.Sentences {
				line += fmt.Sprintf(" %q", r.Text[s.Start:s.End])
			}
			got = append(got, line)
		}
		want := []string{
			`a#0 supported allow "Our lamp costs 5 euros."`,
			`a#1 contradicted block "The wrong lamp costs 7 euros." "It is sold in Oslo."`,
			`a#2 supported allow "It weighs 3 kg."`,
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if res.Action != policies.Block {
			t.Errorf("the answer as a whole: %s, want block", res.Action)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestOrderIsThatOfTheInputWhateverTheWorkers(t *testing.T) {
	var items []eval.Item
	for i := range 60 {
		id := fmt.Sprint(i)
		items = append(items, eval.Item{ID: id, Context: "C", Rows: []eval.Row{{ID: id, Text: fmt.Sprintf("The lamp %d costs 5 euros.", i)}}})
	}
	slow := echo{delay: func(text string) time.Duration { return time.Duration(text[9]%7) * 100 * time.Microsecond }}
	for _, workers := range []int{1, 8} {
		next := 0
		err := runner(slow, workers).Run(context.Background(), source(items...), func(res eval.Result) error {
			if res.Item.ID != fmt.Sprint(next) {
				t.Fatalf("%d workers: got item %s, want %d", workers, res.Item.ID, next)
			}
			next++
			return nil
		})
		if err != nil || next != len(items) {
			t.Errorf("%d workers: %d results, %v", workers, next, err)
		}
	}
}

func TestRunEndsWithTheFirstError(t *testing.T) {
	item := eval.Item{ID: "x", Context: "C", Rows: []eval.Row{{ID: "x", Text: "The lamp costs 5 euros."}}}
	full, broken := errors.New("disk full"), errors.New("d.jsonl:3: broken")
	endless := func(use func(eval.Item) error) error {
		for {
			if err := use(item); err != nil {
				return err
			}
		}
	}
	if err := runner(echo{}, 4).Run(context.Background(), endless, func(eval.Result) error { return full }); !errors.Is(err, full) {
		t.Errorf("a failing writer: got %v", err)
	}
	bad := func(use func(eval.Item) error) error { return errors.Join(use(item), broken) }
	if err := runner(echo{}, 4).Run(context.Background(), bad, func(eval.Result) error { return nil }); !errors.Is(err, broken) {
		t.Errorf("a failing reader: got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := runner(echo{}, 4).Run(ctx, endless, func(eval.Result) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupt: got %v", err)
	}
}
