-- +goose Up

-- The ledger of people who ask for records: see package requests for what the words mean. Days are days since 1970-01-01
-- in the practice's time zone, times are Unix milliseconds. What is asked, by whom and why may be health data: it is here
-- and nowhere else, above all not in the audit log.
CREATE TABLE request (
    rid      INTEGER PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    number   TEXT    NOT NULL UNIQUE,        -- for people: 2026-0017
    year     INTEGER NOT NULL,               -- of the number
    ord      INTEGER NOT NULL,               -- in the year, from 1
    version  INTEGER NOT NULL,               -- rises by one with each step
    state    TEXT    NOT NULL,
    received INTEGER NOT NULL,               -- day
    due      INTEGER NOT NULL,               -- day
    answered INTEGER NOT NULL,               -- day of handover or denial; 0: not yet
    late     INTEGER NOT NULL,               -- 1: answered after the due date
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    patient  TEXT    NOT NULL,               -- logical id; "": not yet identified, or everybody
    job      TEXT    NOT NULL,               -- that makes or made the package; ""
    find     TEXT    NOT NULL,               -- folded text to search in
    body     TEXT    NOT NULL,               -- JSON of requests.Details
    UNIQUE (year, ord)
) STRICT;
CREATE INDEX request_state ON request (state, due);
CREATE INDEX request_due ON request (due);
CREATE INDEX request_patient ON request (patient) WHERE patient <> '';

-- Every step of every request. Rows are only ever added.
CREATE TABLE request_event (
    request TEXT    NOT NULL REFERENCES request (id),
    ord     INTEGER NOT NULL,                -- the version that the step made
    time    INTEGER NOT NULL,
    who     TEXT    NOT NULL,                -- account
    kind    TEXT    NOT NULL,                -- as in audit
    step    TEXT    NOT NULL,
    before  TEXT    NOT NULL,                -- state; "" of the first
    after   TEXT    NOT NULL,                -- state
    note    TEXT    NOT NULL,
    PRIMARY KEY (request, ord)
) STRICT, WITHOUT ROWID;

-- What was given to whom. Rows are only ever added.
CREATE TABLE disclosure (
    id        INTEGER PRIMARY KEY,           -- in order of time
    request   TEXT    NOT NULL REFERENCES request (id),
    time      INTEGER NOT NULL,
    who       TEXT    NOT NULL,              -- account that gave it
    patient   TEXT    NOT NULL,              -- logical id; "": everybody
    recipient TEXT    NOT NULL,
    way       TEXT    NOT NULL,              -- stick, link, …
    form      TEXT    NOT NULL,              -- zip, age, html, print
    job       TEXT    NOT NULL,
    package   TEXT    NOT NULL,              -- name of the package
    file      TEXT    NOT NULL,              -- name of the file in the job
    sha256    BLOB    NOT NULL,              -- of the file; empty for paper
    bytes     INTEGER NOT NULL,
    verdict   TEXT    NOT NULL,              -- what the package says of its completeness
    again     INTEGER NOT NULL,              -- id of the disclosure whose bytes were given again; 0: a first one
    link      TEXT    NOT NULL,              -- id of the link; ""
    note      TEXT    NOT NULL
) STRICT;
CREATE INDEX disclosure_request ON disclosure (request);
CREATE INDEX disclosure_patient ON disclosure (patient, time);

-- Links for people without an account. Of the token and the passphrase only hashes are kept.
CREATE TABLE delivery_link (
    id         TEXT    PRIMARY KEY,          -- names the link to staff; opens nothing
    request    TEXT    NOT NULL REFERENCES request (id),
    token      BLOB    NOT NULL UNIQUE,      -- SHA-256
    passphrase TEXT    NOT NULL,             -- hash
    who        TEXT    NOT NULL,             -- account that made it
    created    INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    revoked    INTEGER NOT NULL,             -- 0: not
    wrong      INTEGER NOT NULL,             -- wrong tries
    tries      INTEGER NOT NULL,             -- so many wrong tries lock it
    downloads  INTEGER NOT NULL,
    most       INTEGER NOT NULL,             -- downloads allowed
    job        TEXT    NOT NULL,
    file       TEXT    NOT NULL,
    form       TEXT    NOT NULL,
    sha256     BLOB    NOT NULL,             -- of the file
    bytes      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_link_request ON delivery_link (request);

-- +goose StatementBegin
CREATE TRIGGER request_event_no_update BEFORE UPDATE ON request_event
BEGIN
    SELECT RAISE(ABORT, 'the history of a request is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_event_no_delete BEFORE DELETE ON request_event
BEGIN
    SELECT RAISE(ABORT, 'the history of a request is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER request_event_follows BEFORE INSERT ON request_event
WHEN NEW.ord IS NOT (SELECT coalesce(max(ord), 0) + 1 FROM request_event WHERE request = NEW.request)
BEGIN
    SELECT RAISE(FAIL, 'a step must follow the last one of its request');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER disclosure_no_update BEFORE UPDATE ON disclosure
BEGIN
    SELECT RAISE(ABORT, 'a disclosure is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER disclosure_no_delete BEFORE DELETE ON disclosure
BEGIN
    SELECT RAISE(ABORT, 'a disclosure is never changed');
END;
-- +goose StatementEnd
