package engine

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"satchel/audit"
	"satchel/demo"
	"satchel/engine/bulk"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
)

func codeOf(err error) fhir.Code {
	var known *fhir.Error
	if errors.As(err, &known) {
		return known.Code
	}
	return ""
}

// signing is a practice with a new key.
func signing(t *testing.T) (PackageOptions, *handover.Key) {
	t.Helper()
	key, err := handover.NewKey(filepath.Join(t.TempDir(), "key"), "practice")
	if err != nil {
		t.Fatal(err)
	}
	return PackageOptions{
		Key: func() (*handover.Key, error) { return key, nil }, Practice: func() handover.Practice { return handover.Practice{Name: "Practice"} },
		Settings: func() []byte { return []byte("{}\n") },
	}, key
}

// makes runs a package to its end.
func makes(t *testing.T, e *Engine, r handover.Order) (storage.Job, pack.Outcome) {
	t.Helper()
	job, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "http://x/api/packages", r)
	if err != nil {
		t.Fatal(err)
	}
	job = finish(t, e, job.ID)
	if job.State != storage.Complete {
		t.Fatalf("%s %q", job.State, job.Error)
	}
	o, err := pack.OutcomeOf(job)
	if err != nil {
		t.Fatal(err)
	}
	return job, o
}

// soundFiles checks that the files are what the row says, and that they are all in the folder.
func soundFiles(t *testing.T, e *Engine, job storage.Job) {
	t.Helper()
	listed := map[string]bool{}
	for _, info := range job.Files {
		f, err := e.Open(t.Context(), job.ID, info.Name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if sum := sha256.Sum256(text); err != nil || int64(len(text)) != info.Bytes || !bytes.Equal(sum[:], info.SHA256) {
			t.Errorf("%s is not what the row says: %d bytes (%v)", info.Name, len(text), err)
		}
		f.Close()
		listed[info.InFolder()] = true
	}
	root := e.path(job.ID)
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		in, _ := filepath.Rel(root, p)
		if err == nil && !d.IsDir() && !listed[filepath.ToSlash(in)] {
			t.Errorf("%s is in the folder and not in the row", in)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// resourceHashes are the hashes of the files with resources in a package, by path.
func resourceHashes(t *testing.T, dir string) map[string]string {
	t.Helper()
	v, err := handover.Verify(t.Context(), dir, handover.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if v.Outcome != handover.Good {
		t.Fatalf("%s %v", v.Sentence, v.Findings)
	}
	sums := map[string]string{}
	for n, m := range v.Manifests {
		for _, f := range m.Files {
			if f.Path == "data/attachments/index.ndjson" {
				continue // it describes the audit log, too, which goes on
			}
			if f.Section != "" || strings.HasPrefix(f.Path, "data/attachments/") || strings.HasPrefix(f.Path, "data/view/") {
				sums[path.Base(v.Bags[n])+" "+f.Path] = f.SHA256
			}
		}
	}
	return sums
}

// A package made by a job is good, is what the row says, and the audit log tells of it.
func TestPackageJob(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 4})
	p, key := signing(t)
	p.BagSize = 400_000
	e := engineOn(t, s, Options{Packages: p})
	for name, r := range map[string]handover.Order{
		"population": {Population: true},
		"patient":    {Patient: demo.EverythingPatientID, RequestID: "R-1", ApprovedBy: "bob"},
		"folder":     {Patient: demo.EverythingPatientID, Form: handover.FormFolder},
		"everybody":  {Population: true, Form: handover.FormFolder, Purpose: "backup"},
	} {
		t.Run(name, func(t *testing.T) {
			job, o := makes(t, e, r)
			soundFiles(t, e, job)
			if o.Verdict == handover.Incomplete || o.Signer != key.Fingerprint() || job.Done == 0 || job.Done != job.Total || len(o.Counts) == 0 {
				t.Errorf("%s %q, signed by %q, %d types, %d of %d", o.Verdict, o.Problems, o.Signer, len(o.Counts), job.Done, job.Total)
			}
			first, _, _ := strings.Cut(job.Files[0].InFolder(), "/")
			v, err := handover.Verify(t.Context(), filepath.Join(e.path(job.ID), first), handover.VerifyOptions{})
			if err != nil || v.Outcome != handover.Good || v.Signer != key.Fingerprint() {
				t.Fatalf("%+v (%v)", v, err)
			}
			m := v.Manifests[0]
			if m.RequestID != r.RequestID || m.RequestedBy != "ann" || m.ApprovedBy != r.ApprovedBy || !m.TransactionTime.Equal(job.Snapshot.Time) || m.JobID != o.Job {
				t.Errorf("manifest %+v", m.Head)
			}
			if name == "population" && len(job.Files) < 2 {
				t.Error("one bag only")
			}
			checkPackageEvent(t, s, job, r.Patient, o)
		})
	}
}

// checkPackageEvent looks for the event of a package's end.
func checkPackageEvent(t *testing.T, s *storage.Store, job storage.Job, patient string, o pack.Outcome) {
	t.Helper()
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Package}, Target: job.ID}, audit.Page{Count: 5})
	if err != nil || len(events) != 1 {
		t.Fatalf("%d events (%v)", len(events), err)
	}
	e := events[0]
	if e.Who.Name != "ann" || e.Outcome != audit.Success || !strings.Contains(e.Detail, string(o.Verdict)) || !strings.Contains(e.Detail, FilesText(job.Files)) {
		t.Errorf("%+v", e)
	}
	if patient != "" && !slices.Contains(e.Patients, patient) {
		t.Errorf("the event names %v", e.Patients)
	}
}

