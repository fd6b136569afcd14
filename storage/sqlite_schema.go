package storage

import (
	"context"
	"strconv"
)

// What the database says of itself.
const (
	// appliedSchema reads the number of the last migration.
	appliedSchema = `SELECT max(version_id) FROM goose_db_version WHERE is_applied`
	// hasColumn tells whether a table has a column.
	hasColumn = `SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ?)`
	// orphanedTable reads the name of a table that has rows whose parent is gone.
	orphanedTable = `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`
)

// integrityChecks read a line of text per finding: what is wrong with the file, and rows whose parent is gone.
var integrityChecks = []string{
	`SELECT integrity_check FROM pragma_integrity_check WHERE integrity_check <> 'ok'`,
	`SELECT 'rows of table ' || "table" || ' lost what they refer to in table ' || "parent" || ': ' || count(*) FROM pragma_foreign_key_check GROUP BY "table", "parent"`,
}

// indexVersion reads by which [fhir.IndexVersion] owners and entries were made.
func indexVersion(ctx context.Context, q querier) (version int64, err error) {
	err = scan(ctx, q, `PRAGMA user_version`, nil, &version)
	return version, err
}

// setIndexVersion notes it.
func (tx *Tx) setIndexVersion(version int) error {
	return tx.exec(`PRAGMA user_version = ` + strconv.Itoa(version))
}

// triggers are the names of the triggers that the database has.
func (r raw) triggers() (map[any]bool, error) {
	have, row := map[any]bool{}, make([]rawValue, 1)
	err := r.query(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`, nil, row, func() (bool, error) {
		have[row[0]] = true
		return true, nil
	})
	return have, err
}
