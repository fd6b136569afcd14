package faces_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"satchel/audit"
	"satchel/engine"
	"satchel/handover"
	"satchel/internal/testserver"
	"satchel/storage"
	"satchel/web"
)

// packageAnswer is what a receiver of /api/packages looks at.
type packageAnswer struct {
	ID, State, Verdict string
	Fingerprint        string `json:"keyFingerprint"`
	Files              []struct {
		Name, URL, List, SHA256 string
		Bytes                   int64
	}
	Passphrase string
}

// packed starts a package and waits for its end.
func (p *practice) packed(body string) packageAnswer {
	p.t.Helper()
	started := p.json("POST", "/api/packages", body, "")
	p.want(started, 202)
	return answerOf(p.t, p.want(p.ended(started.header.Get("Content-Location")), 200))
}

func answerOf(t testing.TB, r reply) (a packageAnswer) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.body), &a); err != nil {
		t.Fatalf("%v: %.300s", err, r.body)
	}
	return a
}

// engineOn makes an engine with a folder of its own. Nobody works yet.
func engineOn(t *testing.T, s *storage.Store, o engine.Options) *engine.Engine {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return engine.New(s, root, o)
}

// record stores a small record of one patient.
func (p *practice) record() {
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	p.want(p.do("PUT", "/fhir/Observation/o1", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`), 201)
}

// What is downloaded is a good package signed with the practice's key, and so is what a protected copy holds; the audit log
// tells of the download with the patient.
func TestPackageDownload(t *testing.T) {
	t.Parallel()
	key, err := handover.NewKey(filepath.Join(t.TempDir(), "key"), "")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, func(o *web.Options) {
		o.Exports.Engine = engineOn(t, o.Store, engine.Options{Packages: engine.PackageOptions{
			Key: func() (*handover.Key, error) { return key, nil }, Practice: func() handover.Practice { return handover.Practice{Name: "Sommer"} }}})
		testserver.Run(t, o.Exports.Engine)
	})
	p.record()
	a := p.packed(`{"patient":"p1"}`)
	if a.Verdict != "COMPLETE" || a.Fingerprint != key.Fingerprint() || len(a.Files) != 1 || !strings.HasPrefix(a.Files[0].Name, "EHI_Sommer_single_") {
		t.Fatalf("%+v", a)
	}
	zip := p.do("GET", a.Files[0].URL, "")
	p.want(zip, 200)
	if sum := sha256.Sum256([]byte(zip.body)); hex.EncodeToString(sum[:]) != a.Files[0].SHA256 || int64(len(zip.body)) != a.Files[0].Bytes {
		t.Error("the download is not what the status says")
	}
	checkGood(t, []byte(zip.body), key.Fingerprint())

	r := p.json("POST", "/api/packages/"+a.ID+"/protected", `{"form":"age"}`, "")
	p.want(r, 201)
	made := answerOf(t, r)
	locked := p.do("GET", made.Files[0].URL, "")
	id, err := age.NewScryptIdentity(made.Passphrase)
	if err != nil {
		t.Fatal(err)
	}
	in, err := age.Decrypt(strings.NewReader(locked.body), id)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(in); err != nil || !bytes.Equal(text, []byte(zip.body)) {
		t.Errorf("the protected copy holds something else (%v)", err)
	}
	events, _, err := p.store.AuditEvents(t.Context(), audit.Filter{Patient: "p1", Actions: []audit.Action{audit.ExportStart, audit.Package, audit.ExportFile}}, audit.Page{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[audit.Action]string{}
	for _, e := range events {
		seen[e.Action] += e.Target + " " + e.Detail + "\n"
	}
	if !strings.HasPrefix(seen[audit.ExportStart], a.ID) || !strings.Contains(seen[audit.ExportFile], a.Files[0].SHA256) || !strings.Contains(seen[audit.Package], "COMPLETE") {
		t.Errorf("the audit log has %q", seen)
	}
	if strings.Contains(p.log.String(), made.Passphrase) {
		t.Error("the passphrase is in the log")
	}
	p.want(p.do("GET", "/fhir/$export-poll-status?_jobId="+a.ID, ""), 404)
	p.want(p.do("GET", "/fhir/$export-file/"+a.ID+"/"+a.Files[0].Name, ""), 404)
	bulk := p.do("GET", "/fhir/$export", "", "Prefer: respond-async").header.Get("Content-Location")
	_, job, _ := strings.Cut(bulk, "=")
	p.want(p.do("GET", "/api/packages/"+job, ""), 404)
}

// checkGood verifies a ZIP as a receiver does.
func checkGood(t *testing.T, zip []byte, fingerprint string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p.zip")
	if err := os.WriteFile(path, zip, 0o600); err != nil {
		t.Fatal(err)
	}
	v, err := handover.Verify(t.Context(), path, handover.VerifyOptions{Fingerprint: fingerprint})
	if err != nil || v.Outcome != handover.Good {
		t.Errorf("%+v (%v)", v, err)
	}
}

// While a package is made its status says how far it is, and it can be cancelled: by who started it, and by who may cancel
// jobs.
func TestPackageProgressAndCancel(t *testing.T) {
	t.Parallel()
	p := open(t, func(o *web.Options) { o.Exports.Engine = engineOn(t, o.Store, engine.Options{}) }) // nobody works
	p.account("office", "MANAGE_BATCH_JOBS")
	p.account("other", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	p.record()
	for _, who := range []string{"ann", "office"} {
		p.as = "ann"
		at := p.json("POST", "/api/packages", `{"patient":"p1"}`, "").header.Get("Content-Location")
		poll := func(want string) {
			t.Helper()
			r := p.do("GET", at, "")
			p.want(r, 202, `"progress":"`+want)
			if r.header.Get("X-Progress") != want || r.header.Get("Retry-After") != "1" {
				t.Errorf("%v", r.header)
			}
		}
		poll("0% (waiting for a free worker)")
		job, _, err := p.store.ClaimJob(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for done, want := range map[int64]string{5: "50% (5 of about 10 resources)", 10: "99% (reading back and sealing)"} {
			if err := p.store.Progress(t.Context(), job.ID, done, 10); err != nil {
				t.Fatal(err)
			}
			poll(want)
		}
		p.want(p.json("POST", at+"/protected", `{"form":"age"}`, ""), 409, "wait until it is complete")
		p.as = "other"
		p.want(p.do("DELETE", at, ""), 404)
		p.as = who
		p.want(p.do("DELETE", at, ""), 204)
		p.as = "ann"
		p.want(p.do("GET", at, ""), 404)
	}
}

// Where jobs are not exclusive, who may read all that a package holds sees those of others, and nobody else does. Of linked
// patients those are in it that the order names, with the right to each and a confirmation where they differ; the others are
// shown before, as far as the account may read them, and named as left out.
func TestPackageOfLinked(t *testing.T) {
	t.Parallel()
	p := open(t, func(o *web.Options) { o.Exports.Exclusive = false })
	p.record()
	p.want(p.do("PUT", "/fhir/Patient/p0", `{"resourceType":"Patient","id":"p0","name":[{"family":"Zero"}],"birthDate":"1961"}`), 201)
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1","name":[{"family":"One"}],"birthDate":"1961-02","link":[{"other":{"reference":"Patient/p0"},"type":"replaces"}]}`), 200)
	const op = "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"
	p.account("reader", op, "FHIR_ALL_READ")
	p.account("narrow", op, "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1")
	p.account("both", op, "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p0")
	p.want(p.json("POST", "/api/packages", `{"patient":"p1","linked":["p0"]}`, ""), 400, "do not agree (name)")
	p.want(p.json("POST", "/api/packages", `{"patient":"p1","confirmed":["p0"]}`, ""), 400, "confirmed and not included")
	a := p.packed(`{"patient":"p1","linked":["Patient/p0"],"confirmed":["Patient/p0"]}`)
	for who, want := range map[string]int{"reader": 200, "both": 200, "narrow": 403} {
		p.as = who
		p.want(p.do("GET", "/api/packages/"+a.ID, ""), want)
		p.want(p.do("GET", a.Files[0].URL, ""), want)
	}
	p.as = "narrow"
	p.want(p.json("POST", "/api/packages", `{"patient":"p1","linked":["p0"],"confirmed":["p0"]}`, ""), 403)
	if r := p.want(p.do("GET", "/api/patients/p1/linked", ""), 200, `"patient":"Patient/p0"`, `"links":["replaces"]`, `"mayRead":false`); strings.Contains(string(r.body), "Zero") || strings.Contains(string(r.body), "1961") {
		t.Errorf("a linked patient is told to who may not read it: %s", r.body)
	}
	p.want(p.do("GET", "/api/patients/p0/linked", ""), 403)
	left := p.want(p.ended(p.json("POST", "/api/packages", `{"patient":"p1"}`, "").header.Get("Content-Location")), 200, `"linkedLeftOut":[{"patient":"Patient/p0","with":"Patient/p1","links":["replaces"]}]`, "STATED EXCLUSIONS")
	if strings.Contains(string(left.body), "Zero") {
		t.Errorf("a package tells of who is left out: %s", left.body)
	}
	p.as = "both"
	p.want(p.do("GET", "/api/patients/p0/linked", ""), 200, `"patient":"Patient/p1"`, `"back":["replaces"]`, `"name":"One"`, `"birthDate":"1961-02"`, `"differs":["name"]`)
	p.want(p.ended(p.json("POST", "/api/packages", `{"patient":"p0"}`, "").header.Get("Content-Location")), 200, `"back":["replaces"]`, "STATED EXCLUSIONS")
}
