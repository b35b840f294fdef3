package ortlib

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindSaysWhatIsWrong(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	if _, err := Find(""); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "make encoder-lib") {
		t.Errorf("no library: %v", err)
	}
	if _, err := Find(filepath.Join(t.TempDir(), "own.so")); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "own.so") {
		t.Errorf("no library of the operator's: %v", err)
	}
	dir, err := CacheFolder()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, fileName())
	if err := os.WriteFile(file, []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(""); err == nil || errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "has SHA-256") || !strings.Contains(err.Error(), file) {
		t.Errorf("another library: %v", err)
	}
	if got, err := Find(file); got != file || err != nil {
		t.Errorf("a library of the operator's: %q, %v", got, err)
	}
}
