package eval

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"

	"touchstone/guards"
)

// Scores is what a group of rows scores. A positive is a row that is not
// supported; it is caught when its verdict is contradicted, not_covered or
// not_measured.
type Scores struct {
	Name   string        `json:"name"`
	Rows   int           `json:"rows"`
	Docs   int           `json:"documents"`
	Labels map[Label]int `json:"labels"` // generic, not_claim and "" (unlabelled) are not scored

	Precision        Figure    `json:"precision"`
	Recall           Figure    `json:"recall"`
	F1               Figure    `json:"f1"`
	F1Interval       [2]Figure `json:"f1_95"` // bootstrap by document
	BalancedAccuracy Figure    `json:"balanced_accuracy"`
	BalancedInterval [2]Figure `json:"balanced_accuracy_95"`

	// At the threshold that suits these very rows best: an upper bound.
	BestF1         Figure `json:"best_f1"`
	BestF1At       Figure `json:"best_f1_threshold"`
	BestBalanced   Figure `json:"best_balanced_accuracy"`
	BestBalancedAt Figure `json:"best_balanced_accuracy_threshold"`

	AUROC            Figure                           `json:"auroc"`
	CalibrationError Figure                           `json:"calibration_error"` // expected, ten bins
	Reliability      []Bin                            `json:"reliability,omitempty"`
	Confusion        map[Label]map[guards.Verdict]int `json:"confusion"`
	Overlap          []Bucket                         `json:"overlap,omitempty"`
	Spans            *Spans                           `json:"spans,omitempty"`
	Latency          Latency                          `json:"latency"`

	roc []rocPoint // for the plot
}

// Bucket is a third of a group's rows, by the share of their words that occur in
// the context. Rows with the same share are never parted.
type Bucket struct {
	Low              Figure `json:"low"` // shares of the bucket's rows, both ends included
	High             Figure `json:"high"`
	Rows             int    `json:"rows"`
	Bad              int    `json:"bad"`
	Recall           Figure `json:"recall"`
	FalseAlarms      Figure `json:"false_alarm_rate"`
	F1               Figure `json:"f1"`
	BalancedAccuracy Figure `json:"balanced_accuracy"`
	AUROC            Figure `json:"auroc"`
}

// Spans compares the caught sentences with the labelled spans, by characters.
type Spans struct {
	Rows      int    `json:"rows"` // with spans
	Precision Figure `json:"precision"`
	Recall    Figure `json:"recall"`
	F1        Figure `json:"f1"`
}

// Latency is the time to judge one row, in milliseconds. It is the only part of
// a report that differs between two runs.
type Latency struct {
	P50 Figure `json:"p50_ms"`
	P99 Figure `json:"p99_ms"`
}

// ErrorScore is how the rows made wrong in one way fared. For "none", the right
// rows, Rate is the false alarm rate; for all others the recall.
type ErrorScore struct {
	Error    string                 `json:"error"`
	Rows     int                    `json:"rows"`
	Rate     Figure                 `json:"rate"`
	Interval [2]Figure              `json:"rate_95"`
	Verdicts map[guards.Verdict]int `json:"verdicts"`
}

// Report is what a run of evaluation says, the worst groups first.
type Report struct {
	Policy  string          `json:"policy_revision,omitempty"`
	Index   string          `json:"index_revision,omitempty"`
	Overall Scores          `json:"overall"`
	Answers []Scores        `json:"answers,omitempty"` // whole answers that are labelled by sentence, judged by their worst one
	Sets    []Scores        `json:"sets"`
	Tasks   []Scores        `json:"tasks"`
	Errors  []ErrorScore    `json:"errors,omitempty"`
	Content []ContentScores `json:"content,omitempty"` // sets about what texts hold
}

// record is what a Scorer keeps of a row.
type record struct {
	outcome
	set, task, errorType string
	label                Label
	verdict              guards.Verdict
	overlap, ms          float64
	gold, marked, both   int // characters of labelled spans, of caught sentences, of both
}

// Scorer collects results. It keeps a few numbers of every row, no text.
type Scorer struct {
	rows, answers []record
	content       []contentRecord
}

// Add takes one result.
func (s *Scorer) Add(res Result) {
	if res.Item.Content != nil {
		s.addContent(res)
		return
	}
	h := fnv.New64a()
	h.Write([]byte(res.Item.Doc)) //nolint:errcheck // a hash does not fail
	base := record{set: res.Item.Set, task: res.Item.Task, outcome: outcome{doc: h.Sum64()}}
	whole := base
	var scores []float64
	whole.label, whole.verdict, whole.ms, whole.overlap = LabelNotClaim, guards.NotClaim, res.Ms, math.NaN()
	for _, row := range res.Rows {
		r := base
		r.label, r.errorType, r.verdict, r.overlap, r.ms = row.Label, row.Error, row.Verdict, row.Overlap, row.Ms
		r.bad, r.caught, r.score = row.Label.bad(), caught(row.Verdict), row.Score
		r.gold, r.marked, r.both = spanChars(row)
		s.rows = append(s.rows, r)

		whole.label = worse(whole.label, row.Label)
		whole.verdict = guards.Worse(whole.verdict, row.Verdict)
		scores = append(scores, row.Score)
	}
	if res.Item.Whole {
		whole.score = guards.AnswerScore(scores)
		whole.bad, whole.caught = whole.label.bad(), caught(whole.verdict)
		s.answers = append(s.answers, whole)
	}
}

// worse is the label of a text with parts of labels a and b.
func worse(a, b Label) Label {
	rank := map[Label]int{LabelNotClaim: 0, LabelGeneric: 0, LabelSupported: 1, LabelUnsupported: 2, LabelContradicted: 3, "": 4}
	if rank[b] > rank[a] {
		return b
	}
	return a
}

