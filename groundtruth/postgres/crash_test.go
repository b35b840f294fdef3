package postgres

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"touchstone/groundtruth"
	"touchstone/groundtruth/storetest"
	"touchstone/internal/pgtest"
)

// TestKilledClient kills the program while it writes and while it ingests.
func TestKilledClient(t *testing.T) {
	for name, test := range map[string]func(*testing.T, int, []string, func(*testing.T) groundtruth.Store){
		"Writes": storetest.KilledWriter, "Ingestion": storetest.KilledIngest,
	} {
		t.Run(name, func(t *testing.T) {
			dsn := migrated(t)
			test(t, storetest.Kills(3), []string{databaseOfChild + "=" + dsn}, func(t *testing.T) groundtruth.Store {
				return open(t, Options{DSN: dsn, Exact: 50})
			})
		})
	}
}

// lastLine keeps the number on the last line written.
type lastLine struct {
	mu   sync.Mutex
	step int
}

func (l *lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, err := fmt.Fscan(bytes.NewReader(p), &l.step)
	return len(p), err
}

// TestKilledServer kills the server while a program writes. What the program was told is
// stored is there after the restart, and nothing by halves; the same store goes on.
func TestKilledServer(t *testing.T) {
	ctx := context.Background()
	server, err := pgtest.Start(ctx, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	dsn := server.DSN("postgres")
	if _, _, err := Migrate(ctx, dsn); err != nil {
		t.Fatal(err)
	}
	s := open(t, Options{DSN: dsn, Exact: 50})
	next := 1
	for range storetest.Kills(3) {
		said := &lastLine{step: next - 1}
		ended := make(chan error, 1)
		w := storetest.Writer{Out: said, Next: next}
		go func() { ended <- w.Run(ctx, s) }()
		time.Sleep(20*time.Millisecond + time.Duration(rand.IntN(200_000))*time.Microsecond)
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("writing to a killed server did not fail")
		}
		if err := server.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		next = storetest.Verify(t, s, said.step+1)
	}
}
