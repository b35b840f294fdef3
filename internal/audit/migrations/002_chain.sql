-- +goose Up
-- One record for every entry and event, in the order of a Merkle tree (RFC 6962): who
-- was told what by which policy, and the digest of the entry, never its content. The
-- hashes that a record completes stand in its row, 32 bytes a level, so that a proof
-- reads a few rows and the log needs no second table.
CREATE TABLE records (
  n      INTEGER PRIMARY KEY, -- position in the tree, from 0
  entry  TEXT NOT NULL,       -- entries.id; '' for an event
  json   TEXT NOT NULL,       -- the Record: exactly the bytes that are hashed
  hashes BLOB NOT NULL
) STRICT;
CREATE INDEX records_entry ON records (entry);

-- Signed heads of the tree (C2SP tlog-checkpoint, Ed25519).
CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY,   -- records under it
  at   INTEGER NOT NULL,      -- Unix milliseconds
  note TEXT NOT NULL
) STRICT;

-- The salt of an entry's digest: it goes with the content, so that nobody can test a
-- guess at an erased text against the digest that stays.
ALTER TABLE bodies ADD COLUMN salt BLOB;

-- +goose StatementBegin
CREATE TRIGGER records_no_update BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER records_no_delete BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd

-- A body may change in one way only: its content goes, and its salt with it.
DROP TRIGGER bodies_no_update;
-- +goose StatementBegin
CREATE TRIGGER bodies_no_update BEFORE UPDATE ON bodies
WHEN NEW.seq IS NOT OLD.seq OR NEW.salt IS NOT NULL OR json_extract(NEW.json, '$.erased') IS NULL
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
