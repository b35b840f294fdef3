package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/oklog/ulid/v2"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/metrics"
	"touchstone/policies"
)

// exchange is one request on its way through the proxy, and what will be
// recorded of it. It belongs to one goroutine at a time.
type exchange struct {
	s      *Server
	ctx    context.Context // ends with the client, the shutdown, or the upstream's silence
	cancel context.CancelCauseFunc
	watch  *watched
	start  time.Time
	who    *caller
	route  *Route
	req    *chatRequest
	scope  groundtruth.Scope // for whom the answer is
	entry  audit.Entry
	word   string // why it is unchecked, as a word of a fixed list for the metrics

	wantDetail *bool // x-guard-detail
	blockError bool  // a block is a 400 for this request

	screening *judge.Screening // of the prompt; nil when no guard reads prompts

	cases    []*judge.Case
	upstream time.Duration    // spent waiting for the upstream
	off      *policies.Switch // the route is switched to block: nothing is sent upstream
	first    time.Duration    // until the upstream's first event, of a stream
	judged   time.Duration    // judging that the first sentence waited for
	withheld int              // most bytes of answer held at once
	failure  string           // what went wrong with the upstream, for the metrics
	done     bool
}

// begin opens the record of a request. Everything the exchange needs is copied
// off the fiber context: fasthttp reuses its memory once the handler returns,
// and streams outlive the handler.
func (s *Server) begin(c *fiber.Ctx, kind string) *exchange {
	x := &exchange{s: s, start: time.Now()}
	s.open.Add(1)
	x.ctx, x.cancel = context.WithCancelCause(s.base)
	x.watch = s.watch.add(c.Context().Conn(), x.cancel)
	x.entry = audit.Entry{
		Version: audit.EntryVersion, ID: ulid.Make().String(), At: x.start.UTC(), Kind: kind,
		Path: strings.Clone(c.Path()), Status: 200, Outcome: audit.Unchecked, Keep: audit.KeepAll,
	}
	c.Response().Header.Set("x-guard-request-id", x.entry.ID)
	return x
}

// identify finds the caller and its wishes from the headers.
func (x *exchange) identify(c *fiber.Ctx) error {
	h := &c.Request().Header
	who, err := x.s.keys.caller(string(h.Peek("Authorization")), string(h.Peek("Origin")))
	if err != nil {
		return err
	}
	x.who, x.entry.App = who, who.app
	if x.s.open.Load() > int64(x.s.opt.Exchanges) {
		return overloaded
	}
	switch v := string(h.Peek("x-guard-detail")); v {
	case "":
	case "true", "false":
		want := v == "true"
		x.wantDetail = &want
	default:
		return badRequest("x-guard-detail", "The header x-guard-detail must be true or false.")
	}
	switch v := string(h.Peek("x-guard-on-block")); v {
	case "", OnBlockMessage:
	case OnBlockError:
		x.blockError = true
	default:
		return badRequest("x-guard-on-block", "The header x-guard-on-block must be message or error.")
	}
	return x.scoped(c)
}

// take makes r the route of the exchange.
func (x *exchange) take(r *Route) {
	x.route = r
	x.entry.Route, x.entry.Upstream, x.entry.Keep = r.Name, r.upstream.Name, r.Keep
	x.entry.Shadow = r.Mode == policies.Shadow
	x.blockError = x.blockError || r.OnBlock == OnBlockError
}

// obey lets the emergency switch of the route count.
func (x *exchange) obey() {
	switch sw := x.s.opt.Switches.Of(x.route.Name); sw.To {
	case policies.SwitchShadow:
		x.entry.Shadow, x.entry.Switch = true, sw.To
	case policies.SwitchBlock:
		x.entry.Shadow, x.entry.Switch, x.off = false, sw.To, &sw
	}
}

// subject is one choice of the answer as guards see it, before there is one.
func (x *exchange) subject(choice int) guards.Exchange {
	key := x.entry.ID
	if x.req.user != "" {
		key = x.entry.App + "\n" + x.req.user
	}
	return guards.Exchange{
		At: x.entry.At, Key: key, ID: x.entry.ID, App: x.entry.App, Route: x.route.Name, Model: x.entry.Model,
		Prompt: x.req.messages, Given: x.req.given, Tenant: x.who.tenant, Collections: x.route.Collections, Scope: x.scope,
		Choice: choice, Streamed: x.entry.Stream,
	}
}

// open begins a case for one choice.
func (x *exchange) open(choice int) *judge.Case {
	c := x.route.Judge.Open(x.subject(choice))
	c.After(x.screening)
	return c
}

