package groundtruth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// record adds a change to the history. doc is the source after it; nil once removed.
// The digest of the revision is not known yet.
func (n name) record(ctx context.Context, tx *sql.Tx, number int64, what string, doc *Document) error {
	var body []byte
	hash := ""
	if doc != nil {
		var err error
		if body, err = EncodeVersion(doc); err != nil {
			return err
		}
		hash = doc.Hash
	}
	return n.insertChange(ctx, tx, number, time.Now(), Author(ctx), what, hash, body)
}

func (n name) insertChange(ctx context.Context, tx *sql.Tx, number int64, at time.Time, author, what, hash string, body []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO changes (tenant, collection, id, number, digest, at, author, what, hash, body) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?)`,
		n.tenant, n.collection, n.id, number, at.UnixMilli(), author, what, hash, body)
	if err != nil {
		return fmt.Errorf("recording the change: %w", err)
	}
	return nil
}

// begin makes the history of a store from before there was one: what it holds is how
// each source began, as far as can be told.
func (s *shared) begin(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	var missing int
	if err := tx.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM sources) * NOT EXISTS (SELECT 1 FROM changes)`).Scan(&missing); err != nil || missing == 0 {
		return err
	}
	rev, err := readRevision(ctx, tx)
	if err != nil {
		return err
	}
	list, err := readSources(ctx, tx, 0)
	if err != nil {
		return err
	}
	for _, src := range list {
		d := Document{ID: src.ID, Collection: src.Collection, Title: src.Title, Media: src.Media, Hash: src.Hash, Passages: src.passages, Records: src.records}
		n := name{src.tenant, src.Collection, src.ID}
		var number int64
		err := tx.QueryRowContext(ctx, `SELECT text, changed FROM sources WHERE tenant = ? AND collection = ? AND id = ?`, n.tenant, n.collection, n.id).Scan(&d.Text, &number)
		if err != nil {
			return err
		}
		body, err := EncodeVersion(&d)
		if err != nil {
			return err
		}
		if err := n.insertChange(ctx, tx, number, src.Updated, "", Added, d.Hash, body); err != nil {
			return err
		}
		if number == rev.number {
			if err := nameChange(ctx, tx, rev); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}

// nameChange writes what the revision is called into its changes.
func nameChange(ctx context.Context, tx *sql.Tx, rev revision) error {
	_, err := tx.ExecContext(ctx, `UPDATE changes SET digest = ? WHERE number = ?`, int64(rev.digest), rev.number)
	return err
}

const changeColumns = `number, digest, at, author, what, collection, id, hash`

func readChanges(rows *sql.Rows, err error) ([]Change, error) {
	if err != nil {
		return nil, fmt.Errorf("reading the history: %w", err)
	}
	defer rows.Close()
	list := []Change{}
	for rows.Next() {
		var c Change
		var digest, at int64
		if err := rows.Scan(&c.Number, &digest, &at, &c.Author, &c.What, &c.Collection, &c.Source, &c.Hash); err != nil {
			return nil, fmt.Errorf("reading the history: %w", err)
		}
		c.Revision, c.At = State(c.Number, uint64(digest)), time.UnixMilli(at).UTC()
		list = append(list, c)
	}
	return list, rows.Err()
}

// Changes implements Versioned.
func (s *SQLite) Changes(ctx context.Context, q ChangeQuery) ([]Change, error) {
	return readChanges(s.db.QueryContext(ctx, `SELECT `+changeColumns+` FROM changes
		WHERE tenant = ? AND number > ? AND (? = '' OR collection = ?) AND (? = '' OR id = ?) ORDER BY number DESC, collection, id LIMIT ?`,
		s.tenant, q.After, q.Collection, q.Collection, q.Source, q.Source, q.Most()))
}

// Then implements Versioned.
func (s *SQLite) Then(ctx context.Context, number int64) ([]Change, error) {
	if err := s.reached(ctx, number); err != nil {
		return nil, err
	}
	return readChanges(s.db.QueryContext(ctx, `SELECT `+changeColumns+` FROM changes c WHERE tenant = ? AND what <> 'removed'
		AND number = (SELECT max(number) FROM changes d WHERE d.tenant = c.tenant AND d.collection = c.collection AND d.id = c.id AND d.number <= ?)
		ORDER BY collection, id`, s.tenant, number))
}

// reached makes sure that the history goes back to a revision, and that there was one.
func (s *SQLite) reached(ctx context.Context, number int64) error {
	rev, err := readRevision(ctx, s.db)
	if err != nil {
		return err
	}
	var first int64
	err = s.db.QueryRowContext(ctx, `SELECT coalesce((SELECT before FROM forgotten WHERE tenant = ?), 0)`, s.tenant).Scan(&first)
	if err != nil {
		return fmt.Errorf("reading the history: %w", err)
	}
	return Reached(number, first, rev.number)
}

// Reached reports why the state at a revision cannot be told: it is older than the
// first, or newer than the last.
func Reached(number, first, last int64) error {
	switch {
	case number > last:
		return fmt.Errorf("there is no revision %d: the last one is %d", number, last)
	case number < first:
		return fmt.Errorf("the history before revision %d was forgotten", first)
	}
	return nil
}

// Version implements Versioned.
func (s *SQLite) Version(ctx context.Context, collection, sourceID string, number int64) (Document, error) {
	var body []byte
	err := s.db.QueryRowContext(ctx, `SELECT body FROM changes WHERE tenant = ? AND collection = ? AND id = ? AND number = ? AND body IS NOT NULL`,
		s.tenant, collection, sourceID, number).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return Document{}, fmt.Errorf("%s at revision %d: %w", sourceID, number, ErrNotFound)
	}
	if err != nil {
		return Document{}, fmt.Errorf("reading the history: %w", err)
	}
	return DecodeVersion(collection, sourceID, body)
}

// Forget implements Versioned.
func (s *SQLite) Forget(ctx context.Context, before int64) (int, error) {
	s.write.Lock()
	defer s.write.Unlock()
	fail := func(err error) (int, error) { return 0, fmt.Errorf("forgetting the history: %w", err) }
	if err := s.reached(ctx, before); err != nil {
		return fail(err)
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fail(err)
	}
	defer tx.Rollback()
	// The last change up to the revision stays: it is the state at it. Of a removed
	// source nothing does.
	res, err := tx.ExecContext(ctx, `DELETE FROM changes WHERE tenant = ? AND number <= ? AND (what = 'removed' OR EXISTS (
		SELECT 1 FROM changes d WHERE d.tenant = changes.tenant AND d.collection = changes.collection AND d.id = changes.id AND d.number > changes.number AND d.number <= ?))`,
		s.tenant, before, before)
	if err != nil {
		return fail(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return fail(err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO forgotten (tenant, before) VALUES (?, ?) ON CONFLICT (tenant) DO UPDATE SET before = excluded.before`, s.tenant, before); err != nil {
		return fail(err)
	}
	if err := tx.Commit(); err != nil {
		return fail(err)
	}
	return int(n), nil
}

var _ Versioned = (*SQLite)(nil)
