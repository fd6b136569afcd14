package bulk

import (
	"slices"

	"satchel/fhir"
	"satchel/storage"
)

// Provenance says where other resources come from, and belongs to whom they belong, as the owner index has it. What
// includeAssociatedData adds are those of what is exported.

// targetsOf calls f with the resources that a Provenance names as its targets.
func targetsOf(d *fhir.Document, own fhir.Bases, f func(typ, id string)) {
	for target := range d.Look().Each("target") {
		if r := fhir.ParseReference(target.Child("reference").Text()); own.Owns(r) {
			f(r.Type, r.ID)
		}
	}
}

// rows writes resources of a selection by number, in order of arrival, as far as they changed within the window: all
// versions if the request is for those, or the current one.
func (w *writing) rows(sel storage.Selection, rids []int64) error {
	if w.r.History {
		return w.versions(ascending(rids), func(row storage.Row) error {
			if row.JSON == nil || !w.inWindow(row) || w.doc.Reset(row.JSON) != nil || w.foreign(sel) {
				return nil
			}
			return w.resource(row.Type, row.ID, row.JSON)
		})
	}
	return w.last(rids, func(row storage.Row, gone bool) error {
		if gone || !w.inWindow(row) {
			return nil
		}
		return w.resource(row.Type, row.ID, row.JSON)
	})
}

// foreign reports whether the document at hand is about other patients than those of the selection.
func (w *writing) foreign(sel storage.Selection) bool {
	owners := w.whose()
	about := slices.ContainsFunc(owners, func(o fhir.Owner) bool { return o.Why.Whole() })
	return about && sel.Patients != nil && !owned(owners, sel)
}

// ascending puts row numbers in order, each once.
func ascending(rids []int64) []int64 {
	slices.Sort(rids)
	return slices.Compact(rids)
}

// eachProvenance calls f with Provenance of the snapshot: with all that may have a target among the values of the index, or with
// all there is for nil. Deleted ones come with the text that they had, if the request asks for deletions.
func (w *writing) eachProvenance(values map[int64]bool, f func(row storage.Row, gone bool) error) error {
	ctx, store := w.out.ctx, w.e.store
	if values != nil {
		rids, err := store.EntryRIDs(ctx, fhir.ReferenceEntry("Provenance", "target", "").Key, values)
		if err != nil {
			return w.out.cause(err)
		}
		changed, err := store.ChangedRIDs(ctx, w.at, []string{"Provenance"}) // the index is of now
		if err != nil {
			return w.out.cause(err)
		}
		return w.last(append(rids, changed...), f)
	}
	sel := storage.Selection{Types: []string{"Provenance"}}
	if err := store.Scan(ctx, w.at, sel, func(row storage.Row) error { return f(row, false) }); err != nil {
		return w.out.cause(err)
	}
	if w.r.Since.IsZero() {
		return nil
	}
	sel.Deleted, sel.Since, sel.Until = true, w.r.Since, w.r.Until
	var rids []int64
	err := store.Scan(ctx, w.at, sel, func(row storage.Row) error {
		rids = append(rids, row.RID)
		return nil
	})
	if err != nil {
		return w.out.cause(err)
	}
	return w.last(rids, f)
}

// last calls f with the current version of each resource, as of the snapshot. One that was deleted comes with the text
// and time of its deletion: its last text, if the request asks for deletions; else it is left out.
func (w *writing) last(rids []int64, f func(row storage.Row, gone bool) error) error {
	var now storage.Row // with a copy of the text
	gone := false
	flush := func() error {
		if now.RID == 0 || gone && (w.r.Since.IsZero() || len(now.JSON) == 0) {
			return nil
		}
		return f(now, gone)
	}
	err := w.versions(ascending(rids), func(row storage.Row) error {
		text := now.JSON
		if row.RID != now.RID {
			if err := flush(); err != nil {
				return err
			}
			text = text[:0]
		}
		gone = row.JSON == nil
		if !gone {
			text = append(text[:0], row.JSON...)
		}
		now = row
		now.JSON = text
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}
