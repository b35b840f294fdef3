package app

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/metrics"
	"touchstone/policies"
	"touchstone/proxy"
)

// Shutting down waits this long for answers under way, then for the record.
const (
	drainTime = 30 * time.Second
	flushTime = 10 * time.Second
)

// defaultConfig is what serve looks for when it is not told.
const defaultConfig = "touchstone.yaml"

func runServe(ctx context.Context, args []string, std Streams) int {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() {
		fmt.Fprint(std.Err, "usage: touchstone serve [-config FILE] [OPTION...]\n\nStarts the proxy.\n\n")
		fs.PrintDefaults()
	}
	config := fs.String("config", defaultConfig, "configuration `FILE`")
	listen := fs.String("listen", "", "`HOST:PORT` in place of the configured one")
	policyDir := fs.String("policies", "", "policy `FOLDER` in place of the configured bundle")
	profiling := fs.String("pprof", "", "loopback `HOST:PORT` to serve Go profiles on; off by default")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	fail := func(err error) int {
		fmt.Fprintf(std.Err, "touchstone serve: %v\n", err)
		return exitError
	}
	cfg, err := LoadConfig(*config)
	if errors.Is(err, os.ErrNotExist) && *config == defaultConfig {
		return fail(fmt.Errorf("there is no %s here; name a file by -config, or try `touchstone demo`", defaultConfig))
	}
	if err != nil {
		return fail(err)
	}
	if *listen != "" || *policyDir != "" {
		if *listen != "" {
			cfg.Listen = *listen
		}
		if *policyDir != "" {
			cfg.Policies = PoliciesConfig{Dir: *policyDir, Algorithm: cfg.Policies.Algorithm, Switches: cfg.Policies.Switches}
		}
		if err := cfg.Validate(); err != nil {
			return fail(err)
		}
	}
	stdlog.SetOutput(io.Discard) // net/http writes pieces of answers there
	if *profiling != "" {
		stop, err := serveProfiles(*profiling)
		if err != nil {
			return fail(err)
		}
		defer stop()
	}
	err = serve(ctx, cfg, newLogger(std.Err, cfg.Log.Level), func(url string) {
		if _, ok := terminal(std.Out); ok {
			fmt.Fprintf(std.Out, "Touchstone is ready at %s (dashboard), %s/v1 (API). Ctrl-C stops it.\n", url, url)
		}
	})
	if err != nil {
		return fail(err)
	}
	return exitOK
}

// parseFlags parses options that leave no arguments; ok is false when the command
// is over, with the status to return.
func parseFlags(fs *flag.FlagSet, args []string) (code int, ok bool) {
	out, usage := fs.Output(), fs.Usage
	fs.SetOutput(io.Discard) // a mistake is one line, which the whole usage would bury
	fs.Usage = func() {}
	err := fs.Parse(args)
	fs.SetOutput(out)
	fs.Usage = usage
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.Usage()
		return exitOK, false
	case err != nil:
		fmt.Fprintf(out, "touchstone %s: %v; -h explains the options\n", fs.Name(), err)
		return exitUsage, false
	case fs.NArg() > 0:
		fmt.Fprintf(fs.Output(), "touchstone %s: %q is not an option\n", fs.Name(), fs.Arg(0))
		return exitUsage, false
	}
	return exitOK, true
}

// serve runs the proxy until ctx ends. ready is called with its address once it
// accepts connections.
func serve(ctx context.Context, cfg *Config, log *slog.Logger, ready func(url string)) error {
	ln, err := listen(cfg.Listen)
	if err != nil {
		return err
	}
	defer ln.Close() // where Serve never got to; closing twice does no harm
	a, err := Open(ctx, cfg, log)
	if err != nil {
		return err
	}
	return errors.Join(a.serve(ctx, ln, log, ready), a.Close())
}

func listen(address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; stop that, or choose another address by -listen", address)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", address, err)
	}
	return ln, nil
}

