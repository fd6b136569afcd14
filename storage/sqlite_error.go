package storage

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"satchel/fhir"
)

// refuse turns an error of SQLite into what the caller may see, and latches the store if the disk failed.
func (s *Store) refuse(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		return fhir.Errorf(fhir.CodeNoStore, "the disk is full, nothing was stored; make room and try again")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fhir.Errorf(fhir.CodeTransient, "another process is writing to the database, nothing was stored; try again")
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		latch := fhir.Errorf(fhir.CodeNoStore,
			"writing to the database failed and it takes no more writes; check the disk and restart the server (%s)", sqliteText(err))
		s.latched.CompareAndSwap(nil, &latch)
		return s.Healthy()
	}
	return err
}

// code is the primary result code of an error of SQLite; 0 for any other.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// sqliteText names the result code without the statement or its values.
func sqliteText(err error) string {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return fmt.Sprintf("%s, code %d", sqlite.ErrorCodeString[e.Code()&0xff], e.Code())
	}
	return "unknown"
}

// isTaken reports whether an error says that a key is taken, or that a row names another that is not there.
func isTaken(err error) bool { return code(err) == sqlite3.SQLITE_CONSTRAINT }
