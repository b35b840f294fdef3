package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	if err := os.WriteFile(filepath.Join(dir, "bad.rego"), []byte("package bad\n\nx := y\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := policy("check", "-policies", dir); status != 1 || !strings.Contains(errs, "bad.rego:3: ") {
		t.Errorf("check of a broken bundle: %d %s", status, errs)
	}
	for _, args := range [][]string{{}, {"teach"}, {"test", "one", "two"}, {"init"}, {"test", "-nonsense"}} {
		if status, _, errs := policy(args...); status != exitUsage || !strings.Contains(errs, "usage: touchstone policy") {
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
