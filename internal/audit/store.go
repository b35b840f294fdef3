package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/mod/sumdb/note"
	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// openFile opens a database twice, for the one writer and for readers, and brings
// its schema up to date.
func openFile(path string) (write, read *sql.DB, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, nil, err
	}
	// FULL: a commit that returned survives a power cut, not only a crash.
	// secure_delete: erased content is overwritten, not left in free pages.
	write, err = sql.Open("sqlite", dsn(path, "journal_mode(wal)", "synchronous(full)", "busy_timeout(1000)", "recursive_triggers(on)", "secure_delete(on)"))
	if err != nil {
		return nil, nil, err
	}
	write.SetMaxOpenConns(1)
	if err := migrate(write); err != nil {
		write.Close()
		return nil, nil, err
	}
	read, err = sql.Open("sqlite", dsn(path, "query_only(on)", "busy_timeout(1000)"))
	if err != nil {
		write.Close()
		return nil, nil, err
	}
	read.SetMaxOpenConns(4)
	return write, read, nil
}

func dsn(path string, pragmas ...string) string {
	q := url.Values{"_pragma": pragmas}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func migrate(db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, dir)
	if err != nil {
		return err
	}
	_, err = p.Up(context.Background())
	return err
}

// group is how many rows one INSERT of the writer holds: it spreads the cost of a
// statement over many entries.
const group = 16

// writer turns batches into transactions. It belongs to the goroutine of one Log.
type writer struct {
	db     *sql.DB
	conn   *sql.Conn
	names  *names
	next   int64 // bodies.seq of the next entry
	chain  *chain
	signer note.Signer // nil: no checkpoints

	entries, bodies       *sql.Stmt // of one row
	manyEntries, manyBody *sql.Stmt // of group rows
	sums, judging, groups *sql.Stmt
	recognise             Recognition

	buf  bytes.Buffer
	args []any
}

const entryColumns = 16

func newWriter(db *sql.DB, n *names, signer note.Signer, recognise Recognition) (*writer, error) {
	ctx := context.Background()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{db: db, conn: conn, names: n, signer: signer, recognise: recognise}
	if w.chain, err = newChain(ctx, conn); err != nil {
		return nil, err
	}
	values := func(columns, rows int) string {
		row := "(?" + strings.Repeat(",?", columns-1) + ")"
		return row + strings.Repeat(","+row, rows-1)
	}
	for _, s := range []struct {
		to  **sql.Stmt
		sql string
	}{
		{&w.entries, "INSERT INTO entries VALUES " + values(entryColumns, 1)},
		{&w.manyEntries, "INSERT INTO entries VALUES " + values(entryColumns, group)},
		{&w.bodies, "INSERT INTO bodies VALUES (?,?,?)"},
		{&w.manyBody, "INSERT INTO bodies VALUES " + values(3, group)},
		{&w.sums, addSums},
		{&w.judging, addJudging},
		{&w.groups, addGroups},
	} {
		if *s.to, err = conn.PrepareContext(ctx, s.sql); err != nil {
			return nil, fmt.Errorf("preparing %q: %w", s.sql[:min(40, len(s.sql))], err)
		}
	}
	return w, nil
}

func (w *writer) close() {
	for _, s := range []*sql.Stmt{w.entries, w.manyEntries, w.bodies, w.manyBody, w.sums, w.judging, w.groups} {
		_ = s.Close()
	}
	w.chain.close()
	_ = w.conn.Close()
}

// commit writes entries and what they add to the sums in one transaction. On a
// retry it leaves out what is there already: an attempt whose COMMIT reported an
// error may have been durable all the same.
func (w *writer) commit(entries []*Entry, retry bool) error {
	return w.transact(func(ctx context.Context) error { return w.add(ctx, entries, retry) }, false)
}