// serve runs the proxy on ln until ctx ends, then lets answers under way finish
// and writes what is left of the record.
func (a *App) serve(ctx context.Context, ln net.Listener, log *slog.Logger, ready func(url string)) (err error) {
	key, err := signKey(a.cfg.Audit.keyFile())
	if err != nil {
		return err
	}
	record, err := audit.Open(a.cfg.Audit.Path, audit.Options{
		Queue: a.cfg.Audit.Queue, Flush: time.Duration(a.cfg.Audit.Flush), SignKey: key, Logger: log,
		Groups: a.cfg.Fairness.Groups,
	})
	if err != nil {
		return err
	}
	defer func() {
		flush, cancel := context.WithTimeout(context.Background(), flushTime)
		defer cancel()
		err = errors.Join(err, record.Close(flush))
	}()
	counts := metrics.New()
	counts.Build(version())
	counts.PolicyRevision(a.engine.Revision())
	counts.IndexRevision(a.store.Revision())
	counts.WatchEncoders(a.encoderStates)
	counts.WatchGroundTruth(a.store.Stale)
	for _, r := range a.roles {
		if r.problem != "" {
			log.Warn("a model is not running: "+r.without, "role", r.name, "cause", r.problem)
		}
		seldom := &quiet{every: time.Minute}
		r.report = func(role string, err error) {
			seldom.do(func() { log.Error("a model failed", "role", role, "error", err) })
		}
	}
	opt := a.proxyOptions()
	opt.Audit, opt.Metrics, opt.Log = record, counts, log
	if opt.Switches, err = policies.OpenSwitches(cmp.Or(a.cfg.Policies.Switches, filepath.Join(filepath.Dir(a.cfg.Audit.Path), "switches.json"))); err != nil {
		return err
	}
	for _, sw := range opt.Switches.List() {
		log.Warn("a route is switched", "route", sw.Route, "to", string(sw.To), "by", sw.By, "since", sw.At)
	}
	var groups *groupWatch
	if a.cfg.Fairness.Groups != audit.NoGroups {
		groups = newGroupWatch(a, record, log, counts)
		opt.Fairness, opt.GroupCheck = &groups.settings, groups.last
	}
	srv, err := proxy.New(opt)
	if err != nil {
		return err
	}
	retaining, stop := context.WithCancel(ctx)
	defer stop()
	go a.retain(retaining, record, log)
	if st := a.engine.Status(); st.Failure != "" {
		log.Error("policies come from the bundle kept from before", "error", st.Failure, "policy_revision", st.Revision)
		counts.PolicyReload(false)
	}
	watching, stopWatching := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { a.watchPolicies(watching, record, log, counts) })
	watch.Go(func() {
		opt.Switches.Watch(watching, func(err error) { log.Error("switches that another process set are not read", "error", err) })
	})
	if groups != nil {
		watch.Go(func() { groups.run(watching) })
	}
	defer func() { stopWatching(); watch.Wait() }()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ln) }()
	log.Info("listening", "address", ln.Addr().String(), "version", version(), "routes", len(a.cfg.Routes),
		"policy_revision", a.engine.Revision(), "index_revision", a.store.Revision())
	ready("http://" + ln.Addr().String())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("shutting down", "drain", drainTime.String())
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := srv.Shutdown(drain); err != nil {
		return fmt.Errorf("shutting down: %w", err)
	}
	return <-served
}

// watchPolicies puts changed bundles in force until ctx ends, and has it recorded.
func (a *App) watchPolicies(ctx context.Context, record *audit.Log, log *slog.Logger, counts *metrics.Metrics) {
	a.engine.Watch(ctx, func(s policies.Status, err error) {
		counts.PolicyReload(err == nil)
		if err != nil {
			log.Error("policy bundle refused; the one before stays in force", "source", s.Source, "policy_revision", s.Revision, "error", err)
			return
		}
		counts.PolicyRevision(s.Revision)
		if err := record.Note(ctx, "policies", s.Source, "the bundle changed", map[string]string{"revision": s.Revision, "label": s.Label, "signed": fmt.Sprint(s.Signed)}); err != nil {
			log.Error("a change of policies could not be recorded", "policy_revision", s.Revision, "error", err)
		}
		log.Info("policies in force", "source", s.Source, "policy_revision", s.Revision, "label", s.Label, "signed", s.Signed, "rules", s.Rules)
	})
}

