package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"touchstone/internal/review"
)

func TestPolicyThreshold(t *testing.T) {
	path, ids := judgedLog(t, 400)
	for i := 3; i < 80; i += 4 { // those that contradict
		if status, _, stderr := runAuditOn("review", "-log", path, "-right", "-sentence", "1", "-by", "ann", ids[i]); status != exitOK {
			t.Fatal(stderr)
		}
	}
	status, out, stderr := runPolicyOn("threshold", "-log", path, "-o", "json", "-false-blocks", "0.1", "hallucination.contradicted")
	var got review.Threshold
	if err := json.Unmarshal([]byte(out), &got); err != nil || status != exitOK {
		t.Fatalf("%d %v %s", status, err, stderr)
	}
	if at := got.At(0.5); got.Exchanges != 400 || got.Reviewed != 20 || at.Fires != 100 || at.Precision.K != 20 || at.Recall.K != 20 || got.Suggested == nil {
		t.Errorf("%d exchanges, %d reviewed, at 0.5 %+v, suggested %+v", got.Exchanges, got.Reviewed, got.At(0.5), got.Suggested)
	}
	file := filepath.Join(t.TempDir(), "threshold.json")
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, stderr := runPolicyOn("threshold", "-log", path, "-check", file, "hallucination.contradicted"); status != exitOK || !strings.HasPrefix(out, "holds; population stability index 0.000") {
		t.Errorf("the same traffic: %d %s %s", status, out, stderr)
	}
	other, _ := judgedLog(t, 3)
	if status, out, stderr := runPolicyOn("threshold", "-log", other, "-since", "1s", "-check", file, "-o", "json", "hallucination.contradicted"); status != exitError || !strings.Contains(out, `"expired"`) || !strings.Contains(stderr, "no longer holds") {
		t.Errorf("no traffic: %d %s %s", status, out, stderr)
	}
	if status, out, _ := runPolicyOn("threshold", "-log", path, "-o", "html", "hallucination.contradicted"); status != exitOK || !strings.Contains(out, "<svg") {
		t.Errorf("html: %d %.200s", status, out)
	}
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitUsage, "something is missing"},
		{[]string{"-false-blocks", "1", "a.b"}, exitUsage, "is no share between 0 and 1"},
		{[]string{"-o", "xml", "a.b"}, exitUsage, "is not text, json or html"},
		{[]string{"-o", "html", "-check", file, "a.b"}, exitUsage, "-check writes text or json"},
		{[]string{"a.b"}, exitError, "the bundle has no rule a.b"},
		{[]string{"coverage.skipped"}, exitError, "defaults gives it no number"},
		{[]string{"-check", file, "hallucination.not_covered"}, exitError, `is about the setting "threshold" of "hallucination.contradicted"`},
		{[]string{"-check", path, "hallucination.not_covered"}, exitError, "is no analysis"},
	} {
		if status, _, stderr := runPolicyOn(append([]string{"threshold", "-log", path}, tc.args...)...); status != tc.status || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d, %q", tc.args, status, stderr)
		}
	}
}
