-- +goose Up

-- The audit log. Rows are only ever added, one after the other; the triggers below refuse everything else, and what
-- gets past them breaks the chain of hashes. See package audit for the fields and for what the hash covers.
CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,          -- from 1 without gaps; not the seq of versions
    time     INTEGER NOT NULL,             -- Unix milliseconds; rises with seq, so seq finds it and no index is needed
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
CREATE INDEX audit_who ON audit (who);
-- For the rare actions alone: the common ones are found soon enough by walking back from the end, and with them left
-- out nearly all requests have one page less to write. A query must repeat the condition as it stands here.
CREATE INDEX audit_action ON audit (action)
WHERE action NOT IN ('read', 'vread', 'history', 'search', 'create', 'update', 'patch', 'delete', 'export-status');

-- The patients of each row once more, to find rows by patient.
CREATE TABLE audit_patient (
    patient TEXT    NOT NULL,
    seq     INTEGER NOT NULL,              -- audit.seq
    PRIMARY KEY (patient, seq)
) STRICT, WITHOUT ROWID;

-- The last row: the next one follows it even if it was removed, which shows. It lies with the clock because a write
-- writes that page anyway.
ALTER TABLE clock ADD COLUMN audit_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE clock ADD COLUMN audit_hash BLOB NOT NULL DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';

-- A new row must be the next. This also stops INSERT OR REPLACE, which deletes without asking the triggers for that.
-- +goose StatementBegin
CREATE TRIGGER audit_next BEFORE INSERT ON audit
WHEN NOT EXISTS (SELECT 1 FROM clock WHERE NEW.seq = audit_seq + 1 AND NEW.prev = audit_hash)
BEGIN
    SELECT RAISE(FAIL, 'a row of the audit log must follow the last one');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_moves_head AFTER INSERT ON audit
BEGIN
    UPDATE clock SET audit_seq = NEW.seq, audit_hash = NEW.hash;
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
WHEN NEW.seq IS NOT (SELECT audit_seq FROM clock)
BEGIN
    SELECT RAISE(FAIL, 'a patient of the audit log must belong to the last row');
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
CREATE TRIGGER audit_head_follows BEFORE UPDATE OF audit_seq, audit_hash ON clock
WHEN NEW.audit_seq IS NOT OLD.audit_seq + 1 OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND hash = NEW.audit_hash)
BEGIN
    SELECT RAISE(FAIL, 'the head of the audit log moves with its rows alone');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_no_insert BEFORE INSERT ON clock
BEGIN
    SELECT RAISE(ABORT, 'the audit log has one head');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON clock
BEGIN
    SELECT RAISE(ABORT, 'the audit log has one head');
END;
-- +goose StatementEnd
