package storage

import (
	"cmp"
	"fmt"
	"slices"

	"satchel/fhir"
)

// item is one document on its way into the store, with everything that can be derived from it beforehand.
type item struct {
	doc     *fhir.Document
	typ     int64
	id      string
	entries []fhir.Entry
	owners  []fhir.Owner
	ties    []int64 // hashes of the names of what it hangs on
	names   []int64 // hashes of the names by which others hang on it
}

// makeItem derives an item. Entries are appended to the arena, which is returned. An id that is not the document's own
// is stamped in first, because a Patient owns itself by its id.
func (s *Store) makeItem(d *fhir.Document, id string, arena []fhir.Entry) (item, []fhir.Entry, error) {
	typ, err := s.types.code(d.Type())
	if err != nil {
		return item{}, arena, err
	}
	if id == "" {
		id = d.ID()
	}
	if id == "" {
		id = newID()
	}
	if !fhir.IsID(id) {
		return item{}, arena, fhir.Errorf(fhir.CodeValue, "%q is not a legal resource id; use 1 to 64 letters, digits, '-' and '.'", id)
	}
	if id != d.ID() {
		if d, err = fhir.Parse(d.Stamped(nil, id, 1, s.Now())); err != nil {
			return item{}, arena, fmt.Errorf("set the id: %w", err)
		}
	}
	start := len(arena)
	arena = d.Entries(arena)
	it := item{doc: d, typ: typ, id: id, entries: arena[start:len(arena):len(arena)]}
	it.belong(s.Bases())
	return it, arena, nil
}

// belong derives whose the item is and what it hangs on, by the bases of the store.
func (it *item) belong(own fhir.Bases) {
	it.owners, it.ties = belonging(it.doc, own)
	it.names = hashes(it.doc.Names())
}

// belonging is whose a document is by itself, and the hashes of the names of what it hangs on.
func belonging(d *fhir.Document, own fhir.Bases) ([]fhir.Owner, []int64) {
	b := d.Belonging(own)
	return b.Owners, append(hashes(b.Subjects), hashes(b.Ties)...)
}

func hashes(names []string) []int64 {
	if len(names) == 0 {
		return nil
	}
	all := make([]int64, len(names))
	for i, name := range names {
		all[i] = fhir.HashName(name)
	}
	return all
}

// owned reports whether the owners put a resource into the exports of all patients.
func owned(owners []fhir.Owner) bool {
	return slices.ContainsFunc(owners, func(o fhir.Owner) bool { return o.Why.Concerns() })
}

func compareEntries(a, b fhir.Entry) int {
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
}

func compareOwners(a, b fhir.Owner) int {
	return cmp.Or(cmp.Compare(a.Patient, b.Patient), cmp.Compare(a.Why, b.Why))
}

// missing calls f with each element of a that is not in b.
func missing[T any](a, b []T, compare func(T, T) int, f func(T) error) error {
	a, b = slices.SortedFunc(slices.Values(a), compare), slices.SortedFunc(slices.Values(b), compare)
	for _, v := range a {
		if _, found := slices.BinarySearchFunc(b, v, compare); found {
			continue
		}
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}
