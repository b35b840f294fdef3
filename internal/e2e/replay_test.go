package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"touchstone/internal/demo"
)

// What a running proxy recorded is decided again, beside it: by the same rules just
// the same, whole and streamed and with several choices; by others as they say.
func TestReplayOfWhatTheProxyRecorded(t *testing.T) {
	s := start(t, 0)
	for _, body := range []string{
		`"messages": [{"role": "user", "content": "right"}]`,
		`"messages": [{"role": "user", "content": "wrong"}]`,
		`"messages": [{"role": "user", "content": "mixed"}], "stream": true`,
		`"messages": [{"role": "user", "content": "right"}], "stream": true`,
		`"messages": [{"role": "user", "content": "two"}], "n": 2`,
		`"messages": [{"role": "user", "content": "two, in pieces"}], "n": 2, "stream": true`,
		`"messages": [{"role": "user", "content": "right"}], "user": "ann"`,
	} {
		if resp, data := s.post(t, `{"model": "`+demo.Name+`", `+body+`}`); resp.StatusCode != 200 {
			t.Fatalf("%s: %d %s", body, resp.StatusCode, data)
		}
	}
	dir := s.path("bundle")
	if out, code := s.run(t, "", "policy", "init", dir); code != 0 {
		t.Fatal(out)
	}
	type replay struct {
		Total struct {
			Exchanges, Was, Now int
			Allowed             int `json:"newly_allowed"`
		}
		Failed int
	}
	var r replay
	deadline := time.Now().Add(20 * time.Second)
	for r.Total.Exchanges < 7 { // the last entries may not have been written yet
		out, code := s.run(t, "", "policy", "replay", "-config", s.config, "-policies", dir, "-o", "json", "-fail", "any")
		if code != 0 {
			t.Fatalf("the same rules: %d %s", code, out)
		}
		must(t, json.Unmarshal([]byte(out), &r))
		if time.Now().After(deadline) {
			t.Fatalf("%d of 7 exchanges are recorded", r.Total.Exchanges)
		}
	}
	if r.Total.Was != 4 || r.Total.Now != 4 || r.Failed != 0 {
		t.Errorf("the same rules: %+v, want 4 blocked", r)
	}
	data, err := os.ReadFile(dir + "/data.yaml")
	must(t, err)
	changed := strings.Replace(string(data), "    action: block\n", "    action: flag\n", 1)
	must(t, os.WriteFile(dir+"/data.yaml", []byte(changed), 0o600))
	out, code := s.run(t, "", "policy", "replay", "-config", s.config, "-policies", dir, "-fail", "allowed")
	if code != 1 || !strings.Contains(out, "hallucination.contradicted: flag instead of block") || !strings.Contains(out, "4 newly allowed") {
		t.Errorf("milder rules: status %d\n%s", code, out)
	}
}
