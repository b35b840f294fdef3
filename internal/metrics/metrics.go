// Package metrics holds every Prometheus metric of the program. Labels never carry
// users, prompts or other free text.
package metrics

import (
	"net/http"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// maxModels is how many model names get a label value of their own: clients choose
// the name, and each is a set of series.
const maxModels = 100

// other is the label value of what is not counted apart.
const other = "other"

// Metrics are the metrics of one process, in a registry of their own. It is safe
// for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	responses   *prometheus.CounterVec
	sentences   *prometheus.CounterVec
	findings    *prometheus.CounterVec
	checks      *prometheus.HistogramVec
	added       *prometheus.HistogramVec
	unchecked   *prometheus.CounterVec
	evaluations *prometheus.CounterVec
	lapsed      *prometheus.CounterVec
	policyInfo  *prometheus.GaugeVec
	indexInfo   *prometheus.GaugeVec
	reloads     *prometheus.CounterVec
	refused     prometheus.Gauge
	switches    *prometheus.GaugeVec
	withheld    prometheus.Histogram
	operation   *prometheus.HistogramVec
	firstChunk  *prometheus.HistogramVec

	groups groups

	mu     sync.RWMutex
	models map[string]bool
	audit  func() Audit

	revisions       sync.Mutex
	policy, indexed string
}

// judging are bucket bounds in seconds for what is added to an answer: fine where
// the promise is made, a few milliseconds.
var judging = []float64{.0001, .00025, .0005, .001, .002, .003, .005, .0075, .01, .025, .05, .1, .25, .5, 1, 2.5}

// operations are the bucket bounds in seconds that the OpenTelemetry conventions
// for generative AI advise.
var operations = []float64{.01, .02, .04, .08, .16, .32, .64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}

// New returns metrics that count from zero.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		models:   map[string]bool{},
		responses: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_responses_total",
			Help: "Answers by what the client was told (verdict: pass, flag, block, unchecked), the policy's action and the route's mode."},
			[]string{"route", "model", "verdict", "action", "mode"}),
		sentences: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_sentences_total",
			Help: "Sentences of answers by verdict."}, []string{"verdict"}),
		findings: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_findings_total",
			Help: "What guards found that says nothing about truth, by guard, category and where it lay (side: answer, prompt, tool, context)."},
			[]string{"guard", "category", "side"}),
		checks: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "guard_check_duration_seconds",
			Help: "Time one guard took for one answer.", Buckets: judging}, []string{"check"}),
		added: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "guard_added_latency_seconds",
			Help: "Time judging added to an answer: until its first sentence could leave, and in total.", Buckets: judging}, []string{"stage"}),
		unchecked: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_unchecked_total",
			Help: "Answers or guard runs that were not measured, by reason."}, []string{"reason"}),
		evaluations: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_policy_evaluations_total",
			Help: "Policy rules that fired, by the rule's decision and whether it is applied (mode): enforce, or why not: shadow, canary, exception."},
			[]string{"rule", "mode", "decision"}),
		lapsed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_policy_exceptions_lapsed_total",
			Help: "Decisions by a rule that an exception held back until the exception ended."}, []string{"rule"}),
		policyInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "guard_policy_info",
			Help: "1 for the policy revision in force."}, []string{"revision"}),
		indexInfo: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "guard_index_info",
			Help: "1 for the ground truth revision in force."}, []string{"revision"}),
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "guard_policy_reloads_total",
			Help: "Changed policy bundles by what became of them: in_force or refused."}, []string{"result"}),
		refused: prometheus.NewGauge(prometheus.GaugeOpts{Name: "guard_policy_refused",
			Help: "1 while the policy bundle found last, or its source, cannot be used and an older bundle is in force."}),
		switches: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "guard_policy_switch",
			Help: "1 for a route that an operator has switched to shadow or block; the route * is all."}, []string{"route", "to"}),
		withheld: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "guard_stream_withheld_bytes",
			Help: "Most bytes of a streamed answer that were held back at once, waiting for a verdict.", Buckets: prometheus.ExponentialBuckets(64, 4, 9)}),
		operation: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "gen_ai_client_operation_duration_seconds",
			Help: "Time of a call to an upstream, until its last byte.", Buckets: operations},
			[]string{"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "error_type"}),
		firstChunk: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "gen_ai_client_operation_time_to_first_chunk_seconds",
			Help: "Time from a streamed call to an upstream until its first chunk.", Buckets: operations},
			[]string{"gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model"}),
	}
	m.registry.MustRegister(m.responses, m.sentences, m.findings, m.checks, m.added, m.unchecked, m.evaluations, m.policyInfo, m.indexInfo,
		m.reloads, m.refused, m.lapsed, m.switches,
		m.withheld, m.operation, m.firstChunk,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.groups = newGroups()
	m.registry.MustRegister(m.groups.collectors()...)
	m.registerAudit()
	return m
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry, EnableOpenMetrics: true})
}

