package proxy_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/metrics"
	"touchstone/policies"
	"touchstone/proxy"
)

// memoryLog keeps entries for the test to look at.
type memoryLog struct {
	mu   sync.Mutex
	list []audit.Entry
}

func (l *memoryLog) Append(_ context.Context, e audit.Entry, _ bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, e)
	return true
}

func (l *memoryLog) entries() []audit.Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// server is a running proxy.
type server struct {
	url  string
	log  *memoryLog
	s    *proxy.Server
	done chan error
	once sync.Once
}

// stop shuts the server down, after which all its entries are in.
func (s *server) stop(t *testing.T) {
	s.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-s.done; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
}

func startServer(t *testing.T, sc scenario, upstream string) *server {
	t.Helper()
	r := proxy.Route{
		Name: "main", Models: []string{"m", "*"}, Upstream: "up", Model: sc.Route.Model, OnBlock: sc.Route.OnBlock,
		BlockMessage: sc.Route.BlockMessage, PromptMessage: sc.Route.PromptMessage, Mode: policies.Enforce,
	}
	if sc.Route.Shadow {
		r.Mode = policies.Shadow
	}
	if !sc.Route.Unguarded {
		r.Judge = scriptedJudge(t, sc.Route.Policy, policies.Action(sc.Route.OnFailure))
	}
	only := proxy.Route{Name: "private", Models: []string{"secret-model"}, Upstream: "up"}
	opt := proxy.Options{
		Upstreams: []proxy.Upstream{{Name: "up", BaseURL: upstream, APIKey: "upstream-secret", Timeout: 400 * time.Millisecond}},
		Routes:    []proxy.Route{r, only},
		BodyLimit: sc.Route.BodyLimit, AnswerLimit: sc.Route.AnswerLimit, Metrics: metrics.New(),
	}
	if sc.Key.Secret != "" {
		opt.Keys = []proxy.Key{{App: "other", Secret: "other-secret"}, {App: "shop", Secret: sc.Key.Secret, Routes: sc.Key.Routes, Detail: sc.Key.Detail}}
	}
	return serve(t, opt)
}

func serve(t *testing.T, opt proxy.Options) *server {
	t.Helper()
	log := &memoryLog{}
	opt.Audit = log
	s, err := proxy.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	out := &server{url: "http://" + ln.Addr().String(), log: log, s: s, done: make(chan error, 1)}
	go func() { out.done <- s.Serve(ln) }()
	t.Cleanup(func() { out.stop(t) })
	return out
}

// defaultPolicy is the bundle that the binary carries, loaded once for all tests.
var defaultPolicy = sync.OnceValues(func() (*policies.Engine, error) { return policies.Load(context.Background(), "") })

// scriptedJudge has the real cutter, chain and policy, and a guard that finds
// what the sentences say of themselves.
func scriptedJudge(t *testing.T, policy string, onFailure policies.Action) *judge.Judge {
	t.Helper()
	j := &judge.Judge{
		Chain:     &guards.Chain{Guards: []guards.Guard{scriptedGuard{}}, Timeout: 300 * time.Millisecond},
		OnFailure: onFailure, Index: func() string { return "index-7" },
	}
	if p, ok := strings.CutPrefix(policy, "private-"); ok {
		j.Chain.Guards = append(j.Chain.Guards, privateGuard{})
		j.Policy = privatePolicy(p)
		return j
	}
	if policy != "" {
		j.Policy = scriptedPolicy(policy)
		return j
	}
	engine, err := defaultPolicy()
	if err != nil {
		t.Fatal(err)
	}
	j.Policy = engine
	return j
}

// scriptedGuard reads its findings off the sentences: WRONG is contradicted,
// UNKNOWN not covered, FAULT makes it fail and SLOW makes it late.
type scriptedGuard struct{}

func (scriptedGuard) Name() string { return "scripted" }

func (scriptedGuard) Check(ctx context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	var out []guards.Finding
	for _, c := range ex.Claims {
		if c.NotClaim != "" {
			continue
		}
		f := guards.Finding{Claim: c, Verdict: guards.Supported, Score: 0.02, Reason: "It says so."}
		switch {
		case strings.Contains(c.Text, "FAULT"):
			return nil, errors.New("index unreachable")
		case strings.Contains(c.Text, "SLOW"):
			<-ctx.Done()
			return nil, ctx.Err()
		case strings.Contains(c.Text, "WRONG"):
			f.Verdict, f.Score, f.Reason = guards.Contradicted, 0.97, "The source says otherwise."
			f.Evidence = ex.Given
		case strings.Contains(c.Text, "UNKNOWN"):
			f.Verdict, f.Score, f.Reason = guards.NotCovered, 0.7, "No source speaks of it."
		}
		out = append(out, f)
	}
	return out, nil
}

// scriptedPolicy decides what the default bundle does not.
type scriptedPolicy string

func (p scriptedPolicy) Revision() string { return "scripted-1" }

func (p scriptedPolicy) Decide(_ context.Context, in *policies.Input) (policies.Decision, error) {
	d := policies.Decision{Action: policies.Allow, Revision: p.Revision()}
	if p == "broken" {
		return policies.Decision{}, errors.New("eval_conflict_error")
	}
	if p == "whole" {
		if in.Final && in.Counts.NotCovered > 0 {
			d.Action = policies.Block
			d.Rules = []policies.Rule{{ID: "test.whole", Action: policies.Block}}
		}
		return d, nil
	}
	for _, s := range in.Sentences {
		if s.Verdict == guards.Contradicted {
			d.Action = policies.Action(p)
			rule := policies.Rule{ID: "test." + string(p), Action: d.Action, Sentences: []int{s.Claim.Index}}
			if d.Action == policies.Rewrite {
				rule.Replacement = "Please ask our \"support\"."
			}
			d.Rules = append(d.Rules, rule)
		}
	}
	return d, nil
}
