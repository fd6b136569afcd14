-- +goose Up

ALTER TABLE account ADD COLUMN service INTEGER NOT NULL DEFAULT 0;      -- 1: a program; it has no sessions
ALTER TABLE account ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0;  -- 1: may do nothing but give itself a new password
ALTER TABLE account ADD COLUMN last_active INTEGER NOT NULL DEFAULT 0;  -- Unix milliseconds, to a minute or so; 0: never

-- Two-factor authentication by RFC 6238. The secret must be readable to check a code, so it is as well kept as this file.
ALTER TABLE account ADD COLUMN totp BLOB;                               -- the shared secret; null: switched off
ALTER TABLE account ADD COLUMN totp_next BLOB;                          -- one that was shown and not yet proven
ALTER TABLE account ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0;    -- the last time step used: no code is good twice

-- Recovery codes that are left, each good for one sign-in without the second factor.
CREATE TABLE recovery_code (
    account TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE ON UPDATE CASCADE,
    sha256  BLOB NOT NULL,
    PRIMARY KEY (account, sha256)
) STRICT, WITHOUT ROWID;

-- Sessions of people with a browser. A session's token is an opaque random number; only its hash is kept.
CREATE TABLE session (
    sha256  BLOB    PRIMARY KEY,
    account TEXT    NOT NULL COLLATE NOCASE REFERENCES account (name) ON DELETE CASCADE ON UPDATE CASCADE,
    factors INTEGER NOT NULL,              -- 1: password, 2: password and code
    created INTEGER NOT NULL,              -- Unix milliseconds
    seen    INTEGER NOT NULL               -- last used, to a minute or so
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_created ON session (created);

-- Wrong passwords and codes, counted for a kind and a key: see auth. Keys are hashes of names and addresses, since people
-- type passwords into the field for the name.
CREATE TABLE try (
    kind  TEXT    NOT NULL,                -- pair, name, address, code
    key   BLOB    NOT NULL,                -- SHA-256
    wrong INTEGER NOT NULL,
    last  INTEGER NOT NULL,                -- the last one, Unix milliseconds
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX try_last ON try (last);

-- Pairs of account and address that signed in before: guesses from elsewhere do not slow them down.
CREATE TABLE known_address (
    account TEXT    NOT NULL COLLATE NOCASE REFERENCES account (name) ON DELETE CASCADE ON UPDATE CASCADE,
    key     BLOB    NOT NULL,              -- SHA-256 of name and address
    last    INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
