-- +goose Up

-- The resource types with the small number that stands for each in the other tables. Filled by the program when it
-- opens the database; a number once given never changes.
CREATE TABLE type (
    code INTEGER PRIMARY KEY,
    name TEXT    NOT NULL UNIQUE
) STRICT;

-- One row per resource: its current version, or its tombstone (body is null). rid is the order of first arrival and
-- never changes; exports read in this order because SQLite then reads the file front to back. body comes last so that
-- a scan which only filters never touches its overflow pages.
CREATE TABLE resource (
    rid     INTEGER PRIMARY KEY,
    type    INTEGER NOT NULL,              -- type.code
    id      TEXT    NOT NULL,
    version INTEGER NOT NULL,
    seq     INTEGER NOT NULL,              -- position in the order of all writes
    updated INTEGER NOT NULL,              -- meta.lastUpdated, Unix milliseconds; rises with seq
    owned   INTEGER NOT NULL,              -- 1: in the compartment of at least one patient (owner.why < 3)
    sha256  BLOB    NOT NULL,              -- of body; of nothing for a tombstone
    body    BLOB                           -- stamped compact JSON; null: deleted
) STRICT;
CREATE UNIQUE INDEX resource_key ON resource (type, id);
CREATE INDEX resource_type ON resource (type);              -- with rid behind it: a type in order of arrival
CREATE INDEX resource_updated ON resource (updated, seq);   -- what changed since, and history newest first
CREATE INDEX resource_deleted ON resource (type) WHERE body IS NULL;

-- Superseded versions, apart from the current rows so that scans of those stay dense. The version was current for
-- seq <= N < superseded. Rows are only ever added.
CREATE TABLE history (
    rid        INTEGER NOT NULL REFERENCES resource (rid),
    version    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    superseded INTEGER NOT NULL,
    updated    INTEGER NOT NULL,
    owned      INTEGER NOT NULL,
    sha256     BLOB    NOT NULL,
    body       BLOB
) STRICT;
-- rid and version name the row; seq and superseded ride along so that a scan decides without reading the row.
CREATE UNIQUE INDEX history_version ON history (rid, version, seq, superseded);
CREATE INDEX history_updated ON history (updated, seq);

-- Which resource belongs to which patient, and from which write to which. Tombstones keep their owners: the deleted
-- files of an incremental export need them. until is null while it holds.
CREATE TABLE owner (
    patient TEXT    NOT NULL,              -- logical id; the Patient itself need not be here
    rid     INTEGER NOT NULL,
    since   INTEGER NOT NULL,              -- seq
    until   INTEGER,                       -- seq
    why     INTEGER NOT NULL,              -- fhir.Why
    PRIMARY KEY (patient, rid, since)
) STRICT, WITHOUT ROWID;

-- fhir.Entry rows of current living versions: the index narrows, the document decides. The index is kept in segments of
-- 65536 row numbers: new rows come into the last one, so what an import dirties does not grow with the store, and a search
-- looks into each.
CREATE TABLE entry (
    segment INTEGER NOT NULL,              -- rid >> 16
    key     INTEGER NOT NULL,
    value   INTEGER NOT NULL,
    rid     INTEGER NOT NULL,
    PRIMARY KEY (segment, key, value, rid)
) STRICT, WITHOUT ROWID;
CREATE TABLE segment (n INTEGER PRIMARY KEY) STRICT;

-- The one clock: the last seq given out and the last millisecond used. One row.
CREATE TABLE clock (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seq  INTEGER NOT NULL,
    time INTEGER NOT NULL
) STRICT;
INSERT INTO clock VALUES (1, 0, 0);

CREATE TABLE job (
    id               TEXT    PRIMARY KEY,  -- unguessable
    kind             TEXT    NOT NULL,     -- bulk
    state            TEXT    NOT NULL,     -- queued, running, complete, failed (a cancelled job has no row)
    account          TEXT    NOT NULL,
    url              TEXT    NOT NULL,     -- the kick-off URL as the client sent it
    request          TEXT    NOT NULL,     -- JSON of engine.Request
    seq              INTEGER NOT NULL,     -- the snapshot
    transaction_time INTEGER NOT NULL,     -- Unix milliseconds of the snapshot; no two jobs share one
    created          INTEGER NOT NULL,
    started          INTEGER,
    ended            INTEGER,
    expires          INTEGER,
    done             INTEGER NOT NULL DEFAULT 0,  -- resources looked at
    total            INTEGER NOT NULL DEFAULT 0,  -- resources to look at
    error            TEXT    NOT NULL DEFAULT ''  -- plain words, no health data
) STRICT;
CREATE INDEX job_state ON job (state, transaction_time);

CREATE TABLE job_file (
    job    TEXT    NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    ord    INTEGER NOT NULL,
    name   TEXT    NOT NULL,               -- file name in the job's folder
    list   TEXT    NOT NULL,               -- output, deleted, error
    type   TEXT    NOT NULL,               -- of the lines; '' for blocks of several
    count  INTEGER NOT NULL,               -- resources
    bytes  INTEGER NOT NULL,
    sha256 BLOB,
    continues_in TEXT NOT NULL DEFAULT '', -- name of the file in which its last block goes on
    PRIMARY KEY (job, ord)
) STRICT;
CREATE UNIQUE INDEX job_file_name ON job_file (job, name);

CREATE TABLE account (
    name             TEXT    PRIMARY KEY COLLATE NOCASE,
    given_name       TEXT    NOT NULL DEFAULT '',
    family_name      TEXT    NOT NULL DEFAULT '',
    password         TEXT    NOT NULL,     -- argon2id, PHC string
    password_changed INTEGER NOT NULL,
    locked           INTEGER NOT NULL DEFAULT 0,
    disabled         INTEGER NOT NULL DEFAULT 0,
    created          INTEGER NOT NULL,
    last_login       INTEGER
) STRICT;

-- Roles and permissions an account holds, Smile CDR's names; a role is an authority like any other.
CREATE TABLE authority (
    account    TEXT NOT NULL REFERENCES account (name) ON DELETE CASCADE ON UPDATE CASCADE,
    permission TEXT NOT NULL,
    argument   TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (account, permission, argument)
) STRICT, WITHOUT ROWID;
