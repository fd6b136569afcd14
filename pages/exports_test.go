package pages_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"satchel/internal/await"
)

// ended waits until the page of an export says that it has ended.
func (v *visitor) ended(path string) reply {
	v.p.t.Helper()
	return await.Value(v.p.t, "the job at "+path+" ends", func() (reply, bool) {
		r := v.want(v.get(path), 200)
		return r, !strings.Contains(r.body, "data-poll")
	})
}

var fileLink = regexp.MustCompile(`href="(/exports/[^"]+/files/[^"]+)"`)

// An export of all patients and a package of everything are started by a form, followed, downloaded and deleted, without a
// script.
func TestExports(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for what, said := range map[string]string{"patients": "Ready: ", "package": "Complete"} {
		v := p.as("ann")
		r := v.post("/exports/new", "what", what)
		v.want(r, 303)
		path := r.header.Get("Location")
		page := v.ended(path)
		v.want(page, 200, said)
		link := fileLink.FindStringSubmatch(page.body)
		if link == nil {
			t.Fatalf("%s: no file\n%s", what, page.body)
		}
		file := v.want(v.get(link[1]), 200)
		if !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") || len(file.body) == 0 {
			t.Errorf("%s: %v, %d bytes", what, file.header, len(file.body))
		}
		v.want(v.get("/exports"), 200, path)
		for who, status := range map[string]int{"fred": 404, "ike": 404} {
			other := p.as(who)
			other.want(other.get(path), status)
			other.want(other.get(link[1]), status)
			other.want(other.post(path+"/delete"), status)
		}
		v.want(v.get(path+"/delete"), 200, "Delete this export?")
		v.led(v.post(path+"/delete"), "/exports?done=deleted")
		v.want(v.get(path), 404)
	}
}

// The form offers what an account may start and refuses everything else; what is wrong is said beside the fields.
func TestNewExport(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.account("gina", "ACCESS_ADMIN_WEB", "FHIR_ALL_READ", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/"+firstGroup(t, p))
	for who, want := range map[string]struct{ offered, refused []string }{
		"ann":  {[]string{"package", "patients", "group", "system"}, nil},
		"fred": {[]string{"patients"}, []string{"package", "system", "group"}},
		"gina": {[]string{"group"}, []string{"package", "system", "patients"}},
		"nora": {nil, []string{"package", "system", "patients", "group"}},
	} {
		v := p.as(who)
		page := v.want(v.get("/exports/new"), 200)
		for _, what := range want.offered {
			v.want(page, 200, `value="`+what+`"`)
		}
		for _, what := range want.refused {
			if strings.Contains(page.body, `name="what" value="`+what+`"`) {
				t.Errorf("%s is offered %s", who, what)
			}
			if r := v.post("/exports/new", "what", what, "group", "nope"); r.status != 422 && r.status != 403 && r.status != 404 {
				t.Errorf("%s may start %s: %d", who, what, r.status)
			}
		}
	}
	v := p.as("ann")
	v.want(v.post("/exports/new", "what", "patients", "types", "Patiant"), 422, "Patiant")
	v.want(v.post("/exports/new", "what", "patients", "since", "yesterday"), 422, "year, month and day")
	v.want(v.post("/exports/new"), 422, "This is needed.")
	if jobs, err := p.store.Jobs(t.Context()); err != nil || len(jobs) != 0 {
		t.Errorf("%d jobs were started (%v)", len(jobs), err)
	}
	hostile := v.post("/exports/new", "what", "patients", "types", `"><script>alert(1)</script>`)
	if v.want(hostile, 422); strings.Contains(hostile.body, "<script>alert") {
		t.Error("what was typed is not escaped")
	}
}

// Who may export a group need not read it, and then does not learn its name, which may tell what its members have in common.
func TestGroupNameIsForReaders(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.put(`{"resourceType":"Group","id":"told","type":"person","actual":true,"name":"Canary clinic"}`)
	p.account("hugo", "ACCESS_ADMIN_WEB", "FHIR_READ_ALL_OF_TYPE:Patient", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/told")
	v := p.as("hugo")
	if page := v.want(v.get("/exports/new"), 200, `value="told"`); strings.Contains(page.body, "Canary") {
		t.Error("the name is told")
	}
}

// firstGroup is the id of a Group of the practice.
func firstGroup(t *testing.T, p *practice) string {
	t.Helper()
	v := p.as("ann")
	m := regexp.MustCompile(`<option value="([^"]+)"`).FindStringSubmatch(v.want(v.get("/exports/new?"+url.Values{"what": {"group"}}.Encode()), 200).body)
	if m == nil {
		t.Fatal("the practice has no group")
	}
	return m[1]
}

// In a browser an export is chosen, shows its progress by itself, and offers its files.
func TestExportInBrowser(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	b := p.signed(t, "ann")
	b.Click("Exports")
	b.Wait("There are no exports")
	b.Click("New export")
	p.looks(b, "exports-new")
	b.Click("Start")
	b.Wait("A sealed copy of all records")
	b.Wait("Complete: everything")
	p.looks(b, "exports-one")
	b.Click("All exports")
	p.looks(b, "exports")
}
