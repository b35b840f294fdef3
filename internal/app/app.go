package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
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
	store  *groundtruth.SQLite
	engine *policies.Engine
	judges map[string]*judge.Judge // by route; routes without guards have none
	hashes []byte                  // key of masks with a hash
}

// Open builds the ground truth, the policies and a judge for each route.
func Open(ctx context.Context, cfg *Config) (*App, error) {
	engine, err := policies.Open(ctx, cfg.Policies.source())
	if err != nil {
		return nil, err
	}
	store, err := groundtruth.Open(ctx, cfg.GroundTruth.Path)
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, store: store, engine: engine, judges: map[string]*judge.Judge{}, hashes: []byte(cfg.Privacy.HashKey.Reveal())}
	if len(a.hashes) == 0 {
		a.hashes = make([]byte, 32)
		rand.Read(a.hashes) // never fails
	}
	for i := range cfg.Routes {
		if err := a.addJudge(&cfg.Routes[i]); err != nil {
			return nil, errors.Join(err, store.Close())
		}
	}
	return a, nil
}

func (a *App) addJudge(r *RouteConfig) error {
	if len(r.Guards) == 0 {
		return nil
	}
	chain := &guards.Chain{Timeout: time.Duration(r.GuardTimeout)}
	for _, name := range r.Guards {
		g, err := guards.New(name, guards.Deps{Store: a.store})
		if err != nil {
			return fmt.Errorf("route %s: %w", r.Name, err)
		}
		chain.Guards = append(chain.Guards, g)
	}
	a.judges[r.Name] = &judge.Judge{Chain: chain, Policy: a.engine, OnFailure: r.OnFailure, Index: a.store.Revision, HashKey: a.hashes}
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

// Close closes the ground truth.
func (a *App) Close() error { return a.store.Close() }
