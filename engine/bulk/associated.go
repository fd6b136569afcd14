package bulk

import (
	"hash/maphash"

	"satchel/fhir"
	"satchel/storage"
)

// keySeed makes sums of keys. They stand for "Type/id" in sets that may have millions: that two of them are alike
// among so many is less likely than a fault of the disk.
var keySeed = maphash.MakeSeed()

// seen is a set of resources.
type seen struct {
	keys       map[uint64]bool
	provenance map[string]bool // ids
	values     map[int64]bool  // the index's values for references to the keys; nil if they are too many to look up
}

// mostValues is how many references are looked up in the index. For more, all Provenance is read.
const mostValues = 1 << 16

func newSeen() *seen {
	return &seen{keys: map[uint64]bool{}, provenance: map[string]bool{}, values: map[int64]bool{}}
}

func keyOf(typ, id string) uint64 { return maphash.String(keySeed, typ+"/"+id) }

// add takes a resource in. Provenance is kept apart: that of Provenance is not asked for.
func (s *seen) add(typ, id string) {
	if typ == "Provenance" {
		s.provenance[id] = true
		return
	}
	s.keys[keyOf(typ, id)] = true
	if s.values != nil {
		s.values[fhir.ReferenceEntry("Provenance", "target", id).Value] = true
	}
	if len(s.values) > mostValues {
		s.values = nil
	}
}

// associated writes the Provenance of what was written: the newest of each, or all.
func (w *writing) associated(sel storage.Selection) error {
	written := w.seen
	if len(written.keys) == 0 {
		return nil
	}
	values := written.values
	if sel.Patients == nil {
		values = nil
	}
	var rids []int64
	newest := map[uint64]found{}
	take := func(row storage.Row, gone bool) error {
		if gone || written.provenance[row.ID] || w.doc.Reset(row.JSON) != nil || w.foreign(sel) {
			return nil
		}
		one := found{row.RID, recorded(&w.doc, row)}
		matches := false
		targetsOf(&w.doc, w.e.store.Bases(), func(typ, id string) {
			key := keyOf(typ, id)
			if !written.keys[key] {
				return
			}
			matches = true
			if have, ok := newest[key]; !ok || one.time > have.time || one.time == have.time && one.rid > have.rid {
				newest[key] = one
			}
		})
		if matches && w.r.Associated == AssociatedRelevant {
			rids = append(rids, row.RID)
		}
		return nil
	}
	if err := w.eachOwnProvenance(sel, take); err != nil {
		return err
	}
	if err := w.eachProvenance(values, take); err != nil {
		return err
	}
	if w.r.Associated == AssociatedLatest {
		for _, one := range newest {
			rids = append(rids, one.rid)
		}
	}
	return w.last(rids, func(row storage.Row, gone bool) error {
		if gone {
			return nil
		}
		text, err := w.cut(row.Type, row.ID, row.JSON)
		if err != nil || text == nil {
			return err
		}
		return w.added(row.Type, row.ID, text)
	})
}

// found is a Provenance with the time it speaks of.
type found struct {
	rid  int64
	time int64 // Unix milliseconds
}

// recorded is when a Provenance was recorded; when it was stored if it does not say.
func recorded(d *fhir.Document, row storage.Row) int64 {
	if t, err := fhir.ParseInstant(d.Look().Child("recorded").Text()); err == nil {
		return t.UnixMilli()
	}
	return row.Updated.UnixMilli()
}

// eachOwnProvenance calls f with the Provenance in the compartments of named patients, which eachProvenance does not
// find by the index.
func (w *writing) eachOwnProvenance(sel storage.Selection, f func(row storage.Row, gone bool) error) error {
	if sel.Patients == nil {
		return nil
	}
	own := storage.Selection{Types: []string{"Provenance"}, Patients: sel.Patients, Shared: true}
	return w.out.cause(w.e.store.Scan(w.out.ctx, w.at, own, func(row storage.Row) error { return f(row, false) }))
}