// Build tells which build runs.
func (m *Metrics) Build(version string) {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: "touchstone_build_info", Help: "1 for the build that runs.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()}})
	g.Set(1)
	m.registry.MustRegister(g)
}

// Models gives names of the configuration their own label value whatever clients
// ask for.
func (m *Metrics) Models(names ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range names {
		m.models[n] = true
	}
}

// model returns name or, when too many are known already, other.
func (m *Metrics) model(name string) string {
	m.mu.RLock()
	known, full := m.models[name], len(m.models) >= maxModels
	m.mu.RUnlock()
	if known {
		return name
	}
	if full || len(name) > 100 {
		return other
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.models) >= maxModels {
		return other
	}
	m.models[name] = true
	return name
}

// Rule is a policy rule that fired.
type Rule struct {
	ID, Decision string
	State        string // why it is not applied: "shadow", "canary", "exception"; "" when it is
	Lapsed       bool   // an exception held it back here until it ended
}

// Finding is something a guard found. Its strings come from fixed lists of guards.
type Finding struct{ Guard, Category, Side string }

// Check is one guard that ran, or did not.
type Check struct {
	Guard string
	OK    bool
	Why   string // why it did not: "failed", "timeout", "skipped"
	Took  time.Duration
}

// Exchange is one finished exchange. Its strings come from the configuration and
// from fixed lists, but for Model.
type Exchange struct {
	Route, Model  string
	Verdict       string // what the client was told: pass, flag, block, unchecked
	Action        string // what the policy decided; "" when it was not asked
	Mode          string // enforce or shadow
	Reason        string // of unchecked: a word of a fixed list, such as "pass_through", "upstream_error", "guard_failed"
	Sentences     map[string]int
	Findings      []Finding
	Checks        []Check
	Rules         []Rule
	FirstSentence time.Duration // judging that the first sentence waited for; 0 when nothing was judged
	Judge         time.Duration // all judging; 0 when nothing was judged
	Withheld      int           // of a streamed answer: most bytes held back at once; 0 otherwise
}

// Exchange counts a finished exchange.
func (m *Metrics) Exchange(x Exchange) {
	action, mode := x.Action, x.Mode
	if action == "" {
		action = "none"
	}
	m.responses.WithLabelValues(x.Route, m.model(x.Model), x.Verdict, action, mode).Inc()
	for v, n := range x.Sentences {
		m.sentences.WithLabelValues(v).Add(float64(n))
	}
	for _, f := range x.Findings {
		m.findings.WithLabelValues(f.Guard, f.Category, f.Side).Inc()
	}
	for _, c := range x.Checks {
		m.checks.WithLabelValues(c.Guard).Observe(c.Took.Seconds())
		if !c.OK {
			m.unchecked.WithLabelValues("guard_" + c.Why).Inc()
		}
	}
	for _, r := range x.Rules {
		applied := mode
		if r.State != "" {
			applied = r.State
		}
		m.evaluations.WithLabelValues(r.ID, applied, r.Decision).Inc()
		if r.Lapsed {
			m.lapsed.WithLabelValues(r.ID).Inc()
		}
	}
	if x.Reason != "" {
		m.unchecked.WithLabelValues(x.Reason).Inc()
	}
	if x.Judge > 0 {
		m.added.WithLabelValues("first_sentence").Observe(x.FirstSentence.Seconds())
		m.added.WithLabelValues("total").Observe(x.Judge.Seconds())
	}
	if x.Withheld > 0 {
		m.withheld.Observe(float64(x.Withheld))
	}
}

// Upstream counts one call to an upstream. operation is "chat" or another of the
// GenAI conventions; failure is "" or a word or HTTP status of what went wrong;
// first is 0 unless the answer was streamed.
func (m *Metrics) Upstream(operation, upstream, model string, total, first time.Duration, failure string) {
	model = m.model(model)
	m.operation.WithLabelValues(operation, upstream, model, failure).Observe(total.Seconds())
	if first > 0 {
		m.firstChunk.WithLabelValues(operation, upstream, model).Observe(first.Seconds())
	}
}

// Status is the label value for an HTTP status that an upstream failed with.
func Status(code int) string { return strconv.Itoa(code) }

// PolicyRevision makes r the policy revision in force.
func (m *Metrics) PolicyRevision(r string) { m.inForce(m.policyInfo, &m.policy, r) }

