package audit

import (
	"context"
	"fmt"
	"time"

	"touchstone/internal/fairness"
	"touchstone/policies"
)

// Recognition says which groups an entry records.
type Recognition string

const (
	NoGroups  Recognition = "off"       // none; "" too
	Declared  Recognition = "declared"  // those that applications declare
	Mentioned Recognition = "mentioned" // these, and those named in questions and answers
)

// observe measures the first answer and finds the groups that the exchange is about, as
// far as how allows. It runs off the request's time, before anything is masked or hashed,
// and a second time changes nothing.
func (e *Entry) observe(how Recognition) {
	if how == "" || how == NoGroups {
		e.Groups = nil
		return
	}
	if e.Manner != nil || e.Kind != "chat" && e.Kind != "check" && e.Kind != Probe {
		return
	}
	answer := ""
	if len(e.Answers) > 0 {
		answer = e.Answers[0]
		m := fairness.Measure(answer)
		e.Manner = &m
	}
	if how == Declared {
		return
	}
	var g fairness.Groups
	if e.Groups != nil {
		g = *e.Groups
	}
	g.Question, g.Answer = fairness.Mentions(fairness.Spoken(e.Question)), fairness.Mentions(answer)
	if !g.Empty() {
		e.Groups = &g
	}
}

// treatment is the exchange as the statistics of groups count it; ok is false where it
// says nothing of how anybody is treated: a probe, a failure, a client that had gone, a
// route switched off.
func (e *Entry) treatment(f *facts) (c fairness.Counts, ok bool) {
	switch {
	case e.Groups == nil, e.Kind == Probe, e.Switch == policies.SwitchBlock, e.Status == 499, e.Status >= 500:
		return c, false
	case e.Manner == nil && f.action != policies.Block:
		return c, false
	}
	return fairness.Count(fairness.Seen{Blocked: f.action == policies.Block, Manner: e.Manner,
		Checked: f.counts.Checked(), Contradicted: f.counts.Contradicted}), true
}

const addGroups = `INSERT INTO groups VALUES (?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
ON CONFLICT DO UPDATE SET exchanges = exchanges + excluded.exchanges, blocked = blocked + excluded.blocked,
served = served + excluded.served, answers = answers + excluded.answers, refused = refused + excluded.refused,
given = given + excluded.given, negative = negative + excluded.negative, checked = checked + excluded.checked,
contradicted = contradicted + excluded.contradicted, decided = decided + excluded.decided, approved = approved + excluded.approved,
words = words + excluded.words, words2 = words2 + excluded.words2, graded = graded + excluded.graded,
grade = grade + excluded.grade, grade2 = grade2 + excluded.grade2`

type groupKey struct {
	span, at          int64
	route, model, app string
	label             fairness.Label
}

// sumGroups adds a batch to the sums of groups.
func (w *writer) sumGroups(ctx context.Context, entries []*Entry, all []facts) error {
	sums := map[groupKey]*fairness.Counts{}
	for i, e := range entries {
		c, ok := e.treatment(&all[i])
		if !ok {
			continue
		}
		for _, label := range e.Groups.Labels() {
			for _, span := range []int64{60, 3600} {
				k := groupKey{span, e.At.Unix() / span * span, e.Route, w.names.model(e.Model), e.App, label}
				if sums[k] == nil {
					sums[k] = &fairness.Counts{}
				}
				sums[k].Add(c)
			}
		}
	}
	for k, c := range sums {
		if _, err := w.groups.ExecContext(ctx, k.span, k.at, k.route, k.model, k.app, string(k.label.Group), string(k.label.Basis),
			c.Exchanges, c.Blocked, c.Served, c.Answers, c.Refused, c.Given, c.Negative, c.Checked, c.Contradicted, c.Decided, c.Approved,
			c.Words, c.Words2, c.Graded, c.Grade, c.Grade2); err != nil {
			return fmt.Errorf("adding to the sums of groups: %w", err)
		}
	}
	return nil
}

// maxCells bounds what one call of Groups holds in memory.
const maxCells = 20_000

// Groups sums up the exchanges between from and to that speak of a group, in steps of an
// hour, or of a minute for less than a day. f.Outcome is not regarded. from is rounded
// down to a whole step.
func (l *Log) Groups(ctx context.Context, from, to time.Time, f Filter) (fairness.Cells, error) {
	f.Outcome = ""
	where, args := f.where()
	span := int64(60)
	if to.Sub(from) >= 24*time.Hour {
		span = 3600
	}
	rows, err := l.read.QueryContext(ctx, `SELECT route, model, app, name, basis, exchanges, blocked, served, answers, refused, given, negative,
		checked, contradicted, decided, approved, words, words2, graded, grade, grade2
		FROM groups WHERE span = ? AND at >= ? AND at < ?`+where, append([]any{span, from.Unix() / span * span, to.Unix()}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("reading the sums of groups: %w", err)
	}
	defer rows.Close()
	cells := fairness.Cells{}
	for rows.Next() {
		var k fairness.Key
		var c fairness.Counts
		if err := rows.Scan(&k.Route, &k.Model, &k.App, &k.Group, &k.Basis, &c.Exchanges, &c.Blocked, &c.Served, &c.Answers, &c.Refused, &c.Given, &c.Negative,
			&c.Checked, &c.Contradicted, &c.Decided, &c.Approved, &c.Words, &c.Words2, &c.Graded, &c.Grade, &c.Grade2); err != nil {
			return nil, fmt.Errorf("reading the sums of groups: %w", err)
		}
		if cells[k] == nil {
			if len(cells) == maxCells {
				return nil, fmt.Errorf("reading the sums of groups: more than %d groups by application, route and model; choose one of them", maxCells)
			}
			cells[k] = &fairness.Cell{}
		}
		cells[k].AddStep(c)
	}
	return cells, rows.Err()
}
