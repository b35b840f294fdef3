package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"touchstone/guards"
	"touchstone/internal/audit"
	"touchstone/internal/demo"
	"touchstone/internal/pgtest"
)

// TestPostgresLostAndBack kills the database under traffic and starts it again: in
// between nothing is passed as checked, the route's policy decides, and afterwards
// answers are checked again without a restart of the proxy.
func TestPostgresLostAndBack(t *testing.T) {
	db, err := pgtest.Start(t.Context())
	must(t, err)
	defer db.Stop()
	dsn := db.DSN("postgres")
	_, password, _ := strings.Cut(strings.TrimPrefix(dsn, "postgres://"), ":")
	password, _, _ = strings.Cut(password, "@")
	s := prepare(t, 0, "postgres: {dsn_file: dsn}")
	must(t, os.WriteFile(s.path("dsn"), []byte(dsn+"\n"), 0o600))

	for _, command := range []string{"serve", "ingest"} {
		out, code := s.run(t, "", append([]string{command, "-config", s.config}, map[string][]string{"ingest": {"handbook.md"}}[command]...)...)
		if code != 1 || !strings.Contains(out, "run `touchstone migrate`") || strings.Contains(out, password) {
			t.Fatalf("%s on a database without the schema: exit status %d: %s", command, code, out)
		}
	}
	for _, want := range []string{"the schema went from version 0 to ", "already"} {
		if out, code := s.run(t, "", "migrate", "-config", s.config); code != 0 || !strings.Contains(out, want) {
			t.Fatalf("migrate: exit status %d: %s", code, out)
		}
	}
	s.ingest(t)
	if out, code := s.run(t, "", "policy", "init", s.path("policy")); code != 0 {
		t.Fatal(out)
	}
	data, err := os.ReadFile(s.path("policy/data.yaml"))
	must(t, err)
	changed := strings.Replace(string(data), "\nroutes: {}\n", "\nroutes:\n  strict:\n    hallucination.not_measured:\n      action: block\n", 1)
	must(t, os.WriteFile(s.path("policy/data.yaml"), []byte(changed), 0o600))
	config, err := os.ReadFile(s.config)
	must(t, err)
	must(t, os.WriteFile(s.config, append(config, "policies: {dir: policy}\n"...), 0o600))
	s.serve(t)

	// outcome is what the proxy says of a right answer: pass, unchecked, or error where
	// the route blocks with one.
	outcome := func(model string) string {
		resp, body := s.post(t, fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"say right"}]}`, model))
		if resp.StatusCode != http.StatusOK {
			if strings.Contains(string(body), right) {
				t.Errorf("an error shows the answer: %s", body)
			}
			return "error"
		}
		return resp.Header.Get("X-Guard-Verdict")
	}
	until := func(what string, most time.Duration, model, want string) {
		t.Helper()
		began := time.Now()
		for {
			got := outcome(model)
			if got == want {
				t.Logf("%s: %s after %s", what, want, time.Since(began).Round(time.Millisecond))
				return
			}
			if time.Since(began) > most {
				t.Fatalf("%s: still %s after %s\n%s", what, got, most, s.logs)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	for _, model := range []string{demo.Name, "strict"} {
		if got := outcome(model); got != "pass" {
			t.Fatalf("%s: %s before anything happened", model, got)
		}
	}

	// Others keep asking all the time; whatever happens, they get an answer in time.
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				began := time.Now()
				if got := outcome(demo.Name); got != "pass" && got != "unchecked" {
					t.Errorf("under traffic: %q", got)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("an answer took %s", took)
				}
			}
		})
	}
	for range 2 {
		must(t, db.Kill())
		until("lost", 5*time.Second, demo.Name, "unchecked")
		until("lost", 5*time.Second, "strict", "error")
		for range 20 {
			if a, b := outcome(demo.Name), outcome("strict"); a != "unchecked" || b != "error" {
				t.Errorf("without a database: %s, and %s on the strict route", a, b)
			}
		}
		for began := time.Now(); s.gauge(t, "guard_ground_truth_up") != "0"; time.Sleep(50 * time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				t.Fatalf("without a database guard_ground_truth_up is %s", s.gauge(t, "guard_ground_truth_up"))
			}
		}
		must(t, db.Restart(t.Context()))
		until("back", 5*time.Second, demo.Name, "pass")
		until("back", 5*time.Second, "strict", "pass")
		time.Sleep(300 * time.Millisecond)
	}
	close(done)
	wg.Wait()

	select {
	case err := <-s.exited:
		t.Fatalf("the proxy ended: %v", err)
	default:
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.logs.String(), "is back") && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
	s.stop(t, syscall.SIGTERM)
	if strings.Contains(s.logs.String(), password) {
		t.Errorf("the log shows the password of the database:\n%s", s.logs)
	}
	if logs := s.logs.String(); !strings.Contains(logs, "cannot be reached") || !strings.Contains(logs, "is back") {
		t.Errorf("the log does not tell of it:\n%s", logs)
	}
	unchecked := 0
	for _, e := range s.entries(t) {
		if e.Outcome == audit.Pass {
			continue
		}
		unchecked++
		for _, g := range e.Choices[0].Guards {
			if g.Status == guards.OK || !strings.Contains(g.Error, "searching the ground truth") {
				t.Errorf("%s: guard %+v", e.Outcome, g)
			}
		}
		for _, sentence := range e.Choices[0].Sentences {
			if sentence.Verdict != guards.NotMeasured {
				t.Errorf("%s: sentence %+v", e.Outcome, sentence)
			}
		}
	}
	if unchecked == 0 {
		t.Error("no receipt says that nothing was measured")
	}
}

// gauge reads a metric without labels.
func (s *stone) gauge(t *testing.T, name string) string {
	t.Helper()
	resp, err := http.Get(s.url + "/metrics")
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	_, after, _ := strings.Cut(string(data), "\n"+name+" ")
	value, _, _ := strings.Cut(after, "\n")
	return value
}
