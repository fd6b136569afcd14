-- +goose Up

-- What staff said about resources that say of nobody whose they are: each row is one decision, from one write to another. A
-- resource has at most one that holds.
CREATE TABLE assigned (
    rid     INTEGER NOT NULL,
    since   INTEGER NOT NULL,              -- seq
    until   INTEGER,                       -- seq; null while it holds
    patient TEXT,                          -- logical id; null: it is nobody's
    version INTEGER NOT NULL,              -- of the resource that was looked at
    time    INTEGER NOT NULL,              -- Unix milliseconds
    account TEXT    NOT NULL,              -- who decided
    reason  TEXT    NOT NULL,              -- in the words of who decided
    PRIMARY KEY (rid, since)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX assigned_now ON assigned (rid) WHERE until IS NULL;
CREATE INDEX assigned_time ON assigned (time) WHERE until IS NULL;

-- What belongs to nobody: directory and definitions, and few others. Listing them must not read the whole table.
CREATE INDEX resource_unowned ON resource (type) WHERE owned = 0 AND body IS NOT NULL;

-- The owners that no document names have further numbers (fhir.WhyTied to fhir.WhyTiedShared).
DROP INDEX owner_tied;
CREATE INDEX owner_tied ON owner (rid) WHERE why IN (3, 4, 5);
