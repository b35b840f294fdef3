-- +goose Up
ALTER TABLE sources ADD COLUMN embedding TEXT NOT NULL DEFAULT ''; -- model of the vectors; '' = none
ALTER TABLE sources ADD COLUMN dims INTEGER NOT NULL DEFAULT 0;    -- components of each vector
ALTER TABLE passages ADD COLUMN vector BLOB;                       -- packed, see vector.go
CREATE INDEX sources_embedded ON sources (embedding, dims) WHERE dims > 0;

-- +goose Down
DROP INDEX sources_embedded;
ALTER TABLE passages DROP COLUMN vector;
ALTER TABLE sources DROP COLUMN dims;
ALTER TABLE sources DROP COLUMN embedding;
