-- +goose Up

-- query_of makes a query of one stem.
CREATE FUNCTION touchstone.query_of(word text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''')::tsquery;

-- words ranks passages by their words, and returns at most p_depth. It runs as the
-- owner: under row-level security PostgreSQL uses no index for @@, since that operator
-- is not leakproof. So it returns keys alone, and only of p_tenant's; what they stand
-- for is read under the caller's rights.
--
-- The score is BM25's, its part of frequency and length rounded to four steps when a
-- passage is stored. To rank every passage with any of the words takes a tenth of a
-- second where one of them is frequent. So of a large collection it takes the passages
-- with the rare words, as many words as find about p_budget passages; if even the rarest
-- word is frequent, those that have several at once. The other words then count for the
-- best of these.
-- +goose StatementBegin
CREATE FUNCTION touchstone.words(p_tenant text, p_collections text[], p_words text[], p_times real[], p_depth integer, p_budget integer)
RETURNS TABLE (key bigint, score real)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path FROM CURRENT SET jit = off
AS $$
DECLARE
    c        record;
    w        record;
    small    integer[] := '{}';
    total    real := 0;
    base     real[] := array_fill(0::real, ARRAY[cardinality(p_words)]); -- by word: passages with it that are not looked up
    shares   real[];
    picked   integer[];
    found    real;
    together text;
    branches text := '';
BEGIN
    FOR c IN SELECT id, passages, sampled FROM touchstone.collections WHERE tenant = p_tenant AND name = ANY (p_collections) ORDER BY id LOOP
        total := total + c.passages;
        IF c.sampled = 0 THEN
            small := small || c.id;
            CONTINUE;
        END IF;
        -- A word that is not in the sample of at most 3000 counts as half of once.
        SELECT array_agg(coalesce(f.share, 0.5 / least(c.sampled, 3000)) ORDER BY q.i) INTO shares
        FROM unnest(p_words) WITH ORDINALITY AS q (word, i)
        LEFT JOIN touchstone.frequent f ON f.collection = c.id AND f.word = q.word;

        picked := '{}';
        found := 0;
        together := '';
        FOR w IN SELECT q.i, q.word, q.share FROM unnest(p_words, shares) WITH ORDINALITY AS q (word, share, i) ORDER BY q.share, q.word LOOP
            found := found + w.share * c.passages;
            EXIT WHEN found > p_budget;
            picked := picked || w.i::integer;
        END LOOP;
        IF cardinality(picked) > 0 THEN
            branches := branches || format($q$
                UNION ALL SELECT p.key, q.i, p.impact, true FROM q CROSS JOIN LATERAL (
                    SELECT p.key, ts_rank('{0.33,0.55,0.78,1}', p.terms, q.query) AS impact FROM touchstone.passages p
                    WHERE p.collection = %s AND p.terms @@ q.query LIMIT %s) p
                WHERE q.i = ANY (%L::integer[])$q$, c.id, p_budget, picked);
        ELSE
            found := c.passages;
            FOR w IN SELECT q.i, q.word, q.share FROM unnest(p_words, shares) WITH ORDINALITY AS q (word, share, i) ORDER BY q.share, q.word LIMIT 4 LOOP
                EXIT WHEN found <= p_budget;
                found := found * w.share;
                together := concat_ws(' & ', nullif(together, ''), touchstone.query_of(w.word)::text);
            END LOOP;
            branches := branches || format($q$
                UNION ALL SELECT p.key, q.i, ts_rank('{0.33,0.55,0.78,1}', p.terms, q.query), false FROM (
                    SELECT p.key, p.terms FROM touchstone.passages p
                    WHERE p.collection = %s AND p.terms @@ %L::tsquery LIMIT %s) p
                JOIN q ON p.terms @@ q.query$q$, c.id, together, p_budget);
        END IF;
        FOR i IN 1 .. cardinality(p_words) LOOP
            IF NOT i = ANY (picked) THEN
                base[i] := base[i] + shares[i] * c.passages;
            END IF;
        END LOOP;
    END LOOP;

    RETURN QUERY EXECUTE format($q$
        WITH q AS MATERIALIZED (
            SELECT i::integer, touchstone.query_of(word) AS query, times, base
            FROM unnest($1, $2, $3) WITH ORDINALITY AS w (word, times, base, i)
        ), hits (key, i, impact, counted) AS MATERIALIZED (
            SELECT p.key, q.i, ts_rank('{0.33,0.55,0.78,1}', p.terms, q.query), true
            FROM touchstone.passages p JOIN q ON p.terms @@ q.query
            WHERE p.collection = ANY ($4)%s
        ), weights AS MATERIALIZED (
            SELECT q.i, q.query, q.times * ln(1 + greatest($5 - n.df + 0.5, 0.5) / (n.df + 0.5))::real AS weight
            FROM q LEFT JOIN (SELECT i, count(*) AS df FROM hits WHERE counted GROUP BY i) h USING (i)
            CROSS JOIN LATERAL (SELECT coalesce(h.df, 0) + q.base) n (df)
        ), best AS MATERIALIZED (
            SELECT h.key, sum(h.impact * w.weight) AS score, array_agg(h.i) AS seen
            FROM hits h JOIN weights w USING (i) GROUP BY h.key ORDER BY score DESC, h.key LIMIT 3 * $6
        )
        SELECT b.key, (b.score + coalesce((
            SELECT sum(ts_rank('{0.33,0.55,0.78,1}', p.terms, w.query) * w.weight) FROM weights w
            WHERE w.i <> ALL (b.seen) AND p.terms @@ w.query), 0))::real AS score
        FROM best b JOIN touchstone.passages p ON p.key = b.key
        ORDER BY score DESC, b.key LIMIT $6$q$, branches)
    USING p_words, p_times, base, small, total, p_depth;
END $$;
-- +goose StatementEnd

-- search finds the passages nearest to words and, unless p_probe is null, to a vector,
-- and fuses the two rankings by reciprocal rank. One call answers a query: it sees one
-- state of the store, and costs one round trip.
-- +goose StatementBegin
CREATE FUNCTION touchstone.search(p_tenant text, p_collections text[], p_words text[], p_times real[],
    p_probe halfvec, p_embedding text, p_k integer, p_depth integer, p_budget integer, p_ef integer)
RETURNS TABLE (id text, title text, heading text, collection text, hash text, ordinal integer, start integer, text text, score double precision)
LANGUAGE plpgsql STABLE SECURITY INVOKER
SET search_path FROM CURRENT SET jit = off
AS $$
DECLARE
    c        record;
    t        record;
    small    integer[] := '{}';
    branches text := '';
    near     bigint[] := '{}';
    distance float8[] := '{}';
BEGIN
    PERFORM set_config('touchstone.tenant', p_tenant, true), set_config('hnsw.ef_search', greatest(p_ef, p_depth)::text, true);
    IF p_probe IS NOT NULL THEN
        SELECT embedding, dims INTO t FROM touchstone.tenants WHERE tenant = p_tenant AND dims > 0;
        IF NOT FOUND THEN
            p_probe := NULL;
        ELSIF t.embedding <> p_embedding OR t.dims <> vector_dims(p_probe) THEN
            RAISE EXCEPTION 'vectors of another model' USING ERRCODE = 'TS001', DETAIL = t.dims || ' ' || t.embedding;
        END IF;
    END IF;
    IF p_probe IS NOT NULL THEN
        FOR c IN SELECT o.id, o.dims FROM touchstone.collections o WHERE o.tenant = p_tenant AND o.name = ANY (p_collections) LOOP
            IF c.dims <> t.dims THEN
                small := small || c.id;
            ELSE
                branches := branches || format(' UNION ALL (SELECT key, vector::halfvec(%1$s) <=> $1 FROM touchstone.passages
                    WHERE collection = %2$s AND tenant = $4 AND vector IS NOT NULL ORDER BY vector::halfvec(%1$s) <=> $1 LIMIT $3)', c.dims, c.id);
            END IF;
        END LOOP;
        -- The exact part is materialised: an index that skips rows of other collections
        -- on its way would stop before it had found enough.
        EXECUTE format($q$
            WITH few AS MATERIALIZED (
                SELECT key, vector <=> $1 AS distance FROM touchstone.passages
                WHERE collection = ANY ($2) AND tenant = $4 AND vector IS NOT NULL
            ), nearest AS (
                SELECT key, distance FROM (SELECT key, distance FROM few%s) a (key, distance) ORDER BY distance, key LIMIT $3
            )
            SELECT coalesce(array_agg(key), '{}'), coalesce(array_agg(distance), '{}') FROM nearest$q$, branches)
        INTO near, distance USING p_probe, small, p_depth, p_tenant;
    END IF;

    RETURN QUERY
    WITH ranked AS (
        SELECT n.key, rank() OVER (ORDER BY n.distance) AS place, 0::real AS score FROM unnest(near, distance) n (key, distance)
        UNION ALL
        SELECT m.key, rank() OVER (ORDER BY m.score DESC), m.score
        FROM touchstone.words(p_tenant, p_collections, p_words, p_times, p_depth, p_budget) m WHERE cardinality(p_words) > 0
    ), fused AS (
        SELECT r.key, CASE WHEN p_probe IS NULL THEN max(r.score) ELSE sum(1 / (5.0::float8 + r.place)) END AS score
        FROM ranked r GROUP BY r.key
    )
    SELECT s.id, s.title, p.heading, o.name, s.hash, p.ordinal, p.start, p.text, f.score
    FROM fused f
    JOIN touchstone.passages p ON p.key = f.key AND p.tenant = p_tenant
    JOIN touchstone.sources s ON s.key = p.source
    JOIN touchstone.collections o ON o.id = p.collection
    ORDER BY f.score DESC, o.name COLLATE "C", s.id COLLATE "C", p.ordinal
    LIMIT p_k;
END $$;
-- +goose StatementEnd

-- settle brings what searches of a collection rely on up to date, once it holds more
-- passages than p_exact: the sample of its words, and indexes of its own. Building them
-- keeps other changes of passages waiting, searches not.
-- +goose StatementBegin
CREATE FUNCTION touchstone.settle(p_collection integer, p_exact integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT SET jit = off
AS $$
DECLARE
    c     record;
    build text;
    keys  bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('touchstone.settle'), p_collection);
    SELECT o.*, t.dims AS wants INTO c FROM touchstone.collections o JOIN touchstone.tenants t USING (tenant) WHERE o.id = p_collection;
    IF NOT FOUND OR c.passages <= p_exact THEN
        RETURN;
    END IF;
    IF NOT c.indexed THEN
        EXECUTE format('CREATE INDEX IF NOT EXISTS passages_words_%1$s ON touchstone.passages USING gin (terms) WITH (fastupdate = off) WHERE collection = %1$s', c.id);
    END IF;
    IF c.dims <> c.wants THEN
        EXECUTE format('DROP INDEX IF EXISTS touchstone.passages_near_%s', c.id);
        IF c.wants > 0 THEN
            -- A graph that does not fit is built ten times slower.
            PERFORM set_config('maintenance_work_mem', greatest(65536, least(2097151, c.passages * (c.wants * 2 + 500) / 1024))::text, true);
            build := format('CREATE INDEX passages_near_%1$s ON touchstone.passages USING hnsw ((vector::halfvec(%2$s)) halfvec_cosine_ops) WHERE collection = %1$s', c.id, c.wants);
            BEGIN
                EXECUTE build;
            EXCEPTION WHEN disk_full OR out_of_memory THEN -- workers share memory, of which containers have little
                PERFORM set_config('max_parallel_maintenance_workers', '0', true);
                EXECUTE build;
            END;
        END IF;
    END IF;
    IF c.passages NOT BETWEEN c.sampled * 0.8 AND c.sampled * 1.2 THEN
        DELETE FROM touchstone.frequent WHERE collection = c.id;
        -- 3000 places at even distances among the keys.
        SELECT array_agg(DISTINCT p.key) INTO keys
        FROM (SELECT min(key) AS a, max(key) AS z FROM touchstone.passages WHERE collection = c.id) e
        CROSS JOIN generate_series(0, 2999) AS g (i)
        CROSS JOIN LATERAL (SELECT key FROM touchstone.passages
            WHERE collection = c.id AND key >= a + (z - a) * i / 3000 ORDER BY key LIMIT 1) p;
        INSERT INTO touchstone.frequent (tenant, collection, word, share)
            SELECT c.tenant, c.id, word, ndoc::real / cardinality(keys)
            FROM ts_stat(format('SELECT terms FROM touchstone.passages WHERE key = ANY (%L::bigint[])', keys)) WHERE ndoc > 1;
    END IF;
    UPDATE touchstone.collections SET indexed = true, dims = c.wants,
        sampled = CASE WHEN c.passages BETWEEN sampled * 0.8 AND sampled * 1.2 THEN sampled ELSE c.passages END WHERE id = c.id;
END $$;
-- +goose StatementEnd

-- unindex drops the vector indexes of a tenant that has no vectors any more.
-- +goose StatementBegin
CREATE FUNCTION touchstone.unindex(p_tenant text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT o.id FROM touchstone.collections o JOIN touchstone.tenants t USING (tenant)
        WHERE o.tenant = p_tenant AND o.dims > 0 AND t.dims = 0 ORDER BY o.id LOOP
        EXECUTE format('DROP INDEX IF EXISTS touchstone.passages_near_%s', c.id);
        UPDATE touchstone.collections SET dims = 0 WHERE id = c.id;
    END LOOP;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION touchstone.words, touchstone.settle, touchstone.unindex FROM PUBLIC;

-- +goose Down
DROP FUNCTION touchstone.unindex, touchstone.settle, touchstone.search, touchstone.words, touchstone.query_of;
