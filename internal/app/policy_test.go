package app

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/judge"
	"touchstone/policies"
)

func TestPolicyCommand(t *testing.T) {
	policy := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		status := runPolicy(context.Background(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		return status, out.String(), errs.String()
	}
	dir := filepath.Join(t.TempDir(), "rules")
	if status, out, errs := policy("init", dir); status != 0 || !strings.Contains(out, "policy test -policies "+dir) {
		t.Fatalf("init: %d %s %s", status, out, errs)
	}
	if status, _, errs := policy("init", dir); status != 1 || !strings.Contains(errs, "is not empty") {
		t.Errorf("init twice: %d %s", status, errs)
	}
	if status, out, errs := policy("test", "-policies", dir); status != 0 || !strings.Contains(out, " passed, 0 failed; they cover ") {
		t.Errorf("test: %d %s %s", status, out, errs)
	}
	if status, out, errs := policy("check", "-policies", dir); status != 0 || !strings.Contains(out, "hallucination.contradicted") || !strings.Contains(out, "revision ") {
		t.Errorf("check: %d %s %s", status, out, errs)
	}
	broken := filepath.Join(dir, "rules", "coverage", "skipped_test.rego")
	text, err := os.ReadFile(broken)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(broken, bytes.Replace(text, []byte("== set()"), []byte("!= set()"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := policy("test", "-policies", dir, "-run", "skipped_test"); status != 1 || !strings.Contains(out, "skipped_test.test_off_by_default") || !strings.Contains(out, "does not hold") || !strings.Contains(errs, "1 of 4 tests failed") {
		t.Errorf("failing test: %d %s %s", status, out, errs)
	}
	status, out, _ := policy("test", "-policies", dir, "-o", "json")
	var asJSON struct {
		Passed, Failed int
		Coverage       float64 `json:"coverage_percent"`
		Tests          []struct {
			Name, At, Why string
			Pass          bool
		}
	}
	if err := json.Unmarshal([]byte(out), &asJSON); err != nil || status != 1 || asJSON.Failed != 1 || asJSON.Passed < 50 || asJSON.Coverage < 95 || len(asJSON.Tests) != asJSON.Passed+1 {
		t.Errorf("test -o json: %d %v %+v", status, err, asJSON)
	}
	status, out, _ = policy("test", "-policies", dir, "-o", "junit", "-run", "skipped_test")
	var asXML struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			Class   string `xml:"classname,attr"`
			Failure string `xml:"failure"`
		} `xml:"testcase"`
	}
	if err := xml.Unmarshal([]byte(out), &asXML); err != nil || status != 1 || asXML.Tests != 4 || asXML.Failures != 1 || asXML.Cases[0].Class != "rules.coverage.skipped_test" || !strings.Contains(out, "does not hold") {
		t.Errorf("test -o junit: %d %v %s", status, err, out)
	}
	if status, _, errs := policy("test", "-cover", "100.1"); status != 1 || !strings.Contains(errs, "not 100.1%") {
		t.Errorf("test -cover: %d %s", status, errs)
	}
	if err := os.WriteFile(filepath.Join(dir, "bad.rego"), []byte("package bad\n\nx := y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := policy("check", "-policies", dir); status != 1 || !strings.Contains(errs, "bad.rego:3: ") {
		t.Errorf("check of a broken bundle: %d %s", status, errs)
	}
	for want, args := range map[string][]string{
		"usage: touchstone policy": {}, `there is no verb "teach"`: {"teach"}, `use -policies one`: {"test", "one", "two"}, "something is missing": {"init"},
		"-nonsense": {"test", "-nonsense"}, `-o "xml" is not`: {"test", "-o", "xml"}, `"b" is one too many`: {"init", "a", "b"}, "options come before a": {"init", "a", "-v"},
		"-to needs -route": {"switch", "-to", "block", "-by", "jane"}, `-to "open" is not`: {"switch", "-to", "open"},
	} {
		if status, _, errs := policy(args...); status != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%q: %d %s", args, status, errs)
		}
	}
	missing := filepath.Join(dir, "missing")
	for _, verb := range []string{"check", "test"} {
		if status, out, errs := policy(verb, dir); status != exitUsage || out != "" || !strings.Contains(errs, "use -policies "+dir) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s DIR: %d %s %s", verb, status, out, errs)
		}
		if status, _, errs := policy(verb, "-policies", missing); status != exitError || !strings.Contains(errs, missing+": no such file or directory") {
			t.Errorf("%s of a missing directory: %d %s", verb, status, errs)
		}
		if status, _, errs := policy(verb, "-policies", broken); status != exitError || !strings.Contains(errs, broken+": not a directory") {
			t.Errorf("%s of a file: %d %s", verb, status, errs)
		}
	}
}

func TestPolicySwitchAsksTheRunningProxy(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+string(body))
		if strings.Contains(string(body), "other") {
			w.WriteHeader(400)
			io.WriteString(w, `{"error": {"message": "There is no route \"other\"."}}`)
			return
		}
		io.WriteString(w, `{"switches": [{"route": "support", "to": "block", "by": "jane", "why": "leaks", "at": "2026-11-24T10:00:00Z"}]}`)
	}))
	defer srv.Close()
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, []byte("sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		status := runPolicy(context.Background(), append([]string{"switch", "-url", srv.URL, "-key-file", key}, args...), Streams{Out: &out, Err: &errs})
		return status, out.String(), errs.String()
	}
	if status, out, errs := run("-route", "support", "-to", "block", "-by", "jane", "-why", "leaks"); status != 0 || !strings.Contains(out, "support          block  since 2026-11-24 10:00:00 by jane: leaks") {
		t.Errorf("%d %s %s", status, out, errs)
	}
	if status, out, _ := run(); status != 0 || !strings.Contains(out, "leaks") {
		t.Errorf("%d %s", status, out)
	}
	if status, _, errs := run("-route", "other", "-to", "block", "-by", "jane", "-why", "leaks"); status != 1 || !strings.Contains(errs, `There is no route "other"`) {
		t.Errorf("%d %s", status, errs)
	}
	if asked[0] != `POST /api/policies/switch Bearer sesame {"by":"jane","route":"support","to":"block","why":"leaks"}` || asked[1] != "GET /api/policies Bearer sesame " {
		t.Errorf("asked %q", asked)
	}
	srv.Close()
	if status, _, errs := run(); status != 1 || !strings.Contains(errs, "asking the proxy") {
		t.Errorf("%d %s", status, errs)
	}
}

