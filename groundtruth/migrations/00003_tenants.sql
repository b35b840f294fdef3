-- +goose Up
-- SQLite cannot change a UNIQUE constraint: both tables are made anew, since one
-- refers to the other.
CREATE TABLE sources_new (
    key        INTEGER PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    collection TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    media      TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    text       TEXT    NOT NULL, -- extracted; passages are pieces of it
    updated    INTEGER NOT NULL, -- Unix milliseconds
    changed    INTEGER NOT NULL, -- revision.number that wrote it
    embedding  TEXT    NOT NULL, -- model of the vectors; '' = none
    dims       INTEGER NOT NULL, -- components of each vector
    UNIQUE (tenant, collection, id)
) STRICT;
INSERT INTO sources_new SELECT key, '', collection, id, title, media, hash, text, updated, changed, embedding, dims FROM sources;

CREATE TABLE passages_new (
    source  INTEGER NOT NULL REFERENCES sources_new (key),
    ordinal INTEGER NOT NULL,
    heading TEXT    NOT NULL,
    start   INTEGER NOT NULL, -- byte offsets in sources.text
    stop    INTEGER NOT NULL,
    vector  BLOB,             -- packed, see vector.go
    PRIMARY KEY (source, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO passages_new SELECT source, ordinal, heading, start, stop, vector FROM passages;

DROP TABLE passages;
DROP TABLE sources;
ALTER TABLE sources_new RENAME TO sources;
ALTER TABLE passages_new RENAME TO passages;
CREATE INDEX sources_embedded ON sources (tenant, embedding, dims) WHERE dims > 0;

-- +goose Down
DELETE FROM passages WHERE source IN (SELECT key FROM sources WHERE tenant <> '');
DELETE FROM sources WHERE tenant <> '';
CREATE TABLE sources_old (
    key        INTEGER PRIMARY KEY,
    collection TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    media      TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    text       TEXT    NOT NULL,
    updated    INTEGER NOT NULL,
    changed    INTEGER NOT NULL,
    embedding  TEXT    NOT NULL DEFAULT '',
    dims       INTEGER NOT NULL DEFAULT 0,
    UNIQUE (collection, id)
) STRICT;
INSERT INTO sources_old SELECT key, collection, id, title, media, hash, text, updated, changed, embedding, dims FROM sources;
CREATE TABLE passages_old (
    source  INTEGER NOT NULL REFERENCES sources_old (key),
    ordinal INTEGER NOT NULL,
    heading TEXT    NOT NULL,
    start   INTEGER NOT NULL,
    stop    INTEGER NOT NULL,
    vector  BLOB,
    PRIMARY KEY (source, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO passages_old SELECT source, ordinal, heading, start, stop, vector FROM passages;
DROP TABLE passages;
DROP TABLE sources;
ALTER TABLE sources_old RENAME TO sources;
ALTER TABLE passages_old RENAME TO passages;
CREATE INDEX sources_embedded ON sources (embedding, dims) WHERE dims > 0;
