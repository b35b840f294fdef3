package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"touchstone/internal/demo"
	"touchstone/internal/judge"
)

// say has the upstream say a text, and returns the receipt and what the client got.
func (s *stone) say(t *testing.T, text, key, field string, stream bool, header ...string) (receipt judge.Receipt, body string) {
	t.Helper()
	msg, err := json.Marshal("say: " + text)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/chat/completions", strings.NewReader(
		fmt.Sprintf(`{"model": %q, "stream": %t, "messages": [{"role": "user", "content": %s}], "guard": {"detail": true%s}}`, demo.Name, stream, msg, field)))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+key)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	if resp.StatusCode != http.StatusOK {
		return receipt, string(data)
	}
	raw := data
	if stream {
		_, after, ok := strings.Cut(strings.Replace(string(data), "\n: guard {", `"guard":{`, 1), `"guard":{`)
		if !ok {
			t.Fatalf("no receipt in %s", data)
		}
		must(t, json.NewDecoder(strings.NewReader("{"+after)).Decode(&receipt))
		return receipt, string(data)
	}
	var whole struct{ Guard judge.Receipt }
	must(t, json.Unmarshal(raw, &whole))
	return whole.Guard, string(data)
}

// Facts imported beside a running proxy are in force within seconds: for the caller's
// scope, at the time of the answer, streamed and not.
func TestFactsOfScopeAndTime(t *testing.T) {
	s := start(t, 0)
	day := func(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }
	must(t, os.WriteFile(s.path("prices.csv"), fmt.Appendf(nil, `subject,attribute,value,unit,region,audience,valid_from,valid_to
Kestrel 500,price,329,EUR,EU,,,%s
Kestrel 500,price,349,EUR,EU,,%s,
Kestrel 500,price,299,GBP,UK,,,
Kestrel,warranty,2,years,,,,
Kestrel,warranty,3,years,,staff,,
`, day(-2), day(-1)), 0o600))
	if out, code := s.run(t, "", "facts", "import", "-config", s.config, "-author", "ana", s.path("prices.csv")); code != 0 || !strings.Contains(out, "5 facts, 5 new") {
		t.Fatalf("facts import: exit status %d: %s", code, out)
	}
	eu := []string{"x-guard-region", "EU"}
	deadline := time.Now().Add(10 * time.Second)
	for {
		if r, _ := s.say(t, "The Kestrel 500 costs 349 EUR.", clientKey, "", false, eu...); r.Verdict == "supported" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the facts never came into force")
		}
		time.Sleep(50 * time.Millisecond)
	}
	for _, c := range []struct {
		text, key, field string
		header           []string
		verdict, reason  string
	}{
		{"The Kestrel 500 costs 399 EUR.", clientKey, "", eu, "contradicted", "The answer says 399 EUR; the fact on the price of Kestrel 500 for region EU says 349 EUR since"},
		{"The Kestrel 500 costs 329 EUR.", clientKey, "", eu, "contradicted", "Was true until " + time.Now().UTC().AddDate(0, 0, -2).Format("2 January 2006")},
		{"The Kestrel 500 costs 299 GBP.", clientKey, `, "scope": {"region": "UK"}`, nil, "supported", ""},
		{"The Kestrel 500 costs 349 EUR.", clientKey, "", nil, "not_covered", "depends on the region"},
		{"The warranty of the Kestrel is 3 years.", clientKey, "", nil, "contradicted", "says 2 years"},
		{"The warranty of the Kestrel is 3 years.", "sk-staff", "", nil, "supported", ""},
	} {
		for _, stream := range []bool{false, true} {
			r, body := s.say(t, c.text, c.key, c.field, stream, c.header...)
			if string(r.Verdict) != c.verdict || len(r.Sentences) != 1 || !strings.Contains(r.Sentences[0].Reason, c.reason) {
				t.Errorf("%s (stream %t): %s, want %s %q", c.text, stream, body, c.verdict, c.reason)
				continue
			}
			if e := r.Sentences[0].Evidence; c.verdict != "not_covered" && (len(e) == 0 || e[0].Fact == "" || !strings.HasSuffix(e[0].Source, "prices.csv") || e[0].Revision == "") {
				t.Errorf("%s: evidence %+v", c.text, e)
			}
		}
	}
	if _, body := s.say(t, "x", "sk-staff", `, "scope": {"audience": "customers"}`, false); !strings.Contains(body, `\"staff\" already`) {
		t.Errorf("a request left the scope of its key: %s", body)
	}
	s.stop(t, syscall.SIGTERM)
	for _, e := range s.entries(t) {
		if e.App == "staff" && e.Status == 200 && e.Scope.Audience != "staff" {
			t.Errorf("recorded scope %+v", e.Scope)
		}
	}
}
