-- +goose Up

-- The FHIR base URLs under which resources of this store are or were known. A reference below one of them is read as
-- a relative one, so an address once given stays good when the server moves. Rows are only ever added.
CREATE TABLE base (
    url   TEXT    PRIMARY KEY,           -- "https://practice.example/fhir"
    since INTEGER NOT NULL               -- Unix milliseconds
) STRICT, WITHOUT ROWID;
