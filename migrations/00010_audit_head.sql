-- +goose Up

-- There is no index on who: with it every request has one page more to write. A report by person walks over its period.
DROP INDEX audit_who;

-- A transaction adds its rows and then moves the head once. So a new row must be the next, or follow one that came since
-- the head last moved. This also stops INSERT OR REPLACE, which deletes without asking the triggers for that.
DROP TRIGGER audit_moves_head;
DROP TRIGGER audit_next;
-- +goose StatementBegin
CREATE TRIGGER audit_next BEFORE INSERT ON audit
WHEN (SELECT CASE WHEN NEW.seq = audit_seq + 1 THEN NEW.prev = audit_hash
        WHEN NEW.seq > audit_seq THEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq - 1 AND hash = NEW.prev) END FROM clock) IS NOT 1
BEGIN
    SELECT RAISE(FAIL, 'a row of the audit log must follow the last one');
END;
-- +goose StatementEnd
DROP TRIGGER audit_patient_next;
-- +goose StatementBegin
CREATE TRIGGER audit_patient_next BEFORE INSERT ON audit_patient
WHEN NEW.seq <= (SELECT audit_seq FROM clock) OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(FAIL, 'a patient of the audit log must belong to a row that is new');
END;
-- +goose StatementEnd
DROP TRIGGER audit_head_follows;
-- +goose StatementBegin
CREATE TRIGGER audit_head_follows BEFORE UPDATE OF audit_seq, audit_hash ON clock
WHEN NEW.audit_seq IS NULL OR NEW.audit_seq <= OLD.audit_seq OR NEW.audit_seq IS NOT (SELECT max(seq) FROM audit)
    OR NOT EXISTS (SELECT 1 FROM audit WHERE seq = NEW.audit_seq AND hash = NEW.audit_hash)
BEGIN
    SELECT RAISE(FAIL, 'the head of the audit log moves with its rows alone');
END;
-- +goose StatementEnd
