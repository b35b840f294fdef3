-- +goose Up
CREATE TABLE touchstone.changes (
    tenant     text        NOT NULL,
    collection text        NOT NULL,
    id         text        NOT NULL,
    number     bigint      NOT NULL, -- of the revision that it made
    digest     bigint      NOT NULL, -- of the store after it
    at         timestamptz NOT NULL,
    author     text        NOT NULL,
    what       text        NOT NULL, -- added, changed, removed
    hash       text        NOT NULL, -- of the source after it; '' once removed
    body       bytea,                -- the source after it; NULL once removed
    PRIMARY KEY (tenant, collection, id, number)
);
CREATE INDEX changes_number ON touchstone.changes (tenant, number);

-- Up to which revision the history of a tenant was forgotten.
CREATE TABLE touchstone.forgotten (
    tenant text   PRIMARY KEY,
    before bigint NOT NULL
);

ALTER TABLE touchstone.changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE touchstone.forgotten ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON touchstone.changes USING (tenant = current_setting('touchstone.tenant', true));
CREATE POLICY tenant ON touchstone.forgotten USING (tenant = current_setting('touchstone.tenant', true));

-- What the program's role may do with the other tables it may do with these: a role
-- that was let in before this migration stays in.
-- +goose StatementBegin
DO $$
DECLARE
    r record;
BEGIN
    FOR r IN SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'touchstone' AND table_name = 'sources' AND privilege_type = 'INSERT' AND grantee <> current_user LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON touchstone.changes, touchstone.forgotten TO %I', r.grantee);
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose Down
DROP TABLE touchstone.forgotten;
DROP TABLE touchstone.changes;
