// Package storage keeps everything the server remembers in one SQLite file. It is the only package with SQL.
//
// An exported method is one transaction; helpers take the [Tx]. Writes go through one connection and take their seq
// and time from the clock row, so that the order of stamps is the order of commits, also across processes.
// Reads go through a pool that cannot write. A [Snapshot] is a number, not a lock.
package storage

import (
	"context"
	"time"

	"satchel/fhir"
)

// Store is one open database.
type Store struct {
	Now func() time.Time // the wall clock; tests replace it
}

// Options tune [Open].
type Options struct {
	Bulk bool // for imports: synchronous=NORMAL and a large WAL; durable at Close, or with Checkpoint
}

// Open opens or creates the database file at path, migrates it under a lock file (after a VACUUM INTO copy beside it),
// reads back every pragma it set, and refuses, with both versions named, a database newer than this program.
func Open(ctx context.Context, path string, o Options) (*Store, error) { panic("todo") }

// Close checkpoints and closes.
func (s *Store) Close() error { panic("todo") }

// Tx is one write transaction. Its time is stamped on everything written in it.
type Tx struct {
	Time time.Time
}

// Write runs f in one write transaction: committed if f returns nil, rolled back otherwise (also on panic).
// A second writer waits. After a failed commit or fsync the store refuses further writes until it is reopened.
func (s *Store) Write(ctx context.Context, f func(tx *Tx) error) error { panic("todo") }

// Change says what a write did.
type Change int

// What a write did to a resource.
const (
	Unchanged Change = iota // same content as the current version: nothing written
	Created                 // the first version, or the first after a deletion
	Updated
	Deleted
)

// Put stores the document as the next version of type/id; id overrides the document's own when not empty, and a new
// random id is made when both are empty. Same content as the current version is Unchanged and answers that version.
func (tx *Tx) Put(d *fhir.Document, id string) (fhir.Resource, Change, error) { panic("todo") }

// Delete adds a tombstone. A resource that does not exist or is deleted already is Unchanged.
func (tx *Tx) Delete(typ, id string) (fhir.Resource, Change, error) { panic("todo") }

// Resource is the current version as the transaction sees it; see [Store.Resource].
func (tx *Tx) Resource(typ, id string) (fhir.Resource, error) { panic("todo") }

// Search is [Store.Search] inside the transaction, for conditional create, update and delete.
func (tx *Tx) Search(q fhir.Query, p Page) (Found, error) { panic("todo") }

// Import stores many documents in one transaction, faster than Put one by one: a batch of up to a few thousand.
// It answers one Change per document, in order. Two documents with one key in a batch are two versions.
func (s *Store) Import(ctx context.Context, docs []*fhir.Document) ([]Change, error) { panic("todo") }

// Resource is the current version. A missing one is a fhir.Error not-found; a deleted one is returned with Deleted set.
func (s *Store) Resource(ctx context.Context, typ, id string) (fhir.Resource, error) { panic("todo") }

// Version is one version, current or old; not-found otherwise.
func (s *Store) Version(ctx context.Context, typ, id string, version int64) (fhir.Resource, error) {
	panic("todo")
}

// HistoryQuery selects versions, newest first. Empty Type: all types; empty ID: all of the type.
type HistoryQuery struct {
	Type, ID string
	Since    time.Time // versions at or after it; zero: all
	Count    int
	Cursor   string // opaque, from an earlier page; empty: the first
}

// History answers one page and the cursor of the next, "" at the end.
func (s *Store) History(ctx context.Context, q HistoryQuery) ([]fhir.Resource, string, error) {
	panic("todo")
}

// Page selects a part of a search result.
type Page struct {
	Count  int    // most resources on the page
	Cursor string // opaque, from an earlier page; empty: the first
	Total  bool   // also count all matches
}

// Found is one page of a search result, in order of arrival in the store (a keyset: pages never shift).
type Found struct {
	Resources []fhir.Resource
	Next      string // cursor of the next page; "" at the end
	Total     int    // number of all matches, if asked for; -1 otherwise
}

// Search answers one page of the matches of q. It narrows by the index and lets the documents decide.
func (s *Store) Search(ctx context.Context, q fhir.Query, p Page) (Found, error) { panic("todo") }

// Types counts the current resources by type.
func (s *Store) Types(ctx context.Context) (map[string]int, error) { panic("todo") }

// Snapshot names the store as it stood at one instant: every write with seq <= Seq, and none after. All writes in it
// have a time <= Time, all later ones a later time.
type Snapshot struct {
	Seq  int64
	Time time.Time
}

// Snapshot takes the next tick of the clock. It costs one small write and holds nothing open.
func (s *Store) Snapshot(ctx context.Context) (Snapshot, error) { panic("todo") }

// Selection says which resources of a snapshot to scan.
type Selection struct {
	Types    []string  // only these; nil: all
	Since    time.Time // changed strictly after; zero: from the beginning
	Until    time.Time // changed strictly before; zero: to the end
	Owned    bool      // only resources in the compartment of some patient (of any Why but WhyOther)
	Patients []string  // only resources in the compartment of one of these (Why but WhyOther); nil: no such limit, empty: none
	Deleted  bool      // tombstones instead of living resources
}

// Row is one scanned resource. Its bytes are valid only until the next step.
type Row struct {
	RID     int64
	Type    string
	ID      string
	Version int64
	Updated time.Time
	JSON    []byte // nil for a tombstone
}

// Scan calls f for each selected resource as of the snapshot, each once, in order of arrival, in bounded memory whatever
// the size of the rows. It reads in short pages, so it may take as long as it likes and sees no later write. A non-nil
// error from f ends the scan with that error.
func (s *Store) Scan(ctx context.Context, at Snapshot, sel Selection, f func(Row) error) error {
	panic("todo")
}

// Count is the number of rows that Scan will look at or more cheaply an estimate of it: the total for a progress bar.
func (s *Store) Count(ctx context.Context, at Snapshot, sel Selection) (int64, error) { panic("todo") }
