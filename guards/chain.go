package guards

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
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
	results := make([]Result, len(c.Guards))
	if len(c.Guards) == 1 { // the common case costs no goroutine hand-over but the one for the deadline
		results[0] = c.run(ctx, c.Guards[0], ex)
		return Report{Results: results}
	}
	var wg sync.WaitGroup
	for i, g := range c.Guards {
		wg.Go(func() { results[i] = c.run(ctx, g, ex) })
	}
	wg.Wait()
	return Report{Results: results}
}

// run asks one guard and waits for it no longer than its deadline: a guard that
// ignores its context is left behind and reported as timed out.
func (c *Chain) run(ctx context.Context, g Guard, ex *Exchange) Result {
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
		findings, err := g.Check(ctx, ex)
		done <- outcome{findings, err}
	}()
	res := Result{Guard: g.Name(), Status: OK}
	select {
	case out := <-done:
		res.Findings = out.findings
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
	if res.Status != OK {
		res.Findings = nil
	}
	res.Took = time.Since(start)
	return res
}

// Sentence is the one verdict on a claim: the worst that any guard gave it.
type Sentence struct {
	Finding
	Guard string
}

// Sentences merges a report into one verdict a claim, in the order of claims.
// A checkable claim that a guard was to measure and did not is NotMeasured.
func (r *Report) Sentences(claims []Claim) []Sentence {
	out := make([]Sentence, len(claims))
	at := make(map[int]int, len(claims))
	for i, c := range claims {
		at[c.Index] = i
		out[i] = Sentence{Finding: Finding{Claim: c, Verdict: NotMeasured, Score: 0.5, Reason: "No guard measured this sentence."}}
		if c.NotClaim != "" {
			out[i].Finding = Finding{Claim: c, Verdict: NotClaim, Reason: "Nothing to check: " + c.NotClaim + "."}
		}
	}
	for _, res := range r.Results {
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
			if ok && (out[i].Guard == "" || severity(f.Verdict) > severity(out[i].Verdict)) {
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
