package guards

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"
)

// Status says whether a guard ran. Anything but OK means "not measured", which
// is neither a pass nor a violation.
type Status string

const (
	OK      Status = "ok"
	Failed  Status = "failed"
	Timeout Status = "timeout"
	Skipped Status = "skipped"
)

// Result is one guard's part of a Report.
type Result struct {
	Guard    string
	Status   Status
	Error    string // why it is not OK; no content of the exchange
	Findings []Finding
	Took     time.Duration
	Detects  bool // the guard is a Detector: it gives no verdicts
}

// Report is what all guards of a route measured in one exchange.
type Report struct {
	Results []Result
	// Skipped names parts of the answer that no guard looked at, such as
	// "tool_calls": they were not measured.
	Skipped []string
}

// Chain runs the guards of a route, at once, each with its own deadline. It is
// safe for concurrent use.
type Chain struct {
	Guards  []Guard
	Timeout time.Duration // for each guard and call; 0 means DefaultTimeout
}

// DefaultTimeout is how long a guard may take for one segment of an answer.
const DefaultTimeout = 2 * time.Second

// Run asks every guard about ex.Claims. It returns no error: a guard that
// failed, panicked or ran out of time is a Result that says so.
func (c *Chain) Run(ctx context.Context, ex *Exchange) Report {
	return c.each(ctx, ex, c.Guards, Guard.Check)
}

// Screen asks those guards about ex.Prompt and ex.Given that read what comes in.
// Like Run it returns no error.
func (c *Chain) Screen(ctx context.Context, ex *Exchange) Report {
	return c.each(ctx, ex, c.readers(), func(g Guard, ctx context.Context, ex *Exchange) ([]Finding, error) {
		return g.(PromptGuard).CheckPrompt(ctx, ex)
	})
}

// Screens says whether any guard reads what comes in.
func (c *Chain) Screens() bool { return len(c.readers()) > 0 }

func (c *Chain) readers() []Guard {
	var out []Guard
	for _, g := range c.Guards {
		if _, ok := g.(PromptGuard); ok {
			out = append(out, g)
		}
	}
	return out
}

type method func(g Guard, ctx context.Context, ex *Exchange) ([]Finding, error)

// each asks the guards at once.
func (c *Chain) each(ctx context.Context, ex *Exchange, list []Guard, ask method) Report {
	results := make([]Result, len(list))
	if len(list) == 1 { // the common case costs no goroutine hand-over but the one for the deadline
		results[0] = c.run(ctx, list[0], ex, ask)
		return Report{Results: results}
	}
	var wg sync.WaitGroup
	for i, g := range list {
		wg.Go(func() { results[i] = c.run(ctx, g, ex, ask) })
	}
	wg.Wait()
	return Report{Results: results}
}

// run asks one guard and waits for it no longer than its deadline: a guard that
// ignores its context is left behind and reported as timed out.
func (c *Chain) run(ctx context.Context, g Guard, ex *Exchange, ask method) Result {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	start := time.Now()
	type outcome struct {
		findings []Finding
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- outcome{err: fmt.Errorf("panic: %v at %s", r, firstFrames(debug.Stack()))}
			}
		}()
		findings, err := ask(g, ctx, ex)
		if err == nil || partly(err) {
			if misplaced := ex.place(findings); misplaced != nil {
				err = misplaced
			}
		}
		done <- outcome{findings, err}
	}()
	_, detects := g.(Detector)
	res := Result{Guard: g.Name(), Status: OK, Detects: detects}
	select {
	case out := <-done:
		if out.err == nil || partly(out.err) {
			res.Findings = out.findings
		}
		if out.err != nil {
			res.Status, res.Error = Failed, out.err.Error()
			if errors.Is(out.err, context.DeadlineExceeded) {
				res.Status = Timeout
			}
		}
	case <-ctx.Done():
		res.Status, res.Error = Timeout, fmt.Sprintf("no result within %s", timeout)
		if errors.Is(ctx.Err(), context.Canceled) {
			res.Status, res.Error = Skipped, "the request was cancelled"
		}
	}
	res.Took = time.Since(start)
	return res
}

