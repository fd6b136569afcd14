package pack

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/engine/imports"
	"satchel/handover"
	"satchel/internal/testpractice"
)

// attachmentIndexPath is where a package describes its files that are not FHIR.
const attachmentIndexPath = "data/attachments/index.ndjson"

// ofSnapshot is an index of files without its lines about the practice: the audit log goes on between two packages of one
// snapshot.
func ofSnapshot(index []byte) (left []byte) {
	for line := range bytes.Lines(index) {
		if !bytes.Contains(line, []byte(`"url":"../practice/`)) {
			left = append(left, line...)
		}
	}
	return left
}

// payloadHashes are the hashes of the NDJSON files of a package, by path without the bag; of the index of files its text.
func payloadHashes(t *testing.T, h Made) map[string]string {
	t.Helper()
	hashes := map[string]string{}
	for _, bag := range h.Paths {
		text, err := os.ReadFile(filepath.Join(bag, "manifest-sha256.txt"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			sum, path, _ := strings.Cut(strings.TrimSpace(line), "  ")
			switch {
			case path == attachmentIndexPath:
				index, err := os.ReadFile(filepath.Join(bag, path))
				if err != nil {
					t.Fatal(err)
				}
				hashes[path] = string(ofSnapshot(index))
			case strings.HasSuffix(path, ".ndjson") && !strings.HasPrefix(path, "data/practice/"):
				hashes[path] = sum
			}
		}
	}
	return hashes
}

// A practice that was handed over, brought into an empty store and handed over again gives the same files, byte by byte:
// ids, versions, deletions and attachments are what they were.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	from := demoStore(t, demo.Options{Patients: 6})
	remove(t, from, "Patient/"+demo.ChildPatientID)
	put(t, from, `{"resourceType":"Patient","id":"`+demo.ChildPatientID+`","active":true}`) // was deleted and made again
	for name, bag := range map[string]int64{"one bag": 0, "many bags": 300_000} {
		t.Run(name, func(t *testing.T) {
			first := packed(t, from, Run{BagSize: bag})
			if bag > 0 && len(first.Paths) < 3 {
				t.Fatalf("only %d bags: the test tests nothing", len(first.Paths))
			}
			to := open(t)
			var last, total int64
			counts, err := imports.Restore(t.Context(), to, filepath.Dir(first.Paths[0]), handover.VerifyOptions{},
				func(d, n int64) { last, total = d, n })
			if err != nil {
				t.Fatal(err)
			}
			if last != total || counts["Patient"].Deletions == 0 || counts["Patient"].Refused > 0 {
				t.Errorf("%d of %d versions; patients %+v", last, total, counts["Patient"])
			}
			second := packed(t, to, Run{BagSize: bag})
			want, got := payloadHashes(t, first), payloadHashes(t, second)
			if len(got) != len(want) || len(want) < 100 {
				t.Errorf("%d files, were %d", len(got), len(want))
			}
			for path, sum := range want {
				if got[path] != sum {
					t.Errorf("%s is another file: %q, was %q", path, got[path], sum)
				}
			}
			if found, err := to.CheckOwners(t.Context()); err != nil || len(found) > 0 {
				t.Errorf("owners and entries: %q %v", found, err)
			}
		})
	}
}

