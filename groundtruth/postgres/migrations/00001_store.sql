-- +goose Up
CREATE EXTENSION IF NOT EXISTS vector;

-- A tenant's vectors are all of one model.
CREATE TABLE touchstone.tenants (
    tenant    text    PRIMARY KEY,
    embedding text    NOT NULL DEFAULT '',
    dims      integer NOT NULL DEFAULT 0 -- components of each vector; 0 = there are none
);

-- A collection of up to some hundred passages is searched exactly; touchstone.settle
-- gives a larger one indexes of its own, so that no search looks among the passages
-- of others and recall is that of a table of its own.
CREATE TABLE touchstone.collections (
    id       integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant   text    NOT NULL,
    name     text    NOT NULL,
    passages bigint  NOT NULL DEFAULT 0,
    sampled  bigint  NOT NULL DEFAULT 0, -- passages when touchstone.frequent was taken
    indexed  boolean NOT NULL DEFAULT false, -- has a full-text index
    dims     integer NOT NULL DEFAULT 0, -- of its vector index; 0 = it has none
    UNIQUE (tenant, name)
);

CREATE TABLE touchstone.sources (
    key        bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant     text        NOT NULL,
    collection integer     NOT NULL REFERENCES touchstone.collections,
    id         text        NOT NULL,
    title      text        NOT NULL,
    media      text        NOT NULL,
    hash       text        NOT NULL,
    embedding  text        NOT NULL, -- model of the vectors; '' = none
    passages   integer     NOT NULL,
    bytes      integer     NOT NULL, -- of the extracted text
    updated    timestamptz NOT NULL,
    UNIQUE (collection, id)
);

CREATE TABLE touchstone.passages (
    key        bigint   PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    tenant     text     NOT NULL,
    collection integer  NOT NULL,
    source     bigint   NOT NULL REFERENCES touchstone.sources ON DELETE CASCADE,
    ordinal    integer  NOT NULL,
    heading    text     NOT NULL,
    start      integer  NOT NULL, -- byte offset in the source's extracted text
    text       text     NOT NULL,
    terms      tsvector NOT NULL, -- stems, each labelled with what it adds to a score: A most, D least
    vector     halfvec,
    UNIQUE (source, ordinal)
);
CREATE INDEX passages_collection ON touchstone.passages (collection, key);
-- What every search compares stays in the row; the text goes where it is compressed.
ALTER TABLE touchstone.passages
    ALTER COLUMN vector SET STORAGE PLAIN,
    ALTER COLUMN terms SET STORAGE MAIN,
    ALTER COLUMN text SET STORAGE EXTENDED;

-- How large a part of a large collection's passages has a word, from a sample. Words
-- that are not here are rare.
CREATE TABLE touchstone.frequent (
    tenant     text    NOT NULL,
    collection integer NOT NULL REFERENCES touchstone.collections,
    word       text    NOT NULL,
    share      real    NOT NULL,
    PRIMARY KEY (collection, word)
);

-- One row: it counts the changes, and digests the content.
CREATE TABLE touchstone.revision (
    one     integer PRIMARY KEY CHECK (one = 1),
    number  bigint  NOT NULL,
    digest  bigint  NOT NULL,
    sources bigint  NOT NULL
);
INSERT INTO touchstone.revision VALUES (1, 0, 0, 0);

-- A connection sees the rows of the tenant that it names, and no others: none when it
-- names none. It does not bind the owner of the tables, who runs migrations; the
-- program should connect as another role (touchstone migrate -grant).
ALTER TABLE touchstone.tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE touchstone.collections ENABLE ROW LEVEL SECURITY;
ALTER TABLE touchstone.sources ENABLE ROW LEVEL SECURITY;
ALTER TABLE touchstone.passages ENABLE ROW LEVEL SECURITY;
ALTER TABLE touchstone.frequent ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON touchstone.tenants USING (tenant = current_setting('touchstone.tenant', true));
CREATE POLICY tenant ON touchstone.collections USING (tenant = current_setting('touchstone.tenant', true));
CREATE POLICY tenant ON touchstone.sources USING (tenant = current_setting('touchstone.tenant', true));
CREATE POLICY tenant ON touchstone.passages USING (tenant = current_setting('touchstone.tenant', true));
CREATE POLICY tenant ON touchstone.frequent USING (tenant = current_setting('touchstone.tenant', true));

-- +goose Down
DROP TABLE touchstone.revision, touchstone.frequent, touchstone.passages, touchstone.sources, touchstone.collections, touchstone.tenants;
