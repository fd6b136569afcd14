package storage

import (
	"context"
	"time"

	"satchel/fhir"
)

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
