package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"touchstone/internal/judge"
)

// Erasure says that an entry's content was erased. It stands in the entry.
type Erasure struct {
	At  time.Time `json:"at"`
	By  string    `json:"by,omitempty"`
	Why string    `json:"why"`
}

// erased is e without content: what remains says what was decided, not on what.
func (e *Entry) erased(mark Erasure) *Entry {
	out := *e
	out.Erased = &mark
	out.Question, out.Answers, out.Sent = "", nil, nil
	out.Groups, out.Manner = nil, nil
	out.Choices = make([]judge.Receipt, len(e.Choices))
	for i, c := range e.Choices {
		sentences := make([]judge.SentenceRecord, len(c.Sentences))
		for j, s := range c.Sentences {
			s.Text, s.Reason, s.Evidence = "", "", nil
			sentences[j] = s
		}
		c.Sentences = sentences
		findings := make([]judge.FindingRecord, len(c.Findings))
		for j, f := range c.Findings {
			f.Reason = ""
			findings[j] = f
		}
		c.Findings = findings
		out.Choices[i] = c
	}
	return &out
}

// Note adds an event to the chain: something done to the log or to the rules that an
// auditor must see. It returns when the event is on disk.
func (l *Log) Note(ctx context.Context, event, by, why string, with map[string]string) error {
	done := make(chan error, 1)
	r := Record{At: time.Now().UTC().Truncate(time.Millisecond), Kind: "event", Event: event, By: by, Why: why, With: with}
	err := l.between(ctx, func(w *writer) {
		done <- w.transact(func(ctx context.Context) error { return w.chain.add(ctx, &r) }, false)
	})
	if err != nil {
		return fmt.Errorf("recording the event %s: %w", event, err)
	}
	if err := <-done; err != nil {
		return fmt.Errorf("recording the event %s: %w", event, err)
	}
	return nil
}

// Erase takes the content out of the entries with these ids, and adds an event that
// says who did it and why. The chain stays whole: it holds digests only. An id that
// the log does not hold is an error and nothing is erased.
func (l *Log) Erase(ctx context.Context, ids []string, by, why string) (n int, err error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	if err := l.between(ctx, func(w *writer) {
		n, err := w.erase(ids, Erasure{At: time.Now().UTC().Truncate(time.Millisecond), By: by, Why: why})
		done <- result{n, err}
	}); err != nil {
		return 0, fmt.Errorf("erasing entries: %w", err)
	}
	res := <-done
	if res.err != nil {
		return 0, fmt.Errorf("erasing entries: %w", res.err)
	}
	return res.n, nil
}

// erase is Erase in one transaction. Entries that were erased before are left as they are.
func (w *writer) erase(ids []string, mark Erasure) (n int, err error) {
	err = w.transact(func(ctx context.Context) error {
		n = 0
		for _, id := range ids {
			var seq int64
			var body string
			err := w.conn.QueryRowContext(ctx, "SELECT seq, json FROM bodies WHERE seq = (SELECT body FROM entries WHERE id = ?)", id).Scan(&seq, &body)
			if errors.Is(err, sql.ErrNoRows) {
				return fmt.Errorf("%w: %q", ErrNotFound, id)
			} else if err != nil {
				return fmt.Errorf("reading entry %s: %w", id, err)
			}
			var e Entry
			if err := json.Unmarshal([]byte(body), &e); err != nil {
				return fmt.Errorf("reading entry %s: %w", id, err)
			}
			if e.Erased != nil {
				continue
			}
			text, err := w.encode(e.erased(mark))
			if err != nil {
				return err
			}
			if _, err := w.conn.ExecContext(ctx, "UPDATE bodies SET json = ?, salt = NULL WHERE seq = ?", text, seq); err != nil {
				return fmt.Errorf("erasing entry %s: %w", id, err)
			}
			if _, err := w.conn.ExecContext(ctx, "UPDATE rulings SET note = '', salt = NULL WHERE entry = ?", id); err != nil {
				return fmt.Errorf("erasing the notes on entry %s: %w", id, err)
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return w.chain.add(ctx, &Record{At: mark.At, Kind: "event", Event: "erased", By: mark.By, Why: mark.Why, With: map[string]string{"entries": fmt.Sprint(n)}})
	}, false)
	if err != nil || n == 0 {
		return 0, err
	}
	// What was erased must not stay in free pages or in the write-ahead log.
	_, err = w.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	return n, err
}

// retainBatch is how many entries one transaction of Retain erases.
const retainBatch = 500

// Retain erases the content of a route's entries that are older than before, in
// small transactions between which the log goes on writing.
func (l *Log) Retain(ctx context.Context, route string, before time.Time) (n int, err error) {
	last := ""
	for {
		rows, err := l.read.QueryContext(ctx, `SELECT id FROM entries WHERE route = ? AND at < ? AND id > ? AND EXISTS
			(SELECT 1 FROM bodies WHERE seq = body AND json_extract(json, '$.erased') IS NULL) ORDER BY id LIMIT ?`, route, before.UnixMilli(), last, retainBatch)
		if err != nil {
			return n, fmt.Errorf("finding entries past their time: %w", err)
		}
		var ids []string
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return n, errors.Join(fmt.Errorf("finding entries past their time: %w", err), rows.Close())
			}
			ids = append(ids, id)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return n, fmt.Errorf("finding entries past their time: %w", err)
		}
		if len(ids) == 0 {
			return n, nil
		}
		last = ids[len(ids)-1]
		k, err := l.Erase(ctx, ids, "retention", "older than the route "+route+" keeps content")
		n += k
		if err != nil {
			return n, err
		}
	}
}

// between runs do in the log's writer, between two of its commits, and returns once
// it has run.
func (l *Log) between(ctx context.Context, do func(*writer)) error {
	it := item{do: do, flushed: make(chan struct{})}
	l.mu.RLock()
	if l.closed {
		l.mu.RUnlock()
		return errors.New("the audit log is closed")
	}
	select {
	case l.queue <- it:
		l.mu.RUnlock()
	case <-ctx.Done():
		l.mu.RUnlock()
		return ctx.Err()
	}
	select {
	case <-it.flushed:
		return nil
	case <-l.done:
		select {
		case <-it.flushed:
			return nil
		default:
			return errors.New("the audit log was closed before")
		}
	}
}