// receipts tells what has been judged so far; before there is an answer, what was
// found in the prompt.
func (x *exchange) receipts() []judge.Receipt {
	if x.off != nil {
		return []judge.Receipt{switchedOff(x.entry.ID, x.off)}
	}
	if len(x.cases) == 0 && x.screening != nil {
		return []judge.Receipt{x.screening.Receipt()}
	}
	out := make([]judge.Receipt, len(x.cases))
	for i, c := range x.cases {
		out[i] = c.Receipt()
	}
	return out
}

// ruling is what receipts come to: the strictest action, what the client is
// told, and why where that is "unchecked".
func ruling(receipts []judge.Receipt, shadow bool) (action policies.Action, outcome audit.Outcome, reason, word string) {
	action = policies.Allow
	looked := false
	for _, r := range receipts {
		if r.Action.Strictness() > action.Strictness() {
			action = r.Action
		}
		looked = looked || len(r.Sentences) > 0
		for _, g := range r.Guards {
			if g.Status != guards.OK && reason == "" {
				reason, word = "guard "+g.Guard+": "+string(g.Status), "guard_"+string(g.Status)
			}
		}
		if r.Error != "" && reason == "" {
			reason, word = "the policy engine failed", "policy_failed"
		}
		if len(r.Sentences) == 0 && len(r.Skipped) > 0 && reason == "" {
			reason, word = "not measured: "+strings.Join(r.Skipped, ", "), "not_text"
		}
	}
	switch {
	case action == policies.Block && !shadow:
		outcome = audit.Blocked
	case reason != "" && !(word == "not_text" && looked):
		outcome = audit.Unchecked
	case action == policies.Allow || shadow:
		outcome = audit.Pass
	default:
		outcome = audit.Flagged
	}
	return action, outcome, reason, word
}

// settle puts what receipts say into the entry.
func (x *exchange) settle(receipts []judge.Receipt) policies.Action {
	action, outcome, reason, word := ruling(receipts, x.entry.Shadow)
	x.entry.Choices, x.entry.Outcome = receipts, outcome
	if x.entry.Reason == "" {
		x.entry.Reason, x.word = reason, word
	}
	return action
}

// unchecked records that nobody looked at the answer, and why. reason has no
// content of the exchange; word is of a fixed list.
func (x *exchange) unchecked(word, reason string) {
	x.entry.Outcome, x.entry.Reason, x.word = audit.Unchecked, reason, word
}

// mark sets the headers that every reply of ours carries.
func (x *exchange) mark(c *fiber.Ctx, verdict audit.Outcome, action policies.Action, rules []policies.Rule) {
	h := &c.Response().Header
	h.Set("x-guard-verdict", string(verdict))
	if x.route == nil || x.route.Judge == nil {
		return
	}
	h.Set("x-guard-policy-revision", x.route.Judge.Policy.Revision())
	if x.route.Judge.Index != nil {
		h.Set("x-guard-index-revision", x.route.Judge.Index())
	}
	if x.entry.Shadow && action != policies.Allow {
		h.Set("x-guard-shadow", string(action))
	}
	if x.who.detail && len(rules) > 0 {
		ids := make([]string, len(rules))
		for i, r := range rules {
			ids[i] = r.ID
		}
		h.Set("x-guard-rules", strings.Join(ids, ","))
	}
}

// showsDetail says whether the guard object goes into the reply: where it was
// asked for or the answer was blocked, and never to a key without detail.
func (x *exchange) showsDetail(byDefault bool) bool {
	want := byDefault
	if x.req != nil && x.req.wantDetail != nil {
		want = *x.req.wantDetail
	}
	if x.wantDetail != nil {
		want = *x.wantDetail
	}
	return want && x.who.detail
}

// guardObject is the receipt of the one choice, or a list of several. It points
// into the answer and does not repeat it: what was withheld is not told here.
func guardObject(receipts []judge.Receipt) json.RawMessage {
	shown := slices.Clone(receipts)
	for i := range shown {
		shown[i].Sentences, shown[i].Steps = slices.Clone(shown[i].Sentences), nil
		for k := range shown[i].Sentences {
			shown[i].Sentences[k].Text = ""
		}
	}
	var v any = shown
	if len(shown) == 1 {
		v = shown[0]
	}
	b, err := json.Marshal(v)
	if err != nil { // a NaN score: guards promise none
		return nil
	}
	return b
}

func rulesOf(receipts []judge.Receipt) []policies.Rule {
	var out []policies.Rule
	known := map[string]bool{}
	for _, r := range receipts {
		for _, rule := range r.Rules {
			if !known[rule.ID] {
				known[rule.ID] = true
				out = append(out, rule)
			}
		}
	}
	return out
}

