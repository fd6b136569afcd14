-- +goose Up

-- The audit log. Rows are only ever added, one after the other; the triggers below refuse everything else, and what
-- gets past them breaks the chain of hashes. See package audit for the fields and for what the hash covers.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,          -- from 1 without gaps; not the seq of versions
    time     INTEGER NOT NULL,             -- Unix milliseconds, never less than in the row before
    who      TEXT    NOT NULL COLLATE NOCASE,
    kind     TEXT    NOT NULL,             -- user, client, cli, system, anonymous
    source   TEXT    NOT NULL,             -- remote address
    action   TEXT    NOT NULL,
    target   TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,             -- success, refused, failed
    status   INTEGER NOT NULL,
    patients TEXT    NOT NULL,             -- ids, in order, a space between them
    more     INTEGER NOT NULL,             -- patients beyond those listed
    detail   TEXT    NOT NULL,
    request  TEXT    NOT NULL,
    prev     BLOB    NOT NULL,             -- hash of the row before; 32 zero bytes in the first
    hash     BLOB    NOT NULL              -- SHA-256 of prev and all columns before it
) STRICT;
CREATE INDEX audit_time ON audit (time);
CREATE INDEX audit_who ON audit (who);
CREATE INDEX audit_action ON audit (action);

-- The patients of each row once more, to find rows by patient.
CREATE TABLE audit_patient (
    patient TEXT    NOT NULL,
    seq     INTEGER NOT NULL,              -- audit.seq
    PRIMARY KEY (patient, seq)
) STRICT, WITHOUT ROWID;

-- The last row: the next one follows it even if it was removed, which shows.
CREATE TABLE audit_head (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;
INSERT INTO audit_head VALUES (1, 0, zeroblob(32));

-- A new row must be the next. This also stops INSERT OR REPLACE, which deletes without asking the triggers for that.
-- +goose StatementBegin
CREATE TRIGGER audit_next BEFORE INSERT ON audit
WHEN NOT EXISTS (SELECT 1 FROM audit_head WHERE NEW.seq = seq + 1 AND NEW.prev = hash)
BEGIN
    SELECT RAISE(ABORT, 'a row of the audit log must follow the last one');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_moves_head AFTER INSERT ON audit
BEGIN
    UPDATE audit_head SET seq = NEW.seq, hash = NEW.hash;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_patient_next BEFORE INSERT ON audit_patient
WHEN NEW.seq IS NOT (SELECT seq FROM audit_head)
BEGIN
    SELECT RAISE(ABORT, 'a patient of the audit log must belong to the last row');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_patient_no_update BEFORE UPDATE ON audit_patient
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_patient_no_delete BEFORE DELETE ON audit_patient
BEGIN
    SELECT RAISE(ABORT, 'the audit log is never changed');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_follows BEFORE UPDATE ON audit_head
WHEN NEW.seq IS NOT OLD.seq + 1 OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq AND hash = NEW.hash)
BEGIN
    SELECT RAISE(ABORT, 'the head of the audit log moves with its rows alone');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_no_insert BEFORE INSERT ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit log has one head');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN
    SELECT RAISE(ABORT, 'the audit log has one head');
END;
-- +goose StatementEnd
