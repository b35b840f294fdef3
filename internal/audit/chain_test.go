package audit

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"touchstone/guards"
)

// chained is a closed log of n entries with its keys.
func chained(t *testing.T, n int) (path, signer, verifier string, ids []string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "audit.db")
	signer, verifier, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	l := openSigned(t, path, signer)
	for i := range n {
		e := entry(i, guards.Supported, guards.Contradicted)
		ids = append(ids, e.ID)
		if !l.Append(context.Background(), e, true) {
			t.Fatal("an entry was not taken")
		}
		if i%97 == 0 { // commits of many sizes
			if err := l.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return path, signer, verifier, ids
}

func openSigned(t *testing.T, path, signer string) *Log {
	t.Helper()
	l, err := Open(path, Options{Flush: time.Millisecond, SignKey: signer})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func verified(t *testing.T, path, verifier, witness string) Verification {
	t.Helper()
	v, err := Verify(context.Background(), path, []string{verifier}, witness, nil)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// tamper opens the file as somebody would who may write it, without the triggers.
func tamper(t *testing.T, path string, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	var drop []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		drop = append(drop, "DROP TRIGGER "+name)
	}
	rows.Close()
	for _, s := range append(drop, statements...) {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func TestChainHoldsOverRestarts(t *testing.T) {
	path, signer, verifier, _ := chained(t, 700)
	l := openSigned(t, path, signer)
	for i := 700; i < 1900; i++ {
		l.Append(context.Background(), entry(i, guards.Supported), true)
	}
	if err := l.Note(context.Background(), "emergency", "ops", "a test", map[string]string{"route": "shop"}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	v := verified(t, path, verifier, "")
	if v.Broken != 0 || v.Records != 1901 || v.Entries != 1900 || v.Events != 1 || v.Signed != 1901 || v.Checkpoints < 2 || v.Unchained != 0 {
		t.Errorf("got %+v", v)
	}
}

func TestVerifySeesEveryTampering(t *testing.T) {
	for name, tc := range map[string]struct {
		do   []string
		want string
	}{
		"content changed":          {[]string{"UPDATE bodies SET json = replace(json, '\"shop\"', '\"mail\"') WHERE seq = 40"}, "the content of entry"},
		"outcome changed":          {[]string{"UPDATE entries SET outcome = 'unchecked' WHERE body = 40"}, "was changed: it differs from record 39"},
		"entry removed":            {[]string{"DELETE FROM entries WHERE body = 40"}, "which record 39 is about, was removed"},
		"content passed as erased": {[]string{"UPDATE bodies SET json = '{\"erased\":{}}' WHERE seq = 40"}, "the content of entry"},
		"record rewritten":         {[]string{"UPDATE records SET json = replace(json, '\"chat\"', '\"pass\"') WHERE n = 39"}, "record 39"},
		"record cut out":           {[]string{"DELETE FROM records WHERE n = 39"}, "records 39 to 39 are missing"},
		"end cut off":              {[]string{"DELETE FROM records WHERE n > 150", "DELETE FROM entries WHERE body > 151"}, "records at its end were removed"},
		"hash rewritten":           {[]string{"UPDATE records SET hashes = zeroblob(32) WHERE n = 38"}, "record 38"},
		"checkpoint forged":        {[]string{"UPDATE checkpoints SET note = replace(note, '200', '201')"}, "invalid signature"},
		"entry slipped in":         {[]string{"INSERT INTO entries SELECT 'zzz', body, at, kind, app, route, model, outcome, action, status, supported, contradicted, not_covered, not_claim, not_measured, ms FROM entries WHERE body = 40"}, "added without a record"},
	} {
		t.Run(name, func(t *testing.T) {
			path, _, verifier, _ := chained(t, 200)
			tamper(t, path, tc.do...)
			v, err := Verify(context.Background(), path, []string{verifier}, "", nil)
			if err != nil {
				t.Fatal(err)
			}
			if v.Broken == 0 || !strings.Contains(strings.Join(v.Problems, "\n"), tc.want) {
				t.Errorf("found %d: %q, want %q", v.Broken, v.Problems, tc.want)
			}
		})
	}
}

// Whoever may write the file and has the key can write a new history, but not one that
// agrees with a checkpoint that was kept elsewhere.
func TestAWitnessSeesARewrittenHistory(t *testing.T) {
	path, signer, verifier, _ := chained(t, 50)
	witness := lastCheckpoint(t, path)
	if v := verified(t, path, verifier, witness); v.Broken != 0 {
		t.Fatalf("got %+v", v)
	}
	tamper(t, path, "DELETE FROM records", "DELETE FROM checkpoints", "DELETE FROM entries", "DELETE FROM bodies")
	l := openSigned(t, path, signer)
	for i := range 50 {
		l.Append(context.Background(), entry(i, guards.Supported), true)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if v := verified(t, path, verifier, ""); v.Broken != 0 {
		t.Errorf("a new history is whole in itself: %+v", v)
	}
	if v := verified(t, path, verifier, witness); v.Broken == 0 {
		t.Errorf("the witness saw nothing: %+v", v)
	}
}

func lastCheckpoint(t *testing.T, path string) string {
	t.Helper()
	text, err := LastCheckpoint(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestProofsCheckOffline(t *testing.T) {
	path, _, verifier, ids := chained(t, 300)
	_, other, err := NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 1, 127, 128, 255, 299} {
		p, err := Prove(context.Background(), path, ids[i], true)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var read Proof
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		if r, err := read.Check([]string{verifier}); err != nil || r.ID != ids[i] || r.Kind != "chat" {
			t.Errorf("entry %d: %v %+v", i, err, r)
		}
		if _, err := read.Check([]string{other}); err == nil || !strings.Contains(err.Error(), "by the key given") {
			t.Errorf("another key: %v", err)
		}
		forged := read
		forged.Record = json.RawMessage(strings.Replace(string(read.Record), `"status":200`, `"status":201`, 1))
		if _, err := forged.Check([]string{verifier}); err == nil {
			t.Error("a changed record was proved")
		}
		forged = read
		forged.Content = json.RawMessage(strings.Replace(string(read.Content), "chat", "chAt", 1))
		if _, err := forged.Check([]string{verifier}); err == nil {
			t.Error("a changed content was proved")
		}
		forged = read
		forged.Number++
		if _, err := forged.Check([]string{verifier}); err == nil {
			t.Error("another place was proved")
		}
	}
	if _, err := Prove(context.Background(), path, "none", false); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown entry: %v", err)
	}
}

func TestErasureLeavesTheChainWhole(t *testing.T) {
	ctx := context.Background()
	path, signer, verifier, ids := chained(t, 120)
	l := openSigned(t, path, signer)
	before, err := l.Entry(ctx, ids[7])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Erase(ctx, []string{ids[7], "none"}, "dpo", "asked for"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
	if n, err := l.Erase(ctx, []string{ids[7], ids[8], ids[7]}, "dpo", "asked for"); err != nil || n != 2 {
		t.Fatalf("erased %d: %v", n, err)
	}
	if n, err := l.Retain(ctx, before.Route, time.Now().Add(time.Hour)); err != nil || n != 118 {
		t.Errorf("retention erased %d: %v", n, err)
	}
	if n, err := l.Retain(ctx, before.Route, time.Now().Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("retention erased %d once more: %v", n, err)
	}
	e, err := l.Entry(ctx, ids[7])
	if err != nil {
		t.Fatal(err)
	}
	if e.Erased == nil || e.Erased.By != "dpo" || e.Question != "" || e.Answers != nil || len(e.Choices) != len(before.Choices) || e.Choices[0].Sentences[0].Text != "" || e.Choices[0].Verdict != before.Choices[0].Verdict {
		t.Errorf("got %+v", e)
	}
	if err := l.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if v := verified(t, path, verifier, ""); v.Broken != 0 || v.Erased != 120 || v.Events != 2 {
		t.Errorf("got %+v", v)
	}
	if _, err := Prove(ctx, path, ids[7], true); err == nil || !strings.Contains(err.Error(), "was erased") {
		t.Errorf("disclosing an erased entry: %v", err)
	}
	if p, err := Prove(ctx, path, ids[7], false); err != nil {
		t.Error(err)
	} else if _, err := p.Check([]string{verifier}); err != nil {
		t.Error(err)
	}
}

// Two writers on one file, as a proxy and an erasing command are, keep one chain.
func TestTwoWritersKeepOneChain(t *testing.T) {
	path, signer, verifier, ids := chained(t, 10)
	a, b := openSigned(t, path, signer), openSigned(t, path, signer)
	for i := 10; i < 60; i++ {
		a.Append(context.Background(), entry(i, guards.Supported), true)
		if i%10 == 0 {
			if _, err := b.Erase(context.Background(), []string{ids[i/10]}, "dpo", "asked for"); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, l := range []*Log{a, b} {
		if err := l.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if v := verified(t, path, verifier, ""); v.Broken != 0 || v.Records != 65 || v.Erased != 5 {
		t.Errorf("got %+v", v)
	}
}