// PolicyReload counts a changed bundle, or one that could not be used.
func (m *Metrics) PolicyReload(ok bool) {
	result, refused := "in_force", 0.0
	if !ok {
		result, refused = "refused", 1
	}
	m.reloads.WithLabelValues(result).Inc()
	m.refused.Set(refused)
}

// Switches makes the emergency switches those that each adds.
func (m *Metrics) Switches(each func(add func(route, to string))) {
	m.revisions.Lock()
	defer m.revisions.Unlock()
	m.switches.Reset()
	each(func(route, to string) { m.switches.WithLabelValues(route, to).Set(1) })
}

// IndexRevision makes r the ground truth revision in force.
func (m *Metrics) IndexRevision(r string) { m.inForce(m.indexInfo, &m.indexed, r) }

func (m *Metrics) inForce(g *prometheus.GaugeVec, was *string, now string) {
	m.revisions.Lock()
	defer m.revisions.Unlock()
	if now == *was {
		return
	}
	g.WithLabelValues(now).Set(1)
	g.DeleteLabelValues(*was)
	*was = now
}

// Encoder is what one model that runs in the process says of itself.
type Encoder struct {
	Role, Model, SHA256 string
	Up                  bool
	OK, Timeout, Failed int64 // calls by outcome
}

// WatchGroundTruth has each scrape ask stale whether the ground truth can be reached.
func (m *Metrics) WatchGroundTruth(stale func() error) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "guard_ground_truth_up",
		Help: "1 while the ground truth can be read, 0 while its database or file cannot: answers are not measured."}, func() float64 {
		if stale() != nil {
			return 0
		}
		return 1
	}))
}

// WatchEncoders has each scrape ask read for the state of the encoders.
func (m *Metrics) WatchEncoders(read func() []Encoder) { m.registry.MustRegister(encoders(read)) }

// encoders reads the state of the encoders at each scrape.
type encoders func() []Encoder

var (
	encoderUp = prometheus.NewDesc("guard_encoder_up", "1 where the model runs in the process, 0 where verdicts are made without it.",
		[]string{"role", "model", "sha256"}, nil)
	encoderCalls = prometheus.NewDesc("guard_encoder_calls_total", "Calls of a model by outcome: ok, timeout, failed. What it was to judge in the last two is not measured.",
		[]string{"role", "outcome"}, nil)
)

func (e encoders) Describe(ch chan<- *prometheus.Desc) { ch <- encoderUp; ch <- encoderCalls }

func (e encoders) Collect(ch chan<- prometheus.Metric) {
	for _, s := range e() {
		up := 0.0
		if s.Up {
			up = 1
		}
		ch <- prometheus.MustNewConstMetric(encoderUp, prometheus.GaugeValue, up, s.Role, s.Model, s.SHA256[:min(12, len(s.SHA256))])
		for outcome, n := range map[string]int64{"ok": s.OK, "timeout": s.Timeout, "failed": s.Failed} {
			ch <- prometheus.MustNewConstMetric(encoderCalls, prometheus.CounterValue, float64(n), s.Role, outcome)
		}
	}
}

// Audit is what the audit log says of itself.
type Audit struct{ Queued, QueuedBytes, Written, Dropped, Failures int64 }

// WatchAudit has each scrape ask read for the state of the audit log.
func (m *Metrics) WatchAudit(read func() Audit) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.audit = read
}

// registerAudit adds the metrics of the audit log, which count 0 until there is one.
func (m *Metrics) registerAudit() {
	value := func(of func(Audit) int64) func() float64 {
		return func() float64 {
			m.mu.RLock()
			read := m.audit
			m.mu.RUnlock()
			if read == nil {
				return 0
			}
			return float64(of(read()))
		}
	}
	gauge := func(name, help string, of func(Audit) int64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value(of))
	}
	counter := func(name, help string, of func(Audit) int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value(of))
	}
	m.registry.MustRegister(
		gauge("guard_audit_queue_entries", "Audit entries waiting to be written.", func(a Audit) int64 { return a.Queued }),
		gauge("guard_audit_queue_bytes", "Weight of the audit entries waiting to be written.", func(a Audit) int64 { return a.QueuedBytes }),
		counter("guard_audit_written_total", "Audit entries written.", func(a Audit) int64 { return a.Written }),
		counter("guard_audit_dropped_total", "Audit entries lost.", func(a Audit) int64 { return a.Dropped }),
		counter("guard_audit_write_failures_total", "Attempts to write audit entries that failed; each is retried.", func(a Audit) int64 { return a.Failures }),
	)
}
