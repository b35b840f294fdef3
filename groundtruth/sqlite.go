package groundtruth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/binary"
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
	s := &SQLite{db: db, stopped: make(chan struct{})}
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

func (s *SQLite) load(ctx context.Context) error {
	if err := migrate(ctx, s.db); err != nil {
		return err
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
	k := q.K
	if k <= 0 {
		k = DefaultK
	}
	return s.index.Load().search(q, k)
}

// Replace implements Store. The document's Passages must be pieces of its Text,
// which the store keeps.
func (s *SQLite) Replace(ctx context.Context, doc Document) (bool, error) {
	if err := doc.check(); err != nil {
		return false, err
	}
	s.write.Lock()
	defer s.write.Unlock()
	src := newSource(&doc, time.Now())
	src.pack(&doc)
	changed, err := s.change(ctx, func(tx *sql.Tx, number int64) (digest uint64, changed bool, err error) {
		key, hash, embedding, err := identify(ctx, tx, doc.Collection, doc.ID)
		switch {
		case err == nil && hash == doc.Hash && embedding == doc.Embedding:
			return 0, false, nil
		case err == nil:
			digest = digestOf(doc.Collection, doc.ID, hash, embedding)
			if err = remove(ctx, tx, key); err != nil {
				return 0, false, err
			}
		case !errors.Is(err, ErrNotFound):
			return 0, false, err
		}
		if err := checkModel(ctx, tx, src); err != nil {
			return 0, false, err
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
	_, err := s.change(ctx, func(tx *sql.Tx, _ int64) (uint64, bool, error) {
		key, hash, embedding, err := identify(ctx, tx, collection, sourceID)
		if err != nil {
			return 0, false, err
		}
		return digestOf(collection, sourceID, hash, embedding), true, remove(ctx, tx, key)
	}, &source{Source: Source{Collection: collection, ID: sourceID}})
	if err != nil {
		return fmt.Errorf("deleting %s from collection %q: %w", sourceID, collection, err)
	}
	return nil
}

// change runs do in one transaction and then brings the index to what was
// committed. do returns how it changes the digest. about is the source that it
// changes: its new state, or one without passages when it is deleted; nil when
// it changes several. The caller holds s.write.
func (s *SQLite) change(ctx context.Context, do func(*sql.Tx, int64) (uint64, bool, error), about *source) (bool, error) {
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

// identify finds a stored source; ErrNotFound if there is none.
func identify(ctx context.Context, tx *sql.Tx, collection, id string) (key int64, hash, embedding string, err error) {
	err = tx.QueryRowContext(ctx, `SELECT key, hash, embedding FROM sources WHERE collection = ? AND id = ?`, collection, id).Scan(&key, &hash, &embedding)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	return key, hash, embedding, err
}

// checkModel refuses vectors of another model than those stored.
func checkModel(ctx context.Context, tx *sql.Tx, src *source) error {
	if src.dims == 0 {
		return nil
	}
	var model string
	var dims int
	err := tx.QueryRowContext(ctx, `SELECT embedding, dims FROM sources WHERE dims > 0 LIMIT 1`).Scan(&model, &dims)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return sameModel(model, dims, src.Embedding, src.dims)
}

// ForgetVectors implements Store.
func (s *SQLite) ForgetVectors(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	_, err := s.change(ctx, func(tx *sql.Tx, number int64) (digest uint64, changed bool, err error) {
		rows, err := tx.QueryContext(ctx, `SELECT collection, id, hash, embedding FROM sources WHERE embedding <> ''`)
		if err != nil {
			return 0, false, err
		}
		defer rows.Close()
		for rows.Next() {
			var collection, id, hash, embedding string
			if err := rows.Scan(&collection, &id, &hash, &embedding); err != nil {
				return 0, false, err
			}
			digest ^= digestOf(collection, id, hash, embedding) ^ digestOf(collection, id, hash, "")
			changed = true
		}
		if err := rows.Err(); err != nil || !changed {
			return 0, false, err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE passages SET vector = NULL WHERE vector IS NOT NULL`); err != nil {
			return 0, false, err
		}
		_, err = tx.ExecContext(ctx, `UPDATE sources SET embedding = '', dims = 0, changed = ? WHERE embedding <> ''`, number)
		return digest, true, err
	}, nil)
	if err != nil {
		return fmt.Errorf("dropping the vectors: %w", err)
	}
	return nil
}

// apply brings the index to rev, given the sources that differ.
func (s *SQLite) apply(sources []*source, rev revision) {
	ix := s.index.Load()
	ch := ix.begin()
	for _, src := range sources {
		if c := ix.collections[src.Collection]; c != nil && c.sources[src.ID] != nil {
			ch.remove(c.sources[src.ID])
		}
		if src.Hash != "" {
			ch.put(src)
		}
	}
	ch.publish(rev)
	if ix.wasteful() {
		s.index.Store(ix.rebuilt())
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
	for name, c := range ix.collections {
		if collection != "" && collection != name {
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
	for _, c := range ix.collections {
		if len(c.sources) > 0 {
			return fmt.Sprintf("%d-%08x", ix.revision.number, uint32(ix.revision.digest>>32))
		}
	}
	return "0"
}

// Stale returns why the index may be behind the file: the last attempt to read
// another process's changes failed. Searches still serve the last good state.
func (s *SQLite) Stale() error {
	if err := s.stale.Load(); err != nil {
		return *err
	}
	return nil
}

// Close stops looking for changes and closes the file. What was loaded can
// still be searched.
func (s *SQLite) Close() error {
	s.stop()
	<-s.stopped
	return s.db.Close()
}

// check reports what would make a document unusable.
func (d *Document) check() error {
	switch {
	case d.ID == "":
		return errors.New("storing a document: it has no ID")
	case d.Collection == "":
		return fmt.Errorf("storing %s: it names no collection", d.ID)
	case d.Hash == "":
		return fmt.Errorf("storing %s: it has no hash", d.ID)
	}
	dims := 0
	for i, p := range d.Passages {
		if i == 0 {
			dims = len(p.Vector)
		}
		if p.Start < 0 || p.End > len(d.Text) || p.Start > p.End || d.Text[p.Start:p.End] != p.Text {
			return fmt.Errorf("storing %s: passage %d is not the text at %d:%d", d.ID, i, p.Start, p.End)
		}
		if p.Ordinal != i {
			return fmt.Errorf("storing %s: passage %d calls itself %d", d.ID, i, p.Ordinal)
		}
		if len(p.Vector) != dims {
			return fmt.Errorf("storing %s: passage %d has a vector of %d components, the first one of %d", d.ID, i, len(p.Vector), dims)
		}
		if dims > 0 {
			if err := CheckVector(p.Vector); err != nil {
				return fmt.Errorf("storing %s: passage %d: %w", d.ID, i, err)
			}
		}
	}
	if len(d.Passages) > 0 && (dims > 0) != (d.Embedding != "") {
		return fmt.Errorf("storing %s: its passages have vectors of %d components, made by the model %q: give both or none", d.ID, dims, d.Embedding)
	}
	return nil
}

func newSource(d *Document, at time.Time) *source {
	src := &source{Source: Source{ID: d.ID, Collection: d.Collection, Title: d.Title, Media: d.Media, Hash: d.Hash,
		Revision: d.Hash[:min(12, len(d.Hash))], Passages: len(d.Passages), Bytes: len(d.Text), Embedding: d.Embedding, Updated: at.UTC().Truncate(time.Millisecond)},
		digest: digestOf(d.Collection, d.ID, d.Hash, d.Embedding)}
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

// digestOf stands for one source in the digest of a store.
func digestOf(collection, id, hash, embedding string) uint64 {
	text := fmt.Appendf(nil, "%q %q %q", collection, id, hash)
	if embedding != "" {
		text = fmt.Appendf(text, " %q", embedding)
	}
	sum := sha256.Sum256(text)
	return binary.BigEndian.Uint64(sum[:])
}
