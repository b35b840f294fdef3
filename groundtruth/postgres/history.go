package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"touchstone/groundtruth"
)

// history is what a change adds to the history; with no what, nothing.
type history struct {
	collection, id, what, hash string
	body                       []byte
}

func historyOf(doc *groundtruth.Document, known bool) (history, error) {
	body, err := groundtruth.EncodeVersion(doc)
	what := groundtruth.Added
	if known {
		what = groundtruth.Changed
	}
	return history{doc.Collection, doc.ID, what, doc.Hash, body}, err
}

// record writes the change into the history, under the state that it made.
func (ch *change) record(ctx context.Context, st state) error {
	h := &ch.history
	if h.what == "" {
		return nil
	}
	_, err := ch.Exec(ctx, `INSERT INTO touchstone.changes (tenant, collection, id, number, digest, at, author, what, hash, body)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		ch.tenant, h.collection, h.id, st.number, int64(st.digest), time.Now(), groundtruth.Author(ctx), h.what, h.hash, h.body)
	if err != nil {
		return fmt.Errorf("recording the change: %w", err)
	}
	return nil
}

const changeColumns = `number, digest, at, author, what, collection, id, hash`

// changes reads changes of the tenant.
func (s *Store) changes(ctx context.Context, sql string, args ...any) ([]groundtruth.Change, error) {
	list := []groundtruth.Change{}
	if !text(s.tenant) {
		return list, nil
	}
	err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		list = list[:0]
		return asTenant(ctx, c, s.tenant, sql, args, func(rows pgx.Rows) error {
			var e groundtruth.Change
			var digest int64
			if err := rows.Scan(&e.Number, &digest, &e.At, &e.Author, &e.What, &e.Collection, &e.Source, &e.Hash); err != nil {
				return err
			}
			e.Revision, e.At = groundtruth.State(e.Number, uint64(digest)), e.At.UTC()
			list = append(list, e)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	return list, nil
}

// asTenant runs a query as the tenant, to whose rows row-level security binds it.
func asTenant(ctx context.Context, c *pgxpool.Conn, tenant, sql string, args []any, each func(pgx.Rows) error) error {
	var b pgx.Batch
	b.Queue(setTenant, tenant)
	b.Queue(sql, args...)
	r := c.SendBatch(ctx, &b)
	defer r.Close()
	if _, err := r.Exec(); err != nil {
		return err
	}
	rows, err := r.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Changes implements groundtruth.Versioned.
func (s *Store) Changes(ctx context.Context, q groundtruth.ChangeQuery) ([]groundtruth.Change, error) {
	if !text(q.Collection) || !text(q.Source) {
		return []groundtruth.Change{}, nil
	}
	return s.changes(ctx, `SELECT `+changeColumns+` FROM touchstone.changes WHERE tenant = $1 AND number > $2
		AND ($3 = '' OR collection = $3) AND ($4 = '' OR id = $4) ORDER BY number DESC, collection COLLATE "C", id COLLATE "C" LIMIT $5`,
		s.tenant, q.After, q.Collection, q.Source, q.Most())
}

// Then implements groundtruth.Versioned.
func (s *Store) Then(ctx context.Context, number int64) ([]groundtruth.Change, error) {
	if err := s.reached(ctx, number); err != nil {
		return nil, err
	}
	return s.changes(ctx, `SELECT `+changeColumns+` FROM touchstone.changes c WHERE tenant = $1 AND what <> 'removed'
		AND number = (SELECT max(number) FROM touchstone.changes d WHERE d.tenant = c.tenant AND d.collection = c.collection AND d.id = c.id AND d.number <= $2)
		ORDER BY collection COLLATE "C", id COLLATE "C"`, s.tenant, number)
}

// reached makes sure that the history goes back to a revision, and that there was one.
func (s *Store) reached(ctx context.Context, number int64) error {
	if !text(s.tenant) {
		return errors.New("the name of the tenant is not text")
	}
	var first, last int64
	err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		return asTenant(ctx, c, s.tenant, `SELECT coalesce((SELECT before FROM touchstone.forgotten WHERE tenant = $1), 0), number FROM touchstone.revision`,
			[]any{s.tenant}, func(rows pgx.Rows) error { return rows.Scan(&first, &last) })
	})
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	return groundtruth.Reached(number, first, last)
}

// Version implements groundtruth.Versioned.
func (s *Store) Version(ctx context.Context, collection, sourceID string, number int64) (groundtruth.Document, error) {
	var body []byte
	if text(s.tenant) && text(collection) && text(sourceID) {
		err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
			body = nil
			return asTenant(ctx, c, s.tenant, `SELECT body FROM touchstone.changes WHERE tenant = $1 AND collection = $2 AND id = $3 AND number = $4`,
				[]any{s.tenant, collection, sourceID, number}, func(rows pgx.Rows) error { return rows.Scan(&body) })
		})
		if err != nil {
			return groundtruth.Document{}, fmt.Errorf("reading the history: %w", err)
		}
	}
	if body == nil {
		return groundtruth.Document{}, fmt.Errorf("%s at revision %d: %w", sourceID, number, groundtruth.ErrNotFound)
	}
	return groundtruth.DecodeVersion(collection, sourceID, body)
}

// Forget implements groundtruth.Versioned.
func (s *Store) Forget(ctx context.Context, before int64) (int, error) {
	fail := func(err error) (int, error) { return 0, fmt.Errorf("forgetting the history: %w", explain(ctx, err)) }
	if err := s.reached(ctx, before); err != nil {
		return fail(err)
	}
	ctx, cancel := bounded(ctx, writeTimeout)
	defer cancel()
	conn, tx, err := s.begin(ctx)
	if err != nil {
		return fail(err)
	}
	defer conn.Release()
	defer tx.Rollback(context.WithoutCancel(ctx))
	if _, err := tx.Exec(ctx, setTenant, s.tenant); err != nil {
		return fail(err)
	}
	// The last change up to the revision stays: it is the state at it. Of a removed
	// source nothing does.
	tag, err := tx.Exec(ctx, `DELETE FROM touchstone.changes c WHERE tenant = $1 AND number <= $2 AND (what = 'removed' OR EXISTS (
		SELECT FROM touchstone.changes d WHERE d.tenant = c.tenant AND d.collection = c.collection AND d.id = c.id AND d.number > c.number AND d.number <= $2))`,
		s.tenant, before)
	if err != nil {
		return fail(err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO touchstone.forgotten VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE SET before = excluded.before`, s.tenant, before); err != nil {
		return fail(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fail(err)
	}
	return int(tag.RowsAffected()), nil
}

var _ groundtruth.Versioned = (*Store)(nil)
