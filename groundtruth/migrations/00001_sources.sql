-- +goose Up
CREATE TABLE sources (
    key        INTEGER PRIMARY KEY,
    collection TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    media      TEXT    NOT NULL,
    hash       TEXT    NOT NULL,
    text       TEXT    NOT NULL, -- extracted; passages are pieces of it
    updated    INTEGER NOT NULL, -- Unix milliseconds
    changed    INTEGER NOT NULL, -- revision.number that wrote it
    UNIQUE (collection, id)
) STRICT;

CREATE TABLE passages (
    source  INTEGER NOT NULL REFERENCES sources (key),
    ordinal INTEGER NOT NULL,
    heading TEXT    NOT NULL,
    start   INTEGER NOT NULL, -- byte offsets in sources.text
    stop    INTEGER NOT NULL,
    PRIMARY KEY (source, ordinal)
) STRICT, WITHOUT ROWID;

-- One row: it counts the changes, and digests the content.
CREATE TABLE revision (
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    number INTEGER NOT NULL,
    digest INTEGER NOT NULL
) STRICT;
INSERT INTO revision (only, number, digest) VALUES (1, 0, 0);

-- +goose Down
DROP TABLE revision;
DROP TABLE passages;
DROP TABLE sources;
