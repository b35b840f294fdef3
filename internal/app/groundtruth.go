package app

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"touchstone/groundtruth"
	"touchstone/groundtruth/postgres"
)

// GroundTruthConfig says where the passages are: in a file, or in PostgreSQL.
type GroundTruthConfig struct {
	Path     string         `yaml:"path"`
	Postgres PostgresConfig `yaml:"postgres"`
}

// PostgresConfig names a database that takes the place of the file.
type PostgresConfig struct {
	DSN         Secret `yaml:"dsn"`
	DSNFile     string `yaml:"dsn_file"`
	Connections int    `yaml:"connections"` // at most
	EfSearch    int    `yaml:"ef_search"`   // how many passages a vector index looks at
}

func defaultGroundTruth() GroundTruthConfig {
	return GroundTruthConfig{Path: "data/groundtruth.db", Postgres: PostgresConfig{Connections: 8, EfSearch: 100}}
}

func (c *Config) checkGroundTruth(bad complaint) {
	g := &c.GroundTruth
	if g.Postgres.DSN.Reveal() == "" {
		if g.Path == "" {
			bad("ground_truth.path", "must name a file, such as data/groundtruth.db")
		}
		return
	}
	if c.at.lines["ground_truth.path"] > 0 && g.Path != defaultGroundTruth().Path {
		bad("ground_truth.path", "is set beside ground_truth.postgres.dsn; keep one of them")
	}
	if err := postgres.CheckDSN(g.Postgres.DSN.Reveal()); err != nil {
		bad("ground_truth.postgres.dsn", "%v", err)
	}
	if n := g.Postgres.Connections; n < 1 || n > 1000 {
		bad("ground_truth.postgres.connections", "must be between 1 and 1000")
	}
	if n := g.Postgres.EfSearch; n < 10 || n > 1000 {
		bad("ground_truth.postgres.ef_search", "must be between 10 and 1000")
	}
}

// open opens the store. Nothing that it logs or returns shows the DSN.
func (g *GroundTruthConfig) open(ctx context.Context, log *slog.Logger) (groundtruth.Store, error) {
	if dsn := g.Postgres.DSN.Reveal(); dsn != "" {
		s, err := postgres.Open(ctx, postgres.Options{DSN: dsn, Connections: g.Postgres.Connections, EfSearch: g.Postgres.EfSearch, Log: log})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	s, err := groundtruth.Open(ctx, g.Path)
	if err != nil {
		return nil, err
	}
	return s, nil
}

const migrateUsage = `usage: touchstone migrate -config FILE [OPTION...]

Brings the schema of the ground truth in PostgreSQL to this program's version. It may
run while older programs serve, and twice at once. The embedded store needs none: it
does so when it is opened.

Run it as the owner of the schema, and serve as another role: row-level security binds
only the latter.

`

func runMigrate(ctx context.Context, args []string, std Streams) int {
	fs := flag.NewFlagSet("migrate", flag.ContinueOnError)
	fs.SetOutput(std.Err)
	fs.Usage = func() { fmt.Fprint(std.Err, migrateUsage); fs.PrintDefaults() }
	config := fs.String("config", defaultConfig, "configuration `FILE` that names the database")
	file := fs.String("dsn-file", "", "`FILE` with the database's address as the owner uses it, in place of the configured one")
	role := fs.String("grant", "", "let `ROLE` read and write the ground truth")
	if code, ok := parseFlags(fs, args); !ok {
		return code
	}
	fail := func(err error) int {
		fmt.Fprintf(std.Err, "touchstone migrate: %v\n", err)
		return exitError
	}
	var dsn string
	if *file != "" {
		data, err := os.ReadFile(*file)
		if err != nil {
			return fail(fmt.Errorf("reading the address of the database: %w", err))
		}
		dsn = strings.TrimSpace(string(data))
	} else {
		cfg, err := LoadConfig(*config)
		if err != nil {
			return fail(err)
		}
		if dsn = cfg.GroundTruth.Postgres.DSN.Reveal(); dsn == "" {
			return fail(fmt.Errorf("%s names no ground_truth.postgres.dsn, and the embedded store needs no migration", *config))
		}
	}
	before, after, err := postgres.Migrate(ctx, dsn)
	if err != nil {
		return fail(err)
	}
	if before == after {
		fmt.Fprintf(std.Out, "the schema has version %d already\n", after)
	} else {
		fmt.Fprintf(std.Out, "the schema went from version %d to %d\n", before, after)
	}
	if *role != "" {
		if err := postgres.Grant(ctx, dsn, *role); err != nil {
			return fail(err)
		}
		fmt.Fprintf(std.Out, "the role %s may read and write the ground truth\n", printable(*role))
	}
	return exitOK
}
