package postgres

import (
	"context"
	"testing"

	"touchstone/groundtruth"
	"touchstone/groundtruth/storetest"
	"touchstone/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// migrated makes a database with this program's schema.
func migrated(t testing.TB) string {
	t.Helper()
	dsn := pgtest.Database(t)
	if _, _, err := Migrate(context.Background(), dsn); err != nil {
		t.Fatal(err)
	}
	return dsn
}

func open(t testing.TB, opt Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestConforms runs the suite on collections that are searched exactly, and on ones
// that have indexes from their first passages on.
func TestConforms(t *testing.T) {
	for name, exact := range map[string]int{"Exact": 1000, "Indexed": 3} {
		t.Run(name, func(t *testing.T) {
			dsns := map[groundtruth.Store]string{}
			again := func(t *testing.T, dsn string) groundtruth.Store {
				s := open(t, Options{DSN: dsn, Exact: exact})
				dsns[s] = dsn
				return s
			}
			storetest.Run(t, storetest.Subject{
				New: func(t *testing.T) groundtruth.Store { return again(t, migrated(t)) },
				Reopen: func(t *testing.T, s groundtruth.Store) groundtruth.Store {
					if err := s.Close(); err != nil {
						t.Fatal(err)
					}
					return again(t, dsns[s])
				},
			})
		})
	}
}
