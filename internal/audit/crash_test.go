package audit

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"touchstone/guards"
)

// cpu is the processor time this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// TestMain turns the test binary into the process that TestCrash kills.
func TestMain(m *testing.M) {
	if path := os.Getenv("AUDIT_CRASH_FILE"); path != "" {
		appendForEver(path)
		return
	}
	os.Exit(m.Run())
}

// appendForEver appends entries and prints the number of each that Flush has
// acknowledged.
func appendForEver(path string) {
	l, err := Open(path, Options{Flush: time.Millisecond})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	from, _ := strconv.Atoi(os.Getenv("AUDIT_CRASH_FROM"))
	for i := from; ; i++ {
		l.Append(context.Background(), entry(i, guards.Supported, guards.Contradicted, guards.NotCovered), true)
		if i%7 == 0 {
			if err := l.Flush(context.Background()); err != nil {
				fmt.Println("error", err)
				os.Exit(1)
			}
			fmt.Println("ack", i)
		}
	}
}

// TestCrash kills a process with SIGKILL while it appends, several times on the
// same file: whatever Flush acknowledged is there, nothing is there by half, and the
// sums agree with the entries.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.db")
	acked := map[int]bool{}
	next := 0
	for round := range 3 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "AUDIT_CRASH_FILE="+path, "AUDIT_CRASH_FROM="+strconv.Itoa(next))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines, acks := bufio.NewScanner(out), 0
		for lines.Scan() {
			n, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "ack "))
			if err != nil {
				t.Fatal(lines.Text())
			}
			for i := next; i <= n; i++ {
				acked[i] = true
			}
			if acks++; acks == 20+10*round {
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
		}
		_ = cmd.Wait()
		next += 1_000_000

		l, err := Open(path, Options{})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		var integrity string
		if err := l.read.QueryRow("PRAGMA integrity_check").Scan(&integrity); err != nil || integrity != "ok" {
			t.Fatalf("round %d: integrity %q, %v", round, integrity, err)
		}
		var entries, bodies, exchanges, contradicted int
		if err := l.read.QueryRow(`SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM bodies WHERE json_valid(json)),
			(SELECT sum(exchanges) FROM sums WHERE span = 60), (SELECT sum(contradicted) FROM sums WHERE span = 3600)`).
			Scan(&entries, &bodies, &exchanges, &contradicted); err != nil {
			t.Fatal(err)
		}
		if entries != bodies || entries != exchanges || entries != contradicted {
			t.Errorf("round %d: %d entries, %d bodies, %d in sums, %d contradicted in sums; want all alike", round, entries, bodies, exchanges, contradicted)
		}
		if entries < len(acked) {
			t.Errorf("round %d: %d entries, but %d were acknowledged", round, entries, len(acked))
		}
		for i := range acked {
			if e, err := l.Entry(t.Context(), entry(i).ID); err != nil {
				t.Fatalf("round %d: acknowledged entry %d: %v", round, i, err)
			} else if len(e.Choices) != 1 || len(e.Choices[0].Sentences) != 3 {
				t.Fatalf("round %d: entry %d is not whole", round, i)
			}
		}
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("round %d: %d acknowledged, %d found", round, len(acked), entries)
	}
}
