package pack

import (
	"cmp"
	"slices"

	"satchel/engine/record"
	"satchel/handover"
)

// places says where the current resources of a population stand in its package: 8 bytes for each row of the store.
type places struct {
	files  []handover.PatientFile // without lines, in the order in which they were begun
	number map[string]int32       // of files, by path
	rows   []place                // by row number
}

// place is a line of a file; zero: the row has none.
type place struct{ file, line int32 }

// stands notes where a current version was written.
func (h *maker) stands(it record.Item, at handover.Place) {
	if h.record != nil {
		if it.Type == "Binary" {
			h.binaries["Binary/"+it.ID] = it.Version
		}
		return
	}
	p := &h.places
	n, known := p.number[at.Path]
	if !known {
		if p.number == nil {
			p.number = map[string]int32{}
		}
		n = int32(len(p.files))
		p.number[at.Path] = n
		p.files = append(p.files, handover.PatientFile{Bag: at.Bag, File: at.Path})
	}
	if more := int(it.RID) + 1 - len(p.rows); more > 0 {
		p.rows = append(p.rows, make([]place, more)...)
	}
	p.rows[it.RID] = place{n, int32(at.Line)}
}

// patients writes the index of patients: for each, where what is in the compartment stands.
func (h *maker) patients() error {
	var patient string
	var of []place
	flush := func() error {
		if len(of) == 0 {
			return nil
		}
		err := h.w.PutPatient(h.places.entry("Patient/"+patient, of))
		of = of[:0]
		return err
	}
	err := h.store.EachOwned(h.ctx, h.at, func(id string, rid int64) error {
		if id != patient {
			if err := flush(); err != nil {
				return err
			}
			patient = id
		}
		if int(rid) < len(h.places.rows) && h.places.rows[rid].line > 0 {
			of = append(of, h.places.rows[rid])
		}
		return nil
	})
	if err == nil {
		err = flush()
	}
	h.places = places{}
	return err
}

// entry puts the places of one patient in order.
func (p *places) entry(patient string, of []place) handover.PatientEntry {
	slices.SortFunc(of, func(a, b place) int { return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line)) })
	e := handover.PatientEntry{Patient: patient, Resources: int64(len(of))}
	for i, at := range of {
		if i == 0 || at.file != of[i-1].file {
			e.Files = append(e.Files, p.files[at.file])
		}
		f := &e.Files[len(e.Files)-1]
		f.Lines = append(f.Lines, int64(at.line))
	}
	return e
}
