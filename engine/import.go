package engine

import (
	"context"

	"satchel/fhir"
	"satchel/storage"
)

// Import reads resources into a store.
type Import struct {
	Store    *storage.Store
	Strict   bool                    // refuse resources with structural findings instead of reporting them
	Progress func(read, total int64) // bytes, of the files as they lie on the disk; may be nil
	Finding  func(Finding)           // called for each refused line and each reported finding; may be nil
}

// Finding is one thing an import has to say about one place.
type Finding struct {
	File    string // path, with "!" and the member's name inside an archive
	Line    int64  // of NDJSON, from 1; the entry's number in a Bundle
	Key     string // "Patient/1" if known
	Refused bool   // the resource is not in the store
	Issue   fhir.Issue
}

// Counts is what an import did to one type.
type Counts struct{ Created, Updated, Unchanged, Refused int64 }

// Run reads paths in order: .ndjson, .ndjson.gz, .json (a resource or a Bundle), .zip, and folders of these. It goes
// transaction by transaction in bounded memory; stopping it loses nothing that was counted, and running it again does
// not make new versions of same content. It answers counts by type, also beside an error (a file that cannot be read,
// an archive that is unsafe).
func (m *Import) Run(ctx context.Context, paths ...string) (map[string]Counts, error) { panic("todo") }
