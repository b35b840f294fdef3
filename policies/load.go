package policies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/tester"
)

// Status says which bundle is in force and whether the last one that was found is it.
type Status struct {
	Source   string    `json:"source"`
	Revision string    `json:"revision"`          // in force
	Label    string    `json:"label,omitempty"`   // the revision that the bundle's own manifest gives
	Signed   bool      `json:"signed"`            // by the key of the configuration
	Since    time.Time `json:"since"`             // in force
	Rules    int       `json:"rules"`             // in force
	Failure  string    `json:"failure,omitempty"` // why the bundle found last, or the source, could not be used; the one in force stays
	FailedAt time.Time `json:"failed_at,omitzero"`
}

// Load makes an engine of the bundle at a place as At understands it: a folder, an
// archive, an address, or "" for the embedded one.
func Load(ctx context.Context, place string) (*Engine, error) { return Open(ctx, At(place)) }

// Open makes an engine of the bundle in a source. A bundle that does not compile, has
// mistakes in its data, fails its own tests or cannot decide about a made-up answer
// is an error, as lines of file:line: message where it has a place. When a server
// cannot be asked, the bundle of Source.Cache is taken, and the status says so.
func Open(ctx context.Context, s Source) (*Engine, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("loading policies: %w", err)
	}
	e := &Engine{deadline: Deadline, source: s}
	_, err := e.Reload(ctx)
	if err == nil {
		return e, nil
	}
	if s.URL == "" || s.Cache == "" || ctx.Err() != nil {
		return nil, err
	}
	cached := Source{File: s.Cache, Signing: s.Signing}
	f, cacheErr := cached.fetch(ctx, "")
	if cacheErr == nil {
		cacheErr = e.activate(ctx, &cached, f)
	}
	if cacheErr != nil {
		return nil, fmt.Errorf("%w\nnor is there a bundle kept from before in %s: %w", err, s.Cache, cacheErr)
	}
	e.failed(err)
	return e, nil
}

// Reload looks at the source and, when its bundle has changed, puts it in the place of
// the present one. It is made ready aside and swapped in at once: decisions under way
// keep theirs, and on an error the present bundle stays, and Status tells the error.
// A bundle that was refused is looked at again when it changes.
func (e *Engine) Reload(ctx context.Context) (changed bool, err error) {
	e.loading.Lock()
	defer e.loading.Unlock()
	f, err := e.source.fetch(ctx, e.mark)
	if err != nil {
		err = fmt.Errorf("loading policies from %s: %w", &e.source, err)
		e.failed(err)
		return false, err
	}
	if f == nil { // as it was; but the source may have been away meanwhile
		e.failed(e.refused)
		return false, nil
	}
	before := e.current.Load()
	e.mark = f.mark
	if e.refused = e.activate(ctx, &e.source, f); e.refused == nil && f.archive != nil && e.source.Cache != "" {
		if err := keep(e.source.Cache, f.archive); err != nil {
			e.refused = fmt.Errorf("keeping the bundle for the next start: %w", err)
		}
	}
	if e.refused != nil {
		e.failed(e.refused)
	}
	return e.current.Load() != before, e.refused
}

// testTime bounds the tests of a bundle that is to be put in force.
const testTime = 2 * time.Minute

// activate makes a bundle ready and puts it in force.
func (e *Engine) activate(ctx context.Context, s *Source, f *fetched) error {
	p, status, err := e.ready(ctx, s, f)
	if err != nil {
		return fmt.Errorf("loading policies from %s: %w", s, err)
	}
	e.current.Store(p)
	e.status.Store(status)
	return nil
}

// ready makes a bundle ready: verified, compiled, tested by its own tests and by a
// decision. The embedded bundle's tests are run when the program is built.
func (e *Engine) ready(ctx context.Context, s *Source, f *fetched) (*program, *Status, error) {
	manifest, signed, err := f.files.verify(s.Signing, s.prefix())
	if err != nil {
		return nil, nil, err
	}
	src, err := f.files.parse(s.prefix(), !s.Embedded())
	if err != nil {
		return nil, nil, err
	}
	p, err := e.prepare(ctx, src)
	if err != nil {
		return nil, nil, err
	}
	if len(src.tests) > 0 {
		if err := src.pass(ctx); err != nil {
			return nil, nil, err
		}
	}
	return p, &Status{
		Source: s.String(), Revision: p.revision, Label: manifest.Revision, Signed: signed,
		Since: time.Now().UTC(), Rules: len(p.rules),
	}, nil
}

// pass is an error when tests of the bundle fail.
func (src *source) pass(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, testTime)
	defer cancel()
	results, err := src.test(ctx, "", func(*tester.Runner) {})
	if err != nil {
		return fmt.Errorf("running the bundle's tests: %w", err)
	}
	var lines []string
	for _, r := range results {
		if !r.Pass() && !r.Skip {
			lines = append(lines, fmt.Sprintf("%s:%d: the test %s fails", r.Location.File, r.Location.Row, r.Name))
		}
	}
	if n := len(lines); n > 3 {
		lines = append(lines[:3], fmt.Sprintf("and %d more", n-3))
	}
	if len(lines) > 0 {
		return errors.New(strings.Join(lines, "\n"))
	}
	return nil
}

// failed notes why the bundle found last is not in force; nil takes it back.
func (e *Engine) failed(err error) {
	var st Status
	if now := e.status.Load(); now != nil {
		if err != nil && now.Failure == err.Error() || err == nil && now.Failure == "" {
			return
		}
		st = *now
	}
	st.Source, st.Failure, st.FailedAt = e.source.String(), "", time.Time{}
	if err != nil {
		st.Failure, st.FailedAt = err.Error(), time.Now().UTC()
	}
	e.status.Store(&st)
}

// Status tells which bundle is in force, and of a newer one that could not be used.
func (e *Engine) Status() Status { return *e.status.Load() }

// Watch looks at the source until ctx ends and puts a changed bundle in force. notify
// is called, from the same goroutine, after each change and for each new failure
// (err is not nil), not for the same failure again. The embedded bundle never changes.
func (e *Engine) Watch(ctx context.Context, notify func(s Status, err error)) {
	if e.source.Embedded() {
		return
	}
	every := cmp.Or(e.source.Poll, e.source.DefaultPoll())
	told := e.Status().Failure
	for {
		wait := every
		if e.source.URL != "" { // replicas that started together do not ask together
			wait += time.Duration(rand.Int64N(int64(every)/5 + 1))
		}
		if sleep(ctx, wait) != nil {
			return
		}
		changed, err := e.Reload(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && err.Error() != told:
			told = err.Error()
			notify(e.Status(), err)
		case err == nil && (changed || told != "" && e.Status().Failure == ""):
			told = ""
			notify(e.Status(), nil)
		}
	}
}
