package groundtruth_test

import (
	"context"
	"path/filepath"
	"testing"

	"touchstone/groundtruth"
	"touchstone/groundtruth/storetest"
)

func TestSQLiteConforms(t *testing.T) {
	paths := map[groundtruth.Store]string{}
	open := func(t *testing.T, path string) groundtruth.Store {
		s, err := groundtruth.Open(context.Background(), path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		paths[s] = path
		return s
	}
	storetest.Run(t, storetest.Subject{
		New: func(t *testing.T) groundtruth.Store { return open(t, filepath.Join(t.TempDir(), "truth.db")) },
		Reopen: func(t *testing.T, s groundtruth.Store) groundtruth.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, paths[s])
		},
	})
}
