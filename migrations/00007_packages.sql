-- +goose Up

-- A job of kind "ehi" makes a package. Its files may lie deeper in the job's folder than one level, and it ends with a
-- verdict, not only with files.
ALTER TABLE job ADD COLUMN outcome TEXT NOT NULL DEFAULT '';        -- JSON of engine.PackageOutcome; '': not ended, or another kind
ALTER TABLE job_file ADD COLUMN path TEXT NOT NULL DEFAULT '';      -- in the job's folder, parts with a slash; '': the name
