package bulk

import (
	"bytes"

	"satchel/audit"
	"satchel/fhir"
)

// An export of some patients may hold data of others: the Group that was asked for names who left it. The audit log tells of them, too.

// others collects the patients beside those of the export whose data is in it.
type others struct {
	of    map[string]bool // the patients of the export
	found map[string]bool
	doc   fhir.Document // scratch
}

// newOthers is nil where the audit log speaks of everybody: an export of all patients, or of more than it lists.
func newOthers(patients []string) *others {
	if patients == nil || len(patients) > audit.MaxPatients {
		return nil
	}
	o := &others{of: map[string]bool{}, found: map[string]bool{}}
	for _, id := range patients {
		o.of[id] = true
	}
	return o
}

// mentionsOthers reports whether a stored resource may name a patient who is none of these. It does not parse: nearly every
// resource of an export names its own patient alone.
func mentionsOthers(of map[string]bool, text []byte) bool {
	const patient = "Patient"
	for rest := text; ; {
		i := bytes.Index(rest, []byte(patient))
		if i < 0 {
			return bytes.Contains(text, []byte(`"reference":"urn:`)) // by a UUID
		}
		before := rest[:i]
		rest = rest[i+len(patient):]
		switch {
		case bytes.HasPrefix(rest, []byte(`\/`)): // another spelling
			return true
		case bytes.HasPrefix(rest, []byte(`"`)):
			if bytes.HasSuffix(before, []byte(`"type":"`)) { // by an identifier
				return true
			}
		case bytes.HasPrefix(rest, []byte("/")):
			rest = rest[1:]
			if end := bytes.IndexAny(rest[:min(len(rest), maxIDText)], `"/?#|`); end < 0 || !of[string(rest[:end])] {
				return true
			}
		}
	}
}

// maxIDText is longer than an id can be.
const maxIDText = 80

// concerns notes whose data a resource holds that is written.
func (w *writing) concerns(text []byte) {
	o := w.others
	if o == nil || w.own || len(o.found) > audit.MaxPatients || !mentionsOthers(o.of, text) || o.doc.Reset(text) != nil {
		return
	}
	owners, err := w.e.store.Belonging(w.out.ctx, &o.doc)
	if err != nil && w.failed == nil {
		w.failed = w.out.cause(err)
	}
	for _, owner := range owners {
		if owner.Why.Concerns() && !o.of[owner.Patient] {
			o.found[owner.Patient] = true
		}
	}
}
