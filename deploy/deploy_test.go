// Package deploy_test keeps what is shipped beside the binary honest: the
// Dockerfile's steps are carried out, without Docker.
package deploy_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A stage of a Dockerfile, laid out in a folder that stands for its root.
type stage struct {
	root, dir string
	env       []string
	user      string
	health    []string
	command   []string
}

// TestDockerfile does in folders what `docker build` does in layers, then starts
// the image's command and asks its health check. Base images are not fetched: this
// machine's Go builds, its pip downloads and its C library is linked.
func TestDockerfile(t *testing.T) {
	stages, last := map[string]*stage{}, (*stage)(nil)
	var entry []string
	for _, line := range steps(t, "Dockerfile") {
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimSpace(rest)
		switch word {
		case "FROM":
			base, name, _ := strings.Cut(rest, " AS ")
			last = &stage{root: t.TempDir(), dir: "/"}
			stages[name] = last
			switch image, tag, _ := strings.Cut(base, ":"); image {
			case "golang":
				version, _, _ := strings.Cut(tag, "-")
				checkGoVersion(t, version)
			case "python", "gcr.io/distroless/cc-debian12": // this machine's pip; its C library
			default:
				t.Fatalf("the test knows no base image %s", base)
			}
		case "WORKDIR":
			last.dir = rest
			must(t, os.MkdirAll(filepath.Join(last.root, rest), 0o755))
		case "ENV":
			last.env = append(last.env, rest)
		case "COPY":
			last.copy(t, stages, strings.Fields(rest))
		case "RUN":
			last.run(t, rest)
		case "USER":
			last.user = rest
		case "HEALTHCHECK":
			_, cmd, _ := strings.Cut(rest, " CMD ")
			must(t, json.Unmarshal([]byte(cmd), &last.health))
		case "ENTRYPOINT":
			must(t, json.Unmarshal([]byte(rest), &entry))
		case "CMD":
			must(t, json.Unmarshal([]byte(rest), &last.command))
		case "EXPOSE":
		default:
			t.Fatalf("the test knows no step %q", line)
		}
	}
	if uid, _, _ := strings.Cut(last.user, ":"); uid == "" || uid == "0" || uid == "root" {
		t.Errorf("the image runs as %q", last.user)
	}
	if _, err := os.Stat(filepath.Join(last.root, "data")); err != nil {
		t.Error("the image has no folder for its stores:", err)
	}
	last.start(t, append(entry, last.command...))
}

// steps reads the instructions of a Dockerfile, continued lines joined.
func steps(t *testing.T, name string) []string {
	data, err := os.ReadFile(name)
	must(t, err)
	var out []string
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			out = append(out, line)
		}
	}
	return out
}

// checkGoVersion compares the image's Go with the one go.mod asks for.
func checkGoVersion(t *testing.T, image string) {
	mod, err := os.ReadFile("../go.mod")
	must(t, err)
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(mod))[1]
	if image != want {
		t.Errorf("the Dockerfile builds with Go %s, go.mod says %s", image, want)
	}
}

func (s *stage) copy(t *testing.T, stages map[string]*stage, words []string) {
	from := ".."
	for len(words) > 0 && strings.HasPrefix(words[0], "--") {
		if name, ok := strings.CutPrefix(words[0], "--from="); ok {
			from = stages[name].root
		}
		words = words[1:]
	}
	target := words[len(words)-1]
	if !filepath.IsAbs(target) {
		target = filepath.Join(s.dir, target) + "/"
	}
	target = s.root + target
	must(t, os.MkdirAll(filepath.Dir(target), 0o755))
	for _, source := range words[:len(words)-1] {
		if from == ".." && source == "." {
			s.copyRepository(t, target)
			continue
		}
		run(t, "", nil, "cp", "-R", filepath.Join(from, source), target)
	}
}

// copyRepository copies what a build can need, and not what was built or downloaded.
func (s *stage) copyRepository(t *testing.T, target string) {
	for _, name := range []string{"go.mod", "go.sum", "cmd", "eval", "groundtruth", "guards", "internal", "policies", "proxy", "deploy"} {
		run(t, "", nil, "cp", "-R", filepath.Join("..", name), target)
	}
}

// run carries out a shell command whose absolute paths lie in the stage.
func (s *stage) run(t *testing.T, command string) {
	for _, dir := range []string{"/out", "/src"} {
		command = regexp.MustCompile(`(^|[\s=])`+dir+`\b`).ReplaceAllString(command, "${1}"+s.root+dir)
	}
	run(t, filepath.Join(s.root, s.dir), s.env, "sh", "-euc", command)
}

func run(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
}

// start runs the image's command with the configuration of compose.yaml and waits
// until its health check passes.
func (s *stage) start(t *testing.T, command []string) {
	inside := func(path string) string {
		if filepath.IsAbs(path) {
			return s.root + path
		}
		return path
	}
	cfg, err := os.ReadFile("config.compose.yaml")
	must(t, err)
	address := freeAddress(t)
	text := strings.ReplaceAll(string(cfg), "0.0.0.0:8080", address)
	text = strings.ReplaceAll(text, "/data/", s.root+"/data/")
	must(t, os.MkdirAll(s.root+"/etc/touchstone", 0o755))
	must(t, os.WriteFile(s.root+"/etc/touchstone/config.yaml", []byte(text), 0o600))
	for i := range command {
		command[i] = inside(command[i])
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Env = []string{"TOUCHSTONE_ADMIN_KEY=admin", "OPENAI_API_KEY=none", "OPENAI_BASE_URL=http://127.0.0.1:9/v1"}
	var logs strings.Builder
	cmd.Stdout, cmd.Stderr = &logs, &logs
	must(t, cmd.Start())
	defer func() { cmd.Process.Signal(os.Interrupt); cmd.Wait() }()
	deadline := time.Now().Add(20 * time.Second)
	for {
		health := exec.CommandContext(t.Context(), inside(s.health[0]), s.health[1:]...)
		for i := range health.Args {
			health.Args[i] = strings.ReplaceAll(health.Args[i], "127.0.0.1:8080", address)
		}
		out, err := health.CombinedOutput()
		if err == nil {
			checkReady(t, address)
			break
		}
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			cmd.Wait()
			t.Fatalf("never healthy: %v: %s\n%s", err, out, logs.String())
		}
		time.Sleep(50 * time.Millisecond)
	}
	// The key that compose sets is what Prometheus needs.
	for key, want := range map[string]int{"": 401, "admin": 200} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+address+"/metrics", nil)
		must(t, err)
		if key != "" {
			req.Header.Set("Authorization", "Bearer "+key)
		}
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("/metrics with key %q: %s", key, resp.Status)
		}
	}
}

// checkReady wants everything to run, the encoders' native library included.
func checkReady(t *testing.T, address string) {
	resp, err := http.Get("http://" + address + "/readyz")
	must(t, err)
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ready\n" {
		t.Errorf("/readyz: %q, %v", body, err)
	}
}

func freeAddress(t *testing.T) string {
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
