package groundtruth

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// pollEvery is how often the store looks whether another process changed it.
const pollEvery = time.Second

// SQLite is the embedded Store: sources and passages in one SQLite file, and an
// index over them in memory. A change is on disk before it can be found, and
// survives the death of the process; a power cut may lose the last changes but
// no part of one (WAL with synchronous=NORMAL). Changes that other processes
// make to the file are found within about a second.
type SQLite struct {
	*shared
	tenant string
}

// shared is what the views of all tenants have in common.
type shared struct {
	db    *sql.DB
	index atomic.Pointer[index]
	write sync.Mutex // one change at a time, in the file and in the index

	stop    context.CancelFunc
	stopped chan struct{}
	stale   atomic.Pointer[error]
}

var _ Store = (*SQLite)(nil)

// revision is the state of a store: the number of changes so far and a digest
// of all sources that does not depend on their order.
type revision struct {
	number int64
	digest uint64
}

// Open opens the store at path, makes it and its folder if there is none, and
// loads its index. The path ":memory:" is a store of its own that is gone after
// Close.
func Open(ctx context.Context, path string) (*SQLite, error) {
	if path != ":memory:" {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return nil, fmt.Errorf("opening the ground truth: %s is a folder: name a file, such as %s", path, filepath.Join(path, "groundtruth.db"))
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, fmt.Errorf("making the folder of the ground truth: %w", err)
		}
	}
	db, err := connect(path)
	if err != nil {
		return nil, fmt.Errorf("opening the ground truth %s: %w", path, err)
	}
	s := &SQLite{shared: &shared{db: db, stopped: make(chan struct{})}}
	if err := s.load(ctx); err != nil {
		db.Close()
		if path != ":memory:" {
			err = cmp.Or(unwritable(path), err)
		}
		return nil, fmt.Errorf("opening the ground truth %s: %w", path, err)
	}
	poll, stop := context.WithCancel(context.Background())
	s.stop = stop
	if path == ":memory:" {
		close(s.stopped)
	} else {
		go s.watch(poll)
	}
	return s, nil
}

// unwritable says why a store that did not open cannot be written, if it cannot:
// SQLite says only that it is unable to open a file, and not which.
func unwritable(path string) error {
	probe, err := os.CreateTemp(filepath.Dir(path), ".touchstone-*")
	if err != nil { // even readers write there: the log, and the memory that processes share
		return fmt.Errorf("cannot write to %s: the store needs a writable folder: %w", filepath.Dir(path), reason(err))
	}
	probe.Close()
	os.Remove(probe.Name())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot write to the file: %w", reason(err))
	}
	f.Close() // nothing, of a file that does not exist
	return nil
}

// reason is an error of a file without its name.
func reason(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func connect(path string) (*sql.DB, error) {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)"}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	if path == ":memory:" {
		dsn = "file::memory:?" + q.Encode()
	}
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // searches do not come here; and ":memory:" is a connection's own
	return db, nil
}

func (s *shared) load(ctx context.Context) error {
	if err := migrate(ctx, s.db); err != nil {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return fmt.Errorf("beginning its history: %w", err)
	}
	s.index.Store(newIndex())
	s.write.Lock()
	defer s.write.Unlock()
	return s.reload(ctx)
}

// migrate brings the file to this program's schema. Two processes may open a
// new file at once, and goose does not wait for the other: so it is tried again.
func migrate(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		if _, err = p.Up(ctx); err == nil || try == 3 || ctx.Err() != nil {
			break
		}
		time.Sleep(50 * time.Millisecond << try)
	}
	if err != nil {
		return fmt.Errorf("bringing its schema up to date: %w", err)
	}
	current, latest, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading its schema version: %w", err)
	}
	if current > latest {
		return fmt.Errorf("its schema version is %d and this program knows up to %d: it was written by a newer touchstone", current, latest)
	}
	return nil
}

// Search implements Store.
func (s *SQLite) Search(ctx context.Context, q Query) ([]Evidence, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.index.Load().search(s.tenant, q)
}

