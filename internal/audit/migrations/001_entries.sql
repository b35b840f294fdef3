-- +goose Up
-- One narrow row an exchange, in the order of its id (a ULID, so of time). What
-- lists and filters need is here; the entry itself is in bodies, so that scanning
-- never reads prompts and answers.
CREATE TABLE entries (
  id           TEXT PRIMARY KEY,
  body         INTEGER NOT NULL,  -- bodies.seq
  at           INTEGER NOT NULL,  -- Unix milliseconds
  kind         TEXT NOT NULL,
  app          TEXT NOT NULL,
  route        TEXT NOT NULL,
  model        TEXT NOT NULL,
  outcome      TEXT NOT NULL,
  action       TEXT NOT NULL,     -- strictest over the choices; '' when nothing was judged
  status       INTEGER NOT NULL,
  supported    INTEGER NOT NULL,
  contradicted INTEGER NOT NULL,
  not_covered  INTEGER NOT NULL,
  not_claim    INTEGER NOT NULL,
  not_measured INTEGER NOT NULL,
  ms           REAL NOT NULL      -- total latency
) STRICT, WITHOUT ROWID;

CREATE TABLE bodies (
  seq  INTEGER PRIMARY KEY,
  json TEXT NOT NULL              -- the Entry; its "version" says by which schema
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bodies_no_update BEFORE UPDATE ON bodies
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER bodies_no_delete BEFORE DELETE ON bodies
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- Sums by minute (span 60) and by hour (span 3600), written in the transaction of
-- the entries they count: dashboards read these and never scan entries. The sums of
-- squares and products are over answers; rates.go widens intervals by them, because
-- the sentences of one answer are not independent.
CREATE TABLE sums (
  span         INTEGER NOT NULL,
  at           INTEGER NOT NULL,  -- start of the span, Unix seconds
  route        TEXT NOT NULL,
  model        TEXT NOT NULL,
  app          TEXT NOT NULL,
  outcome      TEXT NOT NULL,
  exchanges    INTEGER NOT NULL,
  answers      INTEGER NOT NULL,  -- choices with a checked claim
  supported    INTEGER NOT NULL,
  contradicted INTEGER NOT NULL,
  not_covered  INTEGER NOT NULL,
  not_claim    INTEGER NOT NULL,
  not_measured INTEGER NOT NULL,
  nn           INTEGER NOT NULL,  -- sum of checked²
  cc           INTEGER NOT NULL,  -- sum of contradicted²
  cn           INTEGER NOT NULL,  -- sum of contradicted × checked
  vv           INTEGER NOT NULL,  -- sum of covered²
  vn           INTEGER NOT NULL,  -- sum of covered × checked
  PRIMARY KEY (span, at, route, model, app, outcome)
) STRICT, WITHOUT ROWID;

-- How long judging took, as a histogram: bucket b holds durations of about
-- 2^(b/4) milliseconds.
CREATE TABLE judging (
  span   INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  route  TEXT NOT NULL,
  model  TEXT NOT NULL,
  app    TEXT NOT NULL,
  bucket INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  PRIMARY KEY (span, at, route, model, app, bucket)
) STRICT, WITHOUT ROWID;
