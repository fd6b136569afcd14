package bulk

import (
	"cmp"
	"slices"

	"satchel/engine/progress"
	"satchel/fhir"
	"satchel/storage"
)

// writing is one export under way: it reads what a plan selects and gives it to the output. One goroutine owns it.
type writing struct {
	e     *Exporter
	out   *output
	r     Request
	at    storage.Snapshot
	shape *shape
	meter *progress.Meter
	put   func(typ, id string, text []byte) error // the output's, or that of a block
	lead  string                                  // the Patient that comes first; "": none
	seen  *seen                                   // what was written; nil if nobody asks
	doc   fhir.Document                           // scratch

	cutter   *cutter   // nil if it is of everybody
	own      bool      // the resource at hand names no patient but those of the export
	others   *others   // collects whose data is in it besides; nil if it is of everybody
	pointing *pointing // collects supporting resources; nil if none are wanted
	failed   error     // the first that kept it from telling whose a resource is
}

// fill writes everything.
func (w *writing) fill(p plan) error {
	var err error
	if err = w.cutTo(p.patients); err != nil {
		return err
	}
	if w.r.OrganizeBy != "" {
		err = w.blocks(p)
	} else {
		err = w.plain(p)
	}
	if err == nil {
		err = cmp.Or(w.failed, w.strangers(p))
	}
	for _, issue := range w.r.Ignored {
		if err == nil {
			err = w.out.issue(issue)
		}
	}
	return err
}

// plain writes files by type.
func (w *writing) plain(p plan) error {
	if p.group != nil {
		if err := w.resource(p.group.Type, p.group.ID, p.group.JSON); err != nil {
			return err
		}
	}
	if len(w.r.Supporting) > 0 {
		w.pointing = w.newPointing()
	}
	if err := w.living(p, p.living); err != nil {
		return err
	}
	if err := w.supporting(p); err != nil {
		return err
	}
	return w.deleted(p)
}

// living writes the living resources of a selection, and the Provenance that goes with them.
func (w *writing) living(p plan, sel *storage.Selection) error {
	w.seen = nil
	if w.r.Associated != "" {
		w.seen = newSeen()
	}
	if w.lead != "" {
		if err := w.leader(*sel); err != nil {
			return err
		}
	}
	read := w.current
	if w.r.History {
		read = w.history
	}
	err := read(sel, func(typ, id string, text []byte) error {
		switch {
		case slices.Contains(p.without, typ), typ == "Provenance" && w.r.Associated == AssociatedLatest, typ == "Patient" && id == w.lead:
			return nil
		}
		text, err := w.cut(typ, id, text)
		if err != nil || text == nil {
			return err
		}
		err = w.resource(typ, id, text)
		w.own = false
		return err
	})
	if err == nil && sel != nil && w.r.Associated != "" {
		err = w.associated(*sel)
	}
	return err
}

// current calls f with the current version of each resource.
func (w *writing) current(sel *storage.Selection, f func(typ, id string, text []byte) error) error {
	return w.e.scan(w.out, sel, w.at, w.meter, f)
}

// deleted writes deletions.
func (w *writing) deleted(p plan) error {
	return w.e.scan(w.out, p.deleted, w.at, w.meter, func(typ, id string, _ []byte) error {
		if slices.Contains(p.without, typ) {
			return nil
		}
		return w.out.deletion(typ, id)
	})
}

// resource writes one resource as the request wants it, or leaves it out.
func (w *writing) resource(typ, id string, text []byte) error {
	shaped, err := w.shape.apply(typ, text)
	if w.pointing != nil && shaped != nil {
		w.pointing.look(text)
	}
	if shaped != nil {
		w.concerns(text)
	}
	return w.shaped(typ, id, shaped, err)
}

// added writes one resource that is there for another's sake: filters do not concern it.
func (w *writing) added(typ, id string, text []byte) error {
	shaped, err := w.shape.reshape(text)
	w.concerns(text)
	return w.shaped(typ, id, shaped, err)
}

// shaped writes what a shape made of a resource.
func (w *writing) shaped(typ, id string, text []byte, err error) error {
	if err != nil {
		return w.out.damaged(typ, id)
	}
	if text == nil {
		return nil
	}
	if w.seen != nil {
		w.seen.add(typ, id)
	}
	return w.put(typ, id, text)
}

// inWindow reports whether a version changed strictly within the request's window.
func (w *writing) inWindow(row storage.Row) bool {
	return (w.r.Since.IsZero() || row.Updated.After(w.r.Since)) && (w.r.Until.IsZero() || row.Updated.Before(w.r.Until))
}
