package record

import (
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"satchel/demo"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// TestRecordSpeed gathers and streams the record of a patient with 5,000 resources out of a store of 100,000, and says how
// long that took. It takes a while to fill the store, so it runs only when SATCHEL_MEASURE is set.
func TestRecordSpeed(t *testing.T) {
	t.Parallel()
	if os.Getenv("SATCHEL_MEASURE") == "" {
		t.Skip("SATCHEL_MEASURE is not set")
	}
	s := demoStore(t, demo.Options{Patients: 945, Lean: true})
	big(t, s)
	counts, err := s.Types(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, n := range counts {
		all += n
	}
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	best := time.Hour
	for range 7 {
		runtime.GC()
		start := time.Now()
		r, err := Gather(t.Context(), s, at, "big", Options{})
		if err != nil {
			t.Fatal(err)
		}
		gathered := time.Since(start)
		n, bytes := 0, 0
		for it, err := range r.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			bytes += len(it.JSON)
		}
		took := time.Since(start)
		best = min(best, took)
		t.Logf("%d resources in the store; record of %d, %d bytes: %v, of which gathering %v", all, n, bytes, took, gathered)
	}
	if best > 300*time.Millisecond {
		t.Errorf("the fastest took %v, want at most 300 ms", best)
	}
}

// big stores a patient with 5,000 resources: visits with measurements, notes, bills and their provenance.
func big(t *testing.T, s *storage.Store) {
	t.Helper()
	docs := []*fhir.Document{parsedText(t, of("Patient/big", ""))}
	add := func(key, rest string) { docs = append(docs, parsedText(t, of(key, rest+filler))) }
	for i := range 500 {
		visit := fmt.Sprintf("Encounter/big-%d", i)
		common := to("subject", "Patient/big") + `,` + to("encounter", visit)
		add(visit, to("subject", "Patient/big")+`,'participant':[{`+to("individual", "Practitioner/doctor-1")+`}],`+to("serviceProvider", "Organization/practice"))
		for j := range 6 {
			add(fmt.Sprintf("Observation/big-%d-%d", i, j), common+`,'performer':[{'reference':'Practitioner/doctor-2'}],'code':{'coding':[{'system':'http://loinc.org','code':'8867-4'}]}`)
		}
		add(fmt.Sprintf("DiagnosticReport/big-%d", i), common+fmt.Sprintf(`,'result':[{'reference':'Observation/big-%d-1'},{'reference':'Observation/big-%d-2'}]`, i, i))
		add(fmt.Sprintf("Claim/big-%d", i), to("patient", "Patient/big"))
		add(fmt.Sprintf("Provenance/big-%d", i), fmt.Sprintf(`'target':[{'reference':'Claim/big-%d'},{'reference':'DiagnosticReport/big-%d'}]`, i, i))
	}
	for len(docs) > 0 {
		n := min(len(docs), 2000)
		if _, err := s.Import(t.Context(), audittest.Who, docs[:n]); err != nil {
			t.Fatal(err)
		}
		docs = docs[n:]
	}
}

// filler makes the resources about as large as real ones.
const filler = `,'text':{'status':'generated','div':'<div>A visit in the morning, for a cough that had lasted for a week and was getting better by itself; nothing was found ` +
	`on auscultation and nothing was prescribed. The patient was told to come back if it got worse, and to drink plenty.</div>'},` +
	`'identifier':[{'system':'urn:satchel:demo:mrn','value':'4711'}],'meta':{'tag':[{'system':'urn:satchel:demo','code':'synthetic'}]}`

func parsedText(t *testing.T, text string) *fhir.Document {
	t.Helper()
	d, err := fhir.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
