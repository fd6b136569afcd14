package record

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"satchel/engine/bulk"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// whosePractice are the resources of testdata/whose: ways to belong to Patient/a, and ways not to.
func whosePractice(t testing.TB) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "whose", "practice.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines
}

// whoseExpected is what becomes of each of them in the record of Patient/a: in, excl, out or orphan; and why.
func whoseExpected(t testing.TB) map[string][2]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "whose", "expected.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][2]string{}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); line[0] != '#' && len(f) > 1 {
			all[f[0]] = [2]string{f[1], strings.Join(f[2:], " ")}
		}
	}
	return all
}

// whoseStore is a store into which the resources came in an order of their own, many at once or one by one.
func whoseStore(t testing.TB, seed uint64) *storage.Store {
	t.Helper()
	s, lines := open(t), whosePractice(t)
	if seed > 0 {
		rand.New(rand.NewPCG(seed, 2)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	}
	if seed == 1 {
		put(t, s, lines...)
		return s
	}
	for some := range slices.Chunk(lines, 20+int(seed)*37) {
		var docs []*fhir.Document
		for _, line := range some {
			d, err := fhir.Parse([]byte(line))
			if err != nil {
				t.Fatal(err)
			}
			docs = append(docs, d)
		}
		if _, err := s.Import(t.Context(), audittest.Who, docs); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// whoseTold is what a record says of each resource: in, or excl.
func whoseTold(g gathered) map[string]string {
	told := map[string]string{}
	for name := range g.items {
		key, _, _ := strings.Cut(name, "/_history/")
		told[key] = "in"
	}
	for _, x := range g.Exclusions {
		told[x.Type+"/"+x.ID] = "excl"
	}
	return told
}

// Whose it is does not depend on the order in which resources arrive, and is what is expected.
func TestWhose(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	expected := whoseExpected(t)
	if lines := whosePractice(t); len(lines) != len(expected) {
		t.Errorf("%d resources, and %d expectations", len(lines), len(expected))
	}
	for seed := range uint64(5) {
		s := whoseStore(t, seed)
		told := whoseTold(gather(t, s, "a", Options{}))
		for key, want := range expected {
			got := told[key]
			if want[0] == "out" || want[0] == "orphan" {
				want[0] = ""
			}
			if got != want[0] {
				t.Errorf("seed %d: %s is %q in the record, want %q: %s", seed, key, got, want[0], want[1])
			}
		}
		if lines, err := s.CheckOwners(t.Context()); err != nil || lines != nil {
			t.Errorf("seed %d: %v %v", seed, lines, err)
		}
	}
}

// Orphans are nobody's in the owner index, and what is in the record or somebody else's is not.
func TestWhoseOrphans(t *testing.T) {
	t.Parallel()
	s := whoseStore(t, 0)
	for key, want := range whoseExpected(t) {
		r := fhir.ParseReference(key)
		if d, _ := fhir.DispositionOf(r.Type); want[0] == "in" || d.Kind == fhir.Forward {
			continue
		}
		stored, err := s.Resource(t.Context(), r.Type, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		d, err := fhir.Parse(stored.JSON)
		if err != nil {
			t.Fatal(err)
		}
		owners, err := s.Belonging(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		somebodys := slices.ContainsFunc(owners, func(o fhir.Owner) bool { return o.Why != fhir.WhyOther })
		if want[0] == "orphan" && somebodys {
			t.Errorf("%s belongs to %v", key, owners)
		}
	}
}

// An export of the patient holds what of the record belongs to the patient, as it is or as the same excerpt: not what the record
// only points to, or types that exports of patients leave out.
func TestWhoseExport(t *testing.T) {
	t.Parallel()
	s := whoseStore(t, 3)
	g := gather(t, s, "a", Options{})
	want, excerpts := map[string]string{}, 0
	for _, it := range g.items {
		key := it.Type + "/" + it.ID
		if (it.ID == "a" || it.Type != "Patient") && slices.Contains(bulk.ExportTypes(bulk.LevelPatient), it.Type) && owns(t, s, key) {
			want[key] = string(it.JSON)
			if it.Excerpt {
				excerpts++
			}
		}
	}
	got := exported(t, s, "a")
	for key, text := range want {
		if got[key] != text {
			t.Errorf("%s is otherwise in the export than in the record\n%s\n%s", key, got[key], text)
		}
	}
	for key := range got {
		if want[key] == "" && key != "AuditEvent/a" { // which R4's compartment has, and no record
			t.Errorf("%s is in the export and not in the record", key)
		}
	}
	if len(want) < 100 || excerpts < 5 {
		t.Errorf("only %d resources, %d excerpts: the test tests little", len(want), excerpts)
	}
}

// exported is what an export of one patient holds, by key.
func exported(t *testing.T, s *storage.Store, patient string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	m, err := bulk.New(s, bulk.Options{}).Export(t.Context(), bulk.Request{Level: bulk.LevelPatient, Patients: []string{patient}}, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range m.Files {
		text, err := root.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			d, err := fhir.Parse(line)
			if err != nil {
				t.Fatal(err)
			}
			all[d.Type()+"/"+d.ID()] = string(d.JSON())
		}
	}
	return all
}

// owns reports whether a resource belongs to Patient/a, as it is or as one of several.
func owns(t *testing.T, s *storage.Store, key string) bool {
	t.Helper()
	r := fhir.ParseReference(key)
	stored, err := s.Resource(t.Context(), r.Type, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.Parse(stored.JSON)
	if err != nil {
		t.Fatal(err)
	}
	owners, err := s.Belonging(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(owners, func(o fhir.Owner) bool { return o.Patient == "a" && o.Why.Concerns() })
}

// Data of another server is taken over with its ids: by its address all of it is found, and without it, nothing is taken for
// ours because an id is equal.
func TestWhoseAddress(t *testing.T) {
	t.Parallel()
	to := func(name, key string) string { return to(name, "https://old.example/fhir/"+key) }
	lines := []string{
		of("Patient/1", `'generalPractitioner':[{'reference':'https://old.example/fhir/Practitioner/dr'}]`), of("Practitioner/dr", ""),
		of("Medication/m", ""), of("MedicationRequest/mr", to("medicationReference", "Medication/m")+","+to("subject", "Patient/1")),
		of("Binary/b", `'contentType':'text/plain','data':'QQ=='`),
		of("DocumentReference/d", to("subject", "Patient/1")+`,'content':[{'attachment':{'url':'https://old.example/fhir/Binary/b'}}]`),
		of("Observation/o", to("subject", "Patient/1")), of("Provenance/pv", `'target':[{'reference':'https://old.example/fhir/Observation/o'}]`),
		of("Device/dev", to("patient", "Patient/1")), of("GuidanceResponse/gr", to("subject", "Patient/1")), of("List/l", to("subject", "Patient/1")),
		of("Contract/ct", `'subject':[{'reference':'https://old.example/fhir/Patient/1'}]`), of("EnrollmentRequest/eq", to("candidate", "Patient/1")),
		of("EnrollmentResponse/er", to("request", "EnrollmentRequest/eq")),
	}
	s := open(t)
	put(t, s, lines...)
	if told := whoseTold(gather(t, s, "1", Options{})); fmt.Sprint(told) != "map[Patient/1:in]" {
		t.Errorf("without the address: %v", told)
	}
	if err := s.AddBase(t.Context(), audittest.Event("setting-change"), "https://old.example/fhir"); err != nil {
		t.Fatal(err)
	}
	g := gather(t, s, "1", Options{})
	if told := whoseTold(g); len(told) != len(lines) {
		t.Errorf("with it: %d of %d: %v", len(told), len(lines), told)
	}
	if i := slices.IndexFunc(g.Attachments, func(a Attachment) bool { return a.Type == "DocumentReference" }); i < 0 || g.Attachments[i].Source != "Binary/b" {
		t.Errorf("attachments %+v", g.Attachments)
	}
	if got := exported(t, s, "1"); len(got) != 10 {
		t.Errorf("export: %v", got)
	}
}

// Nothing that says who somebody else is is in the record.
func TestWhoseSecrets(t *testing.T) {
	t.Parallel()
	g := gather(t, whoseStore(t, 2), "a", Options{})
	for name, it := range g.items {
		for _, secret := range []string{"Beta", `"B-1"`, "Patient/b", "Patient/c"} {
			if bytes.Contains(it.JSON, []byte(secret)) {
				t.Errorf("%s holds %s", name, secret)
			}
		}
	}
}
