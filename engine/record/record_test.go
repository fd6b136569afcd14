package record

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/testpractice"
	"satchel/storage"
)

var (
	open      = testpractice.Here.Bulk
	put       = testpractice.Put
	remove    = testpractice.Delete
	demoStore = testpractice.HereDemo
)

// gathered is a record that was read whole.
type gathered struct {
	*Record
	items map[string]Item // by "Type/id/_history/version"
	order []string
}

func versionKey(typ, id string, version int64) string {
	return fmt.Sprintf("%s/%s/_history/%d", typ, id, version)
}

// gather reads the record of a patient as of now.
func gather(t testing.TB, s *storage.Store, patient string, o Options) gathered {
	t.Helper()
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return gatherAt(t, s, at, patient, o)
}

func gatherAt(t testing.TB, s *storage.Store, at storage.Snapshot, patient string, o Options) gathered {
	t.Helper()
	r, err := Gather(t.Context(), s, at, patient, o)
	if err != nil {
		t.Fatal(err)
	}
	g := gathered{Record: r, items: map[string]Item{}}
	for it, err := range r.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		it.JSON = bytes.Clone(it.JSON)
		k := versionKey(it.Type, it.ID, it.Version)
		if _, twice := g.items[k]; twice {
			t.Errorf("%s is handed out twice", k)
		}
		g.items[k] = it
		g.order = append(g.order, k)
	}
	return g
}

// has reports whether any version of a resource is in the record.
func (g gathered) has(key string) bool {
	return slices.ContainsFunc(g.order, func(k string) bool { return strings.HasPrefix(k, key+"/_history/") })
}

// excluded is the reason why a resource is not in the record, or "".
func (g gathered) excluded(key string) string {
	for _, x := range g.Exclusions {
		if x.Type+"/"+x.ID == key {
			return x.Reason
		}
	}
	return ""
}

// wholePopulation reads everything in the store.
func wholePopulation(t testing.TB, s *storage.Store, at storage.Snapshot) (map[string]Item, *Population) {
	t.Helper()
	p, err := CountPopulation(t.Context(), s, at)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Item{}
	for it, err := range p.Items(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		it.JSON = bytes.Clone(it.JSON)
		all[versionKey(it.Type, it.ID, it.Version)] = it
	}
	return all, p
}

