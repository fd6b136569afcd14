package handover

import (
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/go-json-experiment/json"
)

// patientFiles is where the index of patients stands, up to the number of the file.
const patientFiles = "data/index/patients-"

// PatientEntry is a line of data/index/patients-*.ndjson: where one patient's resources stand in a package of everybody.
type PatientEntry struct {
	Patient   string        `json:"patient" doc:"Reference of the patient, such as Patient/12."`
	Resources int64         `json:"resources" doc:"How many current resources are listed."`
	Files     []PatientFile `json:"files" doc:"Where they stand, in the order of the bags and their files."`
}

// PatientFile is the part of a patient's resources that stands in one file.
type PatientFile struct {
	Bag   int     `json:"bag" doc:"Number of the bag, from 1."`
	File  string  `json:"file" doc:"File, from data/ on."`
	Lines []int64 `json:"lines" doc:"Its lines, from 1, ascending."`
}

// PatientIndex says what the index of patients holds.
type PatientIndex struct {
	Patients  int64 `json:"patients" doc:"Lines of data/index/patients-*.ndjson: patients who have anything in the package."`
	Resources int64 `json:"resources" doc:"Resources that they list; what is about several patients counts for each."`
}

// PutPatient writes a line of the index of patients. It comes after everything that it names, in order of patients.
func (w *Writer) PutPatient(e PatientEntry) error {
	if err := w.check(writing); err != nil {
		return err
	}
	if w.head.Kind != Population {
		return errors.New("the index of patients belongs into a package of everybody only")
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = w.line(streamKey{"index", "patients"}, "", "", "", line)
	return err
}

// patients adds the content of a line of the index to what was read back.
func (s *recount) patients(line []byte) error {
	var e PatientEntry
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	var n int64
	id, ok := s.writer.own.PatientID(e.Patient)
	if !ok {
		return fmt.Errorf("%q is no reference to a patient", e.Patient)
	}
	for _, f := range e.Files {
		for _, number := range f.Lines {
			s.listed.add(id, f.Bag, f.File, number)
			n++
		}
	}
	if n != e.Resources {
		return fmt.Errorf("%s has %d lines and says %d", e.Patient, n, e.Resources)
	}
	s.index.Patients++
	s.index.Resources += n
	return nil
}

// owned adds a resource that was read back to what the index must list.
func (s *recount) owned(in written, number int64) {
	owners := s.outline.Owners()
	if !s.outlined {
		owners = s.document.Owners(s.writer.own)
	}
	for _, o := range owners {
		if o.Why.Named() {
			s.standing.add(o.Patient, in.number, in.file.Path, number)
		}
	}
}

// pairs is a set of patients and places, as number and sum: the order in which they come does not matter.
type pairs struct {
	n   int64
	sum uint64
}

// pair is a patient's id and a place.
type pair struct {
	patient, file string
	line          int64
	bag           int
}

func (p *pairs) add(patient string, bag int, file string, line int64) {
	p.n++
	p.sum += maphash.Comparable(keySeed, pair{patient, file, line, bag})
}

func (p *pairs) merge(o pairs) { p.n, p.sum = p.n+o.n, p.sum+o.sum }
