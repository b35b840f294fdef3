package groundtruth_test

import (
	"context"
	"database/sql"
	"os"
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

// storeOfChild names the store of a child process in its environment.
const storeOfChild = "GROUNDTRUTH_TEST_CHILD"

// init does the work of a child process: TestMain is in the other package.
func init() {
	if storetest.Child(func() (groundtruth.Store, error) {
		return groundtruth.Open(context.Background(), os.Getenv(storeOfChild))
	}) {
		os.Exit(0)
	}
}

func TestSQLiteSurvivesKill(t *testing.T) {
	for name, test := range map[string]func(*testing.T, int, []string, func(*testing.T) groundtruth.Store){
		"Writes": storetest.KilledWriter, "Ingestion": storetest.KilledIngest,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "truth.db")
			test(t, storetest.Kills(4), []string{storeOfChild + "=" + path}, func(t *testing.T) groundtruth.Store {
				s, err := groundtruth.Open(context.Background(), path)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
			s, err := sql.Open("sqlite", path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var state string
			if err := s.QueryRow("PRAGMA integrity_check").Scan(&state); err != nil || state != "ok" {
				t.Errorf("integrity: %s, %v", state, err)
			}
		})
	}
}
