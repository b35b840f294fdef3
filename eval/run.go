package eval

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Runner judges items as a route judges answers.
type Runner struct {
	Judge       *judge.Judge
	Content     *judge.Judge // of rows about what a text holds; nil: Judge
	Route       string       // named to the policy
	Collections []string     // of the ground truth, beside the context of each row
	Workers     int          // items judged at once; below 1 means 1
}

// Prediction is one row's line in a predictions file. Its form is stable.
type Prediction struct {
	ID        string          `json:"id"`
	Score     float64         `json:"score"`   // probability that the text is not supported (guards.AnswerScore)
	Verdict   guards.Verdict  `json:"verdict"` // of the worst sentence
	Action    policies.Action `json:"action"`
	Sentences []Sentence      `json:"sentences"`
	Ms        float64         `json:"ms"` // spent judging it
	*Found                    // of rows about what a text holds
}

// Sentence is one sentence of a prediction.
type Sentence struct {
	Start   int            `json:"start"` // byte offsets in the row's text
	End     int            `json:"end"`
	Verdict guards.Verdict `json:"verdict"`
	Score   float64        `json:"score"`
	Reason  string         `json:"reason"`
}

// Judged is one row and what was said of it. Of the context it keeps only how
// many of the row's words occur there.
type Judged struct {
	Row
	Prediction
	Overlap float64 // share of the row's words that occur in the context; NaN without words or context
}

// Result is one judged item.
type Result struct {
	Item   Item // without its Context
	Rows   []Judged
	Action policies.Action // on the whole answer
	Ms     float64         // spent judging it
}

// Run judges what source yields and hands the results to emit in that order,
// whatever the number of workers. It holds no more than a few items a worker at
// a time. emit is never called concurrently.
func (r Runner) Run(ctx context.Context, source func(use func(Item) error) error, emit func(Result) error) error {
	workers := max(r.Workers, 1)
	type job struct {
		item Item
		done chan Result // holds one: a worker never waits for the order
	}
	jobs, order := make(chan job), make(chan job, 4*workers)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(jobs)
		defer close(order)
		return source(func(item Item) error {
			if item.Content != nil && !detects(r.contentJudge()) {
				return errNoDetector
			}
			j := job{item, make(chan Result, 1)}
			select {
			case order <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case jobs <- j:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	for range workers {
		group.Go(func() error {
			for j := range jobs {
				j.done <- r.judge(ctx, j.item)
			}
			return nil
		})
	}
	group.Go(func() error {
		for j := range order {
			select {
			case res := <-j.done:
				// A cancelled judgement is not a measurement.
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := emit(res); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	return group.Wait()
}

func (r Runner) contentJudge() *judge.Judge {
	if r.Content != nil {
		return r.Content
	}
	return r.Judge
}

// detects says whether any guard looks at what a text holds.
func detects(j *judge.Judge) bool {
	for _, g := range j.Chain.Guards {
		if _, ok := g.(guards.Detector); ok {
			return true
		}
	}
	return false
}

// judge puts one item through the judge, row by row as a stream would come, and
// gives every sentence to the rows that it lies in.
func (r Runner) judge(ctx context.Context, item Item) Result {
	if item.Content != nil {
		return r.judgeContent(ctx, item)
	}
	ex := guards.Exchange{
		ID: item.ID, App: "eval", Route: r.Route, Collections: r.Collections,
		Given: groundtruth.Given("context", item.Title, item.Context),
	}
	if item.Question != "" {
		ex.Prompt = []guards.Message{{Role: "user", Text: item.Question}}
	}
	c := r.Judge.Open(ex)
	rows := make([]Judged, len(item.Rows))
	starts := make([]int, len(item.Rows)+1)
	indices := make([][]int, len(item.Rows)) // Claim.Index of each row's sentences
	known := wordSet(item.Title + "\n" + item.Context)
	var total time.Duration
	for i, row := range item.Rows {
		starts[i+1] = starts[i] + len(row.Text) + 1
		rows[i] = Judged{Row: row, Overlap: overlap(row.Text, known), Prediction: Prediction{
			ID: row.ID, Verdict: guards.NotClaim, Action: policies.Allow, Sentences: []Sentence{},
		}}
	}
	for i, row := range item.Rows {
		text, last := row.Text, i == len(item.Rows)-1
		if !last {
			text += " "
		}
		begin := time.Now()
		ruling, _ := c.Add(ctx, text, last)
		took := time.Since(begin)
		total += took
		share := milliseconds(took)
		if n := len(ruling.Sentences); n > 0 {
			share /= float64(n)
		} else {
			rows[i].Ms += share
		}
		for _, s := range ruling.Sentences {
			for k := range rows {
				if s.Claim.Start < starts[k]+len(rows[k].Text) && s.Claim.End > starts[k] {
					rows[k].add(s, starts[k])
					rows[k].Ms += share
					indices[k] = append(indices[k], s.Claim.Index)
				}
			}
		}
	}
	decision := c.Decision()
	for k := range rows {
		rows[k].Action = decision.Action
		if item.Whole && decision.Error == "" {
			rows[k].Action = actionOn(decision, indices[k])
		}
	}
	res := Result{Item: item, Rows: rows, Action: decision.Action, Ms: milliseconds(total)}
	res.Item.Context, res.Item.Rows = "", nil
	return res
}

// add notes a sentence of the answer as one of a row that begins at start.
func (j *Judged) add(s guards.Sentence, start int) {
	j.Sentences = append(j.Sentences, Sentence{
		Start: max(s.Claim.Start-start, 0), End: min(s.Claim.End-start, len(j.Text)),
		Verdict: s.Verdict, Score: s.Score, Reason: s.Reason,
	})
	j.Verdict = guards.Worse(j.Verdict, s.Verdict)
	var scores []float64
	for _, s := range j.Sentences {
		if s.Verdict != guards.NotClaim {
			scores = append(scores, s.Score)
		}
	}
	j.Score = guards.AnswerScore(scores)
}

// actionOn is the strictest action of the rules that name one of the sentences.
// Rules on the answer as a whole say nothing of a single sentence.
func actionOn(d policies.Decision, sentences []int) policies.Action {
	action := policies.Allow
	for _, rule := range d.Rules {
		for _, at := range rule.Sentences {
			for _, s := range sentences {
				if at == s && rule.Action.Strictness() > action.Strictness() {
					action = rule.Action
				}
			}
		}
	}
	return action
}

// caught says whether the verdict holds the text back as not supported. A text
// that could not be measured is never passed.
func caught(v guards.Verdict) bool {
	return v == guards.Contradicted || v == guards.NotCovered || v == guards.NotMeasured
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
