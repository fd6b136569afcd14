package requests

import (
	"context"
	"iter"
	"maps"
	"slices"

	"satchel/audit"
	"satchel/storage"
)

// Entry is a request with its history and what was given: one entry of the ledger as it is written out.
type Entry struct {
	Request
	Events []Event
	Given  []Disclosure
}

// Entries yields all requests that the filter selects, by number, each with its history and disclosures, in bounded memory.
// An error is the last thing that it yields.
func (l *Ledger) Entries(ctx context.Context, f Filter) iter.Seq2[Entry, error] {
	return Entries(ctx, l.store, f)
}

// Entries is [Ledger.Entries] for who has no ledger, such as the maker of a package that holds it.
func Entries(ctx context.Context, store *storage.Store, f Filter) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for p := (Page{By: "number", Count: 200}); ; {
			page, next, err := list(ctx, store, f, p)
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for _, r := range page {
				e, err := entry(ctx, store, r)
				if !yield(e, err) || err != nil {
					return
				}
			}
			if p.Cursor = next; next == "" {
				return
			}
		}
	}
}

// Entry is one request with its history and what was given.
func (l *Ledger) Entry(ctx context.Context, id string) (Entry, error) {
	r, err := l.Request(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	return entry(ctx, l.store, r)
}

func entry(ctx context.Context, store *storage.Store, r Request) (e Entry, err error) {
	e.Request = r
	if e.Events, err = store.RequestEvents(ctx, r.ID); err != nil {
		return e, err
	}
	e.Given, err = store.Disclosures(ctx, r.ID)
	return e, err
}

// Patients are those whose records the requests that the filter selects are about, for the audit log: sorted, or
// [audit.Everybody] alone if they are more than it lists.
func Patients(ctx context.Context, store *storage.Store, f Filter) ([]string, error) {
	found := map[string]bool{}
	for p := (Page{By: "number", Count: 200}); ; {
		page, next, err := list(ctx, store, f, p)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			for _, id := range r.patients() {
				found[id] = true
			}
		}
		delete(found, "")
		if len(found) > audit.MaxPatients {
			return []string{audit.Everybody}, nil
		}
		if p.Cursor = next; next == "" {
			return slices.Sorted(maps.Keys(found)), nil
		}
	}
}
