// Package storage keeps everything the server remembers in one SQLite file. It is the only package with SQL.
//
// Nouns:
//
//   - A [Store] is one open database file. Several stores, also in several processes, may have one file open.
//   - A [Tx] is one write transaction. It carries the time that everything written in it is stamped with.
//   - A version is one state of a resource; the newest is current, older ones are history, a deletion is a version
//     without a body (a tombstone).
//   - seq is the position of a version in the order of all writes; rid is the number of a resource in order of arrival.
//   - A [Snapshot] is the store as it stood after one seq. It is a number, not a lock.
//   - A [Selection] says which resources of a snapshot a scan yields.
//   - A [Job] is one background piece of work and an [Account] one local user: rows that engine and auth give a meaning.
//   - A [Request] for records, its steps and disclosures are rows that requests gives a meaning.
//
// An exported method is one transaction; helpers take the [Tx]. Writes go through one connection and take their seq
// and time from the clock row, so that the order of stamps is the order of commits, also across processes: nothing of
// the clock is remembered in memory. Reads go through pools that cannot write.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"satchel/fhir"
	"satchel/internal/durable"
)

// Store is one open database.
type Store struct {
	Now func() time.Time // the wall clock; tests replace it

	path    string
	options Options
	w       *writer
	reads   *pool // short reads
	scans   *sql.DB
	types   types
	latched atomic.Pointer[error] // set once a commit or fsync failed
	bases   atomic.Pointer[fhir.Bases]
	closing sync.Once

	documents sync.Pool // of *fhir.Document
	audits    gatherings
	strangers strangers
}

// Options tune [Open].
type Options struct {
	Bulk  bool     // for imports: synchronous=NORMAL and a large WAL; durable at Close, or with Checkpoint
	Bases []string // FHIR base URLs of this server, which are added to [Store.Bases]
}

// Open opens or creates the database file at path, migrates it under a lock file (after a VACUUM INTO copy beside it),
// reads back every pragma it set, and refuses, with both versions named, a database newer than this program.
// The file is readable by its owner alone; a missing directory is created so, too.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	if err := migrate(ctx, path); err != nil {
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	s := &Store{Now: time.Now, path: path, options: o}
	s.documents.New = func() any { return &fhir.Document{} }
	if err := s.connect(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	return s, nil
}

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
	if err := s.types.load(ctx, s.reads); err != nil {
		return err
	}
	if err := s.readBases(ctx, s.reads); err != nil {
		return err
	}
	if err := s.renewIndex(ctx); err != nil {
		return err
	}
	for _, base := range s.options.Bases {
		if err := s.addBase(ctx, base); err != nil {
			return err
		}
	}
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

// Close checkpoints and closes. It answers the error of a checkpoint that failed: then the last writes may be lost.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		if s.w != nil {
			err = s.SettleAudit(context.Background())
			err = errors.Join(err, s.Checkpoint(context.Background()))
			err = errors.Join(err, s.w.close())
		}
		if s.reads != nil {
			err = errors.Join(err, s.reads.db.Close())
		}
		if s.scans != nil {
			err = errors.Join(err, s.scans.Close())
		}
	})
	return err
}

// Size is the size in bytes of the database file and of its write-ahead log. A log that grows for long tells of a
// reader that does not end.
func (s *Store) Size() (db, wal int64) {
	if i, err := os.Stat(s.path); err == nil {
		db = i.Size()
	}
	if i, err := os.Stat(s.path + "-wal"); err == nil {
		wal = i.Size()
	}
	return db, wal
}
