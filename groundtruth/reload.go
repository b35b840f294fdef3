package groundtruth

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// querier is what *sql.DB and *sql.Tx have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func readRevision(ctx context.Context, q querier) (revision, error) {
	var rev revision
	var digest int64
	err := q.QueryRowContext(ctx, `SELECT number, digest FROM revision`).Scan(&rev.number, &digest)
	if err != nil {
		return rev, fmt.Errorf("reading the revision: %w", err)
	}
	rev.digest = uint64(digest)
	return rev, nil
}

// watch reloads when another process has changed the file, until ctx ends.
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
		if err := s.refresh(ctx); err != nil {
			s.stale.Store(&err)
		} else {
			s.stale.Store(nil)
		}
	}
}

// refresh reloads if the file has another revision than the index.
func (s *shared) refresh(ctx context.Context) error {
	s.write.Lock()
	defer s.write.Unlock()
	rev, err := readRevision(ctx, s.db)
	if err != nil || rev == s.index.Load().revision {
		return err
	}
	return s.reload(ctx)
}

// reload brings the index to what the file holds, reading the text only of
// sources that differ. The caller holds s.write.
func (s *shared) reload(ctx context.Context) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	rev, err := readRevision(ctx, tx)
	if err != nil {
		return err
	}
	ix := s.index.Load()
	since := ix.revision.number
	if rev.number <= since {
		since = 0 // the file went back: it was restored from a copy
	}
	gone := map[name]bool{}
	for at, c := range ix.collections {
		for id := range c.sources {
			gone[name{at.tenant, at.collection, id}] = true
		}
	}
	rows, err := tx.QueryContext(ctx, `SELECT tenant, collection, id FROM sources`)
	if err != nil {
		return fmt.Errorf("listing the sources: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key name
		if err := rows.Scan(&key.tenant, &key.collection, &key.id); err != nil {
			return fmt.Errorf("listing the sources: %w", err)
		}
		delete(gone, key)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("listing the sources: %w", err)
	}
	changed, err := readSources(ctx, tx, since)
	if err != nil {
		return err
	}
	for key := range gone {
		changed = append(changed, key.absent())
	}
	s.apply(changed, rev)
	return nil
}

// readSources reads the sources that changed after a revision.
func readSources(ctx context.Context, q querier, since int64) ([]*source, error) {
	passages, err := readPassages(ctx, q, since)
	if err != nil {
		return nil, err
	}
	rows, err := q.QueryContext(ctx, `SELECT key, tenant, collection, id, title, media, hash, text, updated, embedding, dims, records FROM sources WHERE changed > ? ORDER BY key`, since)
	if err != nil {
		return nil, fmt.Errorf("reading the sources: %w", err)
	}
	defer rows.Close()
	var list []*source
	for rows.Next() {
		var key, updated int64
		var dims int
		var tenant, records string
		var d Document
		if err := rows.Scan(&key, &tenant, &d.Collection, &d.ID, &d.Title, &d.Media, &d.Hash, &d.Text, &updated, &d.Embedding, &dims, &records); err != nil {
			return nil, fmt.Errorf("reading the sources: %w", err)
		}
		if d.Records, err = DecodeRecords(records); err != nil {
			return nil, fmt.Errorf("%s: %w", d.ID, err)
		}
		d.Passages = passages[key].list
		for i := range d.Passages {
			p := &d.Passages[i]
			if p.Start < 0 || p.End > len(d.Text) || p.Start > p.End {
				return nil, fmt.Errorf("reading the sources: passage %d of %s lies outside its text", i, d.ID)
			}
			p.Text = d.Text[p.Start:p.End]
		}
		src := newSource(tenant, &d, time.UnixMilli(updated))
		if dims > 0 {
			src.dims, src.packed = dims, passages[key].packed
			for i, blob := range src.packed {
				if len(blob) != 4+2*dims {
					return nil, fmt.Errorf("reading the sources: the vector of passage %d of %s has %d bytes, not %d", i, d.ID, len(blob), 4+2*dims)
				}
			}
		}
		list = append(list, src)
	}
	return list, rows.Err()
}

// stored are the passages of a source as they are read, and their vectors.
type stored struct {
	list   []Passage
	packed [][]byte
}

func readPassages(ctx context.Context, q querier, since int64) (map[int64]stored, error) {
	rows, err := q.QueryContext(ctx, `SELECT source, ordinal, heading, start, stop, vector FROM passages
		WHERE source IN (SELECT key FROM sources WHERE changed > ?) ORDER BY source, ordinal`, since)
	if err != nil {
		return nil, fmt.Errorf("reading the passages: %w", err)
	}
	defer rows.Close()
	found := map[int64]stored{}
	for rows.Next() {
		var key int64
		var p Passage
		var blob []byte
		if err := rows.Scan(&key, &p.Ordinal, &p.Heading, &p.Start, &p.End, &blob); err != nil {
			return nil, fmt.Errorf("reading the passages: %w", err)
		}
		s := found[key]
		found[key] = stored{append(s.list, p), append(s.packed, blob)}
	}
	return found, rows.Err()
}

func insert(ctx context.Context, tx *sql.Tx, src *source, text string, number int64) error {
	res, err := tx.ExecContext(ctx, `INSERT INTO sources (tenant, collection, id, title, media, hash, text, updated, changed, embedding, dims, records) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		src.tenant, src.Collection, src.ID, src.Title, src.Media, src.Hash, text, src.Updated.UnixMilli(), number, src.Embedding, src.dims, src.records.Encode())
	if err != nil {
		return err
	}
	key, err := res.LastInsertId()
	if err != nil || len(src.passages) == 0 {
		return err
	}
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO passages (source, ordinal, heading, start, stop, vector) VALUES (?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i, p := range src.passages {
		var vector []byte
		if src.packed != nil {
			vector = src.packed[i]
		}
		if _, err := stmt.ExecContext(ctx, key, p.Ordinal, p.Heading, p.Start, p.End, vector); err != nil {
			return err
		}
	}
	return nil
}

func remove(ctx context.Context, tx *sql.Tx, key int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM passages WHERE source = ?`, key); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM sources WHERE key = ?`, key)
	return err
}