// Report scores what has been added.
func (s *Scorer) Report() Report {
	return Report{
		Overall: score("all", s.rows),
		Answers: grouped(s.answers, func(r record) string { return r.set }),
		Sets:    grouped(s.rows, func(r record) string { return r.set }),
		Tasks:   grouped(s.rows, func(r record) string { return r.task }),
		Errors:  byError(s.rows),
		Content: contentScores(s.content),
	}
}

// split parts rows by key, in the order of first appearance.
func split(rows []record, key func(record) string) (names []string, parts map[string][]record) {
	parts = map[string][]record{}
	for _, r := range rows {
		k := key(r)
		if _, ok := parts[k]; !ok {
			names = append(names, k)
		}
		parts[k] = append(parts[k], r)
	}
	return names, parts
}

// grouped scores each group, worst balanced accuracy first; groups of one class
// only, which have none, come last.
func grouped(rows []record, key func(record) string) []Scores {
	names, parts := split(rows, key)
	var out []Scores
	for _, n := range names {
		out = append(out, score(n, parts[n]))
	}
	slices.SortStableFunc(out, func(a, b Scores) int { return worstFirst(a.BalancedAccuracy, b.BalancedAccuracy) })
	return out
}

func worstFirst(a, b Figure) int {
	switch {
	case math.IsNaN(float64(a)) && math.IsNaN(float64(b)):
		return 0
	case math.IsNaN(float64(a)):
		return 1
	case math.IsNaN(float64(b)):
		return -1
	}
	return cmp.Compare(a, b)
}

func score(name string, rows []record) Scores {
	s := Scores{Name: name, Rows: len(rows), Labels: map[Label]int{}, Confusion: map[Label]map[guards.Verdict]int{}}
	var scored []outcome
	var ms []float64
	var c counts
	docs := map[uint64]bool{}
	var withSpans, gold, marked, both int
	for _, r := range rows {
		s.Labels[r.label]++
		docs[r.doc] = true
		ms = append(ms, r.ms)
		if !r.label.scored() {
			continue
		}
		scored = append(scored, r.outcome)
		c.add(r.bad, r.caught)
		if s.Confusion[r.label] == nil {
			s.Confusion[r.label] = map[guards.Verdict]int{}
		}
		s.Confusion[r.label][r.verdict]++
		if r.gold > 0 {
			withSpans++
		}
		gold, marked, both = gold+r.gold, marked+r.marked, both+r.both
	}
	s.Docs = len(docs)
	s.Precision, s.Recall, s.F1, s.BalancedAccuracy = c.precision(), c.recall(), c.f1(), c.balanced()
	s.F1Interval, s.BalancedInterval = intervals(scored)
	s.BestF1, s.BestF1At, s.BestBalanced, s.BestBalancedAt = best(scored)
	s.AUROC, s.CalibrationError = auroc(scored), calibrationError(scored)
	s.Reliability, s.roc = reliability(scored), roc(scored)
	s.Overlap = buckets(rows)
	if withSpans > 0 {
		s.Spans = &Spans{
			Rows:      withSpans,
			Precision: ratio(float64(both), float64(marked)),
			Recall:    ratio(float64(both), float64(gold)),
			F1:        ratio(2*float64(both), float64(gold+marked)),
		}
	}
	slices.Sort(ms)
	s.Latency = Latency{quantile(ms, .5), quantile(ms, .99)}
	return s
}

// buckets parts the scored rows in three by their overlap.
func buckets(rows []record) []Bucket {
	var with []record
	for _, r := range rows {
		if r.label.scored() && !math.IsNaN(r.overlap) {
			with = append(with, r)
		}
	}
	slices.SortStableFunc(with, func(a, b record) int { return cmp.Compare(a.overlap, b.overlap) })
	var out []Bucket
	for start, third := 0, 1; third <= 3; third++ {
		end := len(with) * third / 3
		for end > start && end < len(with) && with[end].overlap == with[end-1].overlap {
			end++
		}
		if end <= start {
			continue
		}
		var c counts
		var scored []outcome
		for _, r := range with[start:end] {
			c.add(r.bad, r.caught)
			scored = append(scored, r.outcome)
		}
		out = append(out, Bucket{
			Low: Figure(with[start].overlap), High: Figure(with[end-1].overlap), Rows: end - start, Bad: int(c.tp + c.fn),
			Recall: c.recall(), FalseAlarms: ratio(c.fp, c.fp+c.tn), F1: c.f1(), BalancedAccuracy: c.balanced(), AUROC: auroc(scored),
		})
		start = end
	}
	return out
}

// byError scores each kind of error, the least caught first and the right rows
// before all.
func byError(rows []record) []ErrorScore {
	names, parts := split(rows, func(r record) string {
		if !r.label.scored() {
			return ""
		}
		return r.errorType
	})
	var out []ErrorScore
	for _, n := range names {
		if n == "" {
			continue
		}
		e := ErrorScore{Error: n, Rows: len(parts[n]), Verdicts: map[guards.Verdict]int{}}
		hits := 0
		for _, r := range parts[n] {
			e.Verdicts[r.verdict]++
			if r.caught {
				hits++
			}
		}
		e.Rate, e.Interval = ratio(float64(hits), float64(e.Rows)), wilson(hits, e.Rows)
		out = append(out, e)
	}
	slices.SortStableFunc(out, func(a, b ErrorScore) int {
		if (a.Error == "none") != (b.Error == "none") {
			if a.Error == "none" {
				return -1
			}
			return 1
		}
		if d := worstFirst(a.Rate, b.Rate); d != 0 {
			return d
		}
		return cmp.Compare(a.Error, b.Error)
	})
	return out
}
