// Package e2e starts the real binary, as people do, and talks to it.
package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"touchstone/internal/audit"
	"touchstone/internal/demo"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "touchstone-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "touchstone")
	// As the Makefile and the Dockerfile build it.
	build := exec.Command("go", "build", "-trimpath", "-tags", "netgo,osusergo", "-ldflags=-s -w", "-o", binary, "touchstone/cmd/touchstone")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const (
	handbook = "# Handbook\n\nParcels are delivered within 3 working days.\n\nReturns are accepted for 30 days.\n\nGift wrapping costs €4.\n"
	right    = "Gift wrapping costs €4. Returns are accepted for 30 days."
	wrong    = "Gift wrapping costs €9."
	mixed    = "Returns are accepted for 30 days. Gift wrapping costs €9. Parcels are delivered within 3 working days."

	clientKey   = "sk-client-1f0c"
	upstreamKey = "sk-upstream-77aa"
	withheld    = "Withheld by the test."
)

// answer is what the fake upstream says: what is asked for.
func answer(question string, choice int) string {
	if said, ok := strings.CutPrefix(question, "say: "); ok {
		return said
	}
	switch {
	case strings.Contains(question, "wrong"), strings.Contains(question, "two") && choice == 1:
		return wrong
	case strings.Contains(question, "mixed"):
		return mixed
	}
	return right
}

// stone is a running touchstone with a knowledge base, and its fake upstream.
type stone struct {
	dir, url, config string
	cmd              *exec.Cmd
	logs             *lockedBuffer
	calls            *atomic.Int64 // chat requests that the upstream got
	upstream         string
	exited           chan error
}

// start ingests the handbook and serves it.
func start(t *testing.T, pause time.Duration) *stone {
	t.Helper()
	s := prepare(t, pause, "path: groundtruth.db")
	s.ingest(t)
	s.serve(t)
	return s
}

// ingest reads the handbook.
func (s *stone) ingest(t *testing.T) {
	t.Helper()
	out, code := s.run(t, "", "ingest", "-config", s.config, s.path("handbook.md"))
	if code != 0 {
		t.Fatalf("ingest: exit status %d: %s", code, out)
	}
}

// prepare starts the fake upstream and writes the configuration; truth is the section
// ground_truth.
func prepare(t *testing.T, pause time.Duration, truth string) *stone {
	t.Helper()
	s := &stone{dir: t.TempDir(), calls: &atomic.Int64{}, logs: &lockedBuffer{}}
	up := &demo.Upstream{Pause: pause, Answer: answer}
	fake := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/calls":
			fmt.Fprint(w, s.calls.Load())
			return
		case r.Header.Get("Authorization") != "Bearer "+upstreamKey:
			http.Error(w, `{"error":{"message":"wrong upstream key"}}`, http.StatusUnauthorized)
			return
		case r.Method == http.MethodPost:
			s.calls.Add(1)
		}
		up.ServeHTTP(w, r)
	}))
	t.Cleanup(fake.Close)
	s.upstream = fake.URL
	address := freeAddress(t)
	s.url, s.config = "http://"+address, filepath.Join(s.dir, "touchstone.yaml")
	must(t, os.WriteFile(filepath.Join(s.dir, "handbook.md"), []byte(handbook), 0o600))
	must(t, os.WriteFile(s.config, fmt.Appendf(nil, `
listen: %s
upstreams: [{name: fake, base_url: "%s/v1", api_key: "${UPSTREAM_KEY}"}]
keys:
  - {app: tests, key: "${CLIENT_KEY}", detail: true}
  - {app: staff, key: sk-staff, detail: true, scope: {audience: staff}}
routes:
  - {name: default, models: [%s], block_message: %q}
  - {name: strict, models: [strict], model: %s, on_block: error}
ground_truth: {%s}
audit: {path: %q}
log: {level: debug}
`, address, fake.URL, demo.Name, withheld, demo.Name, truth, s.path("audit.db")), 0o600))
	return s
}

func (s *stone) path(name string) string { return filepath.Join(s.dir, name) }

// command is the binary with the keys that the configuration names.
func (s *stone) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "UPSTREAM_KEY="+upstreamKey, "CLIENT_KEY="+clientKey, "NO_COLOR=1")
	return cmd
}

// run runs a subcommand to its end.
func (s *stone) run(t *testing.T, stdin string, args ...string) (out string, code int) {
	t.Helper()
	cmd := s.command(t.Context(), args...)
	cmd.Stdin = strings.NewReader(stdin)
	data, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(data), cmd.ProcessState.ExitCode()
}

// serve starts the proxy and waits until it is ready.
func (s *stone) serve(t *testing.T) {
	t.Helper()
	s.cmd = s.command(context.Background(), "serve", "-config", s.config)
	s.cmd.Stdout, s.cmd.Stderr = s.logs, s.logs
	must(t, s.cmd.Start())
	s.exited = make(chan error, 1)
	cmd, exited := s.cmd, s.exited
	go func() { exited <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() })
	deadline := time.Now().Add(20 * time.Second)
	for {
		if resp, err := http.Get(s.url + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-s.exited:
			t.Fatalf("serve ended: %v\n%s", err, s.logs)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("never ready\n%s", s.logs)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// stop sends a signal and waits for the end.
func (s *stone) stop(t *testing.T, sig syscall.Signal) (code int) {
	t.Helper()
	must(t, s.cmd.Process.Signal(sig))
	select {
	case <-s.exited:
	case <-time.After(40 * time.Second):
		t.Fatalf("does not end on %v\n%s", sig, s.logs)
	}
	return s.cmd.ProcessState.ExitCode()
}

// entries reads the audit log that a stopped proxy left, newest first.
func (s *stone) entries(t *testing.T) []audit.Entry {
	t.Helper()
	log, err := audit.Open(s.path("audit.db"), audit.Options{})
	must(t, err)
	defer log.Close(context.Background())
	list, err := log.Entries(t.Context(), audit.Filter{}, "", 1000)
	must(t, err)
	var out []audit.Entry
	for _, e := range list {
		entry, err := log.Entry(t.Context(), e.ID)
		must(t, err)
		out = append(out, *entry)
	}
	return out
}

// post sends a chat request with the client's key.
func (s *stone) post(t *testing.T, body string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/v1/chat/completions", bytes.NewReader([]byte(body)))
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+clientKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, data
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// varying are the parts of an answer that differ from call to call.
var varying = regexp.MustCompile(`chatcmpl-demo-[0-9a-f]+|"created":\d+`)

// lockedBuffer collects what a running process writes.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