// The files of a folder are on the lists that a Bulk Data client and a receiver look for, with types and counts.
func TestPackageFolderLists(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, `{"resourceType":"Observation","id":"o-p1","status":"amended","code":{},"subject":{"reference":"Patient/p1"}}`,
		`{"resourceType":"DocumentReference","id":"d","status":"current","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"contentType":"text/plain","data":"aGVsbG8="}}]}`,
		`{"resourceType":"Observation","id":"gone","status":"final","code":{},"subject":{"reference":"Patient/p1"}}`)
	remove(t, s, "Observation/gone")
	e := engineOn(t, s, Options{})
	job, o := makes(t, e, handover.Order{Patient: "p1", Form: handover.FormFolder})
	lists := map[string][]storage.JobFile{}
	for _, f := range job.Files {
		lists[f.List] = append(lists[f.List], f)
		if strings.Contains(f.Name, "/") {
			t.Errorf("name %q", f.Name)
		}
	}
	types := map[string]int64{}
	for _, f := range lists[bulk.ListOutput] {
		types[f.Type] += f.Count
	}
	if types["Patient"] != 1 || types["DocumentReference"] < 2 || types["Observation"] != o.Counts["Observation"].ExportedCurrent {
		t.Errorf("output: %v", types)
	}
	for list, n := range map[string]int{bulk.ListDeleted: 1, pack.ListHistory: 1, pack.ListAttachment: 1} {
		if len(lists[list]) < n || list != pack.ListAttachment && lists[list][0].Count < 1 {
			t.Errorf("%s: %+v", list, lists[list])
		}
	}
	if text, err := e.folder.ReadFile(path.Join(job.ID, lists[pack.ListAttachment][0].InFolder())); string(text) != "hello" {
		t.Errorf("attachment %q (%v)", text, err)
	}
}

