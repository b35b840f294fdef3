-- +goose Up
-- What reviewers said of recorded decisions. Who said what of which stands in the
-- record of the chain; here is how to find it, and the reviewer's note, which the
-- record holds by digest only, so that it can be erased with the entry.
CREATE TABLE rulings (
  n     INTEGER PRIMARY KEY, -- records.n
  entry TEXT NOT NULL,       -- entries.id
  note  TEXT NOT NULL,
  salt  BLOB                 -- of the note's digest; NULL once the note is erased
) STRICT;
CREATE INDEX rulings_entry ON rulings (entry);

-- +goose StatementBegin
CREATE TRIGGER rulings_no_delete BEFORE DELETE ON rulings
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER rulings_no_update BEFORE UPDATE ON rulings
WHEN NEW.n IS NOT OLD.n OR NEW.entry IS NOT OLD.entry OR NEW.note <> '' OR NEW.salt IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- +goose StatementEnd
