package bulk

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// Supporting resources belong to no patient, and those of patients point to them: who treated, where, with what. Bulk Data
// Access lets a server add them to exports of patients and groups, and 170.315(g)(10) wants some of them.

// supportingTypes are the types of supporting resources.
var supportingTypes = []string{"Device", "Endpoint", "HealthcareService", "Location", "Medication", "Organization", "Practitioner", "PractitionerRole", "Substance"}

// SupportingTypes lists the types of which an export of patients or of a group adds what the exported resources point to,
// sorted.
func SupportingTypes() []string { return slices.Clone(supportingTypes) }

// mostDangling is how many references that lead nowhere are named one by one.
const mostDangling = 100

// pointing collects what resources point to.
type pointing struct {
	own    fhir.Bases
	wanted map[string]bool     // types
	found  map[string]struct{} // "Type/id"
	fresh  []string            // those of found that were not looked for yet
}

func (w *writing) newPointing() *pointing {
	p := &pointing{own: w.e.store.Bases(), wanted: map[string]bool{}, found: map[string]struct{}{}}
	for _, typ := range w.r.Supporting {
		p.wanted[typ] = true
	}
	return p
}

// look takes in what a stored resource, in compact JSON, points to. It does not parse: exports read millions of resources.
func (p *pointing) look(text []byte) {
	const member = `"reference":"`
	for {
		i := bytes.Index(text, []byte(member))
		if i < 0 {
			return
		}
		text = text[i+len(member):]
		end := bytes.IndexByte(text, '"')
		if end < 0 {
			return
		}
		p.reference(text[:end])
	}
}

func (p *pointing) reference(text []byte) {
	typ, _, _ := bytes.Cut(text, []byte("/"))
	if known := p.wanted[string(typ)]; !known && bytes.IndexByte(text, ':') < 0 && bytes.IndexByte(text, '\\') < 0 {
		return
	}
	if _, have := p.found[string(text)]; have {
		return
	}
	r := fhir.ParseReference(strings.ReplaceAll(string(text), `\/`, "/"))
	if !p.own.Owns(r) || !p.wanted[r.Type] {
		return
	}
	if _, have := p.found[r.Key()]; !have {
		p.found[r.Key()] = struct{}{}
		p.fresh = append(p.fresh, r.Key())
	}
}

// pointed collects what the patients' resources point to by a scan of its own: of all that the level holds, whatever types
// and time the request asks for.
func (w *writing) pointed(p plan) error {
	sel := *p.living
	sel.Since, sel.Until, sel.Types, sel.Shared = time.Time{}, time.Time{}, nil, false
	if sel.Patients != nil {
		sel.Types = ExportTypes(w.r.Level)
	}
	return w.out.cause(w.e.store.Scan(w.out.ctx, w.at, sel, func(row storage.Row) error {
		w.pointing.look(row.JSON)
		return nil
	}))
}

// supporting writes what the patients' resources point to, and what that points to in turn, as far as it belongs to nobody
// and changed within the window. What is not there is named in an error file.
func (w *writing) supporting(p plan) error {
	if w.pointing == nil || p.living == nil {
		return nil
	}
	if w.scansForPointing() {
		if err := w.pointed(p); err != nil {
			return err
		}
	}
	var missing []string
	for len(w.pointing.fresh) > 0 {
		keys := w.pointing.fresh
		w.pointing.fresh = nil
		slices.Sort(keys)
		found, err := w.support(keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !found[key] {
				missing = append(missing, key)
			}
		}
	}
	return w.dangling(missing)
}

// scansForPointing reports whether what is exported is less than what the patients have.
func (w *writing) scansForPointing() bool {
	return w.r.Types != nil || !w.r.Since.IsZero() || !w.r.Until.IsZero() || w.r.History
}

// support writes resources by key, and reports which are there.
func (w *writing) support(keys []string) (map[string]bool, error) {
	ids := map[string][]string{}
	for _, key := range keys {
		r := fhir.ParseReference(key)
		ids[r.Type] = append(ids[r.Type], r.ID)
	}
	there := map[string]bool{}
	for _, typ := range supportingTypes {
		rids, err := w.e.store.RIDs(w.out.ctx, typ, ids[typ])
		if err != nil {
			return nil, w.out.cause(err)
		}
		err = w.last(rids, func(row storage.Row, gone bool) error {
			if gone {
				return nil
			}
			there[row.Type+"/"+row.ID] = true
			if err := w.doc.Reset(row.JSON); err != nil {
				return w.out.damaged(row.Type, row.ID)
			}
			somebodys := slices.ContainsFunc(w.whose(), func(o fhir.Owner) bool { return o.Why.Concerns() })
			if somebodys { // in the export already, or another patient's
				return nil
			}
			w.pointing.look(row.JSON)
			if !w.inWindow(row) {
				return nil
			}
			return w.resource(row.Type, row.ID, row.JSON)
		})
		if err != nil {
			return nil, err
		}
	}
	return there, nil
}

// dangling names references that lead nowhere.
func (w *writing) dangling(keys []string) error {
	if !w.r.Since.IsZero() {
		return nil // what is exported need not be what refers to them
	}
	slices.Sort(keys)
	for i, key := range keys {
		text := fmt.Sprintf("resources of this export refer to %s, which is not there", key)
		if i == mostDangling {
			text = fmt.Sprintf("resources of this export refer to %d more that are not there", len(keys)-i)
		}
		if err := w.out.issue(fhir.Issue{Severity: fhir.SeverityWarning, Code: fhir.CodeNotFound, Diagnostics: text}); err != nil || i == mostDangling {
			return err
		}
	}
	return nil
}
