package bulk

import "satchel/fhir"

// What is about several patients is in an export as far as it is about those of the export: a list with their entries, a group
// with them as members, an appointment without the others.

// cutter cuts what is written to the patients of an export, or of one block of it.
type cutter struct {
	of     map[string]bool // the patients
	shared map[string]bool // "Type/id" of what names several of them or others; it says nothing of earlier versions
	doc    fhir.Document   // scratch
}

// cutTo lets only what belongs to patients be written from here on; nil is everybody.
func (w *writing) cutTo(patients []string) (err error) {
	if w.cutter = nil; patients == nil {
		return nil
	}
	c := &cutter{of: map[string]bool{}}
	for _, id := range patients {
		c.of[id] = true
	}
	if c.shared, err = w.e.store.SharedKeys(w.out.ctx, w.at, patients); err != nil {
		return w.out.cause(err)
	}
	w.cutter = c
	return nil
}

// cut is what of a resource is written; nil if nothing.
func (w *writing) cut(typ, id string, text []byte) ([]byte, error) {
	c := w.cutter
	if c == nil {
		return text, nil
	}
	if w.own = !mentionsOthers(c.of, text); w.own && !w.r.History && (len(c.shared) == 0 || !c.shared[typ+"/"+id]) {
		return text, nil
	}
	if c.doc.Reset(text) != nil {
		return text, nil // what is damaged is told when it is written
	}
	part, err := w.e.store.Part(w.out.ctx, &c.doc, func(patient string) bool { return c.of[patient] })
	switch {
	case err != nil:
		return nil, w.out.cause(err)
	case !part.Given:
		return nil, nil
	case part.Text != nil:
		return part.Text, nil
	}
	return text, nil
}
