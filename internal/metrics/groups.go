package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Comparison is one group compared with others. Its strings come from fixed lists, but
// for Model.
type Comparison struct {
	App, Route, Model      string
	Group, Outcome, Kind   string
	Value, Low, High, Null float64
}

// GroupAlarm is an alarm about a group.
type GroupAlarm struct{ Rule, Severity, App, Route, Model, Group, Outcome string }

// maxComparisons is how many comparisons have series of their own: the first, so the
// worst.
const maxComparisons = 200

// groups are the metrics of how groups are treated.
type groups struct {
	difference *prometheus.GaugeVec
	alarms     *prometheus.GaugeVec
	checks     *prometheus.CounterVec
	last       prometheus.Gauge
}

func newGroups() groups {
	return groups{
		difference: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "guard_group_difference",
			Help: "The worst 200 comparisons of groups in the last check: value and interval (bound: value, low, high), and what the value is where nothing differs (bound: null)."},
			[]string{"app", "route", "model", "group", "outcome", "kind", "bound"}),
		alarms: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "guard_group_alarm",
			Help: "1 for each alarm about a group that the policy raised after the last check."},
			[]string{"rule", "severity", "app", "route", "model", "group", "outcome"}),
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_group_checks_total",
			Help: "Checks of how groups are treated, by result: ok, or failed when no alarm could be decided on."}, []string{"result"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{Name: "guard_group_check_period_end_seconds",
			Help: "End of the period that the last check of groups was about, Unix time."}),
	}
}

func (g groups) collectors() []prometheus.Collector {
	return []prometheus.Collector{g.difference, g.alarms, g.checks, g.last}
}

// GroupCheck shows the last check of groups, in the place of the one before.
func (m *Metrics) GroupCheck(end time.Time, ok bool, comparisons []Comparison, alarms []GroupAlarm) {
	result := "ok"
	if !ok {
		result = "failed"
	}
	m.groups.checks.WithLabelValues(result).Inc()
	m.groups.last.Set(float64(end.Unix()))
	m.groups.difference.Reset()
	for _, c := range comparisons[:min(len(comparisons), maxComparisons)] {
		for bound, v := range map[string]float64{"value": c.Value, "low": c.Low, "high": c.High, "null": c.Null} {
			m.groups.difference.WithLabelValues(c.App, c.Route, m.model(c.Model), c.Group, c.Outcome, c.Kind, bound).Set(v)
		}
	}
	m.groups.alarms.Reset()
	for _, a := range alarms[:min(len(alarms), maxComparisons)] {
		m.groups.alarms.WithLabelValues(a.Rule, a.Severity, a.App, a.Route, m.model(a.Model), a.Group, a.Outcome).Set(1)
	}
}
