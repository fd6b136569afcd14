package pages_test

import (
	"archive/zip"
	"encoding/base64"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/pages"
)

// The data of each patient of these tests says whose it is, so that a page or file tells by itself whose data it holds.
var wentOut = regexp.MustCompile(`Dataof(wone|wtwo|wthree)`)

// whoseIn are the patients whose data a text holds; that of a ZIP is unpacked.
func whoseIn(text string) (patients []string) {
	for _, found := range wentOut.FindAllStringSubmatch(text, -1) {
		patients = append(patients, found[1])
	}
	if z, err := zip.NewReader(strings.NewReader(text), int64(len(text))); err == nil {
		for _, f := range z.File {
			if r, err := f.Open(); err == nil {
				content, _ := io.ReadAll(r)
				patients = append(patients, whoseIn(string(content))...)
			}
		}
	}
	slices.Sort(patients)
	return slices.Compact(patients)
}

// openMarked is a practice with a ledger and such patients: wone, who is also filed as wtwo, and wthree. The content of a document of wone
// is a document of wthree, too.
func openMarked(t *testing.T) *frontDesk {
	t.Helper()
	d := openDesk(t, nil)
	content := base64.StdEncoding.EncodeToString([]byte("Dataofwone Dataofwthree"))
	seen := func(id, patient string) string {
		return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"text":"Dataof` + patient + `"},"subject":{"reference":"Patient/` + patient + `"}}`
	}
	shows := func(id, patient string) string {
		return `{"resourceType":"DocumentReference","id":"` + id + `","status":"current","description":"Dataof` + patient + `","subject":{"reference":"Patient/` + patient + `"},
			"content":[{"attachment":{"contentType":"text/plain","title":"Letter","url":"Binary/shared"}}]}`
	}
	d.put(`{"resourceType":"Patient","id":"wone","name":[{"family":"Dataofwone"}],"birthDate":"1950-01-01","link":[{"other":{"reference":"Patient/wtwo"},"type":"seealso"}]}`,
		`{"resourceType":"Patient","id":"wtwo","name":[{"family":"Dataofwtwo"}],"birthDate":"1950-01-01"}`,
		`{"resourceType":"Patient","id":"wthree","name":[{"family":"Dataofwthree","given":["Ida"]}],"birthDate":"1960-01-01"}`,
		seen("owone", "wone"), seen("owtwo", "wtwo"), seen("owthree", "wthree"), `{"resourceType":"Binary","id":"shared","contentType":"text/plain","data":"`+content+`"}`,
		shows("dwone", "wone"), shows("dwthree", "wthree"),
		`{"resourceType":"Group","id":"g","type":"person","actual":true,"name":"Some","member":[{"entity":{"reference":"Patient/wone"}},{"entity":{"reference":"Patient/wthree"}}]}`)
	return d
}

// wantNamed fails the test unless the events since before name those whose data an answer holds, and at most those asked for
// besides.
func (d *frontDesk) wantNamed(what string, r reply, before int64, asked ...string) {
	d.t.Helper()
	var named []string
	for e, err := range d.store.AuditStream(d.t.Context(), audit.Filter{}, audit.Sort{}) {
		if err != nil {
			d.t.Fatal(err)
		}
		if e.Seq > before {
			named = append(named, e.Patients...)
		}
	}
	slices.Sort(named)
	named = slices.Compact(named)
	for _, id := range whoseIn(r.body) {
		if !slices.Contains(named, id) && !slices.Contains(named, audit.Everybody) {
			d.t.Errorf("%s: the event names %v, and the answer holds data of %v", what, named, whoseIn(r.body))
			return
		}
	}
	for _, id := range named {
		if !slices.Contains(whoseIn(r.body), id) && !slices.Contains(asked, id) {
			d.t.Errorf("%s: the event names %v, and the answer holds data of %v alone", what, named, whoseIn(r.body))
		}
	}
}

// head is the number of the last event.
func (d *frontDesk) head() int64 {
	d.t.Helper()
	head, err := d.store.AuditHead(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return head.Seq
}

// Pages and what they hand out name the patients whose data is in them, and nobody else but whom their address names.
func TestPagesNameWhoseDataWentOut(t *testing.T) {
	t.Parallel()
	d := openMarked(t)
	v := d.as("ann")
	copied := v.copyOf("wone", "linked", "wtwo", "confirmed", "wtwo")
	request := v.record("patient-id", "wone", "name", "Dataofwone")
	v.record("patient-id", "wthree", "name", "Dataofwthree")
	d.put(`{"resourceType":"Observation","id":"loose","status":"final","code":{"text":"x"},"subject":{"display":"Ida Dataofwthree"}}`,
		`{"resourceType":"Observation","id":"given","status":"final","code":{"text":"x"},"subject":{"display":"Dataofwtwo"}}`)
	v.led(v.post("/unassigned/Observation/given", "version", "1", "patient", "wtwo"), "/unassigned?done=assigned")
	_, imported := v.imported(v.upload([]sent{{"a.ndjson", `{"resourceType":"Patient","id":"wone","name":[{"family":"Else"}],"birthDate":"2001-01-01"}`}}))
	documents := v.want(v.get("/patients/wone/part/documents"), 200)
	letter := regexp.MustCompile(`href="(/patients/wone/file/[^"]+)"`).FindStringSubmatch(documents.body)
	file := copyLink.FindStringSubmatch(v.get(copied).body)
	if letter == nil || file == nil {
		t.Fatal(documents.body)
	}
	var looked []string
	for _, c := range []struct{ path, asked string }{
		{"/patients?q=Dataofwone", ""}, {"/patients?q=Dataof", ""}, {"/patients?q=nobody", ""}, {"/patients?all=1", "all"},
		{"/patients/wone", "wone"}, {"/patients/wthree", "wthree"}, {"/patients/wone/part/results", "wone"}, {"/patients/wone/part/documents", "wone"},
		{strings.ReplaceAll(letter[1], "&amp;", "&"), "wone"},
		{"/patients/wone/copy", "wone"}, {"/patients/wthree/copy", "wthree"},
		{"/copies", ""}, {copied, "wone wtwo"}, {copied + "/receipt", "wone wtwo"}, {copied + "/protect", "wone wtwo"}, {copied + "/delete", "wone wtwo"}, {file[1], "wone wtwo"},
		{"/unassigned", ""}, {"/unassigned/Observation/loose", ""}, {"/unassigned/Observation/loose?q=Dataofwtwo", ""}, {"/unassigned/decided", ""},
		{"/groups", ""}, {"/groups/g", ""}, {"/groups/g/edit", ""}, {"/groups/g/delete", ""}, {"/groups/g/add?q=Dataofwtwo", ""},
		{"/requests", ""}, {"/requests?show=all&q=Dataofwthree", ""}, {request, "wone"}, {request + "/do/check", "wone"}, {request + "/do/amend", "wone"}, {request + "/letters/acknowledgement", "wone"},
		{"/requests/new?patient=wone", "wone"}, {"/requests/download/csv", ""}, {"/requests/download/bundle", ""}, {"/requests/download/ndjson", ""},
		{"/audit?patient=wone", "wone"}, {"/audit/download?as=csv&patient=wone", "wone"}, {"/", ""}, {"/exports", ""}, {"/import", ""}, {imported, ""}, {"/users", ""},
	} {
		before := d.head()
		r := v.get(c.path)
		if r.status != 200 {
			t.Errorf("%s: %d %.1500s", c.path, r.status, r.body)
			continue
		}
		asked := strings.Fields(c.asked)
		if c.asked == "all" {
			asked = d.everyone()
		}
		d.wantNamed(c.path, r, before, asked...)
		looked = append(looked, c.path)
	}
	everyPage(t, looked)
}