// A run that is interrupted leaves nothing behind, and the next makes the same package of the same snapshot, whatever was
// written meanwhile.
func TestPackageRunsAgain(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	for _, r := range []handover.Order{{Patient: demo.EverythingPatientID}, {Population: true}} {
		s := demoStore(t, demo.Options{Patients: 3})
		root := rootDir(t)
		e := New(s, root, Options{})
		job, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", r)
		if err != nil {
			t.Fatal(err)
		}
		claimed, _, err := s.ClaimJob(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		first, err := e.attempt(t.Context(), claimed) // all is made, and then the power fails
		if err != nil {
			t.Fatal(err)
		}
		want := resourceHashes(t, filepath.Join(e.path(job.ID), first.end.Files[0].Name))
		put(t, s, `{"resourceType":"Observation","id":"late","status":"final","code":{},"subject":{"reference":"Patient/`+demo.EverythingPatientID+`"}}`)
		if err := root.WriteFile(path.Join(job.ID, "stray"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		for n := range 3 { // and again, now in the middle
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n+1)*3*time.Millisecond)
			_, _ = e.attempt(ctx, claimed)
			cancel()
		}
		start(t, e)
		job = finish(t, e, job.ID)
		if job.State != storage.Complete {
			t.Fatalf("%s %s", job.State, job.Error)
		}
		soundFiles(t, e, job)
		if got := resourceHashes(t, filepath.Join(e.path(job.ID), job.Files[0].Name)); !maps.Equal(got, want) {
			t.Errorf("%+v: the second run differs from the first: %d and %d files", r, len(got), len(want))
		}
	}
}

// What cannot be a package is refused before there is a job.
func TestStartPackageRefuses(t *testing.T) {
	t.Parallel()
	s := practice(t)
	full := false
	e := New(s, rootDir(t), Options{MaxJobs: 1, FreeDisk: func() (int64, int64) {
		if full {
			return 1, 2
		}
		return 2, 1
	}})
	why := []handover.Withhold{{Resource: "Observation/o-p1", Reason: "x"}}
	for name, tt := range map[string]struct {
		r    handover.Order
		want fhir.Code
	}{
		"nothing":                {handover.Order{}, fhir.CodeRequired},
		"both":                   {handover.Order{Patient: "p1", Population: true}, fhir.CodeRequired},
		"many rules":             {handover.Order{Patient: "p1", Withhold: slices.Repeat([]handover.Withhold{{Resource: "List/1", Reason: "x"}}, 1001)}, fhir.CodeTooLong},
		"long reason":            {handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Resource: "List/1", Reason: strings.Repeat("x", 4001)}}}, fhir.CodeTooLong},
		"no id":                  {handover.Order{Patient: "p 1"}, fhir.CodeValue},
		"nobody":                 {handover.Order{Patient: "nobody"}, fhir.CodeNotFound},
		"linked to nobody":       {handover.Order{Patient: "p1", Linked: []string{"nobody"}}, fhir.CodeNotFound},
		"purpose":                {handover.Order{Patient: "p1", Purpose: "fun"}, fhir.CodeValue},
		"form":                   {handover.Order{Patient: "p1", Form: "tar"}, fhir.CodeValue},
		"population, linked":     {handover.Order{Population: true, Linked: []string{"p1"}}, fhir.CodeValue},
		"population, withheld":   {handover.Order{Population: true, Withhold: why}, fhir.CodeValue},
		"withheld, no reason":    {handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Resource: "Observation/o-p1"}}}, fhir.CodeRequired},
		"withheld, nothing":      {handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Reason: "x"}}}, fhir.CodeRequired},
		"withheld, no resource":  {handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Resource: "Observation", Reason: "x"}}}, fhir.CodeValue},
		"withheld, the patient":  {handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Resource: "Patient/p1", Reason: "x"}}}, fhir.CodeValue},
		"withheld, two criteria": {handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Resource: "Observation/o-p1", Code: "R", Reason: "x"}}}, fhir.CodeValue},
	} {
		if _, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", tt.r); codeOf(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	full = true
	if _, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Patient: "p1"}); codeOf(err) != fhir.CodeNoStore {
		t.Errorf("full disk: %v", err)
	}
	full = false
	if _, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Patient: "p1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Patient: "p1"}); codeOf(err) != fhir.CodeThrottled {
		t.Errorf("one too many: %v", err)
	}
	e.options.Packages.Key = func() (*handover.Key, error) { return nil, os.ErrPermission }
	if _, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Patient: "p1"}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("no key: %v", err)
	}
}

// A package that is cancelled while it is made is gone at once, with its folder, and no event says that it was made.
func TestCancelPackage(t *testing.T) {
	t.Parallel()
	s, begun, goOn := practice(t), make(chan bool), make(chan bool)
	e := engineOn(t, s, Options{Packages: PackageOptions{Settings: func() []byte {
		close(begun)
		<-goOn
		return nil
	}}})
	job, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Population: true})
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	if now, err := s.Job(t.Context(), job.ID); err != nil || now.State != storage.Running {
		t.Errorf("%s (%v)", now.State, err)
	}
	if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), job.ID); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if _, err := s.Job(t.Context(), job.ID); !isNotFound(err) {
		t.Error(err)
	}
	if left := folders(t, e, 0); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Package, audit.ExportFailed}}, audit.Page{})
	if err != nil || len(events) != 0 {
		t.Errorf("%+v (%v)", events, err)
	}
}

// One resource can be withheld with a reason.
func TestPackageWithholds(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{})
	_, o := makes(t, e, handover.Order{Patient: "p1", Withhold: []handover.Withhold{{Resource: "Observation/o-p1", Reason: "third-party-confidence", Authority: "45 CFR 164.524(a)(2)(v)"}}})
	if o.Verdict != handover.CompleteWithExclusions || o.Counts["Observation"].Excluded["third-party-confidence"] != 1 {
		t.Errorf("%s %+v", o.Verdict, o.Counts["Observation"])
	}
}

