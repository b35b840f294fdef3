package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"touchstone/guards"
	"touchstone/policies"
)

// Filter chooses exchanges; an empty field chooses all.
type Filter struct {
	Route, Model, App string
	Outcome           Outcome
}

// where is the condition of f and its arguments, beginning with AND.
func (f Filter) where() (string, []any) {
	var b strings.Builder
	var args []any
	for _, c := range []struct{ column, value string }{
		{"route", f.Route}, {"model", f.Model}, {"app", f.App}, {"outcome", string(f.Outcome)},
	} {
		if c.value != "" {
			b.WriteString(" AND " + c.column + " = ?")
			args = append(args, c.value)
		}
	}
	return b.String(), args
}

// Point is one step of a time line.
type Point struct {
	At time.Time
	Sums
}

// spanFor is the resolution of the sums that serve step: whole hours where they do,
// as there are 60 times fewer.
func spanFor(step time.Duration) int64 {
	if step%time.Hour == 0 {
		return 3600
	}
	return 60
}

// maxPoints bounds what one call of Rates returns.
const maxPoints = 2000

// Rates sums up the exchanges between from and to in steps of whole minutes, empty
// steps included. The first step starts at from rounded down to a multiple of step.
func (l *Log) Rates(ctx context.Context, from, to time.Time, step time.Duration, f Filter) ([]Point, error) {
	if step < time.Minute || step%time.Minute != 0 {
		return nil, fmt.Errorf("step %s is not a whole number of minutes", step)
	}
	secs := int64(step / time.Second)
	first := from.Unix() / secs * secs
	n := (to.Unix() - first + secs - 1) / secs
	if n < 1 || n > maxPoints {
		return nil, fmt.Errorf("%d steps of %s between %s and %s: want 1 to %d", n, step, from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), maxPoints)
	}
	points := make([]Point, n)
	for i := range points {
		points[i].At = time.Unix(first+int64(i)*secs, 0).UTC()
	}
	where, args := f.where()
	rows, err := l.read.QueryContext(ctx, `SELECT (at - ?) / ?, outcome, sum(exchanges), sum(answers), sum(supported), sum(contradicted),
		sum(not_covered), sum(not_claim), sum(not_measured), sum(nn), sum(cc), sum(cn), sum(vv), sum(vn)
		FROM sums WHERE span = ? AND at >= ? AND at < ?`+where+` GROUP BY 1, 2`,
		append([]any{first, secs, spanFor(step), first, first + n*secs}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("reading rates: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int
		var outcome Outcome
		var s Sums
		c := &s.Counts
		if err := rows.Scan(&i, &outcome, &s.Exchanges, &s.Answers, &c.Supported, &c.Contradicted, &c.NotCovered,
			&c.NotClaim, &c.NotMeasured, &s.nn, &s.cc, &s.cn, &s.vv, &s.vn); err != nil {
			return nil, fmt.Errorf("reading rates: %w", err)
		}
		switch outcome {
		case Pass:
			s.Passed = s.Exchanges
		case Flagged:
			s.Flagged = s.Exchanges
		case Blocked:
			s.Blocked = s.Exchanges
		default:
			s.Unchecked = s.Exchanges
		}
		points[i].add(s)
	}
	return points, rows.Err()
}

// Total adds up points.
func Total(points []Point) (s Sums) {
	for i := range points {
		s.add(points[i].Sums)
	}
	return s
}

// Judging returns the q-quantiles, in milliseconds right to 9%, of the time spent
// judging in the exchanges between from and to; ok is false when none was judged.
// f.Outcome is not regarded.
func (l *Log) Judging(ctx context.Context, from, to time.Time, f Filter, q ...float64) (ms []float64, ok bool, err error) {
	f.Outcome = ""
	where, args := f.where()
	span := spanFor(time.Minute)
	if to.Sub(from) > 24*time.Hour {
		span = 3600
	}
	rows, err := l.read.QueryContext(ctx, `SELECT bucket, sum(n) FROM judging WHERE span = ? AND at >= ? AND at < ?`+where+` GROUP BY bucket ORDER BY bucket`,
		append([]any{span, from.Unix() / span * span, to.Unix()}, args...)...)
	if err != nil {
		return nil, false, fmt.Errorf("reading judging times: %w", err)
	}
	defer rows.Close()
	type bar struct{ bucket, n int }
	var bars []bar
	total := 0
	for rows.Next() {
		var b bar
		if err := rows.Scan(&b.bucket, &b.n); err != nil {
			return nil, false, fmt.Errorf("reading judging times: %w", err)
		}
		bars = append(bars, b)
		total += b.n
	}
	if err := rows.Err(); err != nil || total == 0 {
		return nil, false, err
	}
	ms = make([]float64, len(q))
	for i := range q {
		seen := 0
		for _, b := range bars {
			ms[i] = unbucket(b.bucket)
			if seen += b.n; float64(seen) >= q[i]*float64(total) {
				break
			}
		}
	}
	return ms, true, nil
}

// Summary is what a list shows of an entry.
type Summary struct {
	ID       string          `json:"id"`
	At       time.Time       `json:"at"`
	Kind     string          `json:"kind"`
	App      string          `json:"app"`
	Route    string          `json:"route"`
	Model    string          `json:"model"`
	Outcome  Outcome         `json:"outcome"`
	Action   policies.Action `json:"action,omitempty"`
	Shadow   bool            `json:"shadow"`
	Status   int             `json:"status"`
	Verdict  guards.Verdict  `json:"verdict"` // of the worst sentence
	Counts   policies.Counts `json:"sentences"`
	Ms       float64         `json:"total_ms"`
	Keep     Keep            `json:"keep"`
	Question string          `json:"question,omitempty"` // as kept
	Reason   string          `json:"reason,omitempty"`
}

// Entries returns up to limit exchanges, the newest first; before is the ID of the
// last one of the page before, or "" to begin.
func (l *Log) Entries(ctx context.Context, f Filter, before string, limit int) ([]Summary, error) {
	where, args := f.where()
	if before != "" {
		where += " AND id < ?"
		args = append(args, before)
	}
	rows, err := l.read.QueryContext(ctx, `SELECT id, at, kind, app, route, model, outcome, action, status, supported, contradicted,
		not_covered, not_claim, not_measured, ms, (SELECT json FROM bodies WHERE seq = body)
		FROM entries WHERE true`+where+` ORDER BY id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("reading entries: %w", err)
	}
	defer rows.Close()
	out := []Summary{}
	for rows.Next() {
		var s Summary
		var at int64
		var body []byte
		c := &s.Counts
		if err := rows.Scan(&s.ID, &at, &s.Kind, &s.App, &s.Route, &s.Model, &s.Outcome, &s.Action, &s.Status, &c.Supported, &c.Contradicted,
			&c.NotCovered, &c.NotClaim, &c.NotMeasured, &s.Ms, &body); err != nil {
			return nil, fmt.Errorf("reading entries: %w", err)
		}
		kept := struct {
			Keep             Keep
			Shadow           bool
			Question, Reason string
		}{}
		if err := json.Unmarshal(body, &kept); err != nil {
			return nil, fmt.Errorf("reading entry %s: %w", s.ID, err)
		}
		s.At, s.Verdict = time.UnixMilli(at).UTC(), worst(*c)
		s.Keep, s.Shadow, s.Question, s.Reason = kept.Keep, kept.Shadow, kept.Question, kept.Reason
		out = append(out, s)
	}
	return out, rows.Err()
}

// ErrNotFound is returned for an exchange that the log does not hold.
var ErrNotFound = errors.New("no such exchange")

// Entry returns the entry with this ID.
func (l *Log) Entry(ctx context.Context, id string) (*Entry, error) {
	var body []byte
	err := l.read.QueryRowContext(ctx, "SELECT json FROM bodies WHERE seq = (SELECT body FROM entries WHERE id = ?)", id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading entry %s: %w", id, err)
	}
	var e Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, fmt.Errorf("reading entry %s: %w", id, err)
	}
	return &e, nil
}

// Ready tells whether the log can be read and the last entries could be written.
func (l *Log) Ready(ctx context.Context) error {
	if l.failing.Load() {
		return errors.New("writing the audit log fails")
	}
	var one int
	if err := l.read.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM entries LIMIT 1)").Scan(&one); err != nil {
		return fmt.Errorf("reading the audit log: %w", err)
	}
	return nil
}
