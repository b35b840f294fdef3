package app

import (
	"encoding/json"
	"strings"
	"testing"

	"touchstone/internal/review"
)

func TestPolicyReport(t *testing.T) {
	path, ids := judgedLog(t, 40)
	if status, _, stderr := runAuditOn("review", "-log", path, "-wrong", "-sentence", "1", "-by", "ann", ids[3]); status != exitOK {
		t.Fatal(stderr)
	}
	if status, _, stderr := runAuditOn("erase", "-log", path, "-why", "request 812", "-by", "dpo", ids[0]); status != exitOK {
		t.Fatal(stderr)
	}
	status, out, stderr := runPolicyOn("report", "-log", path, "-o", "json")
	var r review.Compliance
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != exitOK {
		t.Fatalf("%d %v %s", status, err, stderr)
	}
	if r.Exchanges != 40 || r.Revisions[r.Policy] != 40 || len(r.Obligations) < 2 || len(r.Principles) == 0 || r.Checkpoint == "" {
		t.Errorf("%d exchanges, %v, %d obligations, head %q", r.Exchanges, r.Revisions, len(r.Obligations), r.Checkpoint)
	}
	if len(r.Events) != 1 || r.Events[0].Event != "erased" || r.Events[0].By != "dpo" {
		t.Errorf("events %+v", r.Events)
	}
	found := 0
	for _, o := range r.Obligations {
		for _, u := range o.Rules {
			if u.ID == "hallucination.contradicted" {
				found++
				if u.Fired != 10 || u.Applied != 10 || u.Precision.K != 0 || u.Precision.Of != 1 || len(u.Evidence) != 5 || u.Evidence[0] != ids[3] || u.Owner == "" || u.Gone {
					t.Errorf("%s: %+v", o.Name, u)
				}
			}
		}
	}
	if found == 0 {
		t.Error("no obligation names the rule")
	}
	for _, format := range []string{"text", "html"} {
		if status, out, stderr := runPolicyOn("report", "-log", path, "-o", format); status != exitOK || !strings.Contains(out, ids[3]) || !strings.Contains(out, "request 812") {
			t.Errorf("%s: %d %s %.300s", format, status, stderr, out)
		}
	}
	if status, _, stderr := runPolicyOn("report", "-o", "pdf"); status != exitUsage || !strings.Contains(stderr, "is not text, json or html") {
		t.Errorf("%d %s", status, stderr)
	}
}
