-- +goose Up

-- What resources hang on that name no patient themselves: an encounter, an order, a patient by identifier. target is the hash
-- of its name (fhir.HashName), so that whatever is written finds what hangs on it, also if that came first. Rows of current
-- versions; a deleted resource keeps those it had, as what hangs on it goes on to hang on what it hung on.
CREATE TABLE tie (
    target INTEGER NOT NULL,
    rid    INTEGER NOT NULL,
    PRIMARY KEY (target, rid)
) STRICT, WITHOUT ROWID;

-- The owners that come from ties (fhir.WhyTied, fhir.WhyTiedShared), by resource: few beside those that documents name.
CREATE INDEX owner_tied ON owner (rid) WHERE why IN (3, 4);
