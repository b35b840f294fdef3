-- +goose Up
ALTER TABLE sources ADD COLUMN records TEXT NOT NULL DEFAULT ''; -- facts and approved answers as JSON; '' = none

-- +goose Down
ALTER TABLE sources DROP COLUMN records;
