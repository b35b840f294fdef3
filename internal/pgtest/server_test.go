package pgtest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestServerSurvivesKill holds what other tests rely on: a server that was killed
// comes back on its port with what was committed.
func TestServerSurvivesKill(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	s, err := Start(ctx, "fsync=on")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	query := func(sql string) (got string, err error) {
		conn, err := pgx.Connect(ctx, s.DSN("postgres"))
		if err != nil {
			return "", err
		}
		defer conn.Close(ctx)
		return got, conn.QueryRow(ctx, sql).Scan(&got)
	}
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "CREATE EXTENSION vector; CREATE TABLE kept AS SELECT 'kept'::text AS word"); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(); err != nil {
		t.Fatal(err)
	}
	if got, err := query("SELECT word FROM kept"); err == nil {
		t.Fatalf("a killed server answered %q", got)
	}
	if err := s.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := query("SELECT word FROM kept"); err != nil || got != "kept" {
		t.Fatalf("after the restart: %q, %v", got, err)
	}
}
