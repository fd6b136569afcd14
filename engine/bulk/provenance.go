package bulk

import (
	"slices"

	"satchel/fhir"
	"satchel/storage"
)

// Provenance says where other resources come from, and goes with them. An export of patients holds all whose target is
// in their compartments (R4 has only those in it whose target is a Patient), and includeAssociatedData adds those of
// what is exported.

// targetsOf calls f with the resources that a Provenance names as its targets.
func targetsOf(d *fhir.Document, own fhir.Bases, f func(typ, id string)) {
	for target := range d.Look().Each("target") {
		if r := fhir.ParseReference(target.Child("reference").Text()); own.Owns(r) {
			f(r.Type, r.ID)
		}
	}
}

// provenance writes, and notes as deleted, the Provenance whose target is in the compartment of the selection, and which
// is not in it itself. Provenance that is about other patients stays out.
func (w *writing) provenance(sel storage.Selection) error {
	if sel.Patients == nil && !sel.Owned || sel.Types != nil && !slices.Contains(sel.Types, "Provenance") || w.r.Associated == AssociatedLatest {
		return nil
	}
	c := collecting{w: w, sel: sel}
	if sel.Patients != nil {
		c.within = newSeen()
		if err := w.e.store.Compartment(w.out.ctx, w.at, sel.Patients, c.within.add); err != nil {
			return w.out.cause(err)
		}
	}
	values := map[int64]bool(nil)
	if c.within != nil {
		values = c.within.values
	}
	if err := w.eachProvenance(values, c.take); err != nil {
		return err
	}
	if err := c.settle(); err != nil {
		return w.out.cause(err)
	}
	for _, id := range c.gone {
		if err := w.out.deletion("Provenance", id); err != nil {
			return err
		}
	}
	return w.rows(sel, c.rids)
}

// collecting finds the Provenance of a compartment.
type collecting struct {
	w      *writing
	sel    storage.Selection
	within *seen // the compartment of named patients; nil: of all
	rids   []int64
	gone   []string // ids of deleted ones

	waiting []candidate                // until the store was asked for their targets
	asked   map[string]map[string]bool // their targets, by type and id
}

// candidate is a Provenance that may have to be exported.
type candidate struct {
	rid     int64
	gone    string // id, if it was deleted
	targets []string
}

// take looks at one Provenance, with its text before the deletion if it was deleted.
func (c *collecting) take(row storage.Row, gone bool) error {
	if (gone || !c.w.r.History) && !c.w.inWindow(row) || c.w.doc.Reset(row.JSON) != nil {
		return nil
	}
	if slices.ContainsFunc(c.w.doc.Owners(c.w.e.store.Bases()), func(o fhir.Owner) bool { return o.Why != fhir.WhyOther }) {
		return nil // either selected for itself, or about somebody else
	}
	one := candidate{rid: row.RID}
	if gone {
		one.gone = row.ID
	}
	found := false
	targetsOf(&c.w.doc, c.w.e.store.Bases(), func(typ, id string) {
		found = found || c.within != nil && c.within.has(typ, id)
		if c.within == nil {
			c.ask(typ, id)
			one.targets = append(one.targets, typ+"/"+id)
		}
	})
	switch {
	case found:
		c.keep(one)
	case len(one.targets) > 0:
		c.waiting = append(c.waiting, one)
	}
	if len(c.waiting) >= 1024 {
		return c.settle()
	}
	return nil
}

func (c *collecting) keep(one candidate) {
	if one.gone != "" {
		c.gone = append(c.gone, one.gone)
	} else {
		c.rids = append(c.rids, one.rid)
	}
}

// ask notes a target to ask the store for.
func (c *collecting) ask(typ, id string) {
	if c.asked == nil {
		c.asked = map[string]map[string]bool{}
	}
	if c.asked[typ] == nil {
		c.asked[typ] = map[string]bool{}
	}
	c.asked[typ][id] = true
}

// settle asks the store which targets are in some patient's compartment and keeps the candidates that have one.
func (c *collecting) settle() error {
	in := map[string]bool{}
	for typ, ids := range c.asked {
		list := make([]string, 0, len(ids))
		for id := range ids {
			list = append(list, id)
		}
		owned, err := c.w.e.store.Owned(c.w.out.ctx, c.w.at, typ, list)
		if err != nil {
			return err
		}
		for _, id := range owned {
			in[typ+"/"+id] = true
		}
	}
	for _, one := range c.waiting {
		if slices.ContainsFunc(one.targets, func(key string) bool { return in[key] }) {
			c.keep(one)
		}
	}
	c.waiting, c.asked = nil, nil
	return nil
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
	about := slices.ContainsFunc(w.doc.Owners(w.e.store.Bases()), func(o fhir.Owner) bool { return o.Why != fhir.WhyOther })
	return about && sel.Patients != nil && !w.owned(sel)
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