// Replace implements Store. The document's Passages must be pieces of its Text,
// which the store keeps.
func (s *SQLite) Replace(ctx context.Context, doc Document) (bool, error) {
	if err := doc.Check(); err != nil {
		return false, err
	}
	s.write.Lock()
	defer s.write.Unlock()
	src := newSource(s.tenant, &doc, time.Now())
	src.pack(&doc)
	at := name{s.tenant, doc.Collection, doc.ID}
	changed, err := s.change(ctx, func(tx *sql.Tx, number int64) (digest uint64, changed bool, err error) {
		if err := checkModel(ctx, tx, src); err != nil {
			return 0, false, err
		}
		key, hash, embedding, err := at.find(ctx, tx)
		what := Changed
		switch {
		case err == nil && hash == doc.Hash && embedding == doc.Embedding:
			return 0, false, nil
		case err == nil:
			digest = Digest(at.tenant, at.collection, at.id, hash, embedding)
			if err = remove(ctx, tx, key); err != nil {
				return 0, false, err
			}
		case errors.Is(err, ErrNotFound):
			what = Added
		default:
			return 0, false, err
		}
		if hash != doc.Hash { // other vectors are no other version
			if err := at.record(ctx, tx, number, what, &doc); err != nil {
				return 0, false, err
			}
		}
		return digest ^ src.digest, true, insert(ctx, tx, src, doc.Text, number)
	}, src)
	if err != nil {
		return false, fmt.Errorf("storing %s: %w", doc.ID, err)
	}
	return changed, nil
}

// Delete implements Store.
func (s *SQLite) Delete(ctx context.Context, collection, sourceID string) error {
	s.write.Lock()
	defer s.write.Unlock()
	at := name{s.tenant, collection, sourceID}
	_, err := s.change(ctx, func(tx *sql.Tx, number int64) (uint64, bool, error) {
		key, hash, embedding, err := at.find(ctx, tx)
		if err != nil {
			return 0, false, err
		}
		if err := at.record(ctx, tx, number, Removed, nil); err != nil {
			return 0, false, err
		}
		return Digest(at.tenant, at.collection, at.id, hash, embedding), true, remove(ctx, tx, key)
	}, at.absent())
	if err != nil {
		return fmt.Errorf("deleting %s from collection %q: %w", sourceID, collection, err)
	}
	return nil
}

// change runs do in one transaction and then brings the index to what was
// committed. do returns how it changes the digest. about is the source that it
// changes: its new state, or one without passages when it is deleted; nil when
// it changes several. The caller holds s.write.
func (s *shared) change(ctx context.Context, do func(*sql.Tx, int64) (uint64, bool, error), about *source) (bool, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback()
	rev, err := readRevision(ctx, tx)
	if err != nil {
		return false, err
	}
	before := rev
	rev.number++
	digest, changed, err := do(tx, rev.number)
	if err != nil || !changed {
		return false, err
	}
	rev.digest ^= digest
	if _, err := tx.ExecContext(ctx, `UPDATE revision SET number = ?, digest = ?`, rev.number, int64(rev.digest)); err != nil {
		return false, err
	}
	if err := nameChange(ctx, tx, rev); err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, err
	}
	ix := s.index.Load()
	if about == nil || ix.revision != before { // another process was here: take its changes along
		return true, s.reload(context.WithoutCancel(ctx))
	}
	s.apply([]*source{about}, rev)
	return true, nil
}

// name is the full name of a source.
type name struct{ tenant, collection, id string }

// absent stands for the source once it is gone.
func (n name) absent() *source {
	return &source{tenant: n.tenant, Source: Source{Collection: n.collection, ID: n.id}}
}

