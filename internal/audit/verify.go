package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Verification is what a check of the whole log found.
type Verification struct {
	Records     int64     `json:"records"`
	Entries     int64     `json:"entries"`
	Unchained   int64     `json:"unchained,omitempty"` // entries from before there was a chain
	Erased      int64     `json:"erased,omitempty"`    // entries whose content was erased; their records stand
	Events      int64     `json:"events,omitempty"`
	Rulings     int64     `json:"rulings,omitempty"` // of the events
	Checkpoints int64     `json:"checkpoints"`
	Signed      int64     `json:"signed"` // records under the last checkpoint; those after it rest on the file alone
	SignedAt    time.Time `json:"signed_at,omitzero"`
	Root        string    `json:"root"`
	// Problems are what does not hold, at most maxProblems of them; Broken counts all.
	Problems []string `json:"problems,omitempty"`
	Broken   int64    `json:"broken"`
}

const maxProblems = 20

func (v *Verification) bad(format string, args ...any) {
	v.Broken++
	if len(v.Problems) < maxProblems {
		v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	}
}

// openRead opens a log that may be in use by a proxy, for reading.
func openRead(path string) (*sql.DB, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening audit log: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path, "query_only(on)", "busy_timeout(5000)"))
	if err != nil {
		return nil, fmt.Errorf("opening audit log %s: %w", path, err)
	}
	var tables int
	err = db.QueryRow("SELECT count(*) FROM sqlite_master WHERE name IN ('records', 'checkpoints', 'bodies', 'entries', 'rulings')").Scan(&tables)
	if err == nil && tables != 5 {
		err = errors.New("it is of an older version: start touchstone serve on it once, which upgrades it")
	}
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening audit log %s: %w", path, err)
	}
	return db, nil
}

