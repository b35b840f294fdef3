//go:build !cgo

package encoder

import (
	"errors"
	"testing"
)

func TestWithoutCgo(t *testing.T) {
	if _, err := Open(Config{Path: "testdata/pair"}); !errors.Is(err, ErrNoCgo) {
		t.Errorf("%v", err)
	}
}
