package storage

import (
	"context"
	"database/sql"

	"satchel/fhir"
)

// types knows the numbers of the resource types. They are given before Open returns and never change, so they are the
// one thing that may be remembered across transactions, and read without a lock.
type types struct {
	codes map[string]int64
	names map[int64]string
}

// load reads the table.
func (t *types) load(ctx context.Context, q querier) error {
	codes, names := map[string]int64{}, map[int64]string{}
	rows, err := query(ctx, q, `SELECT code, name FROM type`)
	err = eachRow(rows, err, func(scan row) error {
		var code int64
		var name string
		err := scan(&code, &name)
		codes[name], names[code] = code, name
		return err
	})
	if err == nil {
		t.codes, t.names = codes, names
	}
	return err
}

// code is the number of a type; an unknown one is a fhir.Error.
func (t *types) code(name string) (int64, error) {
	code, ok := t.codes[name]
	if !ok {
		return 0, fhir.Errorf(fhir.CodeNotSupported, "%q is not a resource type that is stored here", name)
	}
	return code, nil
}

// name is the type with the number; "" for one that a newer program has added since this one opened the file.
func (t *types) name(code int64) string {
	return t.names[code]
}

// addTypes numbers the resource types that the database does not know yet.
func addTypes(ctx context.Context, db *sql.DB) error {
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM type`).Scan(&n); err != nil {
		return err
	}
	if n >= len(fhir.Types()) {
		return nil
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, name := range fhir.Types() {
		if _, err := tx.ExecContext(ctx, `INSERT INTO type (name) VALUES (?) ON CONFLICT DO NOTHING`, name); err != nil {
			return err
		}
	}
	return tx.Commit()
}
