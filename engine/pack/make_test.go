package pack

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/demo"
	"satchel/engine/record"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
)

var (
	open      = testpractice.Here.Bulk
	practice  = testpractice.Groups.Bulk
	put       = testpractice.Put
	remove    = testpractice.Delete
	demoStore = testpractice.HereDemo
)

// packed makes a package of a store in a new folder.
func packed(t testing.TB, s *storage.Store, r Run) Made {
	t.Helper()
	if r.Dir == "" {
		r.Dir = t.TempDir()
	}
	r.Form = cmp.Or(r.Form, handover.FormFolder)
	h, err := Make(t.Context(), s, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func verified(t testing.TB, h Made) *handover.Result {
	t.Helper()
	r, err := handover.Verify(t.Context(), h.Paths[0], handover.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The package of everybody and that of one patient are whole by the store's own counts, and good.
func TestHandover(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 4})
	key, err := handover.NewKey(filepath.Join(t.TempDir(), "key"), "practice")
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]Run{
		"population": {Order: handover.Order{Form: handover.FormFolder}, Key: key, Settings: []byte("{}\n"), BagSize: 400_000},
		"patient":    {Order: handover.Order{Patient: demo.EverythingPatientID, Form: handover.FormZip}, Key: key},
	} {
		t.Run(name, func(t *testing.T) {
			var last, whole int64
			r.Dir = t.TempDir()
			h, err := Make(t.Context(), s, r, func(done, total int64) { last, whole = done, total })
			if err != nil {
				t.Fatal(err)
			}
			if last != whole || whole == 0 {
				t.Errorf("progress ended at %d of %d", last, whole)
			}
			if h.Verdict == handover.Incomplete {
				t.Errorf("verdict %s: %q, missing %v", h.Verdict, h.Problems, h.Attachments.Missing)
			}
			v := verified(t, h)
			if v.Outcome != handover.Good || v.Signer != key.Fingerprint() {
				t.Errorf("%s (signer %q) %v", v.Sentence, v.Signer, v.Findings)
			}
		})
	}
}

// The first page of a record says whose it is, in words; nothing else outside of data/ does. A Patient that was deleted goes by
// the last name, and one without a name by its reference.
func TestFirstPageNamesThePatient(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := open(t)
	put(t, s, `{"resourceType":"Patient","id":"a","name":[{"text":"Ann Earlier"}]}`, `{"resourceType":"Patient","id":"a","name":[{"text":"Ann <Later>"}],"birthDate":"1970-02-03"}`,
		`{"resourceType":"Patient","id":"b"}`)
	remove(t, s, "Patient/a")
	for id, want := range map[string]string{"a": "<strong>Ann &lt;Later&gt;, born February 3, 1970</strong>", "b": "<strong>Patient/b</strong>"} {
		root := packed(t, s, Run{Order: handover.Order{Patient: id}}).Paths[0]
		for _, name := range []string{"OPEN-ME-FIRST.html", "README.txt", "bag-info.txt"} {
			text, err := os.ReadFile(filepath.Join(root, name))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(string(text), want); got != (name == "OPEN-ME-FIRST.html") || strings.Contains(string(text), "Ann") != (got && id == "a") {
				t.Errorf("Patient/%s: %s says whose it is: %t", id, name, got)
			}
		}
	}
}

// losing is a record that has lost its Observation and does not know of it.
type losing struct{ *record.Record }

func (l losing) Items(ctx context.Context) iter.Seq2[record.Item, error] {
	return func(yield func(record.Item, error) bool) {
		for it, err := range l.Record.Items(ctx) {
			if it.Type != "Observation" && !yield(it, err) {
				return
			}
		}
		l.Counts["Observation"].StoredCurrent--
	}
}

// What the index of owners has and the package has not makes it incomplete.
func TestHandoverLedgerFindsLoss(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := practice(t)
	at, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := &maker{ctx: t.Context(), store: s, at: at, request: Run{Order: handover.Order{Patient: "p1", Purpose: "access"}, Dir: t.TempDir(), Job: "x"}}
	if err := h.gather(); err != nil {
		t.Fatal(err)
	}
	h.content = losing{h.record}
	if h.w, err = handover.Create(h.options()); err != nil {
		t.Fatal(err)
	}
	done, err := h.run()
	if err != nil {
		t.Fatal(err)
	}
	if done.Verdict != handover.Incomplete || !strings.Contains(strings.Join(done.Problems, " "), "Observation") {
		t.Errorf("verdict %s: %q", done.Verdict, done.Problems)
	}
	if v := verified(t, done); v.Outcome != handover.Partial {
		t.Error(v.Sentence)
	}
}

// A handover that fails leaves nothing; deletions stand as such; a population has the accounts without their secrets.
func TestHandoverContent(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := practice(t)
	remove(t, s, "Observation/o-p1", "Observation/o-p2")
	put(t, s, `{"resourceType":"Observation","id":"o-p2","status":"final","code":{},"subject":{"reference":"Patient/p2"}}`)
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "anna", Password: "$argon2id$secret"}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := Make(t.Context(), s, Run{Order: handover.Order{Patient: "nobody"}, Dir: filepath.Join(dir, "new")}, nil); err == nil {
		t.Error("a patient that does not exist has a package")
	}
	if list, _ := os.ReadDir(dir); len(list) > 0 {
		t.Errorf("left behind: %v", list)
	}
	h := packed(t, s, Run{Dir: dir})
	read := func(path string) string {
		text, err := os.ReadFile(filepath.Join(h.Paths[0], path))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	if !strings.Contains(read("data/fhir/deleted/deleted-0001.ndjson"), "Observation/o-p1") {
		t.Error("the deletion is not among the deletions")
	}
	if !strings.Contains(read("data/fhir/history/deleted-0001.ndjson"), "Observation/o-p2") {
		t.Error("the deletion of what was made again is not in the history")
	}
	users := read("data/practice/users.ndjson")
	if !strings.Contains(users, `"anna"`) || strings.Contains(users, "secret") {
		t.Errorf("users: %s", users)
	}
	var m handover.Manifest
	if err := json.Unmarshal([]byte(read("data/ehi-manifest.json")), &m); err != nil {
		t.Fatal(err)
	}
	if n := m.Counts["Observation"]; n.StoredDeleted != 2 || n.ExportedDeleted != 2 || m.Purpose != "handover" {
		t.Errorf("manifest: %+v %s", n, m.Purpose)
	}
}
