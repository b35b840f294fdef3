package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"

	"touchstone/groundtruth"
)

// fuseDepth is how many passages each ranking offers to the fusion, maxWords how many
// different words of a query are looked at, and budget how many passages of a large
// collection are ranked by their words.
const (
	fuseDepth = 50
	maxWords  = 64
	budget    = 500
)

var tokenizers = sync.Pool{New: func() any { return new(groundtruth.Tokenizer) }}

// Search implements groundtruth.Store, in one round trip.
func (s *Store) Search(ctx context.Context, q groundtruth.Query) ([]groundtruth.Evidence, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var probe *pgvector.HalfVector
	if q.Vector != nil {
		if err := groundtruth.CheckVector(q.Vector); err != nil {
			return nil, fmt.Errorf("searching: %w", err)
		}
		v := pgvector.NewHalfVector(unit(q.Vector))
		probe = &v
	}
	names := make([]string, 0, len(q.Collections))
	for _, n := range q.Collections {
		if text(n) {
			names = append(names, n)
		}
	}
	if len(names) == 0 || !text(s.tenant) {
		return nil, nil
	}
	tok := tokenizers.Get().(*groundtruth.Tokenizer)
	words, times := groundtruth.Stems(tok, strings.ToValidUTF8(q.Text, " "), maxWords)
	tokenizers.Put(tok)
	k := q.Limit()
	found := make([]groundtruth.Evidence, 0, k)
	err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		found = found[:0]
		rows, err := c.Query(ctx, `SELECT id, title, heading, collection, left(hash, 12), ordinal, start, text, score
			FROM touchstone.search($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			s.tenant, names, words, times, probe, strings.ToValidUTF8(q.Embedding, " "), k, max(k, fuseDepth), max(k, budget), s.opt.EfSearch)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			e := groundtruth.Evidence{Origin: groundtruth.FromIndex}
			if err := rows.Scan(&e.Source, &e.Title, &e.Heading, &e.Collection, &e.Revision, &e.Passage, &e.Start, &e.Text, &e.Score); err != nil {
				return err
			}
			found = append(found, e)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("searching: %w", anotherModel(err, q.Embedding, len(q.Vector)))
	}
	return found, nil
}

// anotherModel makes an ErrEmbedding of the error that the function search raises.
func anotherModel(err error, model string, dims int) error {
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "TS001" {
		return err
	}
	var stored string
	var storedDims int
	if n, name, ok := strings.Cut(pe.Detail, " "); ok {
		fmt.Sscan(n, &storedDims)
		stored = name
	}
	return groundtruth.SameModel(stored, storedDims, model, dims)
}

// text reports whether PostgreSQL can hold a string.
func text(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// unit gives v the length 1, at which float16 loses least.
func unit(v []float32) []float32 {
	var norm float64
	for _, x := range v {
		norm += float64(x) * float64(x)
	}
	norm = math.Sqrt(norm)
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(float64(x) / norm)
	}
	return out
}

// Sources implements groundtruth.Store.
func (s *Store) Sources(ctx context.Context, collection string) ([]groundtruth.Source, error) {
	list := []groundtruth.Source{}
	err := s.sources(ctx, collection, false, func(src groundtruth.Source, _ string) error {
		list = append(list, src)
		return nil
	}, func() { list = list[:0] })
	return list, err
}

// Recorded implements groundtruth.Recorder.
func (s *Store) Recorded(ctx context.Context) ([]groundtruth.Recorded, error) {
	var list []groundtruth.Recorded
	err := s.sources(ctx, "", true, func(src groundtruth.Source, records string) error {
		held, err := groundtruth.DecodeRecords(records)
		list = append(list, groundtruth.Recorded{Source: src, Held: held})
		return err
	}, func() { list = nil })
	return list, err
}

// sources reads the tenant's sources, or those that hold records, with them. again is
// called before each attempt.
func (s *Store) sources(ctx context.Context, collection string, recorded bool, each func(src groundtruth.Source, records string) error, again func()) error {
	if err := ctx.Err(); err != nil || !text(collection) || !text(s.tenant) {
		return err
	}
	err := s.read(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		again()
		var b pgx.Batch
		b.Queue(setTenant, s.tenant)
		b.Queue(`SELECT s.id, c.name, s.title, s.media, s.hash, left(s.hash, 12), s.passages, s.bytes, s.embedding, s.updated,
				s.facts, s.approved, CASE WHEN $3 THEN s.records ELSE '' END
			FROM touchstone.sources s JOIN touchstone.collections c ON c.id = s.collection
			WHERE s.tenant = $1 AND ($2 = '' OR c.name = $2) AND (s.records <> '' OR NOT $3)
			ORDER BY c.name COLLATE "C", s.id COLLATE "C"`, s.tenant, collection, recorded)
		r := c.SendBatch(ctx, &b)
		defer r.Close()
		if _, err := r.Exec(); err != nil {
			return err
		}
		rows, err := r.Query()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e groundtruth.Source
			var records string
			if err := rows.Scan(&e.ID, &e.Collection, &e.Title, &e.Media, &e.Hash, &e.Revision, &e.Passages, &e.Bytes, &e.Embedding, &e.Updated,
				&e.Facts, &e.Approved, &records); err != nil {
				return err
			}
			e.Updated = e.Updated.UTC()
			if err := each(e, records); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("listing the sources: %w", err)
	}
	return nil
}

var _ groundtruth.Recorder = (*Store)(nil)

// setTenant names the tenant to row-level security until the transaction ends; the
// statements of a batch are one.
const setTenant = `SELECT set_config('touchstone.tenant', $1, true)`
