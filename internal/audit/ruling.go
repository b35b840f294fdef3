package audit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Ruling is what a reviewer says of a recorded decision: that the verdict on a
// sentence, or what a rule did or did not do, was right or wrong. The newest ruling
// on the same thing stands; none is ever removed.
type Ruling struct {
	Number   int64     `json:"number"` // of its record in the chain
	At       time.Time `json:"at"`
	Exchange string    `json:"exchange"`
	Choice   int       `json:"choice"`
	Sentence *int      `json:"sentence,omitempty"` // index; absent: on the choice as a whole
	Rule     string    `json:"rule,omitempty"`     // id; "": on the verdict of the sentence
	Right    bool      `json:"right"`
	By       string    `json:"by"`
	Note     string    `json:"note,omitempty"` // gone once the entry's content is erased
}

// ErrBadRuling is returned for a ruling on something that is not there, or by nobody.
var ErrBadRuling = errors.New("the ruling cannot be taken")

// maxNote is how many bytes a reviewer's note may have.
const maxNote = 2000

// rulingEvent is the event of a ruling's record.
const rulingEvent = "ruling"

// check tells what is wrong with a ruling on e.
func (r *Ruling) check(e *Entry) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrBadRuling}, args...)...)
	}
	switch {
	case strings.TrimSpace(r.By) == "" || len(r.By) > 200:
		return bad("say who rules, in at most 200 bytes")
	case len(r.Note) > maxNote:
		return bad("the note has %d bytes, more than %d", len(r.Note), maxNote)
	case r.Sentence == nil && r.Rule == "":
		return bad("name a sentence or a rule")
	case len(r.Rule) > 200:
		return bad("the rule's id is too long")
	}
	for i := range e.Choices {
		if c := &e.Choices[i]; c.Choice == r.Choice {
			if r.Sentence != nil && (*r.Sentence < 0 || *r.Sentence >= len(c.Sentences)) {
				return bad("choice %d has %d sentences, and none with the index %d", r.Choice, len(c.Sentences), *r.Sentence)
			}
			return nil
		}
	}
	return bad("nothing was judged in choice %d of %s", r.Choice, e.ID)
}

// with is what the record of a ruling holds of it.
func (r *Ruling) with(digest string) map[string]string {
	w := map[string]string{"exchange": r.Exchange, "choice": strconv.Itoa(r.Choice), "ruling": "wrong", "note": digest}
	if r.Right {
		w["ruling"] = "right"
	}
	if r.Sentence != nil {
		w["sentence"] = strconv.Itoa(*r.Sentence)
	}
	if r.Rule != "" {
		w["rule"] = r.Rule
	}
	return w
}

// rulingOf reads a ruling from its record.
func rulingOf(n int64, text, note string) (Ruling, error) {
	var rec Record
	if err := json.Unmarshal([]byte(text), &rec); err != nil || rec.Event != rulingEvent {
		return Ruling{}, fmt.Errorf("record %d is no ruling", n)
	}
	r := Ruling{Number: n, At: rec.At, Exchange: rec.With["exchange"], Rule: rec.With["rule"], Right: rec.With["ruling"] == "right", By: rec.By, Note: note}
	var err error
	if r.Choice, err = strconv.Atoi(rec.With["choice"]); err != nil {
		return Ruling{}, fmt.Errorf("record %d: its choice %q is no number", n, rec.With["choice"])
	}
	if s, ok := rec.With["sentence"]; ok {
		k, err := strconv.Atoi(s)
		if err != nil {
			return Ruling{}, fmt.Errorf("record %d: its sentence %q is no number", n, s)
		}
		r.Sentence = &k
	}
	return r, nil
}

