package app

import (
	"encoding/json"
	"strings"
	"testing"

	"touchstone/internal/audit"
)

func TestReviewersWay(t *testing.T) {
	path, ids := judgedLog(t, 4)
	for _, args := range [][]string{
		{"-wrong", "-sentence", "1", "-by", "ann", "-note", "They moved.", ids[3]},
		{"-right", "-rule", "hallucination.contradicted", "-by", "ben", ids[3]},
	} {
		if status, out, stderr := runAuditOn(append([]string{"review", "-log", path}, args...)...); status != exitOK || !strings.Contains(out, "recorded as number") {
			t.Errorf("review %v: %d %s %s", args, status, out, stderr)
		}
	}
	status, out, stderr := runAuditOn("rulings", "-log", path, "-o", "json", ids[3])
	var list []audit.Ruling
	if err := json.Unmarshal([]byte(out), &list); err != nil || status != exitOK || len(list) != 2 {
		t.Fatalf("%d %v %s %s", status, err, out, stderr)
	}
	if r := list[0]; r.Right || r.By != "ann" || r.Note != "They moved." || r.Sentence == nil || *r.Sentence != 0 || r.Exchange != ids[3] {
		t.Errorf("%+v", r)
	}
	if _, out, _ := runAuditOn("rulings", "-log", path); !strings.Contains(strings.Join(strings.Fields(out), " "), "sentence 1 wrong ann They moved.") || !strings.Contains(out, "hallucination.contradicted  right") {
		t.Errorf("the list:\n%s", out)
	}
	if status, out, stderr := runAuditOn("verify", "-log", path); status != exitOK || !strings.Contains(out, "the log holds") {
		t.Errorf("verify: %d %s %s", status, out, stderr)
	}
	for _, tc := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"review", ids[0]}, exitUsage, "say -right or -wrong"},
		{[]string{"review", "-right"}, exitUsage, "name one exchange"},
		{[]string{"review", "-right", "-by", "a", ids[0]}, exitError, "name a sentence or a rule"},
		{[]string{"review", "-right", "-by", "a", "-sentence", "9", ids[0]}, exitError, "none with the index 8"},
		{[]string{"review", "-right", "-by", "", "-sentence", "1", ids[0]}, exitError, "say who rules"},
		{[]string{"review", "-right", "-by", "a", "-sentence", "1", "none"}, exitError, "no such exchange"},
		{[]string{"rulings", "-o", "xml"}, exitUsage, "is not text or json"},
	} {
		args := append([]string{tc.args[0], "-log", path}, tc.args[1:]...)
		if status, _, stderr := runAuditOn(args...); status != tc.status || !strings.Contains(stderr, tc.want) {
			t.Errorf("%v: status %d, %q", tc.args, status, stderr)
		}
	}
}