// transact does what do says in one transaction, with the chain ready for records,
// and signs a checkpoint when one is due or must be.
func (w *writer) transact(do func(ctx context.Context) error, must bool) (err error) {
	ctx := context.Background() // a transaction is never cut short; SQLite's busy_timeout bounds its waits
	if _, err = w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	defer func() {
		if err != nil {
			w.chain.undo()
			_, _ = w.conn.ExecContext(ctx, "ROLLBACK") // fails when SQLite has done so itself
		}
	}()
	if err = w.chain.begin(ctx); err != nil {
		return err
	}
	if err = do(ctx); err != nil {
		return err
	}
	if err = w.checkpoint(ctx, time.Now(), must); err != nil {
		return err
	}
	if _, err = w.conn.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// add writes entries, their records and what they add to the sums.
func (w *writer) add(ctx context.Context, entries []*Entry, retry bool) (err error) {
	if retry {
		if entries, err = w.absent(ctx, entries); err != nil {
			return err
		}
	}
	if err = w.conn.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) + 1 FROM bodies").Scan(&w.next); err != nil {
		return fmt.Errorf("numbering: %w", err)
	}
	kept := make([]*Entry, len(entries))
	facts := make([]facts, len(entries))
	for i, e := range entries {
		e.observe(w.recognise)
		kept[i] = e.kept()
		facts[i] = e.facts()
	}
	for i := 0; i < len(kept); {
		n := 1
		if len(kept)-i >= group {
			n = group
		}
		if err = w.insert(ctx, kept[i:i+n], facts[i:i+n]); err != nil {
			return err
		}
		i += n
	}
	if err = w.sumGroups(ctx, kept, facts); err != nil {
		return err
	}
	return w.sum(ctx, kept, facts)
}

// insert writes one or group entries.
func (w *writer) insert(ctx context.Context, entries []*Entry, facts []facts) error {
	toEntries, toBodies := w.entries, w.bodies
	if len(entries) == group {
		toEntries, toBodies = w.manyEntries, w.manyBody
	}
	w.args = w.args[:0]
	salts := make([]byte, saltSize*len(entries))
	rand.Read(salts) //nolint:errcheck // it never fails
	for i, e := range entries {
		body, err := w.encode(e)
		if err != nil {
			return err
		}
		salt := salts[i*saltSize : (i+1)*saltSize]
		w.args = append(w.args, w.next+int64(i), body, salt)
		r := e.record(&facts[i], salt, body)
		if err := w.chain.add(ctx, &r); err != nil {
			return err
		}
	}
	if _, err := toBodies.ExecContext(ctx, w.args...); err != nil {
		return fmt.Errorf("inserting bodies: %w", err)
	}
	w.args = w.args[:0]
	for i, e := range entries {
		f := &facts[i]
		w.args = append(w.args, e.ID, w.next+int64(i), e.At.UnixMilli(), e.Kind, e.App, e.Route, w.names.model(e.Model),
			string(e.Outcome), string(f.action), e.Status,
			f.counts.Supported, f.counts.Contradicted, f.counts.NotCovered, f.counts.NotClaim, f.counts.NotMeasured, e.Latency.Total)
	}
	if _, err := toEntries.ExecContext(ctx, w.args...); err != nil {
		return fmt.Errorf("inserting entries: %w", err)
	}
	w.next += int64(len(entries))
	return nil
}

// encode is the JSON of an entry. One that JSON cannot hold (a NaN) is kept
// without what was judged rather than holding up the log for ever.
func (w *writer) encode(e *Entry) (string, error) {
	w.buf.Reset()
	enc := json.NewEncoder(&w.buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		bare := *e
		bare.Choices = nil
		bare.Latency = Latency{}
		bare.Reason = "the entry could not be written whole: " + err.Error()
		w.buf.Reset()
		if err := enc.Encode(&bare); err != nil {
			return "", fmt.Errorf("encoding entry %s: %w", e.ID, err)
		}
	}
	return string(bytes.TrimSuffix(w.buf.Bytes(), []byte("\n"))), nil
}

// absent returns the entries that are not in the log yet, each once.
func (w *writer) absent(ctx context.Context, entries []*Entry) ([]*Entry, error) {
	var out []*Entry
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		var n int
		if err := w.conn.QueryRowContext(ctx, "SELECT count(*) FROM entries WHERE id = ?", e.ID).Scan(&n); err != nil {
			return nil, fmt.Errorf("looking for entry %s: %w", e.ID, err)
		}
		if n == 0 && !seen[e.ID] {
			out = append(out, e)
		}
		seen[e.ID] = true
	}
	return out, nil
}
