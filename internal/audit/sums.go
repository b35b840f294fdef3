package audit

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"touchstone/policies"
)

// facts are what the columns and sums take from an entry.
type facts struct {
	counts  policies.Counts
	action  policies.Action
	answers []policies.Counts // of each choice
	judged  float64           // milliseconds; negative when nothing was
}

func (e *Entry) facts() facts {
	f := facts{judged: -1}
	for i := range e.Choices {
		c := &e.Choices[i]
		n := countsOf(c)
		f.answers = append(f.answers, n)
		f.counts = plus(f.counts, n)
		if f.action == "" || c.Action.Strictness() > f.action.Strictness() {
			f.action = c.Action
		}
		f.judged = e.Latency.Judge
	}
	return f
}

const addSums = `INSERT INTO sums VALUES (?,?,?,?,?,?, ?,?,?,?,?,?,?, ?,?,?,?,?)
ON CONFLICT DO UPDATE SET exchanges = exchanges + excluded.exchanges, answers = answers + excluded.answers,
supported = supported + excluded.supported, contradicted = contradicted + excluded.contradicted,
not_covered = not_covered + excluded.not_covered, not_claim = not_claim + excluded.not_claim,
not_measured = not_measured + excluded.not_measured, nn = nn + excluded.nn, cc = cc + excluded.cc,
cn = cn + excluded.cn, vv = vv + excluded.vv, vn = vn + excluded.vn`

const addJudging = `INSERT INTO judging VALUES (?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET n = n + excluded.n`

type sumKey struct {
	span, at          int64
	route, model, app string
	outcome           Outcome
}

type judgingKey struct {
	span, at          int64
	route, model, app string
	bucket            int
}

// sum adds a batch to the sums by minute and by hour.
func (w *writer) sum(ctx context.Context, entries []*Entry, facts []facts) error {
	sums := map[sumKey]*Sums{}
	judging := map[judgingKey]int{}
	for i, e := range entries {
		if e.Kind == Probe {
			continue
		}
		f := &facts[i]
		w.names.add(e.Route, e.Model, e.App)
		one := Sums{Exchanges: 1, Counts: f.counts}
		for _, a := range f.answers {
			one.addAnswer(a)
		}
		for _, span := range []int64{60, 3600} {
			at := e.At.Unix() / span * span
			k := sumKey{span, at, e.Route, w.names.model(e.Model), e.App, e.Outcome}
			if sums[k] == nil {
				sums[k] = new(Sums)
			}
			sums[k].add(one)
			if f.judged >= 0 {
				judging[judgingKey{span, at, k.route, k.model, k.app, bucket(f.judged)}]++
			}
		}
	}
	for k, s := range sums {
		c := s.Counts
		if _, err := w.sums.ExecContext(ctx, k.span, k.at, k.route, k.model, k.app, string(k.outcome),
			s.Exchanges, s.Answers, c.Supported, c.Contradicted, c.NotCovered, c.NotClaim, c.NotMeasured,
			s.nn, s.cc, s.cn, s.vv, s.vn); err != nil {
			return fmt.Errorf("adding to sums: %w", err)
		}
	}
	for k, n := range judging {
		if _, err := w.judging.ExecContext(ctx, k.span, k.at, k.route, k.model, k.app, k.bucket, n); err != nil {
			return fmt.Errorf("adding to judging times: %w", err)
		}
	}
	return nil
}

// bucket is where the histogram of judging times counts ms.
func bucket(ms float64) int {
	if !(ms > 0.01) { // also NaN
		ms = 0.01
	}
	return int(math.Round(4 * math.Log2(min(ms, 1e7))))
}

// unbucket is the duration in milliseconds that a bucket stands for, right to 9%.
func unbucket(b int) float64 { return math.Exp2(float64(b) / 4) }

// maxModels is how many model names are counted apart. Clients choose the name, so
// without a bound they could make the sums grow without one.
const maxModels = 200

// otherModel stands for the names beyond maxModels.
const otherModel = "other"

// names are the values that filters offer.
type names struct {
	mu                   sync.Mutex
	routes, models, apps map[string]bool
}

func loadNames(db *sql.DB) (*names, error) {
	n := &names{routes: map[string]bool{}, models: map[string]bool{}, apps: map[string]bool{}}
	rows, err := db.Query("SELECT DISTINCT route, model, app FROM sums WHERE span = 3600")
	if err != nil {
		return nil, fmt.Errorf("reading the names in use: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var route, model, app string
		if err := rows.Scan(&route, &model, &app); err != nil {
			return nil, err
		}
		n.add(route, model, app)
	}
	return n, rows.Err()
}

// model returns name, or otherModel when too many are known already.
func (n *names) model(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.models[name] {
		if len(n.models) >= maxModels || len(name) > 128 {
			return otherModel
		}
		n.models[name] = true
	}
	return name
}

func (n *names) add(route, model, app string) {
	n.model(model)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routes[route], n.apps[app] = true, true
}

// Names are the routes, models and applications seen so far, sorted.
type Names struct{ Routes, Models, Apps []string }

// Names tells what a Filter can choose from.
func (l *Log) Names() Names {
	l.names.mu.Lock()
	defer l.names.mu.Unlock()
	sorted := func(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }
	return Names{sorted(l.names.routes), sorted(l.names.models), sorted(l.names.apps)}
}
