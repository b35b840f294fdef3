package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"touchstone/internal/demo"
)

// startDemo starts the demo and waits for its greeting.
func startDemo(t *testing.T, env ...string) *stone {
	t.Helper()
	s := &stone{dir: t.TempDir(), logs: &lockedBuffer{}}
	address := freeAddress(t)
	s.url = "http://" + address
	s.cmd = s.command(t.Context(), "demo", "-listen", address)
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.Stdout, s.cmd.Stderr = s.logs, s.logs
	must(t, s.cmd.Start())
	s.exited = make(chan error, 1)
	go func() { s.exited <- s.cmd.Wait() }()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(s.logs.String(), "Ctrl-C") {
		if time.Now().After(deadline) {
			t.Fatalf("never ready\n%s", s.logs)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return s
}

// What the demo prints to try does what it says; its right answers pass, and of
// its wrong ones at most one does: weekdays in a range are beyond the verifier.
func TestDemo(t *testing.T) {
	s := startDemo(t, "OPENAI_API_KEY=", "OPENAI_BASE_URL=")
	verdict := func(question string) string {
		resp, _ := s.post(t, fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":%q}]}`, demo.Name, question))
		return resp.Header.Get("X-Guard-Verdict")
	}
	for _, question := range []string{"How long do I have to return a bicycle?", "How much does theft insurance cost?"} {
		if !strings.Contains(s.logs.String(), question) {
			t.Errorf("the greeting does not suggest %q", question)
		}
	}
	if got := verdict("How much does theft insurance cost?"); got != "block" {
		t.Errorf("the wrong price: %s", got)
	}
	var missed []string
	for _, topic := range demo.Topics {
		switch got := verdict(topic.Question); {
		case topic.Fault == "" && got != "pass":
			t.Errorf("%q has a right answer: %s", topic.Question, got)
		case topic.Fault != "" && got == "pass":
			missed = append(missed, topic.Question)
		}
	}
	if len(missed) > 0 {
		t.Errorf("wrong answers passed: %q", missed)
	}
	if code := s.stop(t, syscall.SIGINT); code != 0 {
		t.Errorf("exit status %d\n%s", code, s.logs)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://")); err == nil {
		t.Error("still listening")
	}
}

func TestDemoUsesARealUpstreamWhereThereIsOne(t *testing.T) {
	var key atomic.Value
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key.Store(r.Header.Get("Authorization"))
		(&demo.Upstream{Answer: func(string, int) string { return "Theft insurance costs €12 a month." }}).ServeHTTP(w, r)
	}))
	defer fake.Close()
	s := startDemo(t, "OPENAI_API_KEY="+upstreamKey, "OPENAI_BASE_URL="+fake.URL+"/v1", "OPENAI_MODEL="+demo.Name)
	resp, _ := s.post(t, fmt.Sprintf(`{"model":%q,"messages":[{"role":"user","content":"Hello!"}]}`, demo.Name))
	if got := resp.Header.Get("X-Guard-Verdict"); got != "block" || key.Load() != "Bearer "+upstreamKey {
		t.Errorf("%s, key %v", got, key.Load())
	}
	s.stop(t, syscall.SIGINT)
}

// Nothing starts on a configuration that cannot work, and the message says where.
func TestServeRefusesBadConfigurations(t *testing.T) {
	s := &stone{dir: t.TempDir()}
	write := func(text string) {
		must(t, os.WriteFile(s.path("touchstone.yaml"), []byte(text), 0o600))
	}
	const up = "upstreams: [{name: a, base_url: \"http://127.0.0.1:9/v1\"}]\n"
	if out, code := s.run(t, "", "serve"); code != 1 || !strings.Contains(out, "there is no touchstone.yaml here") {
		t.Errorf("no file: exit status %d: %s", code, out)
	}
	write(up + "lisen: x\n")
	if out, code := s.run(t, "", "serve"); code != 1 || !strings.Contains(out, `touchstone.yaml:2: lisen: there is no such field; did you mean "listen"?`) {
		t.Errorf("bad field: exit status %d: %s", code, out)
	}
	write(up)
	if out, code := s.run(t, "", "serve", "-listen", "0.0.0.0:0"); code != 1 || !strings.Contains(out, "admin.key is needed") {
		t.Errorf("open to others: exit status %d: %s", code, out)
	}
	if out, code := s.run(t, "", "serve", "-listen", "127.0.0.1:0", "-policies", s.dir); code != 1 || !strings.Contains(out, "loading policies from") {
		t.Errorf("no policies: exit status %d: %s", code, out)
	}
	if out, code := s.run(t, "", "serve", "-listen", "127.0.0.1:0", "-pprof", "0.0.0.0:0"); code != 1 || !strings.Contains(out, "not a loopback address") {
		t.Errorf("open profiles: exit status %d: %s", code, out)
	}
	if out, code := s.run(t, "", "serve", "touchstone.yaml"); code != 64 || !strings.Contains(out, "is not an option") {
		t.Errorf("stray argument: exit status %d: %s", code, out)
	}
}
