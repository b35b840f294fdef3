//go:build unix

package groundtruth

import (
	"context"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestNamedPipeIsNotWaitedFor ingests a pipe that nobody writes to.
func TestNamedPipeIsNotWaitedFor(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.md")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	got := make(chan Outcome, 1)
	in := Ingester{Store: openStore(t, ":memory:"), Collection: "c", Progress: func(_, _ int, o Outcome) { got <- o }}
	go in.Run(context.Background(), []string{pipe})
	select {
	case o := <-got:
		if o.What != "failed" || !strings.Contains(o.Err.Error(), "not a regular file") {
			t.Errorf("%s: %v", o.What, o.Err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
}
