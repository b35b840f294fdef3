package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// The two routes, chosen by the model's name.
const (
	plainModel   = "bench-plain"   // passed on, not checked
	checkedModel = "bench-checked" // all that is on by default: verifier, policy, audit
)

const stoneConfig = `listen: %[1]s
upstreams:
  - {name: bench, base_url: "%[2]s/v1"}
routes:
  - {name: plain, models: [` + plainModel + `], upstream: bench, guards: []}
  - {name: checked, models: [` + checkedModel + `], upstream: bench, collections: [default]}
ground_truth: {path: "%[3]s/groundtruth.db"}
audit: {path: "%[3]s/audit.db"}
log: {level: warn}
`

// stone is the touchstone under measurement, with its knowledge base ingested.
type stone struct {
	binary, dir, config, address string
	pprof                        string // address of its profiles; "" for none
}

// prepare writes the configuration and ingests the knowledge base.
func prepare(ctx context.Context, dir, binary string, c *corpus, upstream string, profiles bool) (*stone, error) {
	s := &stone{binary: binary, dir: dir, config: filepath.Join(dir, "config.yaml")}
	var err error
	if s.address, err = freeAddress(); err != nil {
		return nil, err
	}
	if profiles {
		if s.pprof, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(s.config, fmt.Appendf(nil, stoneConfig, s.address, upstream, dir), 0o600); err != nil {
		return nil, err
	}
	handbook := filepath.Join(dir, "handbook")
	if err := os.Mkdir(handbook, 0o700); err != nil {
		return nil, err
	}
	if err := c.write(handbook); err != nil {
		return nil, err
	}
	start := time.Now()
	out, err := exec.CommandContext(ctx, binary, "ingest", "-config", s.config, handbook).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ingesting the knowledge base: %w\n%s", err, out)
	}
	fmt.Fprintf(os.Stderr, "ingested %d passages in %.1f s: %s\n", len(c.passages), time.Since(start).Seconds(), lastLine(out))
	return s, nil
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

func (s *stone) start(ctx context.Context) (*peer, error) {
	args := []string{s.binary, "serve", "-config", s.config}
	if s.pprof != "" {
		args = append(args, "-pprof", s.pprof)
	}
	return startPeer(ctx, s.dir, "touchstone", "http://"+s.address, "/readyz", args...)
}

// profile takes a CPU profile of the checked route at c=16, and the heap after it
// beside it as FILE.heap.
func (s *stone) profile(p *peer, o options, numbers *atomic.Uint64) error {
	const seconds = 10
	done := make(chan error, 1)
	go func() { done <- s.fetch(fmt.Sprintf("profile?seconds=%d", seconds), o.profile) }()
	if _, err := drive(p.url, checkedModel, 16, (seconds+1)*time.Second, numbers); err != nil {
		return err
	}
	return errors.Join(<-done, s.fetch("heap?gc=1", o.profile+".heap"))
}

func (s *stone) fetch(what, path string) error {
	resp, err := http.Get("http://" + s.pprof + "/debug/pprof/" + what)
	if err != nil {
		return fmt.Errorf("profiling: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("profiling: %w", err)
	}
	return os.WriteFile(path, data, 0o644)
}
