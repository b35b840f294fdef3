package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows an outsider that a decision stands in the log under a signed
// checkpoint, without the log and without showing any other entry.
type Proof struct {
	Number     int64           `json:"number"`            // of the record
	Record     json.RawMessage `json:"record"`            // the bytes that are hashed
	Path       []string        `json:"path"`              // hashes from the record to the root
	Checkpoint string          `json:"checkpoint"`        // signed
	Content    json.RawMessage `json:"content,omitempty"` // the entry as kept, where it is disclosed
	Salt       []byte          `json:"salt,omitempty"`
}

// ErrUnsigned means that no checkpoint covers an entry yet.
var ErrUnsigned = errors.New("no checkpoint covers this entry yet: one is signed within a minute of the next entry, and when the proxy stops")

// Prove makes the proof for one entry of the log at path; disclose adds its content,
// so that the proof also shows what was asked and answered.
func Prove(ctx context.Context, path, id string, disclose bool) (p Proof, err error) {
	db, err := openRead(path)
	if err != nil {
		return p, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return p, fmt.Errorf("reading the audit log: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	var text string
	err = tx.QueryRowContext(ctx, "SELECT n, json FROM records WHERE entry = ?", id).Scan(&p.Number, &text)
	if errors.Is(err, sql.ErrNoRows) || id == "" {
		return p, fmt.Errorf("%w: %q has no record in the chain", ErrNotFound, id)
	} else if err != nil {
		return p, fmt.Errorf("reading the record of %s: %w", id, err)
	}
	p.Record = json.RawMessage(text)
	var size int64
	err = tx.QueryRowContext(ctx, "SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size DESC LIMIT 1", p.Number).Scan(&size, &p.Checkpoint)
	if errors.Is(err, sql.ErrNoRows) {
		return p, ErrUnsigned
	} else if err != nil {
		return p, fmt.Errorf("reading the last checkpoint: %w", err)
	}
	read, err := tx.PrepareContext(ctx, readHash)
	if err != nil {
		return p, fmt.Errorf("reading hashes: %w", err)
	}
	defer read.Close()
	proof, err := tlog.ProveRecord(size, p.Number, treeReader(ctx, read))
	if err != nil {
		return p, fmt.Errorf("proving record %d: %w", p.Number, err)
	}
	for _, h := range proof {
		p.Path = append(p.Path, h.String())
	}
	if disclose {
		var body string
		if err := tx.QueryRowContext(ctx, "SELECT json, salt FROM bodies WHERE seq = (SELECT body FROM entries WHERE id = ?)", id).Scan(&body, &p.Salt); err != nil {
			return p, fmt.Errorf("reading the content of %s: %w", id, err)
		}
		if p.Salt == nil {
			return p, fmt.Errorf("the content of %s was erased: prove it without disclosing", id)
		}
		p.Content = json.RawMessage(body)
	}
	return p, nil
}

// Check verifies a proof against the verifier keys, without the log, and returns the
// record that it proves.
func (p *Proof) Check(keys []string) (r Record, err error) {
	verifiers, err := keysOf(keys)
	if err != nil {
		return r, err
	}
	size, root, err := openCheckpoint(p.Checkpoint, verifiers)
	if err != nil {
		return r, fmt.Errorf("the checkpoint: %w", err)
	}
	var path tlog.RecordProof
	for i, text := range p.Path {
		h, err := tlog.ParseHash(text)
		if err != nil {
			return r, fmt.Errorf("hash %d of the path: %w", i, err)
		}
		path = append(path, h)
	}
	if p.Number < 0 || p.Number >= size {
		return r, fmt.Errorf("record %d is not under a checkpoint of %d records", p.Number, size)
	}
	if err := tlog.CheckRecord(path, size, root, p.Number, tlog.RecordHash(p.Record)); err != nil {
		return r, errors.New("the record is not the one that was logged: its path does not lead to the signed root")
	}
	if err := json.Unmarshal(p.Record, &r); err != nil {
		return r, fmt.Errorf("the record: %w", err)
	}
	if p.Content != nil && digest(p.Salt, string(p.Content)) != r.Content {
		return r, errors.New("the content is not what was logged: it has not the digest in the record")
	}
	return r, nil
}

// LastCheckpoint is the last signed head of the log at path: kept elsewhere, it shows
// later that the log up to it is still the same.
func LastCheckpoint(ctx context.Context, path string) (string, error) {
	db, err := openRead(path)
	if err != nil {
		return "", err
	}
	defer db.Close()
	var text string
	err = db.QueryRowContext(ctx, "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", errors.New("the log has no checkpoint yet: one is signed within a minute of the first entry, and when the proxy stops")
	} else if err != nil {
		return "", fmt.Errorf("reading the last checkpoint: %w", err)
	}
	return text, nil
}