// A package holds of linked patients those that the order names, and says from either side whom it leaves out. One who differs
// is not taken in without a second confirmation, also if the Patient was changed since the order was given.
func TestPackageOfLinkedPatients(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, `{"resourceType":"Patient","id":"p1","birthDate":"1960","link":[{"other":{"reference":"Patient/p2"},"type":"replaces"}]}`, `{"resourceType":"Patient","id":"p2","birthDate":"1961"}`)
	e := engineOn(t, s, Options{})
	for _, c := range []struct{ id, left string }{
		{"p1", "Another record, Patient/p2, is linked with Patient/p1 (replaces) and is not in the package."},
		{"p2", "Another record, Patient/p1, is linked with Patient/p2 (replaces by Patient/p1) and is not in the package."},
	} {
		_, o := makes(t, e, handover.Order{Patient: c.id})
		if o.Verdict != handover.CompleteWithExclusions || len(o.LeftOut) != 1 || o.LeftOut[0].String() != c.left || !slices.Equal(o.Patients, []string{c.id}) {
			t.Errorf("%s: %s %v %v", c.id, o.Verdict, o.LeftOut, o.Patients)
		}
	}
	_, o := makes(t, e, handover.Order{Patient: "p1", Linked: []string{"p2"}, Confirmed: []string{"p2"}})
	if o.Verdict != handover.Complete || o.LeftOut != nil || !slices.Equal(o.Patients, []string{"p1", "p2"}) || o.Counts["Observation"].ExportedCurrent != 2 {
		t.Errorf("%s %v %v %+v", o.Verdict, o.LeftOut, o.Patients, o.Counts["Observation"])
	}
	job, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Patient: "p1", Linked: []string{"p2"}})
	if err != nil {
		t.Fatal(err)
	}
	if job = finish(t, e, job.ID); job.State != storage.Failed || !strings.Contains(job.Error, "do not agree (birth date)") {
		t.Errorf("%s %q", job.State, job.Error)
	}
	if left := folders(t, e, 3); len(left) != 3 {
		t.Errorf("the folder stayed: %v", left)
	}
}

// A protected copy opens with its passphrase alone, replaces an earlier one, and stands beside the package.
func TestProtect(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := engineOn(t, s, Options{})
	job, _ := makes(t, e, handover.Order{Patient: "p1"})
	const passphrase = "correct horse battery"
	for _, form := range []string{ProtectHTML, ProtectAge, ProtectAge} {
		made, err := e.Protect(t.Context(), audittest.Event(audit.Package), job.ID, form, passphrase)
		if err != nil || len(made) != 1 {
			t.Fatal(made, err)
		}
		if f := made[0]; f.Name != job.Files[0].Name+"."+form || f.List != pack.ListProtected {
			t.Errorf("%+v", f)
		}
	}
	now, err := s.Job(t.Context(), job.ID)
	if err != nil || len(now.Files) != 3 || !now.Expires.Equal(job.Expires) || !bytes.Equal(now.Outcome, job.Outcome) {
		t.Fatalf("%+v (%v)", now, err)
	}
	soundFiles(t, e, now)
	f, err := e.Open(t.Context(), job.ID, job.Files[0].Name+".age")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if sum := opened(t, f, passphrase); sum != [32]byte(job.Files[0].SHA256) {
		t.Error("what opens is not the package")
	}
	events, _, err := s.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Package}, Target: job.ID}, audit.Page{})
	if err != nil || len(events) != 4 || !strings.Contains(events[3].Detail, ".zip.age sha256") {
		t.Errorf("%+v (%v)", events, err)
	}
	for _, e := range events {
		if strings.Contains(e.Detail, passphrase) {
			t.Error("the passphrase is in the audit log")
		}
	}
}

// opened hashes what an age file holds.
func opened(t *testing.T, in io.Reader, passphrase string) [32]byte {
	t.Helper()
	id, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r, err := age.Decrypt(in, id)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zip.NewReader(bytes.NewReader(text), int64(len(text))); err != nil {
		t.Error(err)
	}
	return sha256.Sum256(text)
}

