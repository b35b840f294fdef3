package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"

	"touchstone/groundtruth"
)

// A change is one transaction of one tenant.
type change struct {
	pgx.Tx
	tenant  string
	bound   bool   // by row-level security
	digest  uint64 // by what it alters that of the store
	sources int    // that come, or go if negative
	history history

	collection int32 // the one it is about; 0 is none
	passages   int   // of the collection, that come
	dims       int   // of the vectors it brings
}

// change runs do in a transaction, and counts it as one change of the store. do
// returns false where there is nothing to change.
func (s *Store) change(ctx context.Context, do func(context.Context, *change) (bool, error)) (changed bool, err error) {
	if !text(s.tenant) {
		return false, errors.New("the name of the tenant is not text")
	}
	ctx, cancel := bounded(ctx, writeTimeout)
	defer cancel()
	conn, tx, err := s.begin(ctx)
	if err != nil {
		return false, explain(ctx, err)
	}
	defer conn.Release()
	defer tx.Rollback(context.WithoutCancel(ctx))
	ch := &change{Tx: tx, tenant: s.tenant, bound: s.bound}
	if _, err := tx.Exec(ctx, setTenant, s.tenant); err != nil {
		return false, explain(ctx, err)
	}
	if changed, err = do(ctx, ch); err != nil || !changed {
		return false, explain(ctx, err)
	}
	st, settled, err := ch.count(ctx, int64(s.opt.Exact))
	if err != nil {
		return false, explain(ctx, err)
	}
	if err := ch.record(ctx, st); err != nil {
		return false, explain(ctx, err)
	}
	if err := tx.Commit(ctx); err != nil {
		return false, explain(ctx, err)
	}
	s.saw(st)
	if !settled && !s.loads {
		// What is stored is stored, and found, if slower; the next change tries again.
		if _, err := conn.Exec(ctx, `SELECT touchstone.settle($1, $2)`, ch.collection, s.opt.Exact); err != nil {
			s.opt.Log.Warn("a large collection is without the indexes it should have, and slow to search", "error", err.Error())
		}
	}
	return true, nil
}

// Load implements groundtruth.Loader: an index that is built over what is there takes a
// third of the time of one that grows with it.
func (s *Store) Load() (groundtruth.Store, func(context.Context) error) {
	return &Store{s.shared, s.tenant, true}, func(ctx context.Context) error {
		// A build takes as long as it takes: minutes for a hundred thousand passages.
		err := s.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
			var b pgx.Batch
			b.Queue(setTenant, s.tenant)
			b.Queue(`SELECT touchstone.settle(id, $2) FROM touchstone.collections WHERE tenant = $1 ORDER BY id`, s.tenant, s.opt.Exact)
			return c.SendBatch(ctx, &b).Close()
		})
		if err != nil {
			return fmt.Errorf("indexing what was stored: %w", explain(ctx, err))
		}
		return nil
	}
}

var _ groundtruth.Loader = (*Store)(nil)

// begin begins a transaction, if need be on a new connection: an idle one may have died
// unnoticed, and nothing was asked of it yet.
func (s *Store) begin(ctx context.Context) (conn *pgxpool.Conn, tx pgx.Tx, err error) {
	for try := 0; ; try++ {
		if conn, err = s.pool.Acquire(ctx); err != nil {
			return nil, nil, err
		}
		if tx, err = conn.Begin(ctx); err == nil {
			return conn, tx, nil
		}
		conn.Release()
		if try > 0 || ctx.Err() != nil || !dead(err) {
			return nil, nil, err
		}
		s.pool.Reset()
	}
}

