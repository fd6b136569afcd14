-- +goose Up

-- A job of kind "import" reads files that somebody sent. It may begin more than once, since the server may end meanwhile, and
-- what it has to say about single lines is kept with it, up to a bound; the whole list is a file of the job.
ALTER TABLE job ADD COLUMN runs INTEGER NOT NULL DEFAULT 0;         -- how often a worker has begun it

CREATE TABLE job_finding (
    job     TEXT    NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    ord     INTEGER NOT NULL,
    file    TEXT    NOT NULL,                -- as it was sent, with "!" and the member's name inside an archive
    line    INTEGER NOT NULL,                -- from 1; the entry's number in a Bundle; 0: the whole file
    entry   TEXT    NOT NULL,                -- Type/id if known
    refused INTEGER NOT NULL,                -- 1: the resource is not in the store
    reason  TEXT    NOT NULL,                -- plain words, no health data
    PRIMARY KEY (job, ord)
) STRICT, WITHOUT ROWID;
