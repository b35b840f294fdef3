package postgres

import (
	"context"
	"os"
	"testing"

	"touchstone/groundtruth"
	"touchstone/groundtruth/storetest"
	"touchstone/internal/pgtest"
)

// databaseOfChild is the address of the database of a child process, in its environment.
const databaseOfChild = "POSTGRES_TEST_CHILD"

func TestMain(m *testing.M) {
	if storetest.Child(func() (groundtruth.Store, error) {
		return Open(context.Background(), Options{DSN: os.Getenv(databaseOfChild), Exact: 50})
	}) {
		return
	}
	pgtest.Main(m)
}

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

// TestConforms runs the suite on collections that are searched exactly, as the owner of
// the tables, and on ones that have indexes from their first passages on, as a role that
// row-level security binds.
func TestConforms(t *testing.T) {
	for name, exact := range map[string]int{"Exact": 500, "Indexed": 3} {
		t.Run(name, func(t *testing.T) {
			dsns := map[groundtruth.Store]string{}
			again := func(t *testing.T, dsn string) groundtruth.Store {
				s := open(t, Options{DSN: dsn, Exact: exact})
				dsns[s] = dsn
				return s
			}
			storetest.Run(t, storetest.Subject{
				New: func(t *testing.T) groundtruth.Store {
					dsn := migrated(t)
					if name == "Indexed" {
						dsn = granted(t, dsn)
					}
					return again(t, dsn)
				},
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
