-- +goose Up

-- Backend clients: programs that sign in by SMART Backend Services. They share one space of names with accounts,
-- because jobs and the audit log know both by their name alone.
CREATE TABLE client (
    name          TEXT    PRIMARY KEY COLLATE NOCASE,  -- client_id
    jwks          TEXT    NOT NULL DEFAULT '',  -- public keys as a JSON Web Key Set; '': see jwks_url
    jwks_url      TEXT    NOT NULL DEFAULT '',
    allow_private INTEGER NOT NULL DEFAULT 0,   -- 1: jwks_url may lead to an address of the local network
    scopes        TEXT    NOT NULL,             -- registered, separated by spaces
    secret        BLOB,                         -- SHA-256 of the client secret; null: has none
    disabled      INTEGER NOT NULL DEFAULT 0,
    created       INTEGER NOT NULL,             -- Unix milliseconds, like all times here
    last_used     INTEGER NOT NULL DEFAULT 0    -- when it last got a token; 0: never
) STRICT;

-- What a client may do at most, like table authority; its scopes narrow it further.
CREATE TABLE client_authority (
    client     TEXT NOT NULL COLLATE NOCASE REFERENCES client (name) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    argument   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (client, permission, argument)
) STRICT, WITHOUT ROWID;

-- Access tokens. A token is an opaque random number; only its hash is kept.
CREATE TABLE token (
    sha256  BLOB    PRIMARY KEY,
    client  TEXT    NOT NULL COLLATE NOCASE REFERENCES client (name) ON DELETE CASCADE,
    scopes  TEXT    NOT NULL,              -- granted
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_client ON token (client);
CREATE INDEX token_expires ON token (expires);

-- Ids of assertions that were used. No reference to client: a client that is removed and added again under its name
-- must not get its old assertions back.
CREATE TABLE jti (
    client TEXT    NOT NULL COLLATE NOCASE,
    jti    TEXT    NOT NULL,
    until  INTEGER NOT NULL,               -- the assertion is refused for its age after this
    PRIMARY KEY (client, jti)
) STRICT, WITHOUT ROWID;
CREATE INDEX jti_until ON jti (until);

-- The other half of the shared names: a new account whose name a client has is not inserted, just as one whose name an
-- account has under ON CONFLICT DO NOTHING. AddClient checks its half itself.
-- +goose StatementBegin
CREATE TRIGGER account_name_of_client BEFORE INSERT ON account
WHEN EXISTS (SELECT 1 FROM client WHERE name = NEW.name)
BEGIN
    SELECT RAISE(IGNORE);
END;
-- +goose StatementEnd