// The package of one patient is restored as well, as far as it goes.
func TestRestoreOnePatient(t *testing.T) {
	t.Parallel()
	from := demoStore(t, demo.Options{Patients: 4})
	h := packed(t, from, Run{Order: handover.Order{Patient: demo.EverythingPatientID, Form: handover.FormZip}})
	if !imports.IsPackage(h.Paths[0]) || !imports.IsPackage(filepath.Dir(h.Paths[0])) {
		t.Error("it is not known as a package")
	}
	to := open(t)
	counts, err := imports.Restore(t.Context(), to, h.Paths[0], handover.VerifyOptions{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for typ, c := range h.Counts {
		if n := counts[typ]; n.Refused > 0 || n.Resources != c.ExportedCurrent || n.Deletions != c.ExportedDeleted {
			t.Errorf("%s: %+v of %+v", typ, n, c)
		}
	}
}

// One patient's record, with a merged duplicate, deletions, and attachments that earlier versions had, comes back as it was:
// handed over again it has the same files.
func TestRoundTripOfOnePatient(t *testing.T) {
	t.Parallel()
	from := demoStore(t, demo.Options{Patients: 4})
	const id = demo.EverythingPatientID
	letter := func(data string) string {
		return `{"resourceType":"DocumentReference","id":"letter","status":"current","subject":{"reference":"Patient/` + id + `"},"content":[{"attachment":` +
			`{"contentType":"text/plain","data":"` + data + `"}}]}`
	}
	for _, data := range []string{"Zmlyc3Q=", "c2Vjb25k", "bm8gYmFzZSA2NA==!", "dGhpcmQ="} {
		put(t, from, letter(data))
	}
	remove(t, from, "DocumentReference/letter")
	put(t, from, letter("Zm91cnRo"))
	first := packed(t, from, Run{Order: handover.Order{Patient: id}})
	want := payloadHashes(t, first)
	var texts []string
	for path := range want {
		if file := filepath.Join(first.Paths[0], path); strings.Contains(path, "sources-") {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, strings.Split(string(text), "\n")...)
		}
	}
	letters := 0
	for _, line := range texts {
		if strings.Contains(line, "DocumentReference/letter") {
			letters++
		}
	}
	if letters != 4 || first.Verdict == handover.Incomplete {
		t.Errorf("%d files with the letter's bytes, want those of four versions; %s %q", letters, first.Verdict, first.Problems)
	}
	to := open(t)
	if _, err := imports.Restore(t.Context(), to, first.Paths[0], handover.VerifyOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	second := packed(t, to, Run{Order: handover.Order{Patient: id}})
	got := payloadHashes(t, second)
	if c := first.Counts["Patient"]; c.Excluded["linked-not-approved"] != 1 || c.ExportedCurrent != 1 || len(first.LeftOut) != 1 {
		t.Errorf("patients %+v, left out %v: the duplicate is in it", c, first.LeftOut)
	}
	if !maps.Equal(got, want) {
		for path, sum := range want {
			if got[path] != sum {
				t.Errorf("%s is another file: %q, was %q", path, got[path], sum)
			}
		}
		t.Errorf("%d files, were %d", len(got), len(want))
	}
}

// An altered package, and a store that is not empty, are refused, and nothing is stored.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	from := practice(t)
	h := packed(t, from, Run{})
	if _, err := imports.Restore(t.Context(), from, h.Paths[0], handover.VerifyOptions{}, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a store with content: %v", err)
	}
	file := filepath.Join(h.Paths[0], "data/fhir/current/Patient-0001.ndjson")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-4] ^= 1
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	to := open(t)
	_, err = imports.Restore(t.Context(), to, h.Paths[0], handover.VerifyOptions{}, nil)
	if bad := new(handover.NotGood); !errors.As(err, &bad) || bad.Result.Outcome != handover.Altered {
		t.Errorf("an altered package: %v", err)
	}
	if types, err := to.Types(t.Context()); err != nil || len(types) > 0 {
		t.Errorf("stored: %v %v", types, err)
	}
	if imports.IsPackage(t.TempDir()) || imports.IsPackage(file) {
		t.Error("what is no package is taken for one")
	}
}

// A package that was made as INCOMPLETE is refused, telling what it lacks, and restored when that is accepted; one that was
// changed beside that is not restored in any case.
func TestRestoreIncomplete(t *testing.T) {
	t.Parallel()
	from := practice(t)
	put(t, from, `{"resourceType":"DocumentReference","id":"lost","status":"current","subject":{"reference":"Patient/p1"},`+
		`"content":[{"attachment":{"contentType":"application/pdf","url":"Binary/never"}}]}`)
	h := packed(t, from, Run{})
	if h.Verdict != handover.Incomplete {
		t.Fatalf("the verdict is %s: the test tests nothing", h.Verdict)
	}
	_, err := imports.Restore(t.Context(), open(t), h.Paths[0], handover.VerifyOptions{}, nil)
	bad := new(handover.NotGood)
	if !errors.As(err, &bad) || !bad.Result.OnlyIncomplete() || !strings.Contains(strings.Join(bad.Result.Missing, "\n"), "DocumentReference/lost") {
		t.Fatalf("%v; %+v", err, bad.Result)
	}
	to := open(t)
	if _, err := imports.Restore(t.Context(), to, h.Paths[0], handover.VerifyOptions{Incomplete: true}, nil); err != nil {
		t.Fatal(err)
	}
	second := packed(t, to, Run{})
	want, got := payloadHashes(t, h), payloadHashes(t, second)
	for _, hashes := range []map[string]string{want, got} {
		delete(hashes, attachmentIndex) // names the audit log, which the other store does not have
	}
	if !maps.Equal(want, got) {
		t.Errorf("handed over again, it is another package:\n%v\n%v", want, got)
	}
	if err := os.WriteFile(filepath.Join(h.Paths[0], "README.txt"), []byte("changed"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := imports.Restore(t.Context(), open(t), h.Paths[0], handover.VerifyOptions{Incomplete: true}, nil); !errors.As(err, &bad) || bad.Result.OnlyIncomplete() {
		t.Errorf("changed: %v", err)
	}
}
