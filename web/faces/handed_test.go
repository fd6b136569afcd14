package faces_test

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"satchel/fhir"
)

// handed is one version of a resource that a face handed to an account.
type handed struct {
	face         string
	typ, id, ver string
	text         string // the resource, as the face gave it
}

func (h handed) key() string { return h.typ + "/" + h.id }

// vread is the address of the version.
func (h handed) vread() string { return "/fhir/" + h.key() + "/_history/" + h.ver }

// take reads a resource that a face gave; false for what is no stored one, such as an outcome.
func take(face string, text []byte) (handed, bool) {
	var r struct {
		ResourceType, ID string
		Meta             struct{ VersionID string }
	}
	err := json.Unmarshal(text, &r)
	h := handed{face, r.ResourceType, r.ID, r.Meta.VersionID, string(text)}
	return h, err == nil && fhir.IsType(r.ResourceType) && r.ID != "" && r.Meta.VersionID != ""
}

// bundled are the resources in all pages of a Bundle; nothing where the account may not ask.
func (p *practice) bundled(path string) (all []handed) {
	p.t.Helper()
	for next := path; next != ""; {
		r := p.do("GET", next, "")
		if r.status != 200 {
			if r.status != 403 && r.status != 404 && r.status != 410 && r.status != 400 {
				p.t.Errorf("%s gets %s: %d %.300s", p.as, next, r.status, r.body)
			}
			return all
		}
		var b struct {
			Link  []struct{ Relation, URL string }
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal([]byte(r.body), &b); err != nil {
			p.t.Fatal(err)
		}
		next = ""
		for _, l := range b.Link {
			if l.Relation == "next" {
				next = l.URL
			}
		}
		for _, e := range b.Entry {
			if h, ok := take(path, e.Resource); ok {
				all = append(all, h)
			}
		}
	}
	return all
}

// job waits for a kick-off's job and returns the text of its answer; false where the account may not start it.
func (p *practice) job(kick reply, what string) (reply, bool) {
	p.t.Helper()
	if kick.status != 202 {
		if kick.status != 403 && kick.status != 404 && kick.status != 410 && kick.status != 400 && kick.status != 422 {
			p.t.Errorf("%s starts %s: %d %.300s", p.as, what, kick.status, kick.body)
		}
		return reply{}, false
	}
	r := p.ended(kick.header.Get("Content-Location"))
	if r.status != 200 && !strings.Contains(r.body, "may not read") {
		p.t.Errorf("%s: %s ends with %d %.300s", p.as, what, r.status, r.body)
	}
	return r, r.status == 200
}

// exports are the resources in the files of an export.
func (p *practice) exports(path string) (all []handed) {
	p.t.Helper()
	r, ok := p.job(p.do("GET", path, "", "Prefer: respond-async"), path)
	if !ok {
		return nil
	}
	var m struct{ Output []struct{ URL string } }
	if err := json.Unmarshal([]byte(r.body), &m); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range m.Output {
		for line := range strings.Lines(p.want(p.do("GET", f.URL, ""), 200).body) {
			if h, ok := take(path, []byte(line)); ok {
				all = append(all, h)
			}
		}
	}
	return all
}

// packages are the resources in a patient's package.
func (p *practice) packages(patient string) (all []handed) {
	p.t.Helper()
	face := "package of " + patient
	r, ok := p.job(p.json("POST", "/api/packages", `{"patient":"`+patient+`"}`, ""), face)
	if !ok {
		return nil
	}
	body := p.want(p.do("GET", answerOf(p.t, r).Files[0].URL, ""), 200).body
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".ndjson") {
			continue
		}
		in, err := f.Open()
		if err != nil {
			p.t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil {
			p.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if h, ok := take(face, []byte(line)); ok {
				all = append(all, h)
			}
		}
	}
	return all
}

// chart are the documents that the pages of a patient's chart hand out: the resource that shows each, without its text.
func (p *practice) chart(patient string) (all []handed) {
	p.t.Helper()
	if strings.HasPrefix(p.as, "Bearer ") {
		return nil // programs have no pages
	}
	cookie := p.session(p.as, "")
	as := p.as
	p.as = ""
	defer func() { p.as = as }()
	page := "/patients/" + url.PathEscape(patient)
	r := p.do("GET", page, "", "Accept: text/html", "Cookie: "+cookie)
	if r.status != 200 {
		return nil
	}
	r.body += p.do("GET", page+"/part/documents", "", "Accept: text/html", "Cookie: "+cookie).body
	for _, part := range strings.Split(r.body, `href="`+page+"/file/")[1:] {
		href, _, _ := strings.Cut(part, `"`)
		path := page + "/file/" + strings.ReplaceAll(href, "&amp;", "&")
		if file := p.do("GET", path, "", "Accept: text/html", "Cookie: "+cookie); file.status != 200 {
			continue
		}
		key, _, _ := strings.Cut(href, "?")
		typ, id, _ := strings.Cut(key, "/")
		all = append(all, handed{face: "chart of " + patient, typ: typ, id: id})
	}
	return all
}

// everyFace asks every face for what it hands to the account at hand. keys are all resources that ever were.
func (p *practice) everyFace(keys []string) (all []handed) {
	p.t.Helper()
	types := map[string]bool{}
	for _, key := range keys {
		typ, _, _ := strings.Cut(key, "/")
		all = append(all, p.bundled("/fhir/"+key+"/_history")...)
		if types[typ] {
			continue
		}
		types[typ] = true
		all = append(all, p.bundled("/fhir/"+typ+"?_count=100&_include=*&_revinclude=Provenance:target&_revinclude=List:item&_revinclude=Observation:subject")...)
		all = append(all, p.bundled("/fhir/"+typ+"/_history?_count=100")...)
	}
	all = append(all, p.bundled("/fhir/_history?_count=100")...)
	exports := []string{"/fhir/Patient/$export", "/fhir/$export", "/fhir/Patient/$export?_includeHistory=true&includeAssociatedData=RelevantProvenanceResources"}
	for _, id := range anyPatients {
		for _, typ := range []string{"Observation", "Encounter", "List", "DocumentReference", "Appointment", "Device"} {
			param := map[string]string{"List": "item"}[typ]
			if param == "" {
				param = "patient"
			}
			all = append(all, p.bundled(fmt.Sprintf("/fhir/%s?%s=Patient/%s&_include=*&_include:iterate=*&_revinclude=Provenance:target", typ, param, id))...)
		}
		all = append(all, p.bundled("/fhir/Patient?_id="+id+"&_revinclude=*")...)
		all = append(all, p.bundled("/fhir/Patient/"+id+"/$everything?_count=7")...)
		all = append(all, p.packages(id)...)
		all = append(all, p.chart(id)...)
		exports = append(exports, "/fhir/Patient/"+id+"/$export", "/fhir/Patient/"+id+"/$export?_includeHistory=true",
			"/fhir/Patient/"+id+"/$export?organizeOutputBy=Patient&includeAssociatedData=LatestProvenanceResources")
	}
	for _, id := range []string{"1", "2", "3"} {
		exports = append(exports, "/fhir/Group/"+id+"/$export", "/fhir/Group/"+id+"/$export?_includeHistory=true")
	}
	for _, path := range exports {
		all = append(all, p.exports(path)...)
	}
	return all
}
