package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"touchstone/groundtruth/storetest"
	"touchstone/internal/pgtest"
)

func exec(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	for _, s := range statements {
		if _, err := conn.Exec(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// granted makes a role with the rights that serve needs, and returns the address of
// the database as that role.
func granted(t testing.TB, dsn string) string {
	t.Helper()
	role := "touchstone_" + strings.ToLower(rand.Text()[:12])
	exec(t, dsn, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD 'a secret'", role))
	t.Cleanup(func() { exec(t, dsn, "DROP OWNED BY "+role, "DROP ROLE "+role) })
	if err := Grant(context.Background(), dsn, role); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "a secret")
	return u.String()
}

// TestRowLevelSecurity holds that the database itself keeps tenants apart, whatever is
// asked of it.
func TestRowLevelSecurity(t *testing.T) {
	ctx := context.Background()
	dsn := granted(t, migrated(t))
	s := open(t, Options{DSN: dsn})
	for _, tenant := range []string{"a", "b"} {
		doc := storetest.Note("c", "doc", "", "of "+tenant)
		if _, err := s.For(tenant).Replace(ctx, doc); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, tenant := range []string{"", "a", "b", "c"} {
		if _, err := conn.Exec(ctx, "SELECT set_config('touchstone.tenant', $1, false)", tenant); err != nil {
			t.Fatal(err)
		}
		want := 0
		if tenant == "a" || tenant == "b" {
			want = 1
		}
		for _, table := range []string{"tenants", "collections", "sources", "passages"} {
			var n, foreign int
			err := conn.QueryRow(ctx, "SELECT count(*), count(*) FILTER (WHERE tenant <> $1) FROM touchstone."+table, tenant).Scan(&n, &foreign)
			if err != nil || n != want || foreign > 0 {
				t.Errorf("tenant %q sees %d rows of %s, %d of others, %v", tenant, n, table, foreign, err)
			}
		}
	}
	for what, statement := range map[string]string{
		"another tenant's row":  "INSERT INTO touchstone.collections (tenant, name) VALUES ('a', 'x')", // as tenant c
		"the schema":            "ALTER TABLE touchstone.passages DISABLE ROW LEVEL SECURITY",
		"a policy":              "DROP POLICY tenant ON touchstone.passages",
		"the table of versions": "DELETE FROM " + versions,
		"a table":               "CREATE TABLE touchstone.mine (x int)",
	} {
		if _, err := conn.Exec(ctx, statement); err == nil {
			t.Errorf("the role could change %s", what)
		}
	}
	if tag, err := conn.Exec(ctx, "DELETE FROM touchstone.sources"); err != nil || tag.RowsAffected() != 0 {
		t.Errorf("tenant c deleted %d sources, %v", tag.RowsAffected(), err)
	}
}

// TestMigrate holds that migrations may meet, and that programs refuse a schema that is
// not theirs.
func TestMigrate(t *testing.T) {
	ctx := context.Background()
	dsn := pgtest.Database(t)
	if _, err := Open(ctx, Options{DSN: dsn}); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "it has version 0") {
		t.Errorf("opening an empty database: %v", err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, after, err := Migrate(ctx, dsn); err != nil || after != latestVersion() {
				t.Errorf("migrated to %d, %v", after, err)
			}
		})
	}
	wg.Wait()
	open(t, Options{DSN: dsn})
	exec(t, dsn, "DELETE FROM "+versions+" WHERE version_id = (SELECT max(version_id) FROM "+versions+")")
	if _, err := Open(ctx, Options{DSN: dsn}); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "run `touchstone migrate`") {
		t.Errorf("opening an older schema: %v", err)
	}
	exec(t, dsn, "INSERT INTO "+versions+" (version_id, is_applied) VALUES (99, true)")
	if _, err := Open(ctx, Options{DSN: dsn}); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "newer touchstone") {
		t.Errorf("opening a newer schema: %v", err)
	}
	if _, _, err := Migrate(ctx, dsn); !errors.Is(err, ErrSchema) {
		t.Errorf("migrating a newer schema: %v", err)
	}
}

func TestVersionOfVector(t *testing.T) {
	for version, want := range map[string]bool{"0.8.4": true, "0.8.5": true, "0.8.10": true, "0.9.0": true, "1.0": true, "1.0.0": true,
		"0.8.3": false, "0.8": false, "0.7.9": false, "": false, "x.y.z": false} {
		if got := recent(version); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

// TestPasswordIsNotShown makes every mistake an address can have.
func TestPasswordIsNotShown(t *testing.T) {
	for _, dsn := range []string{
		"postgres://me:hunter2@127.0.0.1:1/x", "postgres://me:hunter2@127.0.0.1:port/x", "postgres://me:hunter2@no.such.host.invalid/x",
		"host=127.0.0.1 port=1 password=hunter2", "host=127.0.0.1 port=1 password='hunter2", "postgres://me:hunter2@", "hunter2",
		"postgres://me:hunter2@127.0.0.1:1/x?sslmode=hunter2", "postgres://me:hunter2@[::1/x",
	} {
		_, err := Open(t.Context(), Options{DSN: dsn})
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", dsn, err)
		}
		if _, _, err := Migrate(t.Context(), dsn); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("migrating %s: %v", dsn, err)
		}
	}
}