// What was recorded is decided again and explained, from an entry, a receipt and an
// input.
func TestPolicyEval(t *testing.T) {
	engine, err := policies.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	j := &judge.Judge{Chain: &guards.Chain{}, Policy: engine}
	c := j.Open(guards.Exchange{ID: "x", App: "shop", Route: "support"})
	c.Skip("tool_calls")
	c.Add(t.Context(), "The trial lasts 14 days. ", true)
	receipt := c.Receipt()
	receipt.Sentences[0].Verdict, receipt.Sentences[0].Score = guards.Contradicted, 0.75 // as a guard would say
	entry := audit.Entry{At: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), Route: "support", App: "shop", Choices: []judge.Receipt{receipt, receipt}}
	input := `{"sentences": {"contradicted": [{"index": 0, "score": 0.75}]}, "final": true, "skipped": ["tool_calls"]}`
	dir := t.TempDir()
	for name, v := range map[string]any{"entry": entry, "receipt": receipt, "input": json.RawMessage(input), "other": map[string]string{"route": "support", "what": "?"}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	eval := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		status := runPolicy(context.Background(), append([]string{"eval"}, args...), Streams{In: strings.NewReader(input), Out: &out, Err: &errs})
		return status, out.String(), errs.String()
	}
	for _, name := range []string{filepath.Join(dir, "entry"), filepath.Join(dir, "receipt"), filepath.Join(dir, "input"), "-"} {
		status, out, errs := eval(name)
		for _, want := range []string{"Decision: block", "hallucination.contradicted  fired: block, sentences 1", "sentence.score is 0.75", "-all shows them"} {
			if status != 0 || !strings.Contains(out, want) {
				t.Errorf("%s: %d %s, want %q in\n%s", name, status, errs, want, out)
			}
		}
		if n := strings.Count(out, "Decision 2 of 2"); strings.HasSuffix(name, "entry") != (n == 1) {
			t.Errorf("%s: %s", name, out)
		}
	}
	if status, out, _ := eval("-rule", "coverage.skipped", filepath.Join(dir, "input")); status != 0 || !strings.Contains(out, "It is off here: its action is allow.") || strings.Contains(out, "contradicted") {
		t.Errorf("one rule: %d %s", status, out)
	}
	if status, out, _ := eval("-o", "json", filepath.Join(dir, "entry")); status != 0 || !json.Valid([]byte(out)) {
		t.Errorf("as JSON: %d %s", status, out)
	}
	if status, _, errs := eval(filepath.Join(dir, "other")); status != 1 || !strings.Contains(errs, `unknown field "what"`) {
		t.Errorf("something else: %d %s", status, errs)
	}
}

func TestPolicyDiffAndFmt(t *testing.T) {
	run := func(args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		status := runPolicy(context.Background(), args, Streams{Out: &out, Err: &errs})
		return status, out.String(), errs.String()
	}
	dir := filepath.Join(t.TempDir(), "rules")
	if status, _, errs := run("init", dir); status != 0 {
		t.Fatal(errs)
	}
	if status, out, _ := run("diff", "-fail", "", dir); status != 0 || !strings.Contains(out, "Both decide the same") {
		t.Errorf("%d %s", status, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "extra.rego"), []byte("package extra\n\nx   := 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := run("fmt", "-policies", dir); status != 0 || strings.TrimSpace(out) != filepath.Join(dir, "extra.rego") {
		t.Errorf("%d %s %s", status, out, errs)
	}
	if status, out, _ := run("diff", "-fail", "", dir); status != 1 || !strings.Contains(out, "~ the Rego of extra") {
		t.Errorf("%d %s", status, out)
	}
	if status, out, _ := run("diff", "-o", "json", "", dir); status != 0 || !strings.Contains(out, `"code": [`) {
		t.Errorf("%d %s", status, out)
	}
}
