package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// Event is a decision in the format of OPA's decision logs (EventV1 in OPA's
// v1/plugins/logs; the documentation calls it a decision log event). There is one for
// each choice of an answer, and one for a prompt that was screened.
type Event struct {
	Labels      map[string]string `json:"labels"`
	DecisionID  string            `json:"decision_id"` // of the exchange, with "/prompt" or the number of a further choice
	Bundles     map[string]bundle `json:"bundles"`
	Path        string            `json:"path"`
	Input       *policies.Input   `json:"input,omitempty"` // absent where the log does not hold it
	Result      eventResult       `json:"result"`
	RequestedBy string            `json:"requested_by,omitempty"` // the application
	Timestamp   time.Time         `json:"timestamp"`
	Metrics     map[string]int64  `json:"metrics,omitempty"`
	Error       *eventError       `json:"error,omitempty"` // the policy could not decide, and on_failure did
	Custom      map[string]any    `json:"custom"`
}

type bundle struct {
	Revision string `json:"revision"`
}

type eventResult struct {
	Action policies.Action `json:"action"`
	Rules  []policies.Rule `json:"rules"`
	Shadow []policies.Rule `json:"shadow"`
}

type eventError struct {
	Message string `json:"message"`
}

// Exporting writes recorded decisions as events of OPA.
type Exporting struct {
	After  string            // id of the entry after which to begin, in the order of writing; "" for all
	Labels map[string]string // of every event
	Batch  int               // bytes of events in one batch, about; 0 means 1 MiB
	// Send takes a batch of events, each as JSON, and the id of the last entry in it.
	// Its error ends the export; what was sent before need not be sent again.
	Send func(ctx context.Context, events []json.RawMessage, last string) error
}

// Run exports what is there and returns how many decisions it sent. No more than a
// page of the log and a batch are in memory.
func (x *Exporting) Run(ctx context.Context, log *audit.Reader) (sent int, err error) {
	most := x.Batch
	if most == 0 {
		most = 1 << 20
	}
	var batch []json.RawMessage
	size, last := 0, ""
	flush := func() error {
		if last == "" {
			return nil
		}
		if err := x.Send(ctx, batch, last); err != nil {
			return fmt.Errorf("sending %d decisions up to %s: %w", len(batch), last, err)
		}
		sent += len(batch)
		batch, size, last = nil, 0, ""
		return nil
	}
	err = log.Written(ctx, x.After, func(page []audit.Row) error {
		for i := range page {
			e, err := page[i].Entry()
			if err != nil {
				return err
			}
			events, err := EventsOf(e, x.Labels)
			if err != nil {
				return err
			}
			for i := range events {
				text, err := json.Marshal(&events[i])
				if err != nil {
					return fmt.Errorf("writing the decision %s: %w", events[i].DecisionID, err)
				}
				batch, size = append(batch, text), size+len(text)
			}
			last = e.ID // an entry's decisions are sent together
			if size >= most {
				if err := flush(); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	return sent, err
}

// EventsOf are the decisions of one exchange.
func EventsOf(e *audit.Entry, labels map[string]string) ([]Event, error) {
	var out []Event
	for i := range e.Choices {
		c := &e.Choices[i]
		inputs, err := c.Inputs(asked(e))
		if err != nil && !errors.Is(err, judge.ErrNoReplay) {
			return nil, fmt.Errorf("the exchange %s: %w", e.ID, err)
		}
		prompt, answer := whole(inputs, c)
		event := func(id string, phase policies.Phase, in *policies.Input) Event {
			ev := Event{Labels: labels, DecisionID: id, Bundles: map[string]bundle{"touchstone": {c.Policy}}, Path: "touchstone/decision", Input: in,
				Result: resultOf(c, phase), RequestedBy: e.App, Timestamp: e.At, Metrics: map[string]int64{"timer_touchstone_judge_ns": int64(c.Ms * 1e6)},
				Custom: map[string]any{"exchange": e.ID, "choice": c.Choice, "kind": e.Kind, "outcome": e.Outcome, "status": e.Status, "applied": !e.Shadow,
					"steps": len(c.Steps), "index_revision": c.Index, "erased": e.Erased != nil}}
			if c.Error != "" {
				ev.Error = &eventError{c.Error}
			}
			return ev
		}
		if prompt != nil && i == 0 { // it is in the receipt of each choice
			out = append(out, event(e.ID+"/prompt", policies.PromptPhase, prompt))
		}
		if answer == nil && prompt != nil {
			continue // the prompt was not sent
		}
		id := e.ID
		if c.Choice > 0 {
			id += "/" + strconv.Itoa(c.Choice)
		}
		out = append(out, event(id, "", answer))
	}
	return out, nil
}

// whole joins the steps of an answer to the input that a whole one would have had.
func whole(inputs []*policies.Input, c *judge.Receipt) (prompt, answer *policies.Input) {
	for _, in := range inputs {
		if in.Phase == policies.PromptPhase {
			prompt = in
			continue
		}
		if answer == nil {
			first := *in
			answer = &first
			continue
		}
		answer.Sentences = append(answer.Sentences, in.Sentences...)
		answer.Findings = append(answer.Findings, in.Findings...)
		answer.Counts, answer.Skipped, answer.Final = in.Counts, in.Skipped, in.Final
	}
	if answer != nil {
		answer.Guards = nil
		for _, g := range c.Guards {
			if g.Phase == "" {
				answer.Guards = append(answer.Guards, guards.Result{Guard: g.Guard, Status: g.Status, Error: g.Error, Detects: g.Detects})
			}
		}
	}
	return prompt, answer
}

// resultOf is what was decided in one phase.
func resultOf(c *judge.Receipt, phase policies.Phase) eventResult {
	r := eventResult{Action: policies.Allow, Rules: []policies.Rule{}, Shadow: []policies.Rule{}}
	for _, rule := range c.Rules {
		if rule.Phase == phase {
			r.Rules, r.Action = append(r.Rules, rule), stricter(r.Action, rule.Action)
		}
	}
	for _, rule := range c.Shadow {
		if rule.Phase == phase {
			r.Shadow = append(r.Shadow, rule)
		}
	}
	if c.Error != "" { // cancelled: no rule says so
		r.Action = stricter(r.Action, c.Action)
	}
	return r
}