// mentions reports whether a text has a canary, plain or in base64 at any offset.
func mentions(text []byte, canary string) bool {
	if bytes.Contains(text, []byte(canary+`"`)) || bytes.Contains(text, []byte(canary+` `)) || bytes.Contains(text, []byte(canary+`.`)) ||
		bytes.Contains(text, []byte(canary+`<`)) || bytes.Contains(text, []byte(canary+`\`)) {
		return true
	}
	for _, quoted := range bytes.Split(text, []byte{'"'}) {
		if len(quoted) < 16 || bytes.ContainsAny(quoted, " :<") {
			continue
		}
		if data, err := base64.StdEncoding.DecodeString(string(quoted)); err == nil && bytes.Contains(data, []byte(canary)) {
			return true
		}
	}
	return false
}

func TestRecordOfTheEverythingPatient(t *testing.T) {
	t.Parallel()
	s := demoStore(t, demo.Options{})
	g := gather(t, s, demo.EverythingPatientID, Options{Linked: []string{demo.MergedPatientID}})
	p := demo.EverythingPatientID
	if !slices.Equal(g.Patients, []string{p, demo.MergedPatientID}) {
		t.Errorf("patients %q", g.Patients)
	}
	kinds := map[fhir.Kind]int{}
	for _, it := range g.items {
		d, _ := fhir.DispositionOf(it.Type)
		kinds[d.Kind]++
	}
	for _, k := range []fhir.Kind{fhir.Direct, fhir.Role, fhir.Forward, fhir.Reverse} {
		if kinds[k] == 0 {
			t.Errorf("nothing of kind %s", k)
		}
	}
	for _, key := range everythingKeys(p) {
		if !g.has(key) {
			t.Errorf("%s is not in the record", key)
		}
	}
	for _, typ := range fhir.Types() {
		if fhir.InPatientCompartment(typ) && g.Counts[typ] == nil {
			t.Errorf("nothing of type %s", typ)
		}
	}
	leftOutOfEverything(t, g)
	if testing.Verbose() {
		logRecord(t, g)
	}
}

// everythingKeys are resources that are in the record of the demo's patient who has something of every type.
func everythingKeys(p string) []string {
	return []string{
		"Binary/" + p + "-unreferenced", "Binary/" + p + "-xray", "Binary/" + p + "-scan", "Bundle/" + p + "-letter", "Contract/" + p + "-agreement",
		"Device/" + p + "-implant", "EnrollmentResponse/" + p + "-enrolled", "GuidanceResponse/" + p + "-advice", "Linkage/" + p + "-duplicates",
		"MessageHeader/" + p + "-announcement", "PaymentNotice/" + p + "-paid", "PaymentReconciliation/" + p + "-with-child", "Provenance/" + p + "-signed",
		"Slot/" + p + "-slot-1", "Task/" + p + "-about", "VerificationResult/" + p + "-address", "BiologicallyDerivedProduct/" + p + "-blood",
		"Observation/" + demo.MergedPatientID + "-weight", "Observation/" + p + "-mistake", "Person/" + p + "-same-person", "Group/recall",
		"Questionnaire/intake", "CodeSystem/local", "Organization/practice", "ResearchStudy/walking", "OperationOutcome/rule-trace", "Measure/blood-pressure",
		"StructureDefinition/paper-file", "Practitioner/doctor-1",
	}
}

// leftOutOfEverything looks at what that record leaves out or tells of what was deleted, and at its order.
func leftOutOfEverything(t *testing.T, g gathered) {
	t.Helper()
	p := demo.EverythingPatientID
	if got := g.excluded("AuditEvent/" + p + "-audit-1"); g.Counts["AuditEvent"].Excluded[ReasonOperational] == 0 {
		t.Errorf("AuditEvent: %q", got)
	}
	for key, why := range map[string]string{"Observation/" + demo.ChildPatientID + "-at-home": ReasonOtherIndividual, "Coverage/" + demo.ChildPatientID + "-through-mother": ReasonOtherIndividual} {
		if got := g.excluded(key); got != why || g.has(key) {
			t.Errorf("%s: excluded as %q", key, got)
		}
	}
	if it := g.items["Observation/"+p+"-mistake/_history/2"]; it.Section != handover.Deleted || it.JSON != nil {
		t.Errorf("tombstone: %+v", it)
	}
	if it := g.items["Observation/"+p+"-mistake/_history/1"]; it.Section != handover.History {
		t.Errorf("before the tombstone: %+v", it)
	}
	if !slices.IsSortedFunc(g.order, func(a, b string) int {
		return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
	}) {
		t.Error("not in order")
	}
}

// logRecord shows a record.
func logRecord(t *testing.T, g gathered) {
	for _, k := range g.order {
		t.Logf("%-10s %-70s %s %v", g.items[k].Section, k, g.items[k].Why, g.items[k].Excerpt)
	}
	for _, x := range g.Exclusions {
		t.Log(x)
	}
	for _, a := range g.Attachments {
		t.Log(a)
	}
	t.Logf("%+v %q %v", g.References, g.Excerpts, g.Patients)
}

// shelf is a resource of the patient that points to one of each type that is only in a record when something points to it.
func shelf(t *testing.T, s *storage.Store) string {
	t.Helper()
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, _ := wholePopulation(t, s, at)
	first := map[string]string{}
	for _, it := range all {
		if d, _ := fhir.DispositionOf(it.Type); d.Kind == fhir.Forward && it.Section == handover.Directory && (first[it.Type] == "" || it.ID < first[it.Type]) {
			first[it.Type] = it.ID
		}
	}
	var extensions []string
	for typ, id := range first {
		extensions = append(extensions, `{"url":"urn:shelf","valueReference":{"reference":"`+typ+`/`+id+`"}}`)
	}
	slices.Sort(extensions)
	return `{"resourceType":"Basic","id":"shelf","code":{"text":"shelf"},"subject":{"reference":"Patient/` + demo.EverythingPatientID + `"},` +
		`"extension":[` + strings.Join(extensions, ",") + `]}`
}

// The demo practice has every stored type, and each is what its disposition says it is to the everything patient: in the
// record, once something there points to it, or in the population alone.
func TestEveryDispositionIsReached(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{})
	put(t, s, shelf(t, s))
	put(t, s, `{"resourceType":"DeviceMetric","id":"pulse","type":{"text":"pulse"},"category":"measurement","source":{"reference":"Device/`+demo.EverythingPatientID+`-implant"}}`)
	g := gather(t, s, demo.EverythingPatientID, Options{})
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, _ := wholePopulation(t, s, at)
	stored, given := map[string]bool{}, map[string]bool{}
	for _, it := range all {
		stored[it.Type] = true
	}
	for _, it := range g.items {
		given[it.Type] = true
	}
	reached := map[fhir.Kind]int{}
	for _, d := range fhir.Dispositions() {
		in := d.Kind != fhir.System && d.Kind != fhir.Excluded
		switch {
		case !stored[d.Type]:
			t.Errorf("%s (%s) is not in the demo practice", d.Type, d.Kind)
		case given[d.Type] != in:
			t.Errorf("%s (%s) is in the record: %t", d.Type, d.Kind, given[d.Type])
		case d.Kind == fhir.Excluded && g.Counts[d.Type].Excluded[ReasonOperational] == 0:
			t.Errorf("%s (%s) is not counted as excluded", d.Type, d.Kind)
		default:
			reached[d.Kind]++
		}
	}
	if len(reached) != 6 {
		t.Errorf("kinds reached: %v", reached)
	}
	for _, x := range g.Exclusions {
		if x.Reason == "" {
			t.Errorf("%s/%s is excluded without a reason", x.Type, x.ID)
		}
	}
}

// checkCanaries asserts that a record has every canary of its patients and none of others.
func checkCanaries(t testing.TB, g gathered, all map[string]Item, patients []string) {
	t.Helper()
	for k, it := range g.items {
		for _, other := range patients {
			if !slices.Contains(g.Patients, other) && mentions(it.JSON, demo.Canary(other)) {
				t.Errorf("%s in the record of %s has the canary of %s", k, g.Patient, other)
			}
		}
	}
	listed := fmt.Sprint(g.Attachments)
	for _, other := range patients {
		if !slices.Contains(g.Patients, other) && strings.Contains(listed, demo.Canary(other)+" ") {
			t.Errorf("the attachments of %s have the canary of %s", g.Patient, other)
		}
	}
	for k, it := range all {
		for _, mine := range g.Patients {
			if _, in := g.items[k]; mentions(it.JSON, demo.Canary(mine)) && !in && g.excluded(it.Type+"/"+it.ID) != ReasonOperational {
				t.Errorf("%s has a canary of %s and is not in the record", k, mine)
			}
		}
	}
}

// patientsIn are the ids of all patients that ever were.
func patientsIn(all map[string]Item) (ids []string) {
	for _, it := range all {
		if it.Type == "Patient" && !slices.Contains(ids, it.ID) {
			ids = append(ids, it.ID)
		}
	}
	return ids
}

// Every record: canaries at home, items as stored or marked as excerpts, all of them in the population, and what no record
// has is in no patient's compartment.
// The seeds are in the names of the cases; SATCHEL_SEED asks for others, and SATCHEL_SEEDS for more of them than three.
func TestRecordsOfAnyPractice(t *testing.T) {
	t.Parallel()
	testpractice.Any(t, 3, 9, func(t *testing.T, s *storage.Store) { checkPractice(t, s) })
}

func checkPractice(t testing.TB, s *storage.Store) {
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, _ := wholePopulation(t, s, at)
	patients := patientsIn(all)
	reached, barred := map[string]bool{}, map[string]bool{}
	for _, id := range patients {
		g := gatherAt(t, s, at, id, Options{})
		checkCanaries(t, g, all, patients)
		for k, it := range g.items {
			reached[k] = true
			stored, ok := all[k]
			switch same := bytes.Equal(stored.JSON, it.JSON); {
			case !ok:
				t.Errorf("%s is not in the population", k)
			case same == it.Excerpt:
				t.Errorf("%s: an excerpt is %t, as stored is %t", k, it.Excerpt, same)
			case it.Excerpt && !bytes.Contains(it.JSON, []byte(`"code":"excerpt"`)):
				t.Errorf("%s is an excerpt without a mark", k)
			}
		}
		for _, x := range g.Exclusions {
			barred[versionKey(x.Type, x.ID, x.Version)] = x.Reason == ReasonOperational
		}
		if len(g.References.Unresolved) > 0 {
			t.Errorf("record of %s: unresolved %q", id, g.References.Unresolved)
		}
		for _, a := range g.Attachments {
			if a.From == SourceMissing || a.From == SourceNone || a.From == SourceWithheld {
				t.Errorf("attachment %+v", a)
			}
		}
	}
	for k, it := range all {
		if reached[k] || barred[k] || it.JSON == nil {
			continue
		}
		d, err := fhir.Parse(it.JSON)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range d.Owners(fhir.Bases{}) {
			if o.Why != fhir.WhyOther {
				t.Errorf("%s belongs to %s and is in no record", k, o.Patient)
			}
		}
	}
}
