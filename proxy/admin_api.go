package proxy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/internal/audit"
	"touchstone/policies"
)

// windows are the time windows of the dashboard and of /api/rates, with the step
// each is drawn in.
var windows = []struct {
	name       string
	long, step time.Duration
}{
	{"1h", time.Hour, 2 * time.Minute},
	{"24h", 24 * time.Hour, 30 * time.Minute},
	{"7d", 7 * 24 * time.Hour, 3 * time.Hour},
	{"30d", 30 * 24 * time.Hour, 12 * time.Hour},
}

const defaultWindow = "24h"

// window is the time from a query: its ends and step.
func window(name string) (_ string, from, to time.Time, step time.Duration, err error) {
	if name == "" {
		name = defaultWindow
	}
	for _, w := range windows {
		if w.name == name {
			// The last step holds this moment, so that the window ends with it.
			to = time.Now().UTC().Truncate(w.step).Add(w.step)
			return w.name, to.Add(-w.long), to, w.step, nil
		}
	}
	return "", from, to, 0, badRequest("window", "window is one of 1h, 24h, 7d and 30d, not %q.", name)
}

// filter is the choice of exchanges in a query. Its strings are copies.
func filter(c *fiber.Ctx) (audit.Filter, error) {
	f := audit.Filter{Route: clone(c.Query("route")), Model: clone(c.Query("model")), App: clone(c.Query("app")), Outcome: audit.Outcome(clone(c.Query("outcome")))}
	switch f.Outcome {
	case "", audit.Pass, audit.Flagged, audit.Blocked, audit.Unchecked:
		return f, nil
	}
	return f, badRequest("outcome", "outcome is one of pass, flag, block and unchecked, not %q.", f.Outcome)
}

// rateJSON is one step of /api/rates, or their sum. A rate of nothing is null.
type rateJSON struct {
	At            *time.Time      `json:"at,omitempty"`
	Exchanges     int             `json:"exchanges"`
	Passed        int             `json:"pass"`
	Flagged       int             `json:"flag"`
	Blocked       int             `json:"block"`
	Unchecked     int             `json:"unchecked"`
	Sentences     policies.Counts `json:"sentences"`
	Hallucination *audit.Estimate `json:"hallucination_per_1000"`
	Coverage      *audit.Estimate `json:"coverage"`
	NotMeasured   *audit.Estimate `json:"not_measured"`
}

func rateOf(s audit.Sums) rateJSON {
	known := func(e audit.Estimate) *audit.Estimate {
		if !e.Known() {
			return nil
		}
		return &e
	}
	return rateJSON{
		Exchanges: s.Exchanges, Passed: s.Passed, Flagged: s.Flagged, Blocked: s.Blocked, Unchecked: s.Unchecked,
		Sentences: s.Counts, Hallucination: known(s.Hallucination()), Coverage: known(s.Coverage()), NotMeasured: known(s.NotMeasured()),
	}
}

// rates is GET /api/rates.
func (a *admin) rates(c *fiber.Ctx) error {
	_, from, to, step, err := window(c.Query("window"))
	if err == nil {
		from, to, step, err = exactWindow(c, from, to, step)
	}
	if err != nil {
		return err
	}
	f, err := filter(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	points, err := a.history.Rates(ctx, from, to, step, f)
	if err != nil {
		return historyError(err)
	}
	out := struct {
		From   time.Time  `json:"from"`
		To     time.Time  `json:"to"`
		Step   int        `json:"step_seconds"`
		Total  rateJSON   `json:"total"`
		Points []rateJSON `json:"points"`
	}{points[0].At, points[len(points)-1].At.Add(step), int(step.Seconds()), rateOf(audit.Total(points)), make([]rateJSON, len(points))}
	for i := range points {
		out.Points[i] = rateOf(points[i].Sums)
		out.Points[i].At = &points[i].At
	}
	return c.JSON(out)
}

// exactWindow lets from, to and step of the query override the named window.
func exactWindow(c *fiber.Ctx, from, to time.Time, step time.Duration) (time.Time, time.Time, time.Duration, error) {
	for _, p := range []struct {
		name string
		t    *time.Time
	}{{"from", &from}, {"to", &to}} {
		if v := c.Query(p.name); v != "" {
			t, err := time.Parse(time.RFC3339, v)
			if err != nil {
				return from, to, step, badRequest(p.name, "%s must be a time such as 2026-11-24T10:00:00Z, not %q.", p.name, v)
			}
			*p.t = t
		}
	}
	if v := c.Query("step"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil || d < time.Minute || d%time.Minute != 0 {
			return from, to, step, badRequest("step", "step must be whole minutes, such as 5m or 1h, not %q.", v)
		}
		step = d
	}
	if n := to.Sub(from) / step; n < 0 || n >= 2000 || !from.Before(to) {
		return from, to, step, badRequest("step", "from must be before to, and there may be 2,000 steps between them.")
	}
	return from, to, step, nil
}

// exchanges is GET /api/exchanges.
func (a *admin) exchanges(c *fiber.Ctx) error {
	f, err := filter(c)
	if err != nil {
		return err
	}
	limit, err := strconv.Atoi(c.Query("limit", "50"))
	if err != nil || limit < 1 || limit > 500 {
		return badRequest("limit", "limit must be a number from 1 to 500.")
	}
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	list, err := a.history.Entries(ctx, f, clone(c.Query("before")), limit)
	if err != nil {
		return historyError(err)
	}
	out := struct {
		Exchanges []audit.Summary `json:"exchanges"`
		Next      string          `json:"next,omitempty"` // give as before to go on
	}{Exchanges: list}
	if len(list) == limit {
		out.Next = list[limit-1].ID
	}
	return c.JSON(out)
}

// exchange is GET /api/exchanges/ID: the audit entry.
func (a *admin) exchange(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(a.s.base, queryTime)
	defer cancel()
	e, err := a.history.Entry(ctx, clone(c.Params("id")))
	if errors.Is(err, audit.ErrNotFound) {
		return &apiError{status: 404, kind: "invalid_request_error", param: "id", code: "not_found", message: "The audit log holds no such exchange."}
	}
	if err != nil {
		return historyError(err)
	}
	return c.JSON(e)
}

func historyError(err error) *apiError {
	return &apiError{status: 500, kind: "server_error", code: "audit_unavailable", message: "The audit log could not be read.", cause: fmt.Errorf("dashboard: %w", err)}
}