// Review adds a ruling to the log and its chain, and returns it as recorded once it is
// on disk. What the entry's route forbids to keep is masked in the note.
func (l *Log) Review(ctx context.Context, r Ruling) (Ruling, error) {
	e, err := l.Entry(ctx, r.Exchange)
	if err != nil {
		return r, err
	}
	if err := r.check(e); err != nil {
		return r, err
	}
	if e.Keep != KeepAll {
		r.Note = mask(r.Note)
	}
	if e.Erased != nil {
		r.Note = "" // it would bring back what was erased
	}
	r.At = time.Now().UTC().Truncate(time.Millisecond)
	salt := make([]byte, saltSize)
	rand.Read(salt) //nolint:errcheck // it never fails
	rec := Record{At: r.At, Kind: "event", Event: rulingEvent, By: r.By, With: r.with(digest(salt, r.Note))}
	done := make(chan error, 1)
	err = l.between(ctx, func(w *writer) {
		done <- w.transact(func(ctx context.Context) error {
			r.Number = w.chain.size
			if err := w.chain.add(ctx, &rec); err != nil {
				return err
			}
			if _, err := w.conn.ExecContext(ctx, "INSERT INTO rulings VALUES (?,?,?,?)", r.Number, r.Exchange, r.Note, salt); err != nil {
				return fmt.Errorf("writing the note: %w", err)
			}
			return nil
		}, false)
	})
	if err == nil {
		err = <-done
	}
	if err != nil {
		return r, fmt.Errorf("recording the ruling: %w", err)
	}
	return r, nil
}

// Rulings lists what was said of one exchange, oldest first.
func (l *Log) Rulings(ctx context.Context, exchange string) ([]Ruling, error) {
	return l.Reader().Rulings(ctx, exchange)
}

// Rulings lists what was said of one exchange, or of all with "", oldest first.
func (r *Reader) Rulings(ctx context.Context, exchange string) ([]Ruling, error) {
	query, args := "SELECT g.n, r.json, g.note FROM rulings g JOIN records r ON r.n = g.n", []any{}
	if exchange != "" {
		query, args = query+" WHERE g.entry = ?", []any{exchange}
	}
	rows, err := r.db.QueryContext(ctx, query+" ORDER BY g.n", args...)
	if err != nil {
		return nil, fmt.Errorf("reading rulings: %w", err)
	}
	defer rows.Close()
	out := []Ruling{}
	for rows.Next() {
		var n int64
		var text, note string
		if err := rows.Scan(&n, &text, &note); err != nil {
			return nil, fmt.Errorf("reading rulings: %w", err)
		}
		ruling, err := rulingOf(n, text, note)
		if err != nil {
			return nil, fmt.Errorf("reading rulings: %w", err)
		}
		out = append(out, ruling)
	}
	return out, rows.Err()
}

// verifyRuling compares a ruling with its record.
func (v *Verification) verifyRuling(n int64, r *Record, entry, note sql.NullString, salt []byte) {
	v.Rulings++
	switch {
	case !entry.Valid:
		v.bad("the ruling of record %d was removed", n)
	case entry.String != r.With["exchange"]:
		v.bad("the ruling of record %d was moved to another entry", n)
	case salt == nil && note.String == "": // erased
	case digest(salt, note.String) != r.With["note"]:
		v.bad("the note of the ruling of record %d was changed", n)
	}
}

// looseRulings looks for rulings without a record, and for notes that are gone though
// their entry was not erased.
func (v *Verification) looseRulings(ctx context.Context, tx *sql.Tx) error {
	var loose, blank int64
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FILTER (WHERE r.n IS NULL), count(*) FILTER (WHERE g.salt IS NULL AND json_extract(b.json, '$.erased') IS NULL)
		FROM rulings g LEFT JOIN records r ON r.n = g.n LEFT JOIN entries e ON e.id = g.entry LEFT JOIN bodies b ON b.seq = e.body`).Scan(&loose, &blank); err != nil {
		return fmt.Errorf("counting rulings: %w", err)
	}
	if loose > 0 {
		v.bad("%d rulings were added without a record", loose)
	}
	if blank > 0 {
		v.bad("%d notes of rulings were removed, though their entries were not erased", blank)
	}
	return nil
}
