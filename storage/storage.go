// Package storage keeps everything the server remembers in one database. It is the only package with SQL.
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
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"satchel/fhir"
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
	Bulk  bool     // for imports: what is committed is whole, and durable only at Close or with Checkpoint
	Bases []string // FHIR base URLs of this server, which are added to [Store.Bases]
}

// Open opens or creates the database at path and migrates it, one process at a time and after laying a copy beside it. It
// refuses, with both versions named, a database newer than this program, and one that does not take the settings that the
// promises of this package rest on. What it makes, a missing directory too, its owner alone may read.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	if err := toldToStop(ctx, migrate(ctx, path)); err != nil {
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	s := &Store{Now: time.Now, path: path, options: o}
	s.documents.New = func() any { return &fhir.Document{} }
	if err := s.open(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("open database %q: %w", path, err)
	}
	return s, nil
}

// open connects, and reads and renews what is known of the database before anybody uses it.
func (s *Store) open(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
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

// Close makes durable what is not, and closes. After an error the last writes of a Bulk store may be lost.
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

// Size is the size in bytes of the database and of what writing has left beside it, which [Store.Checkpoint] tidies up. That
// it grows for long tells of a reader that does not end.
func (s *Store) Size() (db, log int64) { return size(s.path) }
