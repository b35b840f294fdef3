package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// App is what a configuration describes, ready to judge. Serve puts the proxy in
// front of it.
type App struct {
	cfg    *Config
	store  groundtruth.Store
	known  *groundtruth.Known // its facts and approved answers
	engine *policies.Engine
	judges map[string]*judge.Judge // by route; routes without guards have none
	hashes []byte                  // key of masks with a hash

	verifier guards.Entailer      // nil: exact comparison alone
	embedder groundtruth.Embedder // nil: evidence is searched by words alone
	safety   guards.Classifier    // nil: safety and injection are not measured
	roles    []*role              // of the encoders that were asked for
	closers  []func() error       // of what was opened beside the store
}

// Open builds the ground truth, the policies and a judge for each route.
func Open(ctx context.Context, cfg *Config, log *slog.Logger) (*App, error) {
	engine, err := policies.Open(ctx, cfg.Policies.source())
	if err != nil {
		return nil, err
	}
	store, err := cfg.GroundTruth.open(ctx, log)
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, store: store, known: groundtruth.NewKnown(store), engine: engine, judges: map[string]*judge.Judge{}, hashes: []byte(cfg.Privacy.HashKey.Reveal())}
	if len(a.hashes) == 0 {
		a.hashes = make([]byte, 32)
		rand.Read(a.hashes) // never fails
	}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// build opens the encoders that the routes need and makes the routes' judges.
func (a *App) build(ctx context.Context) (err error) {
	anyHas := func(guard string) bool {
		return slices.ContainsFunc(a.cfg.Routes, func(r RouteConfig) bool { return slices.Contains(r.Guards, guard) })
	}
	searched := func(r RouteConfig) bool { return slices.Contains(r.Guards, "groundedness") && len(r.Collections) > 0 }
	if anyHas("groundedness") {
		if err := a.openEncoders(slices.ContainsFunc(a.cfg.Routes, searched)); err != nil {
			return err
		}
	}
	if a.embedder != nil {
		if err := sameVectors(ctx, a.store, a.embedder.ID()); err != nil {
			return err
		}
	}
	if anyHas("safety") || anyHas("injection") {
		if a.safety, err = a.openSafety(); err != nil {
			return err
		}
	}
	for i := range a.cfg.Routes {
		if err := a.addJudge(&a.cfg.Routes[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) addJudge(r *RouteConfig) error {
	if len(r.Guards) == 0 {
		return nil
	}
	chain := &guards.Chain{Timeout: time.Duration(r.GuardTimeout)}
	for _, name := range r.Guards {
		g, err := guards.New(name, guards.Deps{Store: a.store, Facts: a.known, Approved: a.known, Entailment: a.verifier, EntailmentAlone: a.cfg.Encoders.Verifier.alone, Embedder: a.embedder, Safety: a.safety})
		if err != nil {
			return fmt.Errorf("route %s: %w", r.Name, err)
		}
		chain.Guards = append(chain.Guards, g)
	}
	a.judges[r.Name] = &judge.Judge{Chain: chain, Policy: a.engine, OnFailure: r.OnFailure, Index: a.store.Revision, HashKey: a.hashes, Models: a.models()}
	return nil
}

// Judge is what the answers of a route are checked with; nil for a route without
// guards, and for one that there is not.
func (a *App) Judge(route string) *judge.Judge { return a.judges[route] }

// route finds a route's configuration; "" is the first one.
func (a *App) route(name string) *RouteConfig {
	for i := range a.cfg.Routes {
		if r := &a.cfg.Routes[i]; name == "" || r.Name == name {
			return r
		}
	}
	return nil
}

// Close closes the encoders and the ground truth. Nothing may be judging any more.
func (a *App) Close() error {
	var errs []error
	for _, c := range a.closers {
		errs = append(errs, c())
	}
	return errors.Join(append(errs, a.store.Close())...)
}
