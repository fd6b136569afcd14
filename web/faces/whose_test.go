package faces_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/engine/bulk"
	"satchel/engine/record"
	"satchel/fhir"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// everyType is a server with the demo practice, which has every type, the odd ways to belong of package record's fixture, and an
// account for one patient.
func everyType(t *testing.T, patients ...string) *practice {
	p := open(t, nil)
	if err := testpractice.FillDemo(p.store, demo.Options{}); err != nil {
		t.Fatal(err)
	}
	odd, err := os.ReadFile("../../engine/record/testdata/whose/practice.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	testpractice.Put(t, p.store, slices.Collect(strings.Lines(string(odd)))...)
	for _, id := range patients {
		p.account(id, "FHIR_READ_ALL_IN_COMPARTMENT:Patient/"+id, "FHIR_OP_PATIENT_EVERYTHING", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/"+id)
	}
	return p
}

// The faces that show what belongs to a patient agree: what an account for that patient alone may GET is what $everything
// and an export hand to it, and is in the patient's package, but for what docs/architecture.md says ("Whose it is, face by face").
func TestFacesAgreeWhoseItIs(t *testing.T) {
	t.Parallel()
	patients := []string{"a", demo.EverythingPatientID, demo.ChildPatientID, demo.PatientID(0)}
	p := everyType(t, patients...)
	all, err := stored(t, p.store)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range patients {
		p.as = id
		read := map[string]bool{}
		for _, key := range all {
			if typ, _, _ := strings.Cut(key, "/"); typ == "AuditEvent" {
				continue // operational
			}
			if r := p.do("GET", "/fhir/"+key, "", "Accept: application/fhir+json"); r.status == 200 {
				read[key] = true
			} else if r.status != 403 {
				t.Errorf("GET %s: %d", key, r.status)
			}
		}
		if len(read) < 10 {
			t.Errorf("%s reads %d resources", id, len(read))
		}
		same(t, id+" $everything", p.everything(id), read, func(typ string) bool { return typ == "Binary" || typ == "AuditEvent" })
		same(t, id+" export", p.exported(id), read, func(typ string) bool {
			return typ == "AuditEvent" || !slices.Contains(bulk.ExportTypes(bulk.LevelPatient), typ)
		})
		record := p.recorded(id)
		for key := range read {
			if !record[key] {
				t.Errorf("%s may read %s, which is not in the package", id, key)
			}
		}
	}
}

// same compares what a face shows with what may be read; types of which by design differs is true do not count.
func same(t *testing.T, face string, got, read map[string]bool, differs func(typ string) bool) {
	t.Helper()
	for _, key := range slices.Sorted(maps.Keys(read)) {
		if typ, _, _ := strings.Cut(key, "/"); !got[key] && !differs(typ) {
			t.Errorf("%s lacks %s", face, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if typ, _, _ := strings.Cut(key, "/"); !read[key] && !differs(typ) {
			t.Errorf("%s shows %s, which a GET refuses", face, key)
		}
	}
}

// stored are the keys of all living resources.
func stored(t *testing.T, s *storage.Store) (keys []string, err error) {
	at, err := s.Snapshot(t.Context())
	if err == nil {
		err = s.Scan(t.Context(), at, storage.Selection{}, func(r storage.Row) error {
			keys = append(keys, r.Type+"/"+r.ID)
			return nil
		})
	}
	return keys, err
}

// everything are the keys in all pages of $everything.
func (p *practice) everything(patient string) map[string]bool {
	p.t.Helper()
	keys := map[string]bool{}
	for next := "/fhir/Patient/" + patient + "/$everything"; next != ""; {
		r := p.want(p.do("GET", next, ""), 200)
		var b struct {
			Link  []struct{ Relation, URL string }
			Entry []struct {
				Resource struct{ ResourceType, ID string }
			}
		}
		if err := json.Unmarshal([]byte(r.body), &b); err != nil {
			p.t.Fatal(err)
		}
		next = ""
		for _, l := range b.Link {
			if l.Relation == "next" {
				next = l.URL
			}
		}
		for _, e := range b.Entry {
			keys[e.Resource.ResourceType+"/"+e.Resource.ID] = true
		}
	}
	return keys
}

// exported are the keys in the files of an export of the patient.
func (p *practice) exported(patient string) map[string]bool {
	p.t.Helper()
	kick := p.want(p.do("GET", "/fhir/Patient/"+patient+"/$export", "", "Prefer: respond-async"), 202)
	r := p.want(p.ended(kick.header.Get("Content-Location")), 200)
	var m struct{ Output []struct{ URL string } }
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		p.t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, f := range m.Output {
		for line := range strings.Lines(p.want(p.do("GET", f.URL, ""), 200).body) {
			d, err := fhir.Parse([]byte(line))
			if err != nil {
				p.t.Fatal(err)
			}
			keys[d.Type()+"/"+d.ID()] = true
		}
	}
	return keys
}

// recorded are the keys of what a package of the patient holds.
func (p *practice) recorded(patient string) map[string]bool {
	p.t.Helper()
	at, err := p.store.Snapshot(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := record.Gather(p.t.Context(), p.store, at, patient, record.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	keys := map[string]bool{}
	for it, err := range r.Items(p.t.Context()) {
		if err != nil {
			p.t.Fatal(err)
		}
		keys[it.Type+"/"+it.ID] = true
	}
	return keys
}
