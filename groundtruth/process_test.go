package groundtruth

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// storeForWriter names, in the environment of a child process, the store that
// it is to write until it is killed.
const storeForWriter = "GROUNDTRUTH_TEST_WRITE"

func TestMain(m *testing.M) {
	if path := os.Getenv(storeForWriter); path != "" {
		fmt.Fprintln(os.Stderr, writeForever(path))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const writerSources = 5

// edition is the n-th content of a source: every passage says which one it is.
func edition(source, n int) Document {
	passages := make([]string, 20+n%7)
	for i := range passages {
		passages[i] = fmt.Sprintf("marker edition%d of %d passages, number%d", n, len(passages), i)
	}
	return note("c", fmt.Sprintf("doc-%d", source), fmt.Sprintf("edition %d", n), passages...)
}

func writeForever(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, path)
	if err != nil {
		return err
	}
	start := time.Now().UnixMilli() // editions of each child differ
	for n := int(start % 1e9); ; n++ {
		source := n % writerSources
		if n%11 == 0 {
			if err := s.Delete(ctx, "c", fmt.Sprintf("doc-%d", source)); err != nil && !strings.Contains(err.Error(), ErrNotFound.Error()) {
				return err
			}
			continue
		}
		if _, err := s.Replace(ctx, edition(source, n)); err != nil {
			return err
		}
		fmt.Printf("%d %d\n", source, n)
	}
}

// startWriter starts a process that writes the store at path. The channel gives
// its acknowledged changes.
func startWriter(t *testing.T, path string) (*exec.Cmd, <-chan string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), storeForWriter+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 100_000)
	go func() {
		defer close(said)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	return cmd, said
}

// TestOtherProcessWrites holds that a store sees what another process changes,
// and that both can write.
func TestOtherProcessWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.db")
	s := openStore(t, path)
	replace(t, s, note("c", "mine", "Mine", "kept all along"))
	cmd, said := startWriter(t, path)
	for i := range 60 {
		if _, ok := <-said; !ok {
			t.Fatal("the writer stopped by itself")
		}
		if i%20 == 0 {
			replace(t, s, note("c", "mine", "Mine", fmt.Sprint("kept all along, the ", i, ". time")))
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if err := s.refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	fresh := openStore(t, path)
	if s.Revision() != fresh.Revision() {
		t.Errorf("revision %s, and %s when opened anew", s.Revision(), fresh.Revision())
	}
	if got := found(t, s, "kept along", "c"); len(got) != 1 || got[0] != "mine#0" {
		t.Errorf("found %v", got)
	}
	for _, q := range []string{"marker edition", "passages number3", "kept"} {
		if a, b := found(t, s, q, "c"), found(t, fresh, q, "c"); fmt.Sprint(a) != fmt.Sprint(b) {
			t.Errorf("%s: found %v, and %v when opened anew", q, a, b)
		}
	}
}

// TestWatch holds that nobody needs to ask for it, and that what another
// process deletes is gone.
func TestWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.db")
	reader, writer := openStore(t, path), openStore(t, path)
	replace(t, writer, note("c", "a", "", "fresh words"), note("c", "b", "", "fresh but short-lived"))
	if err := reader.refresh(context.Background()); err != nil || len(found(t, reader, "fresh", "c")) != 2 {
		t.Fatalf("%v", err)
	}
	if err := writer.Delete(context.Background(), "c", "b"); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * pollEvery); reader.Revision() != writer.Revision(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("revision %s is not seen, still %s", writer.Revision(), reader.Revision())
		}
	}
	if got := found(t, reader, "fresh", "c"); len(got) != 1 || got[0] != "a#0" {
		t.Errorf("found %v", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	newer := filepath.Join(dir, "newer.db")
	s := openStore(t, newer)
	if _, err := s.db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)"); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for path, want := range map[string]string{text: "not a database", newer: "written by a newer touchstone", dir: "is a folder: name a file, such as " + filepath.Join(dir, "groundtruth.db")} {
		s, err := Open(context.Background(), path)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".touchstone-*")); err != nil || len(left) > 0 {
		t.Errorf("looking for the reason left %v, %v", left, err)
	}
}
