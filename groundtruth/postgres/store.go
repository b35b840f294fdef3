// Package postgres keeps ground truth in PostgreSQL with pgvector. It is the only
// package that knows the driver.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	pgvector "github.com/pgvector/pgvector-go/pgx"

	"touchstone/groundtruth"
)

// Options says how to use a database; the zero value of each but DSN is its default.
type Options struct {
	DSN         string       // postgres://user:password@host:port/database, or words as libpq takes them
	Connections int          // at most; default 8
	EfSearch    int          // how many passages a vector index looks at, 10 to 1000; default 100
	Exact       int          // up to this many passages a collection needs no index; default 500
	Log         *slog.Logger // what happens to the connection; default none
}

// How long the store waits where its caller sets no deadline, and how often it looks
// whether another process changed it.
const (
	connectTimeout = 5 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 10 * time.Minute
	pollEvery      = time.Second
)

// Store is a groundtruth.Store in PostgreSQL. A change is found as soon as it is
// stored, in every process; only Revision of other processes follows about a second
// later. When the database is gone, every call fails until it is back, without a
// restart.
type Store struct {
	*shared
	tenant string
	loads  bool // many changes come, and settle after them
}

var _ groundtruth.Store = (*Store)(nil)

// shared is what the views of all tenants have in common.
type shared struct {
	pool    *pgxpool.Pool
	opt     Options
	bound   bool // row-level security binds the user
	state   atomic.Pointer[state]
	stale   atomic.Pointer[error]
	stop    context.CancelFunc
	stopped chan struct{}
}

// state is the row of touchstone.revision.
type state struct {
	number, sources int64
	digest          uint64
}

// Open connects to a database that Migrate prepared.
func Open(ctx context.Context, opt Options) (*Store, error) {
	opt.Connections = cmp.Or(opt.Connections, 8)
	opt.EfSearch = cmp.Or(opt.EfSearch, 100)
	opt.Exact = cmp.Or(opt.Exact, 500)
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	cfg, err := parse(opt.DSN)
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, opt.DSN)
	if err != nil {
		return nil, err
	}
	bound, err := check(ctx, conn)
	conn.Close(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening the ground truth in PostgreSQL: %w", err)
	}
	if !bound {
		opt.Log.Warn("row-level security does not bind the user of the database, who owns the tables or is a superuser: "+
			"let tenants' data be read by another role (touchstone migrate -grant)", "user", cfg.ConnConfig.User)
	}
	cfg.MaxConns = int32(opt.Connections)
	cfg.AfterConnect = pgvector.RegisterTypes
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the ground truth in PostgreSQL: %w", err)
	}
	s := &Store{shared: &shared{pool: pool, opt: opt, bound: bound, stopped: make(chan struct{})}}
	if err := s.refresh(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("opening the ground truth in PostgreSQL: %w", err)
	}
	poll, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.watch(poll)
	return s, nil
}

// parse reads a DSN. Its error holds nothing of it: it may have a password anywhere.
func parse(dsn string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, errors.New("the address of the database cannot be read; give it as postgres://USER:PASSWORD@HOST:PORT/DATABASE")
	}
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	// A query whose caller gave up ends on the server as well.
	cfg.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: time.Second}
	}
	return cfg, nil
}

// CheckDSN reports whether an address can be read, without showing it.
func CheckDSN(dsn string) error {
	_, err := parse(dsn)
	return err
}

// connect opens one connection.
func connect(ctx context.Context, dsn string) (*pgx.Conn, error) {
	cfg, err := parse(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	return conn, nil
}

// bounded gives ctx a deadline if it has none.
func bounded(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, most)
}

// read runs do on a connection, and once more on a new one if that connection turned
// out to be dead: after a restart of the server, every idle one is.
func (s *shared) read(ctx context.Context, do func(context.Context, *pgxpool.Conn) error) error {
	ctx, cancel := bounded(ctx, readTimeout)
	defer cancel()
	for try := 0; ; try++ {
		err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error { return do(ctx, c) })
		if err == nil || try > 0 || ctx.Err() != nil || !dead(err) {
			return explain(ctx, err)
		}
		s.pool.Reset()
	}
}

// explain names the deadline as the cause of what it broke.
func explain(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return err
}

// dead reports whether an error is of the connection and not of what was asked.
func dead(err error) bool {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return strings.HasPrefix(pe.Code, "57P") || strings.HasPrefix(pe.Code, "08")
	}
	var ne net.Error
	return pgconn.SafeToRetry(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &ne) || errors.Is(err, net.ErrClosed)
}

// For implements groundtruth.Store.
func (s *Store) For(tenant string) groundtruth.Store { return &Store{s.shared, tenant, s.loads} }

// Revision implements groundtruth.Store.
func (s *Store) Revision() string {
	st := s.state.Load()
	if st.sources == 0 {
		return "0"
	}
	return groundtruth.State(st.number, st.digest)
}

// refresh reads the revision.
func (s *shared) refresh(ctx context.Context) error {
	return s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		before := s.state.Load()
		var st state
		var digest int64
		err := c.QueryRow(ctx, `SELECT number, digest, sources FROM touchstone.revision`).Scan(&st.number, &digest, &st.sources)
		if err != nil {
			return fmt.Errorf("reading the revision: %w", err)
		}
		st.digest = uint64(digest)
		// Unless a change of our own came in between; the database may also have gone
		// back, to a copy of it.
		s.state.CompareAndSwap(before, &st)
		return nil
	})
}

// saw notes the state after a change, unless a later one is known.
func (s *shared) saw(st state) {
	for {
		old := s.state.Load()
		if old.number >= st.number || s.state.CompareAndSwap(old, &st) {
			return
		}
	}
}

// watch keeps the revision up to date until ctx ends, and tells of the connection.
func (s *shared) watch(ctx context.Context) {
	defer close(s.stopped)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		short, cancel := context.WithTimeout(ctx, connectTimeout)
		err := s.refresh(short)
		cancel()
		was := s.stale.Load()
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && was == nil:
			s.opt.Log.Error("the ground truth in PostgreSQL cannot be reached", "error", err.Error())
			s.stale.Store(&err)
		case err == nil && was != nil:
			s.opt.Log.Info("the ground truth in PostgreSQL is back")
			s.stale.Store(nil)
		}
	}
}

// Stale returns why the database could not be reached when it was last looked for; nil
// while it can.
func (s *shared) Stale() error {
	if err := s.stale.Load(); err != nil {
		return *err
	}
	return nil
}

// Close implements groundtruth.Store.
func (s *shared) Close() error {
	s.stop()
	<-s.stopped
	s.pool.Close()
	return nil
}
