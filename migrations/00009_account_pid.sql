-- +goose Up

-- A number that names an account for programs, Smile CDR's pid. It is never given twice.
ALTER TABLE clock ADD COLUMN account_pid INTEGER NOT NULL DEFAULT 0;    -- the last one
ALTER TABLE account ADD COLUMN pid INTEGER NOT NULL DEFAULT 0;
UPDATE account SET pid = (SELECT count(*) FROM account a WHERE a.created < account.created OR a.created = account.created AND a.name <= account.name);
UPDATE clock SET account_pid = (SELECT count(*) FROM account);
CREATE UNIQUE INDEX account_pid ON account (pid);
