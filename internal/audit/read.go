package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/oklog/ulid/v2"
)

// Reader goes through a log from beginning to end, also beside a proxy that is
// writing it. It holds a page of entries at a time in memory, and no transaction
// between pages. It is safe for concurrent use.
type Reader struct {
	db    *sql.DB
	close func() error
}

// OpenReader opens the log at path for reading.
func OpenReader(path string) (*Reader, error) {
	db, err := openRead(path)
	if err != nil {
		return nil, err
	}
	return &Reader{db, db.Close}, nil
}

// Reader reads what l has written so far.
func (l *Log) Reader() *Reader { return &Reader{l.read, func() error { return nil }} }

// Close closes the file, if OpenReader opened it.
func (r *Reader) Close() error { return r.close() }

// Span chooses entries by time and Filter. A zero time is no bound.
type Span struct {
	From, To time.Time // From is included, To is not
	Filter
}

// margin is how far the time in an entry's id and its time may be apart.
const margin = time.Minute

// where is the condition of s on entries, and its arguments.
func (s Span) where() (string, []any) {
	where, args := s.Filter.where()
	add := func(condition string, arg any) {
		where += " AND " + condition
		args = append(args, arg)
	}
	if !s.From.IsZero() {
		add("at >= ?", s.From.UnixMilli())
		add("id >= ?", idAt(s.From.Add(-margin))) // ids are in the order of time, and indexed
	}
	if !s.To.IsZero() {
		add("at < ?", s.To.UnixMilli())
		add("id < ?", idAt(s.To.Add(margin)))
	}
	return where, args
}

// idAt is the least ULID of a time.
func idAt(t time.Time) string {
	var id ulid.ULID
	if ms := t.UnixMilli(); ms > 0 {
		_ = id.SetTime(uint64(ms)) // it fails in the year 10889
	}
	return id.String()
}

// Count is how many entries s chooses.
func (r *Reader) Count(ctx context.Context, s Span) (n int64, err error) {
	where, args := s.where()
	if err := r.db.QueryRowContext(ctx, "SELECT count(*) FROM entries WHERE true"+where, args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting entries: %w", err)
	}
	return n, nil
}

// Newest is s without what is older than the n newest entries that it chooses; cut
// tells whether there is any.
func (r *Reader) Newest(ctx context.Context, s Span, n int) (_ Span, cut bool, err error) {
	where, args := s.where()
	var at int64
	err = r.db.QueryRowContext(ctx, "SELECT at FROM entries WHERE true"+where+" ORDER BY id DESC LIMIT 1 OFFSET ?", append(args, n-1)...).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return s, false, nil
	} else if err != nil {
		return s, false, fmt.Errorf("finding the newest entries: %w", err)
	}
	before := s.From
	s.From = time.UnixMilli(at).UTC()
	return s, s.From.After(before), nil
}

// Row is an entry as it stands in the log: its JSON, not yet parsed.
type Row struct {
	ID   string // "" where the order is that of writing
	JSON []byte
	seq  int64
}

// Entry parses the row.
func (r *Row) Entry() (*Entry, error) {
	var e Entry
	if err := json.Unmarshal(r.JSON, &e); err != nil {
		return nil, fmt.Errorf("reading entry %s, number %d: %w", r.ID, r.seq, err)
	}
	return &e, nil
}

// Bounds of a page.
const (
	pageRows  = 256
	pageBytes = 8 << 20
)

// Pages gives the entries that s chooses to each, in the order of their ids and so of
// time, in pages that it may keep. It ends with the first error of each.
func (r *Reader) Pages(ctx context.Context, s Span, each func(page []Row) error) error {
	where, args := s.where()
	query := "SELECT body, id, (SELECT json FROM bodies WHERE seq = body) FROM entries WHERE id > ?" + where + " ORDER BY id LIMIT ?"
	return r.pages(ctx, func(last *Row) (string, []any) {
		after := ""
		if last != nil {
			after = last.ID
		}
		return query, append(append([]any{after}, args...), pageRows)
	}, each)
}

// Written is Pages for all entries written after that with the id after, "" for all,
// in the order in which they were written: who goes on where it ended misses none,
// also not those that took long.
func (r *Reader) Written(ctx context.Context, after string, each func(page []Row) error) error {
	var seq int64
	if after != "" {
		err := r.db.QueryRowContext(ctx, "SELECT body FROM entries WHERE id = ?", after).Scan(&seq)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: %q", ErrNotFound, after)
		} else if err != nil {
			return fmt.Errorf("finding entry %s: %w", after, err)
		}
	}
	return r.pages(ctx, func(last *Row) (string, []any) {
		if last != nil {
			seq = last.seq
		}
		return "SELECT seq, '', json FROM bodies WHERE seq > ? ORDER BY seq LIMIT ?", []any{seq, pageRows}
	}, each)
}

// pages asks for page after page; query says how to go on after the last row.
func (r *Reader) pages(ctx context.Context, query func(last *Row) (string, []any), each func(page []Row) error) error {
	var last *Row
	for {
		text, args := query(last)
		page, err := r.page(ctx, text, args)
		if err != nil {
			return fmt.Errorf("reading entries: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		last = &page[len(page)-1]
		if err := each(page); err != nil {
			return err
		}
	}
}

func (r *Reader) page(ctx context.Context, query string, args []any) (page []Row, err error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	size := 0
	for size < pageBytes && rows.Next() {
		var row Row
		if err := rows.Scan(&row.seq, &row.ID, &row.JSON); err != nil {
			return nil, err
		}
		size += len(row.JSON)
		page = append(page, row)
	}
	return page, rows.Err()
}

// Events are the events of the chain in a period, oldest first, without rulings. A
// zero time is no bound.
func (r *Reader) Events(ctx context.Context, from, to time.Time) ([]Record, error) {
	rows, err := r.db.QueryContext(ctx, "SELECT n, json FROM records WHERE entry = '' ORDER BY n")
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	defer rows.Close()
	out := []Record{}
	for rows.Next() {
		var n int64
		var text string
		if err := rows.Scan(&n, &text); err != nil {
			return nil, fmt.Errorf("reading events: %w", err)
		}
		var rec Record
		if err := json.Unmarshal([]byte(text), &rec); err != nil {
			return nil, fmt.Errorf("reading event %d: %w", n, err)
		}
		if rec.Event != rulingEvent && !rec.At.Before(from) && (to.IsZero() || rec.At.Before(to)) {
			out = append(out, rec)
		}
	}
	return out, rows.Err()
}
