package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// versions is the table of the schema's versions.
const versions = "touchstone.schema_version"

// ErrSchema means that the database has another schema than this program.
var ErrSchema = errors.New("the schema of the database is not this program's")

// pgvector before this version corrupts memory in parallel index builds
// (CVE-2026-3172) or an index in VACUUM.
var oldestVector = [3]int{0, 8, 4}

// Migrate brings the schema to this program's version, as the user of dsn, who comes to
// own it. It makes the extension vector where it is missing. Two may run at once.
// It returns the version before and after.
func Migrate(ctx context.Context, dsn string) (before, after int64, err error) {
	db, p, err := provider(ctx, dsn)
	if err != nil {
		return 0, 0, err
	}
	defer db.Close()
	if before, err = p.GetDBVersion(ctx); err != nil {
		return 0, 0, fmt.Errorf("reading the schema version: %w", err)
	}
	if latest := latestVersion(); before > latest {
		return before, before, fmt.Errorf("%w: it has version %d and this program knows up to %d: it was migrated by a newer touchstone", ErrSchema, before, latest)
	}
	if _, err := p.Up(ctx); err != nil {
		return before, before, fmt.Errorf("migrating the schema from version %d: %w", before, err)
	}
	return before, latestVersion(), nil
}

// Grant lets role use the schema as `serve` and `ingest` do, without owning it: then
// row-level security binds it.
func Grant(ctx context.Context, dsn, role string) error {
	conn, err := connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	name := pgx.Identifier{role}.Sanitize()
	for _, statement := range []string{
		"GRANT USAGE ON SCHEMA touchstone TO ",
		"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA touchstone TO ",
		"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA touchstone TO ",
		"REVOKE INSERT, UPDATE, DELETE ON " + versions + " FROM ",
		// Of what later migrations make.
		"ALTER DEFAULT PRIVILEGES IN SCHEMA touchstone GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ",
		"ALTER DEFAULT PRIVILEGES IN SCHEMA touchstone GRANT EXECUTE ON FUNCTIONS TO ",
	} {
		if _, err := conn.Exec(ctx, statement+name); err != nil {
			return fmt.Errorf("granting rights to the role %s: %w", role, err)
		}
	}
	return nil
}

func provider(ctx context.Context, dsn string) (*sql.DB, *goose.Provider, error) {
	cfg, err := parse(dsn)
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDB(*cfg.ConnConfig)
	fail := func(err error) (*sql.DB, *goose.Provider, error) { return nil, nil, errors.Join(err, db.Close()) }
	// The table of versions lives there too.
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS touchstone"); err != nil && !exists(err) {
		return fail(fmt.Errorf("making the schema touchstone: %w", err))
	}
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fail(err)
	}
	once, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fail(err)
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithTableName(versions), goose.WithSessionLocker(once))
	if err != nil {
		return fail(err)
	}
	return db, p, nil
}

// exists reports whether another process made the schema at the same moment.
func exists(err error) bool {
	var pe *pgconn.PgError
	return errors.As(err, &pe) && (pe.Code == "42P06" || pe.Code == "23505")
}

// latestVersion is the number of the last migration.
func latestVersion() int64 {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return 0
	}
	n, _, _ := strings.Cut(strings.TrimPrefix(names[len(names)-1], "migrations/"), "_")
	version, _ := strconv.ParseInt(n, 10, 64)
	return version
}

// check refuses a database that this program cannot work with, and reports whether
// row-level security binds its user.
func check(ctx context.Context, conn *pgx.Conn) (bound bool, err error) {
	var vector *string
	var version int64
	var known bool
	err = conn.QueryRow(ctx, `SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'), to_regclass('`+versions+`') IS NOT NULL`).Scan(&vector, &known)
	if err != nil {
		return false, fmt.Errorf("asking for the version of pgvector: %w", err)
	}
	if known {
		err = conn.QueryRow(ctx, `SELECT coalesce(max(version_id) FILTER (WHERE is_applied), 0) FROM `+versions).Scan(&version)
		if err != nil {
			return false, fmt.Errorf("reading the schema version: %w", err)
		}
	}
	switch latest := latestVersion(); {
	case version < latest:
		return false, fmt.Errorf("%w: it has version %d and this program needs %d: run `touchstone migrate`", ErrSchema, version, latest)
	case version > latest:
		return false, fmt.Errorf("%w: it has version %d and this program knows up to %d: it was migrated by a newer touchstone", ErrSchema, version, latest)
	case vector == nil || !recent(*vector):
		return false, fmt.Errorf("pgvector %d.%d.%d or newer is needed, and the database has %s: install it on the server, then run ALTER EXTENSION vector UPDATE",
			oldestVector[0], oldestVector[1], oldestVector[2], orNone(vector))
	}
	err = conn.QueryRow(ctx, `SELECT row_security_active('touchstone.passages')`).Scan(&bound)
	if err != nil {
		return false, fmt.Errorf("asking for row-level security: %w", err)
	}
	return bound, nil
}

func orNone(version *string) string {
	if version == nil {
		return "none"
	}
	return *version
}

// recent reports whether a version of pgvector is new enough.
func recent(version string) bool {
	parts := strings.SplitN(version, ".", 3)
	for i, least := range oldestVector {
		if i >= len(parts) {
			return false
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || n < least {
			return false
		}
		if n > least {
			return true
		}
	}
	return true
}