// proxyOptions are the parts of the proxy that follow from the configuration.
func (a *App) proxyOptions() proxy.Options {
	opt := proxy.Options{
		Notices: a.notices(),
		Store:   a.store, Policies: a.engine, AdminKey: a.cfg.Admin.Key.Reveal(), OwnGroups: a.cfg.Fairness.Own,
		BodyLimit: int(a.cfg.Limits.Body), AnswerLimit: int(a.cfg.Limits.Answer), Exchanges: a.cfg.Limits.Exchanges,
	}
	for _, u := range a.cfg.Upstreams {
		headers := map[string]string{}
		for k, v := range u.Headers {
			headers[k] = v.Reveal()
		}
		opt.Upstreams = append(opt.Upstreams, proxy.Upstream{
			Name: u.Name, BaseURL: u.BaseURL, APIKey: u.APIKey.Reveal(), Headers: headers, Timeout: time.Duration(u.Timeout),
		})
	}
	for _, r := range a.cfg.Routes {
		opt.Routes = append(opt.Routes, proxy.Route{
			Name: r.Name, Models: r.Models, Upstream: r.Upstream, Model: r.Model,
			Collections: r.Collections, Judge: a.Judge(r.Name), Mode: r.Mode,
			OnBlock: r.OnBlock, BlockMessage: r.BlockMessage, PromptMessage: r.PromptBlock,
			Keep: r.Audit.Content, Wait: r.Audit.OnFull == "wait",
		})
	}
	for _, k := range a.cfg.Keys {
		opt.Keys = append(opt.Keys, proxy.Key{App: k.App, Secret: k.Key.Reveal(), Routes: k.Routes, Detail: k.Detail, Tenant: k.Tenant, Scope: k.Scope})
	}
	return opt
}

// unlogged logs nothing: a command that answers at once returns its errors.
func unlogged() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newLogger(w io.Writer, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // the configuration allows no such level
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: l}))
}

// serveProfiles serves Go's profiles, on a loopback address only: they tell about
// memory, where prompts and keys are.
func serveProfiles(address string) (stop func(), err error) {
	if !loopback(address) {
		return nil, fmt.Errorf("-pprof %q is not a loopback address, such as 127.0.0.1:6060", address)
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for profiles: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go srv.Serve(ln)
	return func() { srv.Close() }, nil
}

// loopback says whether only this machine can reach an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}

const healthUsage = "usage: touchstone health [-url URL]\n\nAsks a running proxy whether it is ready; exit status 0 or 1. For container health checks.\n\n"

func runHealth(ctx context.Context, args []string, std Streams) int {
	fs := flag.NewFlagSet("health", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, healthUsage); fs.PrintDefaults() }
	url := fs.String("url", "http://127.0.0.1:8080/readyz", "`URL` to ask")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, *url, nil)
	if err == nil {
		var resp *http.Response
		if resp, err = http.DefaultClient.Do(req); err == nil {
			defer resp.Body.Close()
			answer, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
			if resp.StatusCode == http.StatusOK {
				fmt.Fprintln(std.Out, "ready")
				return exitOK
			}
			err = fmt.Errorf("%s: %s", resp.Status, oneLine(string(answer)))
		}
	}
	fmt.Fprintf(std.Err, "touchstone health: %v\n", err)
	return exitError
}

// retainEvery is how often content past its time is looked for.
const retainEvery = time.Minute

// retain erases content that its route keeps no longer, until ctx ends.
func (a *App) retain(ctx context.Context, record *audit.Log, log *slog.Logger) {
	tick := time.NewTicker(retainEvery)
	defer tick.Stop()
	for {
		for _, r := range a.cfg.Routes {
			keep := time.Duration(r.Audit.KeepFor)
			if keep == 0 {
				continue
			}
			n, err := record.Retain(ctx, r.Name, time.Now().Add(-keep))
			if err != nil && ctx.Err() == nil {
				log.Error("erasing content past its time failed, trying again in a minute", "route", r.Name, "err", err)
			} else if n > 0 {
				log.Info("erased content past its time", "route", r.Name, "entries", n)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
