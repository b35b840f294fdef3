package app

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"touchstone/internal/audit"
)

func runAuditOn(args ...string) (status int, out, err string) {
	var stdout, stderr bytes.Buffer
	status = Main(context.Background(), append([]string{"audit"}, args...), Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return status, stdout.String(), stderr.String()
}

// signedLog is a log with two entries, as serve would leave it.
func signedLog(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "data", "audit.db")
	key, err := signKey(path + ".key")
	if err != nil {
		t.Fatal(err)
	}
	l, err := audit.Open(path, audit.Options{SignKey: key})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"one", "two"} {
		l.Append(context.Background(), audit.Entry{Version: audit.EntryVersion, ID: id, At: time.Unix(1700000000, 0), Kind: "chat", App: "shop",
			Route: "default", Outcome: audit.Blocked, Keep: audit.KeepAll, Question: "Who is Ann?", Answers: []string{"Ann is 54."}}, true)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAuditorsWay(t *testing.T) {
	path := signedLog(t)
	dir := filepath.Dir(path)
	status, key, stderr := runAuditOn("key", "-log", path)
	if status != exitOK {
		t.Fatal(stderr)
	}
	_, checkpoint, _ := runAuditOn("checkpoint", "-log", path)
	_, proof, _ := runAuditOn("prove", "-log", path, "-disclose", "two")
	keyFile, witness, proofFile := filepath.Join(dir, "verifier"), filepath.Join(dir, "checkpoint"), filepath.Join(dir, "proof.json")
	for name, text := range map[string]string{keyFile: key, witness: checkpoint, proofFile: proof} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if status, out, stderr := runAuditOn("verify", "-log", path); status != exitOK || !strings.Contains(out, "2 records of 2 entries") || !strings.Contains(out, "the log holds") {
		t.Errorf("verify: %d %s %s", status, out, stderr)
	}
	if status, out, stderr := runAuditOn("erase", "-log", path, "-why", "Ann asked", "-by", "dpo", "one"); status != exitOK || !strings.Contains(out, "erased the content of 1 ") {
		t.Errorf("erase: %d %s %s", status, out, stderr)
	}
	if file, err := os.ReadFile(path); err != nil || bytes.Count(file, []byte("Who is Ann?")) != 1 {
		t.Errorf("%d copies of the question in the file, want that of the entry that was not erased (%v)", bytes.Count(file, []byte("Who is Ann?")), err)
	}
	if status, out, stderr := runAuditOn("verify", "-log", path, "-key", keyFile, "-checkpoint", witness, "-o", "json"); status != exitOK || !strings.Contains(out, `"erased":1`) {
		t.Errorf("verify with a witness: %d %s %s", status, out, stderr)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if status, out, stderr := runAuditOn("check", "-key", keyFile, proofFile); status != exitOK || !strings.Contains(out, `proved: two at 2023-11-14T22:13:20Z, application "shop"`) || !strings.Contains(out, "is what was logged") {
		t.Errorf("check: %d %s %s", status, out, stderr)
	}
}

func TestAuditSaysWhatIsWrong(t *testing.T) {
	path := signedLog(t)
	none := filepath.Join(t.TempDir(), "none")
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{nil, exitUsage, "usage: touchstone audit"},
		{[]string{"sign"}, exitUsage, "usage: touchstone audit"},
		{[]string{"verify", "-log", none}, exitError, "name the verifier key with -key"},
		{[]string{"verify", "-log", none, "-key", "x"}, exitError, `the verifier key "x"`},
		{[]string{"checkpoint", "-log", none}, exitError, "no such file"},
		{[]string{"verify", "-o", "xml", "-log", path}, exitUsage, "is not text or json"},
		{[]string{"prove", "-log", path, "three"}, exitError, `no such exchange: "three"`},
		{[]string{"erase", "-log", path, "one"}, exitUsage, "say why with -why"},
		{[]string{"erase", "-log", path, "-why", "w", "three"}, exitError, `no such exchange: "three"`},
		{[]string{"check", path}, exitError, "name the verifier key"},
		{[]string{"check", "-key", "k", path}, exitError, "is no proof"},
	} {
		if status, _, stderr := runAuditOn(tc.args...); status != tc.status || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d (want %d), %q (want %q)", tc.args, status, tc.status, stderr, tc.want)
		}
	}
	if err := os.Chmod(path+".key", 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, stderr := runAuditOn("erase", "-log", path, "-why", "w", "one"); !strings.Contains(stderr, "can be read by others") {
		t.Errorf("an open key: %q", stderr)
	}
}
