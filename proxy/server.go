// Package proxy is HTTP in, HTTP out: it forwards requests to LLM APIs, has the
// answers judged, and writes what may leave. It alone imports fiber.
package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"touchstone/groundtruth"
	"touchstone/internal/audit"
	"touchstone/internal/fairness"
	"touchstone/internal/metrics"
	"touchstone/policies"
)

// A Recorder keeps audit entries. Append must not hold the caller up unless wait
// is set; it reports false for an entry that was dropped. audit.Log is one.
type Recorder interface {
	Append(ctx context.Context, e audit.Entry, wait bool) (ok bool)
}

// Options are the parts of a Server. Upstreams, Routes and Audit are required.
type Options struct {
	Upstreams   []Upstream
	Routes      []Route
	Keys        []Key // none: every caller is the application "anonymous" and may see details
	Audit       Recorder
	Metrics     *metrics.Metrics // nil: nothing is counted
	Store       groundtruth.Store
	Policies    *policies.Engine   // whose bundle the dashboard shows; nil: none
	Switches    *policies.Switches // nil: no route can be switched
	Fairness    *fairness.Settings // how groups are compared; nil: nothing is recorded of them
	GroupCheck  func() *GroupCheck // the last scheduled check of groups; nil, or returning nil: none
	OwnGroups   []string           // that applications may declare besides those of package fairness
	AdminKey    string             // guards the dashboard, /api and /metrics; "" leaves them open
	BodyLimit   int                // bytes of a request; 0 means 4 MiB
	AnswerLimit int                // bytes of an answer, all choices; 0 means 8 MiB
	Exchanges   int                // under way at once, beyond which requests are turned away; 0 means 1024
	Notices     []string           // what operators should know of a program that serves all the same; no secrets: /readyz is open
	Log         *slog.Logger
}

// Server is the proxy. It is made by New.
type Server struct {
	opt       Options
	app       *fiber.App
	log       *slog.Logger
	keys      *keyring
	groups    map[fairness.Group]bool // that applications may declare
	routes    *routes
	transport *http.Transport
	models    modelCache
	watch     *watcher
	open      atomic.Int64    // exchanges begun and not recorded
	base      context.Context // of all exchanges
	stop      context.CancelCauseFunc
	recording context.Context // of audit entries: outlives the exchanges
}

// New makes a server of its parts.
func New(opt Options) (*Server, error) {
	if opt.BodyLimit <= 0 {
		opt.BodyLimit = 4 << 20
	}
	if opt.AnswerLimit <= 0 {
		opt.AnswerLimit = 8 << 20
	}
	if opt.Exchanges <= 0 {
		opt.Exchanges = 1024
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Audit == nil {
		return nil, fmt.Errorf("no audit log")
	}
	s := &Server{opt: opt, log: opt.Log, transport: newTransport(), recording: context.Background()}
	s.groups = map[fairness.Group]bool{}
	for _, g := range fairness.Known() {
		s.groups[g] = true
	}
	for _, g := range opt.OwnGroups {
		s.groups[fairness.Group(g)] = true
	}
	var err error
	if s.keys, err = newKeyring(opt.Keys); err != nil {
		return nil, err
	}
	ups := map[string]*upstream{}
	for _, u := range opt.Upstreams {
		if ups[u.Name], err = newUpstream(u, s.transport); err != nil {
			return nil, err
		}
	}
	if s.routes, err = newRoutes(opt.Routes, ups); err != nil {
		return nil, err
	}
	if opt.Metrics != nil {
		for _, r := range s.routes.list {
			opt.Metrics.Models(r.Models...)
		}
	}
	s.base, s.stop = context.WithCancelCause(context.Background())
	s.watch = newWatcher()
	s.app = fiber.New(fiber.Config{
		AppName:               "touchstone",
		DisableStartupMessage: true,
		BodyLimit:             opt.BodyLimit,
		ReadTimeout:           time.Minute,  // for a whole request
		WriteTimeout:          writeTimeout, // from the end of a handler; streams extend it
		IdleTimeout:           2 * time.Minute,
		ReadBufferSize:        32 << 10, // headers: some clients carry large tokens
		ErrorHandler:          s.fail,
	})
	s.app.Server().CloseOnShutdown = true
	s.app.Use(func(c *fiber.Ctx) error { return s.safely(c.Path(), c.Next) })
	s.app.Post("/v1/chat/completions", s.chat)
	s.app.Get("/v1/models", s.listModels)
	s.app.All("/v1/*", s.pass)
	s.app.Post("/api/check", s.check)
	s.registerAdmin(s.app)
	return s, nil
}

// Serve accepts connections until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.app.Listener(ln); err != nil && !strings.Contains(err.Error(), "use of closed network connection") {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// Shutdown stops accepting, waits for running exchanges until ctx ends, and then
// cancels those that are left.
func (s *Server) Shutdown(ctx context.Context) error {
	err := s.app.ShutdownWithContext(ctx)
	s.stop(errShuttingDown)
	if err != nil {
		// What was cancelled still ends its reply and writes its entry. The framework
		// does not wait a second time.
		for until := time.Now().Add(2 * time.Second); s.open.Load() > 0 && time.Now().Before(until); {
			time.Sleep(5 * time.Millisecond)
		}
		if s.open.Load() == 0 {
			err = fmt.Errorf("some exchanges were cancelled: %w", ctx.Err())
		}
	}
	s.watch.close()
	s.transport.CloseIdleConnections()
	return err
}