// count writes the change into the counters, last, since all changes meet there. It
// returns the state of the store after it, and whether the collection has all that
// fast searches need.
func (ch *change) count(ctx context.Context, exact int64) (st state, settled bool, err error) {
	var b pgx.Batch
	settled = true
	b.Queue(`UPDATE touchstone.collections SET passages = passages + $2 WHERE id = $1 RETURNING passages, sampled, indexed, dims`,
		ch.collection, ch.passages).QueryRow(func(row pgx.Row) error {
		var passages, sampled int64
		var indexed bool
		var dims int
		if err := row.Scan(&passages, &sampled, &indexed, &dims); err != nil {
			if errors.Is(err, pgx.ErrNoRows) {
				return nil // the change is about the whole tenant
			}
			return err
		}
		settled = passages <= exact || indexed && (ch.dims == 0 || dims == ch.dims) && passages*5 >= sampled*4 && passages*5 <= sampled*6
		return nil
	})
	b.Queue(`UPDATE touchstone.revision SET number = number + 1, digest = digest # $1, sources = sources + $2 RETURNING number, digest, sources`,
		int64(ch.digest), ch.sources).QueryRow(func(row pgx.Row) error {
		var digest int64
		if err := row.Scan(&st.number, &digest, &st.sources); err != nil {
			return err
		}
		st.digest = uint64(digest)
		return nil
	})
	return st, settled, ch.SendBatch(ctx, &b).Close()
}

// A stored source, as a change finds it.
type stored struct {
	key             int64 // 0: there is none
	hash, embedding string
	passages        int
}

// find locks a source against other changes, and finds it and its collection.
func (ch *change) find(ctx context.Context, collection, id string) (old stored, err error) {
	var b pgx.Batch
	b.Queue(`SELECT pg_advisory_xact_lock(hashtextextended(format('%L %L %L', $1::text, $2::text, $3::text), 0))`, ch.tenant, collection, id)
	b.Queue(`SELECT c.id, coalesce(s.key, 0), coalesce(s.hash, ''), coalesce(s.embedding, ''), coalesce(s.passages, 0)
		FROM touchstone.collections c LEFT JOIN touchstone.sources s ON s.collection = c.id AND s.id = $3
		WHERE c.tenant = $1 AND c.name = $2`, ch.tenant, collection, id).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&ch.collection, &old.key, &old.hash, &old.embedding, &old.passages)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	return old, ch.SendBatch(ctx, &b).Close()
}

// remove takes a stored source away, with its passages.
func (ch *change) remove(ctx context.Context, collection, id string, old stored) error {
	if old.key == 0 {
		return nil
	}
	ch.digest ^= groundtruth.Digest(ch.tenant, collection, id, old.hash, old.embedding)
	ch.sources--
	ch.passages -= old.passages
	_, err := ch.Exec(ctx, `DELETE FROM touchstone.sources WHERE key = $1`, old.key)
	return err
}

// Replace implements groundtruth.Store.
func (s *Store) Replace(ctx context.Context, doc groundtruth.Document) (bool, error) {
	if err := doc.Check(); err != nil {
		return false, err
	}
	changed, err := s.change(ctx, func(ctx context.Context, ch *change) (bool, error) {
		old, err := ch.find(ctx, doc.Collection, doc.ID)
		if err != nil || old.key != 0 && old.hash == doc.Hash && old.embedding == doc.Embedding {
			return false, err
		}
		if old.hash != doc.Hash { // other vectors are no other version
			if ch.history, err = historyOf(&doc, old.key != 0); err != nil {
				return false, err
			}
		}
		if err := ch.remove(ctx, doc.Collection, doc.ID, old); err != nil {
			return false, err
		}
		if err := ch.place(ctx, &doc); err != nil {
			return false, err
		}
		return true, ch.put(ctx, &doc)
	})
	if err != nil {
		return false, fmt.Errorf("storing %s: %w", doc.ID, err)
	}
	return changed, nil
}

