package storage

import (
	"context"
	"sync"

	"satchel/fhir"
)

// types knows the numbers of the resource types. They are given at Open and never change, so they are the one thing
// that may be remembered across transactions.
type types struct {
	mu    sync.RWMutex
	codes map[string]int64
	names map[int64]string
}

// load reads the table.
func (t *types) load(ctx context.Context, q querier) error {
	codes, names := map[string]int64{}, map[int64]string{}
	rows, err := query(ctx, q, `SELECT code, name FROM type`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var code int64
		var name string
		if err := rows.Scan(&code, &name); err != nil {
			return err
		}
		codes[name], names[code] = code, name
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.codes, t.names = codes, names
	return rows.Err()
}

// code is the number of a type; an unknown one is a fhir.Error.
func (t *types) code(name string) (int64, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	code, ok := t.codes[name]
	if !ok {
		return 0, fhir.Errorf(fhir.CodeNotSupported, "%q is not a resource type that is stored here", name)
	}
	return code, nil
}

// name is the type with the number; "" for one that a newer program has added since this one opened the file.
func (t *types) name(code int64) string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.names[code]
}