// keysOf are the verifiers of the keys given, each as NewKey makes it.
func keysOf(keys []string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return nil, fmt.Errorf("the verifier key %q: %w", k, err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

// Verify checks the whole log at path: that every record's hashes follow from its
// bytes and those before it, that every checkpoint is signed by one of keys and is a
// head of this very tree, that witness (a checkpoint kept elsewhere, or "") is too,
// that every entry says what its record says and its content has the record's digest.
// progress, if not nil, is told how many records of how many were checked. An error
// means that the check could not be made; what does not hold is in the Verification.
func Verify(ctx context.Context, path string, keys []string, witness string, progress func(done, of int64)) (v Verification, err error) {
	verifiers, err := keysOf(keys)
	if err != nil {
		return v, err
	}
	db, err := openRead(path)
	if err != nil {
		return v, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one state of the log, whatever is appended meanwhile
	if err != nil {
		return v, fmt.Errorf("reading the audit log: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	heads, err := v.heads(ctx, tx, verifiers, witness)
	if err != nil {
		return v, err
	}
	if err := v.records(ctx, tx, heads, progress); err != nil {
		return v, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM records WHERE entry = entries.id)) FROM entries`).Scan(&v.Entries, &v.Unchained); err != nil {
		return v, fmt.Errorf("counting entries: %w", err)
	}
	// Entries without a record can only be from before the first record.
	var late int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM entries WHERE NOT EXISTS (SELECT 1 FROM records WHERE entry = entries.id)
		AND body > (SELECT coalesce(min(body), 9223372036854775807) FROM entries WHERE EXISTS (SELECT 1 FROM records WHERE entry = entries.id))`).Scan(&late); err != nil {
		return v, fmt.Errorf("counting entries: %w", err)
	}
	if late > 0 {
		v.bad("%d entries were added without a record", late)
	}
	if err := v.looseRulings(ctx, tx); err != nil {
		return v, err
	}
	return v, nil
}

// heads reads the checkpoints: the root that each claims, by size.
func (v *Verification) heads(ctx context.Context, tx *sql.Tx, keys note.Verifiers, witness string) (map[int64][]tlog.Hash, error) {
	heads := map[int64][]tlog.Hash{}
	rows, err := tx.QueryContext(ctx, "SELECT size, at, note FROM checkpoints ORDER BY size")
	if err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row, at int64
		var text string
		if err := rows.Scan(&row, &at, &text); err != nil {
			return nil, fmt.Errorf("reading checkpoints: %w", err)
		}
		v.Checkpoints++
		size, root, err := openCheckpoint(text, keys)
		switch {
		case err != nil:
			v.bad("checkpoint at %d records: %v", row, err)
			continue
		case size != row:
			v.bad("checkpoint at %d records is signed for %d", row, size)
		}
		heads[size] = append(heads[size], root)
		v.Signed, v.SignedAt = size, time.UnixMilli(at).UTC()
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading checkpoints: %w", err)
	}
	if witness != "" {
		size, root, err := openCheckpoint(witness, keys)
		if err != nil {
			return nil, fmt.Errorf("the checkpoint given: %w", err)
		}
		heads[size] = append(heads[size], root)
	}
	return heads, nil
}

// records walks the tree and compares it with the entries.
func (v *Verification) records(ctx context.Context, tx *sql.Tx, heads map[int64][]tlog.Hash, progress func(done, of int64)) error {
	var of int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM records").Scan(&of); err != nil {
		return fmt.Errorf("counting records: %w", err)
	}
	rows, err := tx.QueryContext(ctx, `SELECT r.n, r.entry, r.json, r.hashes, e.id IS NOT NULL, coalesce(e.at, 0), coalesce(e.kind, ''), coalesce(e.app, ''),
		coalesce(e.route, ''), coalesce(e.outcome, ''), coalesce(e.action, ''), coalesce(e.status, 0), coalesce(b.json, ''), b.salt, g.entry, g.note, g.salt
		FROM records r LEFT JOIN rulings g ON g.n = r.n LEFT JOIN entries e ON e.id = r.entry AND r.entry <> '' LEFT JOIN bodies b ON b.seq = e.body ORDER BY r.n`)
	if err != nil {
		return fmt.Errorf("reading records: %w", err)
	}
	defer rows.Close()
	edge := map[int64]tlog.Hash{} // hashes that later ones are made of
	reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, index := range at {
			h, ok := edge[index]
			if !ok {
				return nil, fmt.Errorf("hash %d was not computed", index)
			}
			out[i] = h
		}
		return out, nil
	})
	for rows.Next() {
		var row struct {
			n                                     int64
			entry, text                           string
			hashes                                []byte
			found                                 bool
			at                                    int64
			kind, app, route, outcome, action, js string
			status                                int
			salt                                  []byte
			ruled, note                           sql.NullString
			noteSalt                              []byte
		}
		if err := rows.Scan(&row.n, &row.entry, &row.text, &row.hashes, &row.found, &row.at, &row.kind, &row.app, &row.route,
			&row.outcome, &row.action, &row.status, &row.js, &row.salt, &row.ruled, &row.note, &row.noteSalt); err != nil {
			return fmt.Errorf("reading records: %w", err)
		}
		if row.n != v.Records {
			v.bad("records %d to %d are missing", v.Records, row.n-1)
			return nil // nothing after a gap can be checked
		}
		hashes, err := tlog.StoredHashes(row.n, []byte(row.text), reader)
		if err != nil {
			return fmt.Errorf("hashing record %d: %w", row.n, err)
		}
		var blob []byte
		for level, h := range hashes {
			blob = append(blob, h[:]...)
			edge[tlog.StoredHashIndex(level, ((row.n+1)>>level)-1)] = h
		}
		if string(blob) != string(row.hashes) {
			v.bad("record %d (%s) was changed: its hashes do not follow from its bytes", row.n, row.entry)
		}
		v.Records++
		if roots := heads[v.Records]; len(roots) > 0 {
			root, err := tlog.TreeHash(v.Records, reader)
			if err != nil {
				return fmt.Errorf("hashing the tree at %d: %w", v.Records, err)
			}
			for _, r := range roots {
				if r != root {
					v.bad("the checkpoint at %d records was signed over other records than these: one of the first %d was changed, removed or added since", v.Records, v.Records)
				}
			}
			delete(heads, v.Records)
		}
		var r Record
		if err := json.Unmarshal([]byte(row.text), &r); err != nil {
			v.bad("record %d is no record: %v", row.n, err)
			continue
		}
		if row.ruled.Valid && r.Event != rulingEvent {
			v.bad("record %d is filed as a ruling and is none", row.n)
		}
		switch {
		case r.ID != row.entry:
			v.bad("record %d is about %q and filed under %q", row.n, r.ID, row.entry)
		case r.ID == "":
			v.Events++
			if r.Event == rulingEvent {
				v.verifyRuling(row.n, &r, row.ruled, row.note, row.noteSalt)
			}
		case !row.found:
			v.bad("entry %s, which record %d is about, was removed", r.ID, row.n)
		case r.At.UnixMilli() != row.at || r.Kind != row.kind || r.App != row.app || r.Route != row.route ||
			string(r.Outcome) != row.outcome || string(r.Action) != row.action || r.Status != row.status:
			v.bad("entry %s was changed: it differs from record %d", r.ID, row.n)
		case row.salt == nil && isErased(row.js):
			v.Erased++
		case digest(row.salt, row.js) != r.Content:
			v.bad("the content of entry %s was changed: it has not the digest of record %d", r.ID, row.n)
		}
		if len(edge) > 1<<12 {
			edge = frontier(edge, v.Records)
		}
		if progress != nil && (v.Records%512 == 0 || v.Records == of) {
			progress(v.Records, of)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading records: %w", err)
	}
	for size := range heads {
		v.bad("a checkpoint was signed at %d records and the log has %d: records at its end were removed", size, v.Records)
	}
	if v.Records > 0 {
		root, err := tlog.TreeHash(v.Records, reader)
		if err != nil {
			return fmt.Errorf("hashing the tree: %w", err)
		}
		v.Root = root.String()
	}
	return nil
}

// frontier keeps, of the hashes computed, those of the complete subtrees that make up
// a tree of size records: all that is needed to go on.
func frontier(edge map[int64]tlog.Hash, size int64) map[int64]tlog.Hash {
	out := map[int64]tlog.Hash{}
	for level := 0; size>>level > 0; level++ {
		if (size>>level)&1 == 1 {
			i := tlog.StoredHashIndex(level, (size>>level)-1)
			out[i] = edge[i]
		}
	}
	return out
}

func isErased(body string) bool {
	var e struct{ Erased *Erasure }
	return json.Unmarshal([]byte(body), &e) == nil && e.Erased != nil
}
