-- +goose Up

-- What the source of an import says of the version that was last taken from it, so that an older one never replaces it and an
-- edit made here is seen as such. A resource that was only ever written here has no row.
CREATE TABLE origin (
    rid     INTEGER PRIMARY KEY,           -- resource.rid
    version INTEGER NOT NULL,              -- ours that came from it; while it is the current one, nobody has written here since
    taken   INTEGER NOT NULL,              -- when it was last offered and not older, Unix milliseconds
    seconds INTEGER,                       -- meta.lastUpdated at the source, Unix seconds; null: not told
    nanos   INTEGER,                       -- and nanoseconds
    number  TEXT    NOT NULL               -- meta.versionId at the source; '': not told
) STRICT;

-- Deletions at the source of what is not here, so that what is older does not come alive by arriving later.
CREATE TABLE origin_deleted (
    type    INTEGER NOT NULL,              -- type.code
    id      TEXT    NOT NULL,
    taken   INTEGER NOT NULL,
    seconds INTEGER,
    nanos   INTEGER,
    number  TEXT    NOT NULL,
    PRIMARY KEY (type, id)
) STRICT, WITHOUT ROWID;

-- What nobody wrote here by the audit log came by imports, and of those nothing is known.
INSERT INTO origin (rid, version, taken, number)
SELECT r.rid, r.version, 0, '' FROM resource r JOIN type t ON t.code = r.type
WHERE t.name || '/' || r.id NOT IN (
    SELECT CASE instr(target, '/_history/') WHEN 0 THEN target ELSE substr(target, 1, instr(target, '/_history/') - 1) END
    FROM audit WHERE action IN ('create', 'update', 'patch', 'delete') AND outcome = 'success');
