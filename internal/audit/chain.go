package audit

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"touchstone/policies"
)

// Record is the leaf of the tree for one entry or event: what an outsider may see to
// check that a decision was recorded and not changed since. It holds no content.
type Record struct {
	ID      string          `json:"id,omitempty"` // of the entry; absent for an event
	At      time.Time       `json:"at"`
	Kind    string          `json:"kind"` // of the entry, or "event"
	App     string          `json:"app,omitempty"`
	Route   string          `json:"route,omitempty"`
	Model   string          `json:"model,omitempty"`
	Status  int             `json:"status,omitempty"`
	Outcome Outcome         `json:"outcome,omitempty"`
	Action  policies.Action `json:"action,omitempty"`
	Shadow  bool            `json:"shadow,omitempty"`
	Rules   []string        `json:"rules,omitempty"`  // that fired, over all choices
	Policy  string          `json:"policy,omitempty"` // revision
	Index   string          `json:"index,omitempty"`  // revision of the ground truth
	Content string          `json:"content,omitempty"`
	// Content is the hex SHA-256 of a random salt of 16 bytes and the entry's JSON
	// as kept. The salt stands beside the entry and is erased with it.

	Event string            `json:"event,omitempty"` // what happened: "erased", "emergency", ...
	By    string            `json:"by,omitempty"`    // who did it
	Why   string            `json:"why,omitempty"`
	With  map[string]string `json:"with,omitempty"`
}

// saltSize is 128 bits: an erased content cannot be guessed at.
const saltSize = 16

func digest(salt []byte, body string) string {
	h := sha256.New()
	h.Write(salt)
	h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil))
}

// record is the leaf of an entry as kept.
func (e *Entry) record(f *facts, salt []byte, body string) Record {
	r := Record{
		ID: e.ID, At: e.At.UTC().Truncate(time.Millisecond), Kind: e.Kind, App: e.App, Route: e.Route, Model: e.Model,
		Status: e.Status, Outcome: e.Outcome, Action: f.action, Shadow: e.Shadow, Content: digest(salt, body),
	}
	seen := map[string]bool{}
	for i := range e.Choices {
		c := &e.Choices[i]
		r.Policy, r.Index = c.Policy, c.Index
		for _, rule := range c.Rules {
			if !seen[rule.ID] {
				seen[rule.ID] = true
				r.Rules = append(r.Rules, rule.ID)
			}
		}
	}
	return r
}

// chain appends records to the tree inside the transactions of one connection.
type chain struct {
	conn   *sql.Conn
	insert *sql.Stmt
	hashes *sql.Stmt
	size   int64 // records in the tree
	// recent holds hashes of this process's last records, by their index in the
	// stored tree: what the next records build on is mostly there.
	recent map[int64]tlog.Hash
}

func newChain(ctx context.Context, conn *sql.Conn) (c *chain, err error) {
	c = &chain{conn: conn}
	if c.insert, err = conn.PrepareContext(ctx, "INSERT INTO records VALUES (?,?,?,?)"); err != nil {
		return nil, fmt.Errorf("preparing the chain: %w", err)
	}
	if c.hashes, err = conn.PrepareContext(ctx, readHash); err != nil {
		return nil, fmt.Errorf("preparing the chain: %w", err)
	}
	return c, nil
}

func (c *chain) close() {
	_ = c.insert.Close()
	_ = c.hashes.Close()
}

// begin finds the end of the tree at the start of a transaction: another process may
// have added to it.
func (c *chain) begin(ctx context.Context) error {
	var size int64
	if err := c.conn.QueryRowContext(ctx, "SELECT coalesce(max(n), -1) + 1 FROM records").Scan(&size); err != nil {
		return fmt.Errorf("finding the end of the chain: %w", err)
	}
	if size != c.size || len(c.recent) > 4096 {
		c.recent = nil
	}
	c.size = size
	if c.recent == nil {
		c.recent = map[int64]tlog.Hash{}
	}
	return nil
}

// undo forgets what a transaction that was rolled back added.
func (c *chain) undo() { c.size, c.recent = -1, nil }

// add appends a record.
func (c *chain) add(ctx context.Context, r *Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encoding the record of %s: %w", r.ID, err)
	}
	hashes, err := tlog.StoredHashes(c.size, text, tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, index := range at {
			h, ok := c.recent[index]
			if !ok {
				if h, err = storedHash(ctx, c.hashes, index); err != nil {
					return nil, err
				}
			}
			out[i] = h
		}
		return out, nil
	}))
	if err != nil {
		return fmt.Errorf("chaining the record of %s: %w", r.ID, err)
	}
	blob := make([]byte, 0, len(hashes)*tlog.HashSize)
	for level, h := range hashes {
		blob = append(blob, h[:]...)
		c.recent[tlog.StoredHashIndex(level, ((c.size+1)>>level)-1)] = h
	}
	if _, err := c.insert.ExecContext(ctx, c.size, r.ID, string(text), blob); err != nil {
		return fmt.Errorf("writing the record of %s: %w", r.ID, err)
	}
	c.size++
	return nil
}

