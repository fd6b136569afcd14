package storage

import (
	"database/sql"
	"errors"
	"fmt"

	"satchel/fhir"
)

// row reads the columns of the row at hand into dest, as [sql.Rows.Scan] does.
type row = func(dest ...any) error

// collect reads each row of a query by one, and closes it. rows and err are what the query returned; an error of the query,
// of a row or of the reading itself ends it and comes back as it is, for the caller to say what was being done.
func collect[T any](rows *sql.Rows, err error, one func(row) (T, error)) ([]T, error) {
	var all []T
	err = eachRow(rows, err, func(scan row) error {
		v, err := one(scan)
		if err == nil {
			all = append(all, v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// eachRow is collect for rows that do not become a list: it calls f with each.
func eachRow(rows *sql.Rows, err error, f func(row) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	scan := row(rows.Scan) // once: a method value is allocated
	for rows.Next() {
		if err := f(scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// oneColumn reads a row of one column.
func oneColumn[T any](scan row) (v T, err error) {
	err = scan(&v)
	return v, err
}

// wrap says what was being done, but leaves alone what the caller may see: a [fhir.Error].
func wrap(doing string, err error) error {
	if _, ok := errors.AsType[*fhir.Error](err); ok || err == nil {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}
