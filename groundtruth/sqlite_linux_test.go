package groundtruth

import (
	"context"
	"strings"
	"testing"
)

// TestFolderThatCannotBeWritten opens stores where nobody, not even root, can make
// a file.
func TestFolderThatCannotBeWritten(t *testing.T) {
	_, err := Open(context.Background(), "/proc/self/store.db")
	if want := "opening the ground truth /proc/self/store.db: cannot write to /proc/self: the store needs a writable folder: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}
