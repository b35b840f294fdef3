package app

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"touchstone/policies"
)

// opaEvent is what OPA's documentation says of a decision log event.
type opaEvent struct {
	Labels     map[string]string
	DecisionID string `json:"decision_id"`
	Bundles    map[string]struct{ Revision string }
	Path       string
	Input      json.RawMessage
	Result     struct {
		Action policies.Action
		Rules  []policies.Rule
	}
	RequestedBy string    `json:"requested_by"`
	Timestamp   time.Time `json:"timestamp"`
	Custom      map[string]any
}

func TestExportAsDecisionLogs(t *testing.T) {
	path, ids := judgedLog(t, 40)
	dir := t.TempDir()
	file, state := filepath.Join(dir, "decisions.jsonl"), filepath.Join(dir, "state")
	if status, _, stderr := runAuditOn("export", "-log", path, "-to", file, "-state", state, "-label", "region=eu"); status != exitOK || !strings.Contains(stderr, "exported 40 decisions") {
		t.Fatalf("%d %s", status, stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	engine.Patient(time.Minute)
	blocked, i := 0, 0
	for line := bufio.NewScanner(bytes.NewReader(text)); line.Scan(); i++ {
		var e opaEvent
		if err := json.Unmarshal(line.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if e.DecisionID != ids[i] || e.Path != "touchstone/decision" || e.Bundles["touchstone"].Revision != engine.Revision() || e.Labels["region"] != "eu" || e.RequestedBy == "" || e.Timestamp.IsZero() {
			t.Fatalf("event %d: %s", i, line.Text())
		}
		// The input is what was decided on: the policy says the same of it.
		in, err := policies.ParseInput(e.Input)
		if err != nil {
			t.Fatal(err)
		}
		d, err := engine.Decide(t.Context(), in)
		if err != nil || d.Action != e.Result.Action || len(d.Rules) != len(e.Result.Rules) {
			t.Errorf("event %d: decided %s by %d rules, recorded %s by %d (%v)", i, d.Action, len(d.Rules), e.Result.Action, len(e.Result.Rules), err)
		}
		if e.Result.Action == policies.Block {
			blocked++
		}
	}
	if i != 40 || blocked != 10 {
		t.Errorf("%d events, %d blocked", i, blocked)
	}
	if last, err := os.ReadFile(state); err != nil || strings.TrimSpace(string(last)) != ids[39] {
		t.Errorf("state %q %v", last, err)
	}
	if status, _, stderr := runAuditOn("export", "-log", path, "-to", file, "-state", state); status != exitOK || !strings.Contains(stderr, "exported 0 decisions") {
		t.Errorf("again: %d %s", status, stderr)
	}
	if status, out, stderr := runAuditOn("export", "-log", path, "-after", ids[37]); status != exitOK || strings.Count(out, "\n") != 2 || !strings.Contains(out, ids[39]) {
		t.Errorf("after: %d %s %s", status, out, stderr)
	}
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"-o", "csv"}, exitUsage, `-o "csv" is not opa`},
		{[]string{"-after", "x", "-state", state}, exitUsage, "give one"},
		{[]string{"-label", "x"}, exitUsage, "NAME=VALUE"},
		{[]string{"-after", "none"}, exitError, "no such exchange"},
		{[]string{"-to", dir}, exitError, "opening the file to write to"},
	} {
		if status, _, stderr := runAuditOn(append([]string{"export", "-log", path}, tc.args...)...); status != tc.status || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: %d %q", tc.args, status, stderr)
		}
	}
}

// An endpoint that fails in between gets each decision once, batch by batch, and the
// export goes on where the endpoint last said yes.
func TestExportToAnEndpoint(t *testing.T) {
	path, ids := judgedLog(t, 4)
	var got []string
	answers := []int{503, 200}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := 200
		if len(answers) > 0 {
			status, answers = answers[0], answers[1:]
		}
		if r.Header.Get("Content-Encoding") != "gzip" || r.Header.Get("Authorization") != "Bearer s3cret" || r.Method != http.MethodPost {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		text, err := io.ReadAll(z)
		if err != nil {
			t.Error(err)
		}
		var events []opaEvent
		if err := json.Unmarshal(text, &events); err != nil {
			t.Error(err)
		}
		if status == 200 {
			for _, e := range events {
				got = append(got, e.DecisionID)
			}
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	token, state := filepath.Join(t.TempDir(), "token"), filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(token, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	export := func() error {
		o := exportOptions{log: path, to: server.URL + "/logs", state: state, token: token, tries: 2, pause: time.Millisecond}
		_, err := o.run(context.Background(), Streams{Out: io.Discard, Err: io.Discard})
		return err
	}
	if err := export(); err != nil {
		t.Fatal(err)
	}
	if strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("got %v, want %v", got, ids)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []int{400, 307} {
		got, answers = nil, []int{refused, 200}
		if err := export(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("the endpoint answers %d", refused)) || len(got) != 0 {
			t.Errorf("%d: %v, %v", refused, err, got)
		}
		if _, err := os.Stat(state); err == nil {
			t.Error("a state was kept though nothing was taken")
		}
	}
}
