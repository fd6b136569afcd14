package storage

import (
	"context"

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