// place makes the document's collection where there is none, and makes sure that its
// vectors are of the tenant's model; the first ones decide which that is.
func (ch *change) place(ctx context.Context, doc *groundtruth.Document) error {
	var b pgx.Batch
	var model string
	var dims int
	// Without WHERE, each attempt would use up a number.
	b.Queue(`INSERT INTO touchstone.collections (tenant, name) SELECT $1, $2
		WHERE NOT EXISTS (SELECT FROM touchstone.collections WHERE tenant = $1 AND name = $2) ON CONFLICT DO NOTHING`, ch.tenant, doc.Collection)
	b.Queue(`SELECT id FROM touchstone.collections WHERE tenant = $1 AND name = $2`, ch.tenant, doc.Collection).QueryRow(func(row pgx.Row) error {
		return row.Scan(&ch.collection)
	})
	b.Queue(`INSERT INTO touchstone.tenants (tenant) VALUES ($1) ON CONFLICT DO NOTHING`, ch.tenant)
	if len(doc.Passages) > 0 && doc.Embedding != "" {
		ch.dims = len(doc.Passages[0].Vector)
		b.Queue(`UPDATE touchstone.tenants SET embedding = $2, dims = $3 WHERE tenant = $1 AND dims = 0`, ch.tenant, doc.Embedding, ch.dims)
		// Held until the end, so that nobody drops the vectors in between.
		b.Queue(`SELECT embedding, dims FROM touchstone.tenants WHERE tenant = $1 FOR SHARE`, ch.tenant).QueryRow(func(row pgx.Row) error {
			return row.Scan(&model, &dims)
		})
	}
	if err := ch.SendBatch(ctx, &b).Close(); err != nil || ch.dims == 0 {
		return err
	}
	return groundtruth.SameModel(model, dims, doc.Embedding, ch.dims)
}

// put stores the document.
func (ch *change) put(ctx context.Context, doc *groundtruth.Document) error {
	src := doc.Source(time.Now())
	ch.digest ^= groundtruth.Digest(ch.tenant, src.Collection, src.ID, src.Hash, src.Embedding)
	ch.sources++
	ch.passages += src.Passages
	var key int64
	err := ch.QueryRow(ctx, `INSERT INTO touchstone.sources (tenant, collection, id, title, media, hash, embedding, passages, bytes, updated, records, facts, approved)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING key`,
		ch.tenant, ch.collection, src.ID, src.Title, src.Media, src.Hash, src.Embedding, src.Passages, src.Bytes, src.Updated,
		doc.Records.Encode(), src.Facts, src.Approved).Scan(&key)
	if err != nil || len(doc.Passages) == 0 {
		return err
	}
	if ch.bound {
		return ch.insert(ctx, key, doc)
	}
	return ch.copy(ctx, key, doc)
}

// copy stores passages by COPY, which takes least of the server.
func (ch *change) copy(ctx context.Context, key int64, doc *groundtruth.Document) error {
	var tok groundtruth.Tokenizer
	_, err := ch.CopyFrom(ctx, pgx.Identifier{"touchstone", "passages"},
		[]string{"tenant", "collection", "source", "ordinal", "heading", "start", "text", "terms", "vector"},
		pgx.CopyFromSlice(len(doc.Passages), func(i int) ([]any, error) {
			p := &doc.Passages[i]
			return []any{ch.tenant, ch.collection, key, p.Ordinal, p.Heading, p.Start, p.Text, terms(&tok, doc.Title, p), halfVector(p)}, nil
		}))
	return err
}

// insertBatch is how many passages one statement stores.
const insertBatch = 500

// insert stores passages where row-level security binds: PostgreSQL has no COPY there.
func (ch *change) insert(ctx context.Context, key int64, doc *groundtruth.Document) error {
	var tok groundtruth.Tokenizer
	for first := 0; first < len(doc.Passages); first += insertBatch {
		batch := doc.Passages[first:min(first+insertBatch, len(doc.Passages))]
		ordinals, starts := make([]int32, len(batch)), make([]int32, len(batch))
		headings, texts := make([]string, len(batch)), make([]string, len(batch))
		words, vectors := make([]pgtype.TSVector, len(batch)), make([]*pgvector.HalfVector, len(batch))
		for i := range batch {
			p := &batch[i]
			ordinals[i], starts[i], headings[i], texts[i] = int32(p.Ordinal), int32(p.Start), p.Heading, p.Text
			words[i], vectors[i] = terms(&tok, doc.Title, p), halfVector(p)
		}
		_, err := ch.Exec(ctx, `INSERT INTO touchstone.passages (tenant, collection, source, ordinal, heading, start, text, terms, vector)
			SELECT $1, $2, $3, p.* FROM unnest($4::integer[], $5::text[], $6::integer[], $7::text[], $8::tsvector[], $9::halfvec[]) p`,
			ch.tenant, ch.collection, key, ordinals, headings, starts, texts, words, vectors)
		if err != nil {
			return err
		}
	}
	return nil
}

