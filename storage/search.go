package storage

import (
	"context"

	"satchel/fhir"
)

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

// Search is [Store.Search] inside the transaction, for conditional create, update and delete.
func (tx *Tx) Search(q fhir.Query, p Page) (Found, error) { panic("todo") }
