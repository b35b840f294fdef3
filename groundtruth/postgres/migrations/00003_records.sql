-- +goose Up
ALTER TABLE touchstone.sources
    ADD COLUMN records  text    NOT NULL DEFAULT '', -- facts and approved answers as JSON; '' = none
    ADD COLUMN facts    integer NOT NULL DEFAULT 0,  -- how many of each
    ADD COLUMN approved integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE touchstone.sources DROP COLUMN records, DROP COLUMN facts, DROP COLUMN approved;