// What cannot be protected is refused, with what to do, and leaves nothing behind.
func TestProtectRefuses(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := engineOn(t, s, Options{})
	zipped, _ := makes(t, e, handover.Order{Patient: "p1"})
	folder, _ := makes(t, e, handover.Order{Patient: "p1", Form: handover.FormFolder})
	exported, _ := export(t, e, bulk.Request{Level: bulk.LevelSystem})
	failed, err := s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: pack.Kind, State: storage.Failed, Request: []byte(`{"patient":"nobody"}`)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.exports.wake <- struct{}{}
	failed = finish(t, e, failed.ID)
	huge, err := s.AddJob(t.Context(), audittest.Event(audit.ExportStart), storage.Job{Kind: pack.Kind}, 0)
	if err != nil {
		t.Fatal(err)
	}
	files := []storage.JobFile{{Name: "x.zip", List: pack.ListPackage, Bytes: handover.MaxSelfOpening + 1}}
	if _, err := s.FinishJob(t.Context(), audittest.Event(audit.ExportComplete), huge.ID, files, []byte("{}"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	const good = "correct horse battery"
	for name, tt := range map[string]struct {
		id, form, passphrase string
		want                 fhir.Code
		text                 string
	}{
		"form":       {zipped.ID, "gpg", good, fhir.CodeValue, "age or html"},
		"short":      {zipped.ID, ProtectAge, "short", fhir.CodeValue, "at least 12"},
		"none":       {zipped.ID, ProtectHTML, "", fhir.CodeValue, "at least 12"},
		"nobody's":   {"nothing", ProtectAge, good, fhir.CodeNotFound, ""},
		"an export":  {exported.ID, ProtectAge, good, fhir.CodeNotFound, ""},
		"a folder":   {folder.ID, ProtectAge, good, fhir.CodeValue, "form zip"},
		"failed":     {failed.ID, ProtectAge, good, fhir.CodeConflict, "failed"},
		"large page": {huge.ID, ProtectHTML, good, fhir.CodeTooCostly, "form age"},
	} {
		if _, err := e.Protect(t.Context(), audittest.Event(audit.Package), tt.id, tt.form, tt.passphrase); codeOf(err) != tt.want || !strings.Contains(err.Error(), tt.text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	e.protecting <- struct{}{}
	cancel()
	if _, err := e.Protect(ctx, audittest.Event(audit.Package), zipped.ID, ProtectAge, good); !errors.Is(err, context.Canceled) {
		t.Errorf("while another copy is made: %v", err)
	}
	<-e.protecting
	soundFiles(t, e, zipped)
}

// A package is kept as long as was said, before and after its end, and never shorter; what an interrupted copy left goes
// at the next start.
func TestKeepAndTidy(t *testing.T) {
	t.Parallel()
	s := practice(t)
	root := rootDir(t)
	e := New(s, root, Options{Retention: time.Hour})
	job, err := e.StartPackage(t.Context(), audittest.Event(audit.ExportStart), "ann", "", handover.Order{Patient: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	until := time.UnixMilli(time.Now().Add(1000 * time.Hour).UnixMilli()).UTC()
	if err := e.Keep(t.Context(), job.ID, until); err != nil {
		t.Fatal(err)
	}
	stop := start(t, e)
	if job = finish(t, e, job.ID); !job.Expires.Equal(until) {
		t.Errorf("expires %v, want %v", job.Expires, until)
	}
	for _, tt := range []struct{ at, want time.Time }{{until.Add(-time.Hour), until}, {until.Add(time.Hour), until.Add(time.Hour)}} {
		if err := e.Keep(t.Context(), job.ID, tt.at); err != nil {
			t.Error(err)
		}
		if now, err := s.Job(t.Context(), job.ID); err != nil || !now.Expires.Equal(tt.want) {
			t.Errorf("kept until %v: %v (%v)", tt.at, now.Expires, err)
		}
	}
	if err := e.Keep(t.Context(), "nothing", until); !isNotFound(err) {
		t.Error(err)
	}
	if _, err := e.Protect(t.Context(), audittest.Event(audit.Package), job.ID, ProtectHTML, "correct horse battery"); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := root.Mkdir(path.Join(job.ID, "protected-left"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := root.WriteFile(path.Join(job.ID, "protected-left", ".1.partial"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := New(s, root, Options{})
	if err := again.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	now, err := s.Job(t.Context(), job.ID)
	if err != nil {
		t.Fatal(err)
	}
	soundFiles(t, again, now)
	if _, err := os.Stat(filepath.Join(e.path(job.ID), "protected-left")); !os.IsNotExist(err) {
		t.Errorf("it stayed (%v)", err)
	}
}
