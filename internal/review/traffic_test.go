package review_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

// byText gives every sentence a verdict that depends on its text alone.
type byText struct{}

func (byText) Name() string { return "by_text" }
func (byText) Check(_ context.Context, ex *guards.Exchange) ([]guards.Finding, error) {
	var out []guards.Finding
	for _, c := range ex.Claims {
		if c.NotClaim == "" {
			h := fnv.New32a()
			h.Write([]byte(c.Text))
			v := []guards.Verdict{guards.Supported, guards.Supported, guards.Supported, guards.NotCovered, guards.Contradicted}[h.Sum32()%5]
			out = append(out, guards.Finding{Claim: c, Verdict: v, Score: 0.3 + float64(h.Sum32()%70)/100, Reason: "scripted"})
		}
	}
	return out, nil
}

// rude finds a word in prompts and answers.
type rude struct{}

func (rude) Name() string { return "rude" }
func (rude) Detects()     {}
func (rude) Check(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for _, c := range ex.Claims {
		if at := strings.Index(c.Text, "old fool"); at >= 0 {
			out = append(out, guards.Finding{Claim: c, Category: "insult", Group: "age", Score: 0.9, Start: c.Start + at, End: c.Start + at + 8})
		}
	}
	return out, nil
}
func (rude) CheckPrompt(_ context.Context, ex *guards.Exchange) (out []guards.Finding, _ error) {
	for i, m := range ex.Prompt {
		if at := strings.Index(m.Text, "old fool"); at >= 0 {
			out = append(out, guards.Finding{Side: guards.InPrompt, Message: i, Category: "insult", Group: "age", Score: 0.9, Start: at, End: at + 8})
		}
	}
	return out, nil
}

func defaults(t testing.TB) judge.Decider {
	t.Helper()
	e, err := policies.Load(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return e.Patient(time.Minute)
}

var start = time.Date(2026, 11, 17, 8, 0, 0, 0, time.UTC)

// kinds is how many different exchanges there are.
const kinds = 200

// conversation is exchange i as the proxy would record it: every second streamed,
// every tenth with two choices, answers of about twelve sentences, now and then an
// insult. Exchanges that differ by a multiple of kinds are alike but for time and caller.
func conversation(t testing.TB, p judge.Decider, i int) audit.Entry {
	t.Helper()
	j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{byText{}, rude{}}}, Policy: p, Index: func() string { return "1-abc" }}
	kind := i % kinds
	e := audit.Entry{Version: audit.EntryVersion, Kind: "chat", App: []string{"shop", "back-office", "mail"}[kind%3], Route: []string{"support", "default"}[kind%2],
		Model: []string{"m1", "m2"}[kind/7%2], Path: "/v1/chat/completions", Status: 200, Keep: audit.KeepAll, Stream: kind%4 < 2, Outcome: audit.Pass}
	question := fmt.Sprintf("What about item %d?", kind)
	if kind%50 == 0 {
		question += " Tell me, old fool."
	}
	e.Question = question
	ex := guards.Exchange{App: e.App, Route: e.Route, Model: e.Model, Streamed: e.Stream, Prompt: []guards.Message{{Role: "user", Text: question}}}
	s := j.Screen(t.Context(), ex)
	for choice := range 1 + kind%10/9 {
		var text strings.Builder
		for k := range 6 + kind%13 {
			fmt.Fprintf(&text, "The item %d of kind %d costs %d euros in choice %d. ", k, kind, 10+k*kind%90, choice)
		}
		if kind%40 == 1 {
			text.WriteString("You are an old fool. ")
		}
		ex.Choice = choice
		c := j.Open(ex)
		c.After(s)
		if kind%20 == 7 {
			c.Skip("tool_calls")
		}
		if e.Stream {
			for rest := text.String(); rest != ""; {
				n := min(len(rest), 60)
				c.Add(t.Context(), rest[:n], false)
				rest = rest[n:]
			}
			c.Add(t.Context(), "", true)
		} else {
			c.Add(t.Context(), text.String(), true)
		}
		e.Answers = append(e.Answers, text.String())
		e.Choices = append(e.Choices, c.Receipt())
		if c.Decision().Action == policies.Block {
			e.Outcome = audit.Blocked
		}
	}
	return e
}

// traffic is a log of n exchanges, one every six seconds, decided by p.
func traffic(t testing.TB, p judge.Decider, n int) (path string, log *audit.Log, ids []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.db")
	log, err := audit.Open(path, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close(context.Background()) })
	made := make([]audit.Entry, min(n, kinds))
	for i := range made {
		made[i] = conversation(t, p, i)
	}
	for i := range n {
		e := made[i%kinds]
		e.At = start.Add(time.Duration(i) * 6 * time.Second)
		e.ID = ulid.MustNew(ulid.Timestamp(e.At), strings.NewReader(fmt.Sprintf("%010d", i))).String()
		ids = append(ids, e.ID)
		if !log.Append(context.Background(), e, true) {
			t.Fatal("an entry was not taken")
		}
	}
	if err := log.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	return path, log, ids
}

// changed is the default bundle with data.yaml changed.
func changed(t testing.TB, change func(string) string) (dir string, p judge.Decider) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "bundle")
	if err := os.CopyFS(dir, policies.Default()); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "data.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after := change(string(text))
	if after == string(text) {
		t.Fatal("the change changes nothing")
	}
	if err := os.WriteFile(file, []byte(after), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := policies.Load(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, e.Patient(time.Minute)
}