// halfVector is a passage's vector as it is stored; nil if it has none.
func halfVector(p *groundtruth.Passage) *pgvector.HalfVector {
	if p.Vector == nil {
		return nil
	}
	v := pgvector.NewHalfVector(unit(p.Vector))
	return &v
}

// terms are the stems of a passage, each labelled with the step that is nearest to
// what it adds to a score; touchstone.words knows the steps.
func terms(tok *groundtruth.Tokenizer, title string, p *groundtruth.Passage) pgtype.TSVector {
	v := pgtype.TSVector{Valid: true}
	for word, weight := range groundtruth.Weigh(tok, title, p) {
		step := pgtype.TSVectorWeightA // 1.8
		switch {
		case weight < 0.8:
			step = pgtype.TSVectorWeightD // 0.6
		case weight < 1.2:
			step = pgtype.TSVectorWeightC // 1.0
		case weight < 1.6:
			step = pgtype.TSVectorWeightB // 1.4
		}
		v.Lexemes = append(v.Lexemes, pgtype.TSVectorLexeme{Word: word, Positions: []pgtype.TSVectorPosition{{Position: 1, Weight: step}}})
	}
	return v
}

// Delete implements groundtruth.Store.
func (s *Store) Delete(ctx context.Context, collection, sourceID string) error {
	_, err := s.change(ctx, func(ctx context.Context, ch *change) (bool, error) {
		if !text(collection) || !text(sourceID) {
			return false, groundtruth.ErrNotFound
		}
		old, err := ch.find(ctx, collection, sourceID)
		if err == nil && old.key == 0 {
			err = groundtruth.ErrNotFound
		}
		if err != nil {
			return false, err
		}
		ch.history = history{collection: collection, id: sourceID, what: groundtruth.Removed}
		return true, ch.remove(ctx, collection, sourceID, old)
	})
	if err != nil {
		return fmt.Errorf("deleting %s from collection %q: %w", sourceID, collection, err)
	}
	return nil
}

// ForgetVectors implements groundtruth.Store.
func (s *Store) ForgetVectors(ctx context.Context) error {
	_, err := s.change(ctx, func(ctx context.Context, ch *change) (changed bool, err error) {
		// First, so that it waits for changes that bring vectors.
		if _, err := ch.Exec(ctx, `UPDATE touchstone.tenants SET embedding = '', dims = 0 WHERE tenant = $1`, ch.tenant); err != nil {
			return false, err
		}
		rows, err := ch.Query(ctx, `SELECT c.name, s.id, s.hash, s.embedding FROM touchstone.sources s
			JOIN touchstone.collections c ON c.id = s.collection WHERE s.tenant = $1 AND s.embedding <> ''`, ch.tenant)
		if err != nil {
			return false, err
		}
		var collection, id, hash, embedding string
		_, err = pgx.ForEachRow(rows, []any{&collection, &id, &hash, &embedding}, func() error {
			ch.digest ^= groundtruth.Digest(ch.tenant, collection, id, hash, embedding) ^ groundtruth.Digest(ch.tenant, collection, id, hash, "")
			changed = true
			return nil
		})
		if err != nil || !changed {
			return false, err
		}
		for _, sql := range []string{`UPDATE touchstone.passages SET vector = NULL WHERE tenant = $1 AND vector IS NOT NULL`,
			`UPDATE touchstone.sources SET embedding = '' WHERE tenant = $1 AND embedding <> ''`, `SELECT touchstone.unindex($1)`} {
			if _, err := ch.Exec(ctx, sql, ch.tenant); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("dropping the vectors: %w", err)
	}
	return nil
}
