package storage

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"satchel/fhir"
)

// LinkedPatient is a Patient that hangs together with another by Patient.link.
type LinkedPatient struct {
	ID      string
	Near    string   // who is on the near end of the links: the patient that was asked for, or another linked one
	Links   []string // types of the links from Near to this Patient, as written: replaced-by, replaces, refer, seealso; sorted
	Back    []string // types of the links from this Patient to Near, likewise
	Steps   int      // links from the patient that was asked for: 1, or more for links of links; 0: none, the caller named it
	Named   bool     // the caller named it
	Deleted bool     // it was deleted; JSON is its last version that has content
	JSON    []byte   // the Patient
	Differs []string // in what it contradicts the patient that was asked for, see [fhir.DifferingDemographics]
}

// Latest stands for the store as it is, wherever a method takes a snapshot. What several reads see may have been written meanwhile.
var Latest = Snapshot{Seq: math.MaxInt64, Time: time.UnixMilli(math.MaxInt64)}

// LinkedPatients lists the Patients that hang together with a patient by Patient.link, whichever side has the link, and by links
// of these in turn; the nearest first, then in order of id. The last version that has content counts, of deleted Patients
// too. Links to Patients of other servers, and to those that were never stored, lead nowhere. Those that are named are marked;
// one that is not linked follows at the end, with those that are linked with it. Errors: not-found if the patient, or one that is
// named, was never stored.
//
// It tells what is linked, and gives nobody a right to it. Whoever asks decides what of it somebody may see.
func (s *Store) LinkedPatients(ctx context.Context, at Snapshot, patient string, named ...string) ([]LinkedPatient, error) {
	l := linker{ctx: ctx, s: s, at: at, bases: s.Bases(), known: map[string]linkedRow{}, back: map[string][]fhir.PatientLink{}, found: map[string]bool{}}
	if err := l.read(append([]string{patient}, named...), nil); err != nil {
		return nil, err
	}
	var all []LinkedPatient
	for _, id := range append([]string{patient}, named...) {
		row, stored := l.known[id]
		if !stored {
			return nil, fhir.Errorf(fhir.CodeNotFound, "there is no Patient/%s", id)
		}
		if l.found[id] {
			continue
		}
		l.found[id] = true
		if id != patient {
			all = append(all, LinkedPatient{ID: id, Near: patient, Deleted: row.deleted, JSON: row.json})
		}
		more, err := l.from(id)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	for i := range all {
		var err error
		all[i].Named = slices.Contains(named, all[i].ID)
		if all[i].Differs, err = differ(l.known[patient].json, all[i].JSON); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// differ compares two Patients.
func differ(a, b []byte) ([]string, error) {
	x, err := fhir.Parse(a)
	if err != nil {
		return nil, err
	}
	y, err := fhir.Parse(b)
	if err != nil {
		return nil, err
	}
	return fhir.DifferingDemographics(x, y), nil
}

// linker follows links, a ring of Patients at a time.
type linker struct {
	ctx   context.Context
	s     *Store
	at    Snapshot
	bases fhir.Bases
	known map[string]linkedRow          // Patients that were read
	back  map[string][]fhir.PatientLink // by id: the links of known Patients to it. Other is who has the link
	found map[string]bool               // those that are on a ring already
}

// from lists who can be reached from a Patient and was not found before, ring by ring.
func (l *linker) from(id string) (all []LinkedPatient, err error) {
	ring := []string{id}
	for steps := 1; len(ring) > 0; steps++ {
		next, err := l.around(ring, steps)
		if err != nil {
			return nil, err
		}
		ring = ring[:0]
		for _, p := range next {
			ring = append(ring, p.ID)
		}
		all = append(all, next...)
	}
	return all, nil
}

// linkedRow is a Patient that was read: its last version with content.
type linkedRow struct {
	json    []byte
	deleted bool
	links   []fhir.PatientLink
}

// around finds the Patients that are linked with one of a ring and were not found before.
func (l *linker) around(ring []string, steps int) ([]LinkedPatient, error) {
	var ids []string
	var rids []int64
	for _, id := range ring {
		for _, k := range l.known[id].links {
			ids = append(ids, k.Other)
		}
		others, err := l.s.LinkedRIDs(l.ctx, l.at, id)
		if err != nil {
			return nil, err
		}
		rids = append(rids, others...)
	}
	if err := l.read(ids, rids); err != nil {
		return nil, err
	}
	next := map[string]*LinkedPatient{}
	for _, near := range ring {
		for _, k := range l.known[near].links {
			l.meet(next, near, k.Other, k.Type, false)
		}
		for _, k := range l.back[near] {
			l.meet(next, near, k.Other, k.Type, true)
		}
	}
	var all []LinkedPatient
	for _, p := range next {
		p.Steps = steps
		for _, types := range []*[]string{&p.Links, &p.Back} {
			slices.Sort(*types)
			*types = slices.Compact(*types)
		}
		all = append(all, *p)
	}
	slices.SortFunc(all, func(a, b LinkedPatient) int { return strings.Compare(a.ID, b.ID) })
	for _, p := range all {
		l.found[p.ID] = true
	}
	return all, nil
}

// meet notes a link between a Patient of the ring and another one. The first Patient of the ring that has one is the near end.
func (l *linker) meet(next map[string]*LinkedPatient, near, id, typ string, back bool) {
	row, stored := l.known[id]
	if l.found[id] || !stored {
		return
	}
	p := next[id]
	if p == nil {
		p = &LinkedPatient{ID: id, Near: near, Deleted: row.deleted, JSON: row.json}
		next[id] = p
	}
	switch {
	case p.Near != near:
	case back:
		p.Back = append(p.Back, typ)
	default:
		p.Links = append(p.Links, typ)
	}
}

// read reads Patients by id and by row number, unless they are known.
func (l *linker) read(ids []string, rids []int64) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, known := l.known[id]; return known })
	if len(ids) > 0 {
		more, err := l.s.RIDs(l.ctx, "Patient", ids)
		if err != nil {
			return err
		}
		rids = append(rids, more...)
	}
	fresh := map[string]linkedRow{}
	var d fhir.Document
	err := l.s.Versions(l.ctx, l.at, rids, func(row Row) error {
		if _, known := l.known[row.ID]; known {
			return nil
		}
		if row.JSON == nil {
			last, ok := fresh[row.ID]
			if last.deleted = true; ok {
				fresh[row.ID] = last
			}
			return nil
		}
		if err := d.Reset(row.JSON); err != nil {
			return fmt.Errorf("stored Patient/%s: %w", row.ID, err)
		}
		last := linkedRow{json: bytes.Clone(row.JSON)}
		for k := range d.PatientLinks(l.bases) {
			last.links = append(last.links, fhir.PatientLink{Other: strings.Clone(k.Other), Type: strings.Clone(k.Type)})
		}
		fresh[strings.Clone(row.ID)] = last
		return nil
	})
	for id, row := range fresh {
		l.known[id] = row
		for _, k := range row.links {
			l.back[k.Other] = append(l.back[k.Other], fhir.PatientLink{Other: id, Type: k.Type})
		}
	}
	return err
}
