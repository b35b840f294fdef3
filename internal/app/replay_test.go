package app

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"touchstone/groundtruth"
	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/internal/review"
	"touchstone/policies"
)

func runPolicyOn(args ...string) (status int, out, err string) {
	var stdout, stderr bytes.Buffer
	status = Main(context.Background(), append([]string{"policy"}, args...), Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

// judgedLog is a log of answers that the embedded bundle decided about: of every
// four, one is right, two are not covered and one contradicts the context.
func judgedLog(t *testing.T, n int) (path string, ids []string) {
	t.Helper()
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	guard, err := guards.New("groundedness", guards.Deps{})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "audit.db")
	l, err := audit.Open(path, audit.Options{})
	if err != nil {
		t.Fatal(err)
	}
	j := &judge.Judge{Chain: &guards.Chain{Guards: []guards.Guard{guard}}, Policy: engine.Patient(time.Minute)}
	for i := range n {
		at := time.Now().Add(-time.Hour).Add(time.Duration(i) * time.Second)
		e := audit.Entry{Version: audit.EntryVersion, ID: ulid.MustNew(ulid.Timestamp(at), ulid.DefaultEntropy()).String(), At: at, Kind: "chat",
			App: []string{"shop", "mail"}[i%2], Route: "default", Model: "m", Status: 200, Outcome: audit.Pass, Keep: audit.KeepAll, Stream: i%3 == 0}
		e.Answers = []string{[]string{"The shop opens at 9.", "The shop has a garden with 40 seats.", "The shop sells tea and cakes.", "The shop opens at 11."}[i%4]}
		c := j.Open(guards.Exchange{ID: e.ID, App: e.App, Route: e.Route, Model: e.Model, Streamed: e.Stream,
			Given: []groundtruth.Evidence{{Source: "caller:1", Text: "The shop opens at 9."}}})
		c.Add(t.Context(), e.Answers[0], true)
		e.Choices = []judge.Receipt{c.Receipt()}
		ids = append(ids, e.ID)
		l.Append(t.Context(), e, true)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return path, ids
}

func TestPolicyReplay(t *testing.T) {
	path, ids := judgedLog(t, 40)
	dir := filepath.Join(t.TempDir(), "bundle")
	if status, _, stderr := runPolicyOn("init", dir); status != exitOK {
		t.Fatal(stderr)
	}
	if status, out, stderr := runPolicyOn("replay", "-log", path, "-policies", dir, "-fail", "any"); status != exitOK || !strings.Contains(out, "40 (100%)  the same") {
		t.Fatalf("the same bundle: %d %s %s", status, out, stderr)
	}
	data := filepath.Join(dir, "data.yaml")
	text, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("apps: {}"), []byte("apps: {mail: {hallucination.not_covered: {action: block}, hallucination.contradicted: {action: flag}}}"), 1)
	if err := os.WriteFile(data, text, 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, stderr := runPolicyOn("replay", "-log", path, "-policies", dir, "-o", "json", "-fail", "blocked=0.1")
	var r review.Replay
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in %s %s", err, out, stderr)
	}
	if status != exitError || !strings.Contains(stderr, "10 newly blocked, 10 newly allowed") || r.Total.Blocked != 10 || r.Total.Allowed != 10 || r.Blocked[0].ID != ids[1] {
		t.Errorf("status %d, %s, %+v", status, stderr, r.Total)
	}
	for _, fail := range []string{"blocked=0.25", "allowed=0.3"} {
		if status, _, stderr := runPolicyOn("replay", "-log", path, "-policies", dir, "-fail", fail); status != exitOK {
			t.Errorf("-fail %s: %d %s", fail, status, stderr)
		}
	}
	if status, out, _ := runPolicyOn("replay", "-log", path, "-policies", dir, "-app", "shop", "-fail", "any"); status != exitOK || !strings.Contains(out, "20 (100%)  the same") {
		t.Errorf("the other application: %d %s", status, out)
	}
	if status, out, _ := runPolicyOn("replay", "-log", path, "-policies", dir, "-o", "html"); status != exitOK || !strings.Contains(out, "<h2>Newly blocked</h2>") || !strings.Contains(out, ids[1]) {
		t.Errorf("html: %d %.400s", status, out)
	}
	if status, out, stderr := runPolicyOn("replay", "-log", path, "-policies", dir, "-since", "30m"); status != exitOK || !strings.Contains(strings.Join(strings.Fields(out), " "), " 0 exchanges decided again") {
		t.Errorf("nothing in the last half hour: %d %s %s", status, out, stderr)
	}
}

func TestPolicyPromotion(t *testing.T) {
	path, ids := judgedLog(t, 40)
	if status, _, stderr := runAuditOn("review", "-log", path, "-right", "-sentence", "1", "-by", "ann", ids[3]); status != exitOK {
		t.Fatal(stderr)
	}
	status, out, stderr := runPolicyOn("promotion", "-log", path, "-o", "json", "hallucination.contradicted")
	var p review.Promotion
	if err := json.Unmarshal([]byte(out), &p); err != nil || status != exitOK {
		t.Fatalf("%d %v %s", status, err, stderr)
	}
	if p.Exchanges != 40 || p.Fired != 10 || p.Applied != 10 || len(p.Allowed) != 10 || p.Precision.K != 1 || p.Precision.Of != 1 {
		t.Errorf("%+v", p)
	}
	if status, out, _ := runPolicyOn("promotion", "-log", path, "-app", "mail", "hallucination.contradicted"); status != exitOK || !strings.Contains(out, "too few to promote it by") || !strings.Contains(out, ids[3]) {
		t.Errorf("%d %s", status, out)
	}
	if status, out, _ := runPolicyOn("promotion", "-log", path, "-o", "html", "hallucination.contradicted"); status != exitOK || !strings.Contains(out, "Newly allowed, if it were applied to none") {
		t.Errorf("%d %.300s", status, out)
	}
	if status, _, stderr := runPolicyOn("promotion", "-log", path, "-o", "xml", "a.b"); status != exitUsage || !strings.Contains(stderr, "is not text, json or html") {
		t.Errorf("%d %s", status, stderr)
	}
}

func TestPolicyReplaySaysWhatIsWrong(t *testing.T) {
	path, _ := judgedLog(t, 1)
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-since", "soon"}, exitError, `-since "soon" is no time`},
		{[]string{"-o", "xml"}, exitUsage, `-o "xml" is not text, json or html`},
		{[]string{"-fail", "all"}, exitUsage, `-fail "all" is not any, blocked or allowed`},
		{[]string{"-fail", "any=2"}, exitUsage, `"2" is no share`},
		{[]string{"-policies", filepath.Join(t.TempDir(), "none")}, exitError, "loading policies from"},
		{[]string{"-log", filepath.Join(t.TempDir(), "none")}, exitError, "no such file"},
	} {
		if status, _, stderr := runPolicyOn(append([]string{"replay", "-log", path}, tc.args...)...); status != tc.status || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d (want %d), %q (want %q)", tc.args, status, tc.status, stderr, tc.want)
		}
	}
}