// elsewhere are pages that the test above need not open, and why.
var elsewhere = map[string]string{
	"requests/{id}/file/{file}": "TestHandoversNameWhoseDataWentOut",
	"exports/{id}":              "how far a job is, with the patients of its start",
	"exports/{id}/files/{file}": "TestFilesNameWhoseDataWentOut of package faces: the same deed",
	"import/{id}/findings":      "lines and ids, no data",
	"r/{token}":                 "tells nothing of whose record it is",
	"ehi/{token}":               "likewise",
	"audit/check":               "the chain of the log",
}

// everyPage fails the test unless each page that may show data of patients was looked at. Those that leave no event hold none:
// forms, settings, progress.
func everyPage(t *testing.T, looked []string) {
	t.Helper()
	for _, rt := range pages.Routes() {
		data := rt.Action != audit.NoEvent && !slices.Contains([]string{"users", "clients", "account", "settings"}, strings.Split(rt.Pattern, "/")[0])
		if rt.Method != "GET" || !data || elsewhere[rt.Pattern] != "" {
			continue
		}
		if !slices.ContainsFunc(looked, func(path string) bool { return isAt(rt.Pattern, path) }) {
			t.Errorf("%s is not looked at: whose data does it hold?", rt.Pattern)
		}
	}
}

// isAt reports whether an address is one of a pattern.
func isAt(pattern, path string) bool {
	path, _, _ = strings.Cut(strings.TrimPrefix(path, "/"), "?")
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i := range want {
		if len(want) != len(got) || want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// everyone is the ids of all patients.
func (d *frontDesk) everyone() []string {
	d.t.Helper()
	at, err := d.store.Snapshot(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	ids, err := d.store.Patients(d.t.Context(), at)
	if err != nil {
		d.t.Fatal(err)
	}
	return ids
}

// What is handed over names the patient, and who is the same person and comes along: by the desk and by a link.
func TestHandoversNameWhoseDataWentOut(t *testing.T) {
	t.Parallel()
	d := openMarked(t)
	v := d.as("apollo")
	path := v.record("patient-id", "wone", "wish", "link", "name", "Dataofwone")
	v.done(path, "patient", "patient-id", "wone")
	v.done(path, "check", "how", "id")
	v.done(path, "approve", "linked", "wtwo", "confirmed", "wtwo")
	v.done(path, "produce")
	page := v.ready(path)
	file := regexp.MustCompile(`href="(/requests/[^"]*/file/[^"]+\.zip)"`).FindStringSubmatch(page.body)
	if file == nil {
		t.Fatal(page.body)
	}
	before := d.head()
	downloaded := v.want(v.get(file[1]), 200)
	if got := strings.Join(whoseIn(downloaded.body), " "); !strings.HasPrefix(got, "wone") || !strings.HasSuffix(got, "wtwo") {
		t.Fatalf("the package holds data of %s", got)
	}
	d.wantNamed(file[1], downloaded, before)
	link, words := v.link(path)
	before = d.head()
	loaded := d.visitor()
	if r := loaded.want(loaded.post(link, "passphrase", words), 200); len(r.body) < 1000 {
		t.Error("no file")
	}
	d.wantNamed(link, downloaded, before) // the same content, encrypted
}