// find finds the source; ErrNotFound if there is none.
func (n name) find(ctx context.Context, tx *sql.Tx) (key int64, hash, embedding string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT key, hash, embedding FROM sources WHERE tenant = ? AND collection = ? AND id = ?`,
		n.tenant, n.collection, n.id).Scan(&key, &hash, &embedding)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return key, hash, embedding, err
}

// checkModel refuses vectors of another model than those the tenant has.
func checkModel(ctx context.Context, tx *sql.Tx, src *source) error {
	if src.dims == 0 {
		return nil
	}
	var model string
	var dims int
	err := tx.QueryRowContext(ctx, `SELECT embedding, dims FROM sources WHERE dims > 0 AND tenant = ? LIMIT 1`, src.tenant).Scan(&model, &dims)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return SameModel(model, dims, src.Embedding, src.dims)
}

// ForgetVectors implements Store.
func (s *SQLite) ForgetVectors(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	_, err := s.change(ctx, func(tx *sql.Tx, number int64) (digest uint64, changed bool, err error) {
		rows, err := tx.QueryContext(ctx, `SELECT collection, id, hash, embedding FROM sources WHERE tenant = ? AND embedding <> ''`, s.tenant)
		if err != nil {
			return 0, false, err
		}
		defer rows.Close()
		for rows.Next() {
			var collection, id, hash, embedding string
			if err := rows.Scan(&collection, &id, &hash, &embedding); err != nil {
				return 0, false, err
			}
			digest ^= Digest(s.tenant, collection, id, hash, embedding) ^ Digest(s.tenant, collection, id, hash, "")
			changed = true
		}
		if err := rows.Err(); err != nil || !changed {
			return 0, false, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE passages SET vector = NULL WHERE source IN (SELECT key FROM sources WHERE tenant = ? AND dims > 0)`, s.tenant); err != nil {
			return 0, false, err
		}
		_, err = tx.ExecContext(ctx, `UPDATE sources SET embedding = '', dims = 0, changed = ? WHERE tenant = ? AND embedding <> ''`, number, s.tenant)
		return digest, true, err
	}, nil)
	if err != nil {
		return fmt.Errorf("dropping the vectors: %w", err)
	}
	return nil
}

// apply brings the index to rev, given the sources that differ.
func (s *shared) apply(sources []*source, rev revision) {
	ix := s.index.Load()
	if !ix.fit(sources) {
		s.index.Store(ix.rebuilt(sources, rev))
		return
	}
	ch := ix.begin()
	for _, src := range sources {
		if c := ix.collections[src.place()]; c != nil && c.sources[src.ID] != nil {
			ch.remove(c.sources[src.ID])
		}
		if src.Hash != "" {
			ch.put(src)
		}
	}
	ch.publish(rev)
	if ix.wasteful() {
		s.index.Store(ix.rebuilt(nil, rev))
	}
}

// Sources implements Store.
func (s *SQLite) Sources(ctx context.Context, collection string) ([]Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ix := s.index.Load()
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	list := []Source{}
	for at, c := range ix.collections {
		if at.tenant != s.tenant || collection != "" && collection != at.collection {
			continue
		}
		for _, src := range c.sources {
			list = append(list, src.Source)
		}
	}
	sort.Slice(list, func(i, j int) bool {
		if list[i].Collection != list[j].Collection {
			return list[i].Collection < list[j].Collection
		}
		return list[i].ID < list[j].ID
	})
	return list, nil
}

// Revision implements Store: the number of changes so far and eight digits of
// the digest of all sources, "7-ab12cd34".
func (s *SQLite) Revision() string {
	ix := s.index.Load()
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	for at, c := range ix.collections {
		if at.tenant == s.tenant && len(c.sources) > 0 {
			return State(ix.revision.number, ix.revision.digest)
		}
	}
	return "0"
}

// For implements Store.
func (s *SQLite) For(tenant string) Store { return &SQLite{s.shared, tenant} }

// Stale returns why the index may be behind the file: the last attempt to read
// another process's changes failed. Searches still serve the last good state.
func (s *shared) Stale() error {
	if err := s.stale.Load(); err != nil {
		return *err
	}
	return nil
}

// Close stops looking for changes and closes the file. What was loaded can
// still be searched.
func (s *shared) Close() error {
	s.stop()
	<-s.stopped
	return s.db.Close()
}

func newSource(tenant string, d *Document, at time.Time) *source {
	src := &source{tenant: tenant, Source: d.Source(at), digest: Digest(tenant, d.Collection, d.ID, d.Hash, d.Embedding), records: d.Records}
	src.passages = make([]Passage, len(d.Passages))
	for i, p := range d.Passages {
		p.Text, p.Vector = d.Text[p.Start:p.End], nil // one copy, of the document; vectors are packed
		if i > 0 && p.Heading == src.passages[i-1].Heading {
			p.Heading = src.passages[i-1].Heading
		}
		src.passages[i] = p
	}
	return src
}

// pack takes the vectors of d along, in their stored form.
func (src *source) pack(d *Document) {
	for _, p := range d.Passages {
		if p.Vector != nil {
			src.packed, src.dims = append(src.packed, pack(p.Vector)), len(p.Vector)
		}
	}
}