const readHash = "SELECT substr(hashes, ?, 32) FROM records WHERE n = ?"

// storedHash reads one hash of the tree from the row of the record that completed it.
func storedHash(ctx context.Context, read *sql.Stmt, index int64) (h tlog.Hash, err error) {
	level, k := tlog.SplitStoredHashIndex(index)
	n := ((k + 1) << level) - 1
	var b []byte
	if err := read.QueryRowContext(ctx, level*tlog.HashSize+1, n).Scan(&b); errors.Is(err, sql.ErrNoRows) {
		return h, fmt.Errorf("record %d is missing", n)
	} else if err != nil {
		return h, fmt.Errorf("reading the hashes of record %d: %w", n, err)
	}
	if len(b) != len(h) {
		return h, fmt.Errorf("record %d lacks its hash of level %d", n, level)
	}
	copy(h[:], b)
	return h, nil
}

// treeReader reads hashes of the tree through a prepared readHash.
func treeReader(ctx context.Context, read *sql.Stmt) tlog.HashReader {
	return tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(at))
		for i, index := range at {
			var err error
			if out[i], err = storedHash(ctx, read, index); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// Origin is the first line of a checkpoint and the name of its key.
const Origin = "touchstone/audit"

// NewKey makes a pair of keys for checkpoints: the signer's, to be kept secret, and
// the verifier's, to be handed to whoever checks.
func NewKey() (signer, verifier string, err error) { return note.GenerateKey(rand.Reader, Origin) }

// VerifierKey is the verifier's key that belongs to a signer's.
func VerifierKey(signer string) (string, error) {
	if _, err := note.NewSigner(signer); err != nil {
		return "", fmt.Errorf("not a key as NewKey makes it: %w", err)
	}
	// "PRIVATE+KEY+name+hash+data"; data is base64 of the algorithm's byte and the seed.
	fields := strings.SplitN(signer, "+", 5)
	data, err := base64.StdEncoding.DecodeString(fields[4])
	if err != nil || len(data) != 1+ed25519.SeedSize {
		return "", errors.New("not a key as NewKey makes it: it holds no Ed25519 seed")
	}
	public := ed25519.NewKeyFromSeed(data[1:]).Public().(ed25519.PublicKey)
	return note.NewEd25519VerifierKey(fields[2], public)
}

// checkpointText is what a checkpoint signs (C2SP tlog-checkpoint): origin, size, root.
func checkpointText(size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", Origin, size, root)
}

// parseCheckpoint reads what a checkpoint signs.
func parseCheckpoint(text string) (size int64, root tlog.Hash, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != Origin {
		return 0, root, fmt.Errorf("it is not a checkpoint of %s", Origin)
	}
	if _, err := fmt.Sscanf(lines[1], "%d", &size); err != nil || size <= 0 || fmt.Sprint(size) != lines[1] {
		return 0, root, fmt.Errorf("its size %q is not a number of records", lines[1])
	}
	if root, err = tlog.ParseHash(lines[2]); err != nil {
		return 0, root, fmt.Errorf("its root: %w", err)
	}
	return size, root, nil
}

// openCheckpoint checks a checkpoint's signature and reads it.
func openCheckpoint(text string, keys note.Verifiers) (size int64, root tlog.Hash, err error) {
	n, err := note.Open([]byte(text), keys)
	var unknown *note.UnverifiedNoteError
	if errors.As(err, &unknown) {
		return 0, root, errors.New("no signature of it is by the key given")
	}
	if err != nil {
		return 0, root, err
	}
	return parseCheckpoint(n.Text)
}

// How often a checkpoint is signed while entries come; one is signed at Close too.
const (
	checkpointEvery   = 1024 // records
	checkpointSeconds = 60
)

// checkpoint signs the tree as it stands, inside the transaction that follows begin,
// when it is due or must be.
func (w *writer) checkpoint(ctx context.Context, now time.Time, must bool) error {
	c := w.chain
	if w.signer == nil || c.size == 0 {
		return nil
	}
	var last, at int64
	if err := w.conn.QueryRowContext(ctx, "SELECT coalesce(max(size), 0), coalesce(max(at), 0) FROM checkpoints").Scan(&last, &at); err != nil {
		return fmt.Errorf("finding the last checkpoint: %w", err)
	}
	if c.size == last || !must && c.size-last < checkpointEvery && now.UnixMilli()-at < checkpointSeconds*1000 {
		return nil
	}
	root, err := tlog.TreeHash(c.size, treeReader(ctx, c.hashes))
	if err != nil {
		return fmt.Errorf("hashing the tree: %w", err)
	}
	signed, err := note.Sign(&note.Note{Text: checkpointText(c.size, root)}, w.signer)
	if err != nil {
		return fmt.Errorf("signing a checkpoint: %w", err)
	}
	if _, err := w.conn.ExecContext(ctx, "INSERT INTO checkpoints VALUES (?,?,?)", c.size, now.UnixMilli(), string(signed)); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	return nil
}
