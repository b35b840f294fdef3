package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// open opens a log in a fresh file and closes it when the test ends.
func open(t testing.TB, opt Options) *Log {
	t.Helper()
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	l, err := Open(filepath.Join(t.TempDir(), "audit.db"), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return l
}

var start = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// entry is the n-th exchange of a test, one a second, with sentences of these verdicts.
func entry(n int, verdicts ...guards.Verdict) Entry {
	e := Entry{Version: EntryVersion, ID: fmt.Sprintf("%026d", n), At: start.Add(time.Duration(n) * time.Second),
		Kind: "chat", App: "shop", Route: "default", Model: "gpt-4o", Upstream: "openai", Path: "/v1/chat/completions",
		Status: 200, Outcome: Pass, Keep: KeepAll, Question: "How long is the warranty?",
		Latency: Latency{Total: 300, Upstream: 298, Judge: 2, FirstSentence: 120}}
	if len(verdicts) == 0 {
		e.Kind, e.Outcome, e.Reason, e.Latency.Judge = "pass", Unchecked, "pass_through", 0
		return e
	}
	r := judge.Receipt{ID: e.ID, Action: policies.Allow, Verdict: guards.Supported, Policy: "p1", Index: "i1"}
	text := ""
	for i, v := range verdicts {
		s := fmt.Sprintf("Sentence number %d says that the warranty lasts 24 months. ", i)
		r.Sentences = append(r.Sentences, judge.SentenceRecord{Start: len(text), End: len(text) + len(s), Text: s, Verdict: v,
			Score: 0.1, Reason: "The warranty page says 24 months.",
			Evidence: []judge.EvidenceRecord{{Source: "docs/warranty.md", Title: "Warranty", Revision: "0f3a", Start: 120, Quote: "Every kettle is covered for 24 months from delivery."}}})
		text += s
	}
	e.Answers, e.Choices = []string{text}, []judge.Receipt{r}
	return e
}

func flush(t testing.TB, l *Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := l.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsAppendedIsReadBack(t *testing.T) {
	l := open(t, Options{})
	want := entry(1, guards.Supported, guards.Contradicted, guards.NotClaim)
	want.Answers[0] += "<script>&"
	if !l.Append(t.Context(), want, false) {
		t.Fatal("not taken")
	}
	flush(t, l)
	got, err := l.Entry(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
	if _, err := l.Entry(t.Context(), "none"); err != ErrNotFound {
		t.Errorf("an unknown ID gives %v, want ErrNotFound", err)
	}
	if s := l.Stats(); s.Written != 1 || s.Queued != 0 || s.QueuedBytes != 0 || s.Dropped != 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestTheTablesRefuseChanges(t *testing.T) {
	l := open(t, Options{})
	l.Append(t.Context(), entry(1, guards.Supported), true)
	flush(t, l)
	for _, q := range []string{
		"UPDATE entries SET outcome = 'pass'", "DELETE FROM entries", "UPDATE bodies SET json = '{}'", "DELETE FROM bodies",
		"INSERT OR REPLACE INTO bodies VALUES (1, '{}', NULL)",
	} {
		if _, err := l.store.conn.ExecContext(t.Context(), q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want it refused", q, err)
		}
	}
}

func TestAFullQueueDropsOrWaits(t *testing.T) {
	l := open(t, Options{Queue: 2, Flush: time.Hour})
	hold := stall(t, l)
	ctx := t.Context()
	taken := 0
	for i := range 10 {
		if l.Append(ctx, entry(i+1), false) {
			taken++
		}
	}
	if taken != 2 {
		t.Fatalf("%d entries taken, want the queue's 2", taken)
	}
	if got := l.Stats().Dropped; got != int64(10-taken) {
		t.Errorf("%d dropped, want %d", got, 10-taken)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if l.Append(short, entry(20), true) {
		t.Error("an entry was taken though its context ended before there was room")
	}
	done := make(chan bool)
	go func() { done <- l.Append(ctx, entry(21), true) }()
	hold()
	if !<-done {
		t.Error("an entry that could wait was not taken once there was room")
	}
	flush(t, l)
	if got := l.Stats(); got.Written != int64(taken+2) || got.Queued != 0 {
		t.Errorf("stats %+v, want %d written", got, taken+2)
	}
}

func TestTheQueueIsBoundInBytes(t *testing.T) {
	l := open(t, Options{Bytes: 100 << 10, Flush: time.Hour})
	release := stall(t, l)
	defer release()
	big := entry(1)
	big.Question = strings.Repeat("x", 60<<10)
	if !l.Append(t.Context(), big, false) {
		t.Error("the first does not fit")
	}
	if l.Append(t.Context(), big, false) {
		t.Error("the second fits, which is over the bound")
	}
}

// stall occupies the writer with one entry that it cannot commit until the function returned is called.
func stall(t *testing.T, l *Log) (release func()) {
	t.Helper()
	other, err := sql.Open("sqlite", dsn(file(t, l), "busy_timeout(1000)"))
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	l.Append(t.Context(), entry(0), true)
	l.queue <- item{flushed: make(chan struct{})} // cuts the batch
	for len(l.queue) > 0 {
		time.Sleep(time.Millisecond)
	}
	return func() {
		if _, err := other.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		other.Close()
	}
}

// file is the path of a log.
func file(t *testing.T, l *Log) (path string) {
	t.Helper()
	if err := l.read.QueryRow("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAFullDiskIsRetriedAndLosesNothing(t *testing.T) {
	l := open(t, Options{Flush: time.Millisecond})
	pages := func(n int) {
		if _, err := l.store.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", n)); err != nil {
			t.Fatal(err)
		}
	}
	pages(1) // SQLite takes the present size: the next page is "disk full"
	const n = 40
	for i := range n {
		if !l.Append(t.Context(), entry(i, guards.Supported, guards.Supported, guards.Supported), false) {
			t.Fatal("not taken")
		}
	}
	for l.Stats().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	if l.Ready(t.Context()) == nil {
		t.Error("ready with a full disk")
	}
	pages(1 << 30)
	flush(t, l)
	if err := l.Ready(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
	var rows, bodies, sum int
	if err := l.read.QueryRow("SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM bodies), (SELECT sum(exchanges) FROM sums WHERE span = 60)").Scan(&rows, &bodies, &sum); err != nil {
		t.Fatal(err)
	}
	if rows != n || bodies != n || sum != n {
		t.Errorf("%d entries, %d bodies, %d counted; want %d of each", rows, bodies, sum, n)
	}
}

func TestARetryWritesNothingTwice(t *testing.T) {
	l := open(t, Options{})
	a, b := entry(1, guards.Supported), entry(2, guards.Supported)
	l.Append(t.Context(), a, true)
	flush(t, l)
	// As after a COMMIT that reported an error and was durable all the same: the
	// whole batch comes again.
	l.Append(t.Context(), a, true)
	l.Append(t.Context(), b, true)
	l.Append(t.Context(), b, true)
	flush(t, l)
	points, err := l.Rates(t.Context(), start, start.Add(time.Hour), time.Hour, Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if got := Total(points); got.Exchanges != 2 || got.Counts.Supported != 2 {
		t.Errorf("counted %+v, want 2 exchanges", got)
	}
}

func TestCloseWritesWhatWaitsAndThenRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.db")
	l, err := Open(path, Options{Flush: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		l.Append(t.Context(), entry(i), false)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if l.Append(t.Context(), entry(9), true) {
		t.Error("a closed log took an entry")
	}
	if err := l.Close(t.Context()); err != nil {
		t.Errorf("closing again: %v", err)
	}
	l, err = Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(t.Context())
	got, err := l.Entries(t.Context(), Filter{}, "", 10)
	if err != nil || len(got) != 5 {
		t.Errorf("%d entries, %v; want 5", len(got), err)
	}
	if n := l.Names(); !reflect.DeepEqual(n, Names{[]string{"default"}, []string{"gpt-4o"}, []string{"shop"}}) {
		t.Errorf("names after opening again: %+v", n)
	}
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	l, err := Open(filepath.Join(t.TempDir(), "audit.db"), Options{Flush: time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.store.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		l.Append(t.Context(), entry(i, guards.Supported, guards.Supported), false)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := l.Close(ctx); err == nil {
		t.Error("no error though entries were lost")
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("took %s", took)
	}
	if s := l.Stats(); s.Dropped+s.Written != 50 || s.Dropped == 0 {
		t.Errorf("stats %+v, want the 50 accounted for", s)
	}
}

func TestAnEntryThatJSONCannotHoldDoesNotStopTheLog(t *testing.T) {
	l := open(t, Options{})
	bad := entry(1, guards.Supported)
	bad.Choices[0].Score = nan()
	l.Append(t.Context(), bad, true)
	l.Append(t.Context(), entry(2, guards.Supported), true)
	flush(t, l)
	got, err := l.Entry(t.Context(), bad.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got.Reason, "could not be written whole") || got.Answers[0] != bad.Answers[0] {
		t.Errorf("got %+v", got)
	}
	if _, err := l.Entry(t.Context(), entry(2).ID); err != nil {
		t.Error(err)
	}
}

func nan() float64 { var z float64; return z / z }

// BenchmarkAppend measures the whole way of an entry to the disk: CPU time an entry
// is what to look at (cpu-µs/op), as the fsync costs none.
func BenchmarkAppend(b *testing.B) {
	twelve := make([]guards.Verdict, 12)
	for i := range twelve {
		twelve[i] = guards.Supported
	}
	for _, c := range []struct {
		name string
		keep Keep
		v    []guards.Verdict
	}{{"12-sentences/keep", KeepAll, twelve}, {"12-sentences/mask", KeepMask, twelve}, {"12-sentences/hash", KeepHash, twelve}, {"pass-through", KeepAll, nil}} {
		b.Run(c.name, func(b *testing.B) {
			l := open(b, Options{Queue: 4096})
			e := entry(0, c.v...)
			e.Keep = c.keep
			body, _ := json.Marshal(e.kept())
			b.ReportAllocs()
			before := cpu()
			for i := 0; b.Loop(); i++ {
				e.ID = fmt.Sprintf("%026d", i)
				e.At = start.Add(time.Duration(i) * time.Millisecond)
				l.Append(context.Background(), e, true)
			}
			flush(b, l)
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
			b.ReportMetric(float64(len(body)), "bytes/entry")
		})
	}
}
