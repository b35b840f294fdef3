package app

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
	"touchstone/internal/metrics"
	"touchstone/internal/stats"
	"touchstone/policies"
	"touchstone/proxy"
)

// groupWatch checks after each whole period how groups were treated in it, and has the
// policy decide on alarms. Periods that overlapped would raise false alarms more often
// than the configured rate says.
type groupWatch struct {
	period   time.Duration
	settings fairness.Settings
	sums     interface {
		Groups(ctx context.Context, from, to time.Time, f audit.Filter) (fairness.Cells, error)
	}
	alarms func(ctx context.Context, w policies.Watched) ([]policies.Alarm, error)
	log    *slog.Logger
	counts *metrics.Metrics
	latest atomic.Pointer[proxy.GroupCheck]
}

func newGroupWatch(a *App, record *audit.Log, log *slog.Logger, counts *metrics.Metrics) *groupWatch {
	return &groupWatch{period: time.Duration(a.cfg.Fairness.Period), settings: a.cfg.Fairness.settings(), sums: record, alarms: a.engine.Alarms, log: log, counts: counts}
}

// last is the last check; nil before the first.
func (g *groupWatch) last() *proxy.GroupCheck { return g.latest.Load() }

// groupRetry is when a check that could not be made is tried again.
const groupRetry = 10 * time.Minute

// run checks the last whole period at once, and each further one when it is over, until
// ctx ends.
func (g *groupWatch) run(ctx context.Context) {
	for {
		// Exchanges count where they began; most are over and written a little later.
		late := min(time.Minute, g.period/10)
		end := time.Now().Add(-late).UTC().Truncate(g.period) // from Monday, for weeks
		wait := time.Until(end.Add(g.period + late))
		if err := g.check(ctx, end); err != nil {
			wait = min(wait, groupRetry)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// check looks at the period that ends then.
func (g *groupWatch) check(ctx context.Context, end time.Time) error {
	now, err := g.sums.Groups(ctx, end.Add(-g.period), end, audit.Filter{})
	var before fairness.Cells
	if err == nil {
		before, err = g.sums.Groups(ctx, end.Add(-2*g.period), end.Add(-g.period), audit.Filter{})
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	k := &proxy.GroupCheck{From: end.Add(-g.period), To: end}
	if err == nil {
		k.Findings = fairness.Compare(now, before, g.settings)
		k.Alarms, err = g.alarms(ctx, policies.Watched{From: k.From, To: k.To, Comparisons: k.Findings.Comparisons, Probes: []any{}})
	}
	if err != nil {
		k.Failure = err.Error()
		g.log.Error("how groups are treated could not be checked: there may be alarms that nobody sees", "period_end", end, "error", err)
	}
	g.show(k)
	g.latest.Store(k)
	if errors.Is(err, policies.ErrNoAlarms) {
		return nil // trying again would not help
	}
	return err
}

// show tells metrics and log of a check.
func (g *groupWatch) show(k *proxy.GroupCheck) {
	var comparisons []metrics.Comparison
	for i := range k.Findings.Comparisons {
		c := &k.Findings.Comparisons[i]
		v := finite(c.Interval)
		comparisons = append(comparisons, metrics.Comparison{App: c.App, Route: c.Route, Model: c.Model, Group: string(c.Group),
			Outcome: string(c.Outcome), Kind: string(c.Kind), Value: v.Value, Low: v.Low, High: v.High, Null: c.Null})
	}
	var alarms []metrics.GroupAlarm
	for _, a := range k.Alarms {
		one := metrics.GroupAlarm{Rule: a.ID, Severity: a.Severity}
		if a.Comparison >= 0 {
			c := &k.Findings.Comparisons[a.Comparison]
			one.App, one.Route, one.Model, one.Group, one.Outcome = c.App, c.Route, c.Model, string(c.Group), string(c.Outcome)
		}
		alarms = append(alarms, one)
		g.log.Warn("alarm about a group", "rule", a.ID, "severity", a.Severity, "app", one.App, "route", one.Route, "model", one.Model,
			"group", one.Group, "outcome", one.Outcome, "period_end", k.To)
	}
	g.counts.GroupCheck(k.To, k.Failure == "", comparisons, alarms)
}

// finite is an interval that Prometheus can compare: ends that are not finite are far.
func finite(i stats.Interval) stats.Interval {
	end := func(v float64) float64 { return min(max(v, -1e9), 1e9) }
	if math.IsNaN(i.Value) {
		i.Value = 0
	}
	return stats.Interval{Value: i.Value, Low: end(i.Low), High: end(i.High)}
}