// sent records the text of each choice as the client got it, where that is not the
// upstream's.
func (x *exchange) sent(texts []string) {
	if !slices.Equal(texts, x.entry.Answers) {
		x.entry.Sent = texts
	}
}

// failed puts an error into the record.
func (x *exchange) failed(err error) {
	var e *apiError
	if !errors.As(err, &e) {
		e = &apiError{status: 500, code: "internal"}
	}
	x.entry.Status = e.status
	if e.code == "content_filter" { // a block told as an error: the receipts say why
		return
	}
	x.entry.Outcome, x.word = audit.Unchecked, e.code
	x.entry.Reason = e.code
	if e.upstream {
		x.failure = e.code
	}
	if e.status >= 500 {
		x.s.log.Warn("exchange failed", "id", x.entry.ID, "route", x.entry.Route, "upstream", x.entry.Upstream, "status", e.status, "code", e.code, "error", errorText(e))
	}
}

func errorText(e *apiError) string {
	if e.cause == nil {
		return e.code
	}
	return e.cause.Error()
}

// finish closes the record: metrics and one audit entry. It acts once.
func (x *exchange) finish() {
	if x.done {
		return
	}
	x.done = true
	defer x.s.open.Add(-1)
	x.s.watch.remove(x.watch)
	gone := errors.Is(context.Cause(x.ctx), errClientGone)
	x.cancel(errNothingMoreDue)
	if x.who == nil { // unknown keys must not fill the audit log
		return
	}
	if gone {
		x.entry.Status = statusClientGone
		if x.entry.Reason == "" {
			x.entry.Reason = "client_gone"
		}
	}
	total := time.Since(x.start)
	l := &x.entry.Latency
	l.Total, l.Upstream = ms(total), ms(x.upstream)
	for i, r := range x.entry.Choices {
		l.Judge += r.Ms
		if i > 0 && x.screening != nil { // it is in each receipt
			l.Judge -= ms(x.screening.Took)
		}
	}
	x.measure()
	wait := x.route != nil && x.route.Wait
	x.s.opt.Audit.Append(x.s.recording, x.entry, wait)
}

func (x *exchange) measure() {
	m := x.s.opt.Metrics
	if m == nil {
		return
	}
	mx := metrics.Exchange{
		Route: x.entry.Route, Model: x.entry.Model, Verdict: string(x.entry.Outcome), Mode: string(policies.Enforce),
		FirstSentence: x.judged, Judge: time.Duration(x.entry.Latency.Judge * float64(time.Millisecond)), Withheld: x.withheld,
	}
	if x.entry.Shadow {
		mx.Mode = string(policies.Shadow)
	}
	if x.entry.Outcome == audit.Unchecked {
		mx.Reason = x.word
	}
	for i, r := range x.entry.Choices {
		if mx.Sentences == nil {
			mx.Sentences, mx.Action = map[string]int{}, string(policies.Allow)
		}
		if r.Action.Strictness() > policies.Action(mx.Action).Strictness() {
			mx.Action = string(r.Action)
		}
		for _, s := range r.Sentences {
			mx.Sentences[string(s.Verdict)]++
		}
		for _, f := range r.Findings {
			if f.Side == guards.InAnswer || i == 0 { // what was found in the prompt is in each receipt
				mx.Findings = append(mx.Findings, metrics.Finding{Guard: f.Guard, Category: f.Category, Side: string(f.Side)})
			}
		}
		for _, g := range r.Guards {
			if g.Phase == policies.PromptPhase && i > 0 {
				continue
			}
			mx.Checks = append(mx.Checks, metrics.Check{Guard: g.Guard, OK: g.Status == guards.OK, Why: string(g.Status),
				Took: time.Duration(g.Ms * float64(time.Millisecond))})
		}
		for _, rule := range r.Rules {
			if rule.Phase == policies.PromptPhase && i > 0 {
				continue
			}
			mx.Rules = append(mx.Rules, metrics.Rule{ID: rule.ID, Decision: string(rule.Action), Lapsed: rule.Lapsed != ""})
		}
		for _, rule := range r.Shadow {
			if rule.Phase == policies.PromptPhase && i > 0 {
				continue
			}
			mx.Rules = append(mx.Rules, metrics.Rule{ID: rule.ID, Decision: string(rule.Action), State: string(rule.State)})
		}
	}
	m.Exchange(mx)
	if x.upstream > 0 {
		m.Upstream(x.entry.Kind, x.entry.Upstream, x.entry.Model, x.upstream, x.first, x.failure)
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
