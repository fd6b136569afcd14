package bulk

import (
	"slices"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// history calls f with each version, changed within the request's window, of the resources of a selection that live at
// the snapshot. A version that belonged to other patients than those selected is left out.
func (w *writing) history(sel *storage.Selection, f func(typ, id string, text []byte) error) error {
	if sel == nil {
		return nil
	}
	any := *sel
	any.Until = time.Time{} // the current version may lie behind the window, and earlier ones in it
	var rids []int64
	err := w.e.store.Scan(w.out.ctx, w.at, any, func(row storage.Row) error {
		w.meter.Done.Add(1)
		text, err := w.cut(row.Type, row.ID, row.JSON)
		if text != nil { // an earlier version needs what the current one needs
			rids = append(rids, row.RID)
		}
		return err
	})
	if err != nil {
		return w.out.cause(err)
	}
	return w.versions(rids, func(row storage.Row) error {
		if row.JSON == nil || !w.inWindow(row) || !w.belongs(*sel, row.JSON) {
			return nil
		}
		return f(row.Type, row.ID, row.JSON)
	})
}

// versions calls f with the versions in the snapshot of the resources with the numbers.
func (w *writing) versions(rids []int64, f func(row storage.Row) error) error {
	for some := range slices.Chunk(rids, 4096) {
		if err := w.e.store.Versions(w.out.ctx, w.at, some, f); err != nil {
			return w.out.cause(err)
		}
	}
	return nil
}

// belongs reports whether a version is in the compartment that the selection asks for.
func (w *writing) belongs(sel storage.Selection, text []byte) bool {
	if sel.Patients == nil && !sel.Owned {
		return true
	}
	return w.doc.Reset(text) == nil && owned(w.whose(), sel)
}

// whose are the patients to whom the document at hand belongs. If that cannot be told the export fails.
func (w *writing) whose() []fhir.Owner {
	owners, err := w.e.store.Belonging(w.out.ctx, &w.doc)
	if err != nil && w.failed == nil {
		w.failed = w.out.cause(err)
	}
	return owners
}

// owned reports whether owners are among those that a selection asks for.
func owned(owners []fhir.Owner, sel storage.Selection) bool {
	return slices.ContainsFunc(owners, func(o fhir.Owner) bool {
		if sel.Patients == nil {
			return o.Why != fhir.WhyOther
		}
		return (o.Why.Whole() || sel.Shared && o.Why.Concerns()) && slices.Contains(sel.Patients, o.Patient)
	})
}
