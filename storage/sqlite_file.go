package storage

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"satchel/internal/durable"
)

// connect opens the writer and the two pools of readers.
func (s *Store) connect(ctx context.Context) (err error) {
	if s.w, err = openWriter(ctx, s.path, s.options); err != nil {
		return err
	}
	reads, err := openHandle(ctx, s.path, readerPragmas)
	if err != nil {
		return err
	}
	reads.SetMaxOpenConns(max(4, min(6, runtime.NumCPU())))
	reads.SetMaxIdleConns(2)
	reads.SetConnMaxIdleTime(3 * time.Minute)
	s.reads = &pool{db: reads}
	// A scan keeps its connection, but no transaction, for as long as its caller takes: hours for an export to a slow
	// disk. Hence a pool of its own that does not make short reads wait.
	if s.scans, err = openHandle(ctx, s.path, readerPragmas); err != nil {
		return err
	}
	s.scans.SetMaxIdleConns(2)
	s.scans.SetConnMaxIdleTime(3 * time.Minute)
	return nil
}

// createFile makes the file and its directory for the owner alone. It opens a file only to create it: closing a second
// handle of a file in use would drop SQLite's locks on it.
func createFile(path string) error {
	if err := durable.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	err := durable.Write(path, durable.Options{Exclusive: true}, durable.Bytes(nil))
	if errors.Is(err, os.ErrExist) {
		return os.Chmod(path, 0o600)
	}
	return err
}

// openPlain opens a file that is there, with one connection and without migrating it.
func openPlain(ctx context.Context, path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil { // SQLite would make it
		return nil, err
	}
	db, err := openHandle(ctx, path, commonPragmas)
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// copyTo writes a complete copy of the database: under its final name only once it is on the disk.
func copyTo(ctx context.Context, db *sql.DB, path string, o durable.Options) error {
	return durable.Write(path, o, func(f *durable.File) error {
		_, err := db.ExecContext(ctx, `VACUUM INTO ?`, f.Path()) // SQLite takes an empty file and its mode
		return err
	})
}

// size is the size in bytes of the database file and of its write-ahead log.
func size(path string) (db, log int64) {
	if i, err := os.Stat(path); err == nil {
		db = i.Size()
	}
	if i, err := os.Stat(path + "-wal"); err == nil {
		log = i.Size()
	}
	return db, log
}