// partly says whether a guard measured some of what it was given.
func partly(err error) bool {
	_, some := errors.AsType[Unmeasured](err)
	return some
}

// place fills in where findings without a verdict lie, and refuses those that lie
// nowhere.
func (ex *Exchange) place(findings []Finding) error {
	for i := range findings {
		f := &findings[i]
		if f.Verdict != "" {
			continue
		}
		from, to := f.Claim.Start, f.Claim.End
		switch {
		case f.Side == "" || f.Side == InAnswer:
			f.Side = InAnswer
		case (f.Side == InPrompt || f.Side == InTool) && f.Message >= 0 && f.Message < len(ex.Prompt):
			from, to = 0, len(ex.Prompt[f.Message].Text)
		case f.Side == InContext && f.Message >= 0 && f.Message < len(ex.Given):
			from, to = 0, len(ex.Given[f.Message].Text)
		default:
			return fmt.Errorf("finding %d (%s) lies in %s %d, which there is not", i, f.Category, f.Side, f.Message)
		}
		if f.Start == 0 && f.End == 0 {
			f.Start, f.End = from, to
		}
		if f.Start < from || f.End < f.Start || f.End > to {
			return fmt.Errorf("finding %d (%s) spans bytes %d to %d, outside its text from %d to %d", i, f.Category, f.Start, f.End, from, to)
		}
	}
	return nil
}

// Found is a finding that says nothing about truth, and whose it is.
type Found struct {
	Finding
	Guard string
}

// Findings lists what was found that says nothing about truth, by where it lies.
func (r *Report) Findings() []Found {
	var out []Found
	for _, res := range r.Results {
		for _, f := range res.Findings {
			if f.Verdict == "" {
				out = append(out, Found{Finding: f, Guard: res.Guard})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Found) int {
		return cmp.Or(strings.Compare(string(a.Side), string(b.Side)), a.Message-b.Message, a.Start-b.Start, b.End-a.End)
	})
	return out
}

// Sentence is the one verdict on a claim: the worst that any guard gave it.
type Sentence struct {
	Finding
	Guard string
}

// Sentences merges a report into one verdict a claim, in the order of claims.
// A checkable claim that a guard was to measure and did not is NotMeasured.
func (r *Report) Sentences(claims []Claim) []Sentence {
	unchecked := "No guard of this route checks statements."
	for _, res := range r.Results {
		if !res.Detects {
			unchecked = "No guard measured this sentence."
		}
	}
	out := make([]Sentence, len(claims))
	at := make(map[int]int, len(claims))
	for i, c := range claims {
		at[c.Index] = i
		out[i] = Sentence{Finding: Finding{Claim: c, Verdict: NotMeasured, Score: 0.5, Reason: unchecked}}
		if c.NotClaim != "" {
			out[i].Finding = Finding{Claim: c, Verdict: NotClaim, Reason: "Nothing to check: " + c.NotClaim + "."}
		}
	}
	for _, res := range r.Results {
		if res.Detects {
			continue
		}
		if res.Status != OK {
			for i := range out {
				if out[i].Guard == "" && out[i].Verdict == NotMeasured {
					out[i].Reason = fmt.Sprintf("The %s guard could not run: %s.", res.Guard, res.Error)
				}
			}
			continue
		}
		for _, f := range res.Findings {
			i, ok := at[f.Claim.Index]
			if ok && f.Verdict != "" && (out[i].Guard == "" || severity(f.Verdict) > severity(out[i].Verdict)) {
				out[i] = Sentence{Finding: f, Guard: res.Guard}
			}
		}
	}
	return out
}

// severity orders verdicts from harmless to worst.
func severity(v Verdict) int {
	switch v {
	case NotClaim:
		return 0
	case Supported:
		return 1
	case NotMeasured:
		return 2
	case NotCovered:
		return 3
	default: // Contradicted
		return 4
	}
}

// firstFrames keeps the start of a stack trace, enough to find the fault.
func firstFrames(stack []byte) string {
	if len(stack) > 600 {
		stack = stack[:600]
	}
	return string(stack)
}

// Worse returns the worse of two verdicts.
func Worse(a, b Verdict) Verdict {
	if severity(b) > severity(a) {
		return b
	}
	return a
}
