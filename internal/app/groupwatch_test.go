package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/fairness"
	"touchstone/internal/metrics"
	"touchstone/policies"
)

// sums answers for periods by their beginning.
type sums map[time.Time]fairness.Cells

func (s sums) Groups(_ context.Context, from, _ time.Time, _ audit.Filter) (fairness.Cells, error) {
	if c, ok := s[from]; ok {
		return c, nil
	}
	return nil, errors.New("disk on fire")
}

// refusals are cells of women and men, so many of 500 refused.
func refusals(women, men int) fairness.Cells {
	cell := func(k int) *fairness.Cell {
		return &fairness.Cell{Counts: fairness.Counts{Exchanges: 500, Answers: 500, Refused: k, Served: 500 - k}}
	}
	s := fairness.Stratum{App: "shop", Route: "loans", Model: "m"}
	return fairness.Cells{
		{Stratum: s, Label: fairness.Label{Group: "gender:woman", Basis: fairness.Asked}}: cell(women),
		{Stratum: s, Label: fairness.Label{Group: "gender:man", Basis: fairness.Asked}}:   cell(men),
	}
}

func TestGroupWatchChecksWholePeriods(t *testing.T) {
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	if !monday.Equal(monday.Truncate(7 * 24 * time.Hour)) {
		t.Fatal("weeks do not begin on Monday")
	}
	week := 7 * 24 * time.Hour
	var logs strings.Builder
	counts := metrics.New()
	g := &groupWatch{period: week, settings: fairness.DefaultSettings, alarms: engine.Alarms, counts: counts, log: slog.New(slog.NewTextHandler(&logs, nil)),
		sums: sums{monday.Add(-week): refusals(152, 40), monday.Add(-2 * week): refusals(40, 40), monday.Add(-3 * week): refusals(50, 40)}}
	if g.last() != nil {
		t.Error("a check before the first")
	}
	if err := g.check(t.Context(), monday.Add(-week)); err != nil || len(g.last().Alarms) != 0 || g.last().Failure != "" {
		t.Fatalf("%+v, %v", g.last(), err)
	}
	if err := g.check(t.Context(), monday); err != nil {
		t.Fatal(err)
	}
	k := g.last()
	rules := map[string]bool{}
	for _, a := range k.Alarms {
		rules[a.ID] = true
		if c := k.Findings.Comparisons[a.Comparison]; c.Group != "gender:woman" {
			t.Errorf("%s about %s", a.ID, c.Group)
		}
	}
	if !rules["groups.difference"] || !rules["groups.drift"] || rules["groups.four_fifths"] || !k.From.Equal(monday.Add(-week)) {
		t.Errorf("alarms %v", rules)
	}
	scrape := func() string {
		w := httptest.NewRecorder()
		counts.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	text := scrape()
	for _, want := range []string{
		`guard_group_alarm{app="shop",group="gender:woman",model="m",outcome="refused",route="loans",rule="groups.difference",severity="high"} 1`,
		`guard_group_difference{app="shop",bound="low",group="gender:woman",kind="difference",model="m",outcome="refused",route="loans"} 0.1`,
		`guard_group_checks_total{result="ok"} 2`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if !strings.Contains(logs.String(), "alarm about a group") {
		t.Error("the log says nothing")
	}

	// What could not be read is a failure and no silence.
	if err := g.check(t.Context(), monday.Add(5*week)); err == nil || !strings.Contains(g.last().Failure, "disk on fire") {
		t.Errorf("%+v, %v", g.last(), err)
	}
	if text = scrape(); !strings.Contains(text, `guard_group_checks_total{result="failed"} 1`) || strings.Contains(text, "guard_group_alarm{") {
		t.Error("metrics still tell of the check before")
	}
	// A bundle without rules on alarms is told, and not asked again and again.
	g.alarms = func(context.Context, policies.Watched) ([]policies.Alarm, error) { return nil, policies.ErrNoAlarms }
	if err := g.check(t.Context(), monday); err != nil || g.last().Failure == "" {
		t.Errorf("%+v, %v", g.last(), err)
	}
}
