package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Variable names a database in the environment that tests are to use in place of a
// server of their own. Its user must be allowed to make databases and roles.
const Variable = "TOUCHSTONE_TEST_DATABASE"

// shared is the server of this test binary, started by the first who needs it.
var shared struct {
	sync.Mutex
	server *Server
}

// Main runs the tests of a binary and stops the server that they started.
func Main(m *testing.M) {
	code := m.Run()
	if s := shared.server; s != nil {
		if err := s.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
		}
	}
	os.Exit(code)
}

// admin is the address of a database whose user may make others.
func admin(ctx context.Context) (string, error) {
	if dsn := os.Getenv(Variable); dsn != "" {
		return dsn, nil
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		s, err := Start(ctx)
		if err != nil {
			return "", err
		}
		shared.server = s
	}
	return shared.server.DSN("postgres"), nil
}

// Database makes an empty database that is gone after the test, and returns its
// address, as postgres://.
func Database(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	dsn, err := admin(ctx)
	if err != nil {
		t.Fatalf("a PostgreSQL for the test: %v", err)
	}
	name := "touchstone_" + strings.ToLower(rand.Text()[:12])
	run := func(ctx context.Context, statement string) error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, statement)
		return errors.Join(err, conn.Close(ctx))
	}
	if err := run(ctx, "CREATE DATABASE "+name); err != nil {
		t.Fatalf("making a database: %v", err)
	}
	t.Cleanup(func() {
		if err := run(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("dropping the database: %v", err)
		}
	})
	u, err := url.Parse(dsn)
	if err != nil || u.Host == "" {
		t.Fatalf("%s is not an address as postgres://user:password@host:port/database", Variable)
	}
	u.Path = "/" + name
	return u.String()
}

// Ask returns the one text that a query gives.
func Ask(ctx context.Context, dsn, query string) (answer string, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	err = conn.QueryRow(ctx, query).Scan(&answer)
	return answer, errors.Join(err, conn.Close(ctx))
}
