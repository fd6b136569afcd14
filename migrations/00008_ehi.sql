-- +goose Up

-- Kick-offs of Patient/[id]/$ehi-export: what an app holds on to while the practice works on the request. The request itself
-- is in the ledger from the moment on in which the form was sent.
CREATE TABLE ehi_export (
    id      TEXT    PRIMARY KEY,                 -- in the address that the app polls
    owner   TEXT    NOT NULL COLLATE NOCASE,     -- account or client that asked
    client  INTEGER NOT NULL,                    -- 1: a client
    patient TEXT    NOT NULL,                    -- logical id
    url     TEXT    NOT NULL,                    -- of the kick-off, as it was sent
    part    TEXT    NOT NULL,                    -- what is asked for, in words; '': the whole record
    -- In the address of the form. It opens an empty form and nothing that is stored, and every status tells it again, so it
    -- is kept as it is.
    form    TEXT    NOT NULL UNIQUE,
    until   INTEGER NOT NULL,                    -- until when the form can be sent
    created INTEGER NOT NULL,
    request TEXT    UNIQUE REFERENCES request (id) -- null: the form was not sent yet
) STRICT, WITHOUT ROWID;
CREATE INDEX ehi_export_owner ON ehi_export (owner, patient);

-- Where a client wants people led who sent a form for it.
ALTER TABLE client ADD COLUMN redirect_uri TEXT NOT NULL DEFAULT '';
