package metrics

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

// full is a Metrics in which every metric has a value.
func full() *Metrics {
	m := New()
	m.PolicyReload(true)
	m.Switches(func(add func(route, to string)) { add("support", "block") })
	m.Build("test")
	m.PolicyRevision("p1")
	m.IndexRevision("i1")
	m.WatchGroundTruth(func() error { return errors.New("gone") })
	m.WatchAudit(func() Audit { return Audit{1, 2, 3, 4, 5} })
	m.Exchange(Exchange{Route: "default", Model: "gpt-4o", Verdict: "block", Action: "block", Mode: "enforce", Reason: "guard_failed",
		Sentences: map[string]int{"supported": 3, "contradicted": 1},
		Checks:    []Check{{Guard: "groundedness", OK: true, Took: time.Millisecond}, {Guard: "bias", Why: "timeout", Took: 2 * time.Second}},
		Rules:     []Rule{{ID: "hallucination.contradicted", Decision: "block", Lapsed: true}, {ID: "hallucination.not_covered", Decision: "flag", State: "shadow"}}, FirstSentence: time.Millisecond, Judge: 2 * time.Millisecond, Withheld: 900})
	m.GroupCheck(time.Unix(1e9, 0), false, []Comparison{{App: "shop", Route: "default", Model: "gpt-4o", Group: "gender:woman", Outcome: "refused", Kind: "difference"}},
		[]GroupAlarm{{Rule: "groups.difference", Severity: "high", App: "shop", Route: "default", Model: "gpt-4o", Group: "gender:woman", Outcome: "refused"}})
	m.Upstream("chat", "openai", "gpt-4o", time.Second, 100*time.Millisecond, "")
	return m
}

func TestNamesAreThoseOfPrometheus(t *testing.T) {
	families, err := full().registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestScrape(t *testing.T) {
	rec := httptest.NewRecorder()
	full().Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body := rec.Body.String()
	for _, want := range []string{
		`guard_responses_total{action="block",mode="enforce",model="gpt-4o",route="default",verdict="block"} 1`,
		`guard_sentences_total{verdict="supported"} 3`,
		`guard_sentences_total{verdict="contradicted"} 1`,
		`guard_check_duration_seconds_count{check="groundedness"} 1`,
		`guard_added_latency_seconds_count{stage="first_sentence"} 1`,
		`guard_added_latency_seconds_sum{stage="total"} 0.002`,
		`guard_unchecked_total{reason="guard_timeout"} 1`,
		`guard_unchecked_total{reason="guard_failed"} 1`,
		`guard_policy_evaluations_total{decision="block",mode="enforce",rule="hallucination.contradicted"} 1`,
		`guard_policy_info{revision="p1"} 1`,
		`guard_index_info{revision="i1"} 1`,
		`guard_stream_withheld_bytes_sum 900`,
		`guard_audit_queue_entries 1`,
		`guard_audit_dropped_total 4`,
		`gen_ai_client_operation_duration_seconds_count{error_type="",gen_ai_operation_name="chat",gen_ai_provider_name="openai",gen_ai_request_model="gpt-4o"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no line %s", want)
		}
	}
}

func TestOneRevisionIsInForce(t *testing.T) {
	m := New()
	m.PolicyRevision("old")
	m.PolicyRevision("new")
	if got := series(t, m, "guard_policy_info"); len(got) != 1 || !strings.Contains(got[0], "new") {
		t.Errorf("revisions in force: %v, want new alone", got)
	}
}

func TestClientsCannotMakeSeriesWithoutBound(t *testing.T) {
	m := New()
	m.Models("configured")
	for i := range 10 * maxModels {
		m.Exchange(Exchange{Route: "default", Model: fmt.Sprintf("model-%d", i), Verdict: "pass", Mode: "enforce"})
	}
	m.Exchange(Exchange{Route: "default", Model: "configured", Verdict: "pass", Mode: "enforce"})
	got := series(t, m, "guard_responses_total")
	if len(got) > maxModels+1 {
		t.Errorf("%d series, want at most %d", len(got), maxModels+1)
	}
	if !strings.Contains(strings.Join(got, "\n"), `value:"configured"`) {
		t.Error("the configured model has no series of its own")
	}
}

// series are the series of one metric, as text.
func series(t *testing.T, m *Metrics, name string) (out []string) {
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, s := range f.GetMetric() {
				out = append(out, s.String())
			}
		}
	}
	return out
}
