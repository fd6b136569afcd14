package pack

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// carried is what a package holds, read back from its folder.
type carried struct {
	Made
	versions map[string][]byte // by "Type/id/_history/version"; nil for a deletion
	files    map[string][]byte // by path in the bag
	sources  map[string][]string
	excluded handover.Exclusions
}

// carry makes the package of one patient, or of everybody, and reads it back.
func carry(t testing.TB, s *storage.Store, patient string) carried {
	t.Helper()
	c := carried{Made: packed(t, s, Run{Order: handover.Order{Patient: patient}, Settings: []byte(`[{"key":"a","value":[1],"source":"default"}]`)}), versions: map[string][]byte{}, files: map[string][]byte{}, sources: map[string][]string{}}
	p, err := handover.Open(t.Context(), c.Paths[0], handover.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, section := range handover.Sections() {
		for r, err := range p.Resources(section) {
			if err != nil {
				t.Fatal(err)
			}
			k := fmt.Sprintf("%s/%s/_history/%d", r.Type, r.ID, r.Version)
			if _, twice := c.versions[k]; twice {
				t.Errorf("%s is twice in the package of %q", k, patient)
			}
			c.versions[k] = bytes.Clone(r.JSON)
		}
	}
	for a, err := range p.Sources() {
		if err != nil {
			t.Fatal(err)
		}
		c.sources[a.File] = append(c.sources[a.File], fmt.Sprintf("%s/_history/%d", a.Resource, a.Version))
	}
	root := os.DirFS(c.Paths[0])
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			c.files[path], err = fs.ReadFile(root, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(c.files["data/report/exclusions.json"], &c.excluded); err != nil {
		t.Fatal(err)
	}
	return c
}

// payload are the files that are the same after the way through another store: resources, attachments, index and documentation.
func (c carried) payload() map[string][]byte {
	same := map[string][]byte{}
	for path, text := range c.files {
		of := strings.TrimPrefix(path, "data/")
		if strings.HasPrefix(of, "fhir/") && path != "data/fhir/bulk-manifest.json" || strings.HasPrefix(of, "attachments/") || strings.HasPrefix(of, "index/") || strings.HasPrefix(of, "docs/") {
			same[path] = text
		}
	}
	return same
}

var base64Run = regexp.MustCompile(`[A-Za-z0-9+/]{16,}`)

// canariesIn are the patients whose canaries a text has: plain, or in base64 at any offset, or in base64 within that.
func canariesIn(text []byte, patients []string, deep int) map[string]bool {
	found := map[string]bool{}
	for rest := text; ; {
		_, after, ok := bytes.Cut(rest, []byte("canary-"))
		if !ok {
			break
		}
		rest = after
		whose := ""
		for _, id := range patients {
			if bytes.HasPrefix(after, []byte(id)) && len(id) > len(whose) {
				whose = id
			}
		}
		found[whose] = true
	}
	if deep == 0 {
		return found
	}
	for _, run := range base64Run.FindAll(text, -1) {
		for offset := range 4 {
			part := run[offset:]
			if len(part)%4 == 1 {
				part = part[:len(part)-1] // no base64 has such a length: the run is of something else
			}
			data, err := base64.RawStdEncoding.DecodeString(string(part))
			if err != nil {
				continue
			}
			for id := range canariesIn(data, patients, deep-1) {
				found[id] = true
			}
		}
	}
	return found
}

// The packages of any practice, as they lie on the disk. In that of one patient no byte of any file or name is of the canaries
// of another, and every canary of the patient is there: in the resources, the attachments and the pages. All of them together
// are the package of everybody, but for what belongs to nobody. Brought into an empty store, each gives the same files again.
// The seeds are as in TestRecordsOfAnyPractice.
func TestPackagesOfAnyPractice(t *testing.T) {
	t.Parallel()
	testpractice.Any(t, 1, 5, func(t *testing.T, s *storage.Store) {
		all := carry(t, s, "")
		var patients []string
		for k := range all.versions {
			if typ, rest, _ := strings.Cut(k, "/"); typ == "Patient" {
				if id, _, _ := strings.Cut(rest, "/"); !slices.Contains(patients, id) {
					patients = append(patients, id)
				}
			}
		}
		slices.Sort(patients)
		held := map[string]bool{} // versions, and paths of attachments, that some patient's package has
		for _, id := range patients {
			one := carry(t, s, id)
			one.checkOf(t, all, patients)
			for k := range one.versions {
				held[k] = true
			}
			for path := range one.files {
				held[path] = true
			}
			sameAgain(t, one, id)
		}
		if len(patients) < 5 {
			t.Errorf("patients %q: the test tests nothing", patients)
		}
		checkOrphans(t, all, held)
		sameAgain(t, all, "")
	})
}

// checkOf checks the package of one patient beside that of everybody.
func (c carried) checkOf(t *testing.T, all carried, patients []string) {
	t.Helper()
	whose := func(text []byte) (mine, others []string) {
		for id := range canariesIn(text, patients, 2) {
			if slices.Contains(c.Patients, id) {
				mine = append(mine, id)
			} else {
				others = append(others, id)
			}
		}
		return mine, others
	}
	shown := false
	for path, text := range c.files {
		mine, others := whose(slices.Concat([]byte(path+"\n"), text))
		if len(others) > 0 {
			t.Errorf("%s in the package of %q has the canary of %q", path, c.Patients, others)
		}
		shown = shown || len(mine) > 0 && strings.HasPrefix(path, "data/view/")
	}
	if !shown {
		t.Errorf("no page in the package of %q has a canary", c.Patients)
	}
	for k, text := range all.versions {
		mine, _ := whose(text)
		if _, in := c.versions[k]; len(mine) > 0 && !in && !strings.HasPrefix(k, "AuditEvent/") {
			t.Errorf("%s has a canary of %q and is not in the package", k, mine)
		}
	}
	for path, text := range all.files {
		if !strings.HasPrefix(path, "data/attachments/") || strings.HasSuffix(path, ".ndjson") {
			continue
		}
		if mine, _ := whose(text); len(mine) > 0 && !bytes.Equal(c.files[path], text) {
			t.Errorf("%s has a canary of %q and is not in the package", path, mine)
		}
	}
	for k, text := range c.versions {
		if stored, ok := all.versions[k]; !ok || !bytes.Equal(stored, text) && !bytes.Contains(text, []byte(`"code":"excerpt"`)) {
			t.Errorf("%s in the package of %q is not as in that of everybody", k, c.Patients)
		}
	}
	for _, x := range c.excluded.Exclusions {
		if x.Reason == "" {
			t.Errorf("%s/%s is left out without a reason", x.Type, x.ID)
		}
	}
	if c.Verdict == handover.Incomplete {
		t.Errorf("the package of %q is INCOMPLETE: %q", c.Patients, c.Problems)
	}
}

// checkOrphans checks what only the package of everybody holds: resources that belong to no patient, the audit log and what runs
// the program, their attachments, and the practice's own files.
func checkOrphans(t *testing.T, all carried, held map[string]bool) {
	t.Helper()
	owned := map[string]string{} // resources that belong to a patient in some version
	for _, text := range all.versions {
		if text == nil {
			continue
		}
		d, err := fhir.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range d.Owners(fhir.Bases{}) {
			if o.Why != fhir.WhyOther {
				owned[d.Type()+"/"+d.ID()] = o.Patient
			}
		}
	}
	named := map[string]int{}
	for k := range all.versions {
		if held[k] {
			continue
		}
		key, _, _ := strings.Cut(k, "/_history/")
		typ, _, _ := strings.Cut(key, "/")
		disposition, _ := fhir.DispositionOf(typ)
		named[string(disposition.Kind)]++
		if patient := owned[key]; patient != "" && disposition.Kind != fhir.Excluded && disposition.Kind != fhir.System {
			t.Errorf("%s belongs to %s and is in no patient's package", k, patient)
		}
	}
	for path := range all.files {
		of, payload := strings.CutPrefix(path, "data/")
		if !payload || held[path] || strings.HasPrefix(of, "fhir/") || strings.HasPrefix(of, "practice/") || strings.HasPrefix(of, "index/patients-") {
			continue
		}
		for _, k := range all.sources[path] {
			if held[k] {
				t.Errorf("%s is of %s, which a patient's package has without it", path, k)
			}
		}
		if len(all.sources[path]) == 0 {
			t.Errorf("only the package of everybody has %s", path)
		}
	}
	t.Logf("only in the package of everybody, by disposition: %v", named)
}

// sameAgain brings a package into an empty store and makes it again.
func sameAgain(t *testing.T, c carried, patient string) {
	t.Helper()
	to := open(t)
	if _, err := imports.Restore(t.Context(), to, c.Paths[0], handover.VerifyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	want, got := c.payload(), carry(t, to, patient).payload()
	for path, text := range want {
		if !bytes.Equal(ofSnapshot(got[path]), ofSnapshot(text)) {
			t.Errorf("the package of %q again: %s is another file", patient, path)
		}
	}
	if len(got) != len(want) || len(want) < 10 {
		t.Errorf("the package of %q again has %d files, had %d", patient, len(got), len(want))
	}
}
