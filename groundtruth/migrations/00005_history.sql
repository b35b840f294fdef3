-- +goose Up
CREATE TABLE changes (
    tenant     TEXT    NOT NULL,
    collection TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    number     INTEGER NOT NULL, -- of the revision that it made
    digest     INTEGER NOT NULL, -- of the store after it
    at         INTEGER NOT NULL, -- Unix milliseconds
    author     TEXT    NOT NULL,
    what       TEXT    NOT NULL, -- added, changed, removed
    hash       TEXT    NOT NULL, -- of the source after it; '' once removed
    body       BLOB,             -- the source after it, see history.go; NULL once removed
    UNIQUE (tenant, collection, id, number)
) STRICT;
CREATE INDEX changes_number ON changes (number);

-- Up to which revision the history of a tenant was forgotten.
CREATE TABLE forgotten (
    tenant TEXT    PRIMARY KEY,
    before INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE forgotten;
DROP TABLE changes;
