package faces_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
)

// The data of each patient of these tests says whose it is, word by word, so that an answer tells by itself whose data it holds,
// whatever its form: JSON, NDJSON, the bytes of a document or a ZIP.
var wentOut = regexp.MustCompile(`data-of-(p[0-9])`)

func dataOf(patients ...string) string { return "data-of-" + strings.Join(patients, " data-of-") }

// whoseIn are the patients whose data a text holds, in whatever it is packed.
func whoseIn(text string) (patients []string) {
	for _, found := range wentOut.FindAllStringSubmatch(text, -1) {
		patients = append(patients, found[1])
	}
	for _, packed := range regexp.MustCompile(`"data":"([^"]+)"`).FindAllStringSubmatch(text, -1) {
		if content, err := base64.StdEncoding.DecodeString(packed[1]); err == nil {
			patients = append(patients, whoseIn(string(content))...)
		}
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

// mixed are resources of three patients: of one, of several, of one after the other, by ties and by documents. Each says whose
// data it is.
func mixed() (all []string) {
	add := func(typ, id, rest string, patients ...string) {
		words := ""
		if patients != nil {
			words = `,"meta":{"tag":[{"display":"` + dataOf(patients...) + `"}]}`
		}
		all = append(all, `{"resourceType":"`+typ+`","id":"`+id+`"`+words+rest+`}`)
	}
	named := func(id string) string {
		return `{"reference":"Patient/` + id + `","display":"` + dataOf(id) + `"}`
	}
	ref := func(name, target string) string { return `,"` + name + `":{"reference":"` + target + `"}` }
	bytesOf := func(patients ...string) string {
		return `,"contentType":"text/plain","data":"` + base64.StdEncoding.EncodeToString([]byte(dataOf(patients...))) + `"`
	}
	shows := func(url string) string { return `,"status":"current","content":[{"attachment":{"url":"` + url + `"}}]` }
	const observed = `,"status":"final","code":{"text":"x"}`
	const visit = `,"status":"finished","class":{"code":"AMB"}`
	add("Practitioner", "dr", "")
	for i := range 4 {
		add("Patient", fmt.Sprintf("p%d", i), "", fmt.Sprintf("p%d", i))
	}
	add("Observation", "o0", observed+ref("subject", "Patient/p0"), "p0")
	add("Observation", "o1", observed+ref("subject", "Patient/p1")+`,"performer":[{"reference":"Practitioner/dr"}]`, "p1")
	add("Observation", "o2", observed+ref("subject", "Patient/p2"), "p2")
	add("Observation", "moved", observed+ref("subject", "Patient/p1"), "p1")
	add("Observation", "moved", observed+ref("subject", "Patient/p2"), "p2")
	add("Observation", "childs", observed+ref("subject", "Patient/p2")+`,"performer":[{"reference":"Patient/p1"}]`, "p2") // p1 measured p2
	add("Encounter", "e1", visit+ref("subject", "Patient/p1"), "p1")
	add("Observation", "tied", observed+ref("encounter", "Encounter/e1"), "p1")
	add("Group", "g", `,"type":"person","actual":true,"member":[{"entity":`+named("p1")+`},{"entity":`+named("p2")+`},{"entity":`+named("p0")+`,"inactive":true}]`)
	add("Observation", "course", observed+ref("encounter", "Encounter/eg"), "p1", "p2")
	add("List", "l", `,"status":"current","mode":"working","entry":[{"item":`+named("p1")+`},{"item":`+named("p2")+`}]`)
	add("Appointment", "a", `,"status":"booked","participant":[{"actor":`+named("p1")+`,"status":"accepted"},{"actor":`+named("p2")+`,"status":"accepted"}]`)
	add("Account", "acc", `,"status":"active","subject":[`+named("p1")+`,`+named("p2")+`]`)
	add("Encounter", "eg", visit+`,"appointment":[{"reference":"Appointment/a"}]`, "p1", "p2") // the visit of both
	add("Binary", "b1", bytesOf("p1"))
	add("Binary", "b12", bytesOf("p1", "p2"))
	add("Binary", "bo", bytesOf("p1")+ref("securityContext", "Observation/o1"))
	add("Binary", "bp", bytesOf("p2")+ref("securityContext", "Patient/p2"))
	add("Binary", "bg", bytesOf("p1", "p2"))
	add("Binary", "nobodys", bytesOf())
	add("DocumentReference", "d1", ref("subject", "Patient/p1")+shows("Binary/b1"), "p1")
	add("DocumentReference", "d12", ref("subject", "Patient/p1")+shows("Binary/b12"), "p1")
	add("DocumentReference", "d2", ref("subject", "Patient/p2")+shows("Binary/b12"), "p2")
	add("DocumentReference", "dg", `,"context":{"encounter":[{"reference":"Encounter/eg"}]}`+shows("Binary/bg"), "p1", "p2")
	add("DocumentReference", "inline", ref("subject", "Patient/p1")+`,"status":"current","content":[{"attachment":{"contentType":"text/plain","data":"`+base64.StdEncoding.EncodeToString([]byte(dataOf("p1")))+`"}}]`, "p1")
	return all
}

// openMixed is a practice with them, and accounts: ann, who may read everything, and one, who reads p1.
func openMixed(t *testing.T) *practice {
	t.Helper()
	p := open(t, nil)
	for _, body := range mixed() {
		var r struct{ ResourceType, ID string }
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			t.Fatal(err, body)
		}
		if r := p.do("PUT", "/fhir/"+r.ResourceType+"/"+r.ID, body); r.status != 200 && r.status != 201 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	p.account("one", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1", "FHIR_OP_PATIENT_EVERYTHING")
	return p
}

// named are the patients of the events of a request.
func (p *practice) named(r reply) (patients []string) {
	p.t.Helper()
	for _, e := range p.events(r) {
		patients = append(patients, e.Patients...)
	}
	slices.Sort(patients)
	return slices.Compact(patients)
}

// reads are reads of every kind, and the patients that the request itself names beside those whose data it gets.
var reads = []struct{ method, path, body, asked string }{
	{"GET", "/fhir/Patient/p1", "", ""},
	{"GET", "/fhir/Patient/p1/_history/1", "", ""},
	{"GET", "/fhir/Patient/p1/_history", "", ""},
	{"GET", "/fhir/Practitioner/dr", "", ""},
	{"GET", "/fhir/Observation/o1", "", ""},
	{"GET", "/fhir/Observation/childs", "", ""},
	{"GET", "/fhir/Observation/tied", "", ""},
	{"GET", "/fhir/Observation/course", "", ""},
	{"GET", "/fhir/Observation/moved", "", ""},
	{"GET", "/fhir/Observation/moved/_history/1", "", ""},
	{"GET", "/fhir/Observation/moved/_history/2", "", ""},
	{"GET", "/fhir/Observation/moved/_history", "", ""},
	{"GET", "/fhir/Group/g", "", ""},
	{"GET", "/fhir/List/l", "", ""},
	{"GET", "/fhir/Appointment/a", "", ""},
	{"GET", "/fhir/Account/acc", "", ""},
	{"GET", "/fhir/Encounter/eg/_history/1", "", ""},
	{"GET", "/fhir/Binary/b1", "", ""},
	{"GET", "/fhir/Binary/b12", "", ""},
	{"GET", "/fhir/Binary/bo", "", ""},
	{"GET", "/fhir/Binary/bp", "", ""},
	{"GET", "/fhir/Binary/bg", "", ""},
	{"GET", "/fhir/Binary/nobodys", "", ""},
	{"GET", "/fhir/Binary/b12/_history/1", "", ""},
	{"GET", "/fhir/Binary/b12/_history", "", ""},
	{"GET", "/fhir/Binary/b12?_format=json", "", ""},
	{"GET", "/fhir/Binary", "", ""},
	{"GET", "/fhir/Binary/_history", "", ""},
	{"GET", "/fhir/DocumentReference/inline/_history/1/$attachment?n=0", "", ""},
	{"GET", "/fhir/Observation", "", ""},
	{"GET", "/fhir/Observation?_count=2", "", ""},
	{"GET", "/fhir/Observation?_sort=-_id&_count=3", "", ""},
	{"GET", "/fhir/Observation?patient=p1", "", "p1"},
	{"GET", "/fhir/Observation?subject=Patient/p3", "", "p3"},
	{"GET", "/fhir/Observation?patient=p1&_summary=count", "", "p1"},
	{"GET", "/fhir/Observation?_summary=count", "", ""},
	{"GET", "/fhir/Observation?_id=o2&_include=Observation:subject", "", ""},
	{"GET", "/fhir/Observation?_id=childs&_include=*", "", ""},
	{"GET", "/fhir/Patient?_id=p1&_revinclude=Observation:performer", "", "p1"},
	{"GET", "/fhir/Patient?_id=p1&_revinclude=Group:member", "", "p1"},
	{"GET", "/fhir/Practitioner?_revinclude=Observation:performer", "", ""},
	{"GET", "/fhir/DocumentReference?_include=DocumentReference:encounter", "", ""},
	{"POST", "/fhir/Observation/_search", "code:text=x&_count=1", ""},
	{"GET", "/fhir/Observation/_history", "", ""},
	{"GET", "/fhir/_history?_count=200", "", ""},
	{"GET", "/fhir/Patient/p1/$everything", "", ""},
	{"POST", "/fhir/Patient/p2/$everything", "", ""},
	{"POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Binary/b12"}},{"request":{"method":"GET","url":"Observation/o0"}},{"request":{"method":"GET","url":"List?_id=l"}}]}`, ""},
	{"POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"GET","url":"Binary/b12"}},{"request":{"method":"GET","url":"Observation/course"}}]}`, ""},
}

// The event of a read names the patients whose data the answer holds, and nobody else but whom the request names itself.
func TestReadsNameWhoseDataWentOut(t *testing.T) {
	t.Parallel()
	p := openMixed(t)
	for _, as := range []string{"ann", "one"} {
		p.as = as
		for _, c := range reads {
			for _, accept := range []string{"application/fhir+json", "*/*"} {
				header := []string{"Accept: " + accept}
				if strings.HasSuffix(c.path, "_search") {
					header = append(header, "Content-Type:", "Content-Type: application/x-www-form-urlencoded")
				}
				r := p.do(c.method, c.path, c.body, header...)
				if r.status != 200 && (as == "ann" || r.status != 403) {
					t.Errorf("%s %s as %s: %d %.300s", c.method, c.path, as, r.status, r.body)
				}
				if r.status == 200 {
					p.wantNamed(c.method+" "+c.path+" as "+as, r, c.asked)
				}
			}
		}
	}
}

// elsewhere are addresses that are read in other ways, and why.
var elsewhere = map[string]string{
	"/fhir/$export-poll-status":           "how far a job is, with the patients of its start",
	"/fhir/$export-file/{job}/{file}":     "TestFilesNameWhoseDataWentOut",
	"/fhir/$ehi-export-status/{job}":      "as a job's",
	"/fhir/$ehi-export-file/{job}/{file}": "the same deed as the file of a package",
	"/api/packages/{job}/{file}":          "TestFilesNameWhoseDataWentOut",
	"/api/packages/{job}":                 "as a job's",
	"/api/packages":                       "jobs without their files",
	"/fhir":                               "refused",
}

// Every address that gives out data of patients is among the reads.
func TestEveryReadIsLookedAt(t *testing.T) {
	t.Parallel()
	for _, rt := range table(t, open(t, nil)) {
		pattern := strings.TrimSuffix("/"+strings.Join(rt.segments, "/"), "/")
		kickOff := strings.HasSuffix(pattern, "$export")
		other := !strings.HasPrefix(pattern, "/fhir") && !strings.HasPrefix(pattern, "/api/packages") || strings.Contains(pattern, "metadata") || strings.Contains(pattern, "well-known")
		if rt.method != "GET" || kickOff || other || elsewhere[pattern] != "" {
			continue
		}
		if !slices.ContainsFunc(reads, func(r struct{ method, path, body, asked string }) bool { return rt.isAt(r.path) }) {
			t.Errorf("%s is not looked at: whose data does it give out?", pattern)
		}
	}
}

// isAt reports whether an address is one of the route's.
func (r row) isAt(path string) bool {
	path, _, _ = strings.Cut(strings.Trim(path, "/"), "?")
	got := strings.Split(path, "/")
	for i, segment := range r.segments {
		if len(got) != len(r.segments) || segment != got[i] && !strings.HasPrefix(segment, "{") {
			return false
		}
	}
	return true
}

// wantNamed fails the test unless the events of a request name those whose data the answer holds and those asked for.
func (p *practice) wantNamed(what string, r reply, asked ...string) {
	p.t.Helper()
	want := slices.DeleteFunc(append(whoseIn(r.body), asked...), func(id string) bool { return id == "" })
	slices.Sort(want)
	if want = slices.Compact(want); !slices.Equal(p.named(r), want) {
		p.t.Errorf("%s: the event names %v, and the answer holds data of %v", what, p.named(r), want)
	}
}

// The files of exports and packages name those whose data they hold, or everybody.
func TestFilesNameWhoseDataWentOut(t *testing.T) {
	t.Parallel()
	p := openMixed(t)
	for kickOff, everybody := range map[string]bool{
		"/fhir/$export": true, "/fhir/Patient/$export": true, "/fhir/Patient/p1/$export": false, "/fhir/Group/g/$export": false, "/fhir/Patient/p3/$export": false,
	} {
		r := p.want(p.do("GET", kickOff, "", "Prefer: respond-async"), 202)
		status := r.header.Get("Content-Location")
		done := p.want(p.ended(status), 200)
		var m struct{ Output []struct{ URL string } }
		if err := json.Unmarshal([]byte(done.body), &m); err != nil || len(m.Output) == 0 {
			t.Fatal(err, done.body)
		}
		for _, f := range m.Output {
			p.holds(kickOff+" "+f.URL, p.want(p.do("GET", f.URL, "", "Accept: application/fhir+ndjson"), 200), everybody)
		}
	}
	for order, everybody := range map[string]bool{`{"patient":"p1"}`: false, `{"patient":"p1","linked":["p2"],"confirmed":["p2"]}`: false, `{"population":true}`: true} {
		a := p.packed(order)
		if len(a.Files) == 0 {
			t.Fatalf("%s: %+v", order, a)
		}
		for _, f := range a.Files {
			p.holds(order+" "+f.Name, p.want(p.do("GET", f.URL, ""), 200), everybody)
		}
	}
}

// holds fails the test unless the event of a download names all whose data the file holds, and everybody if it is about everybody.
func (p *practice) holds(what string, r reply, everybody bool) {
	p.t.Helper()
	named := p.named(r)
	if everybody && slices.Equal(named, []string{audit.Everybody}) {
		return
	}
	for _, id := range whoseIn(r.body) {
		if everybody || !slices.Contains(named, id) {
			p.t.Errorf("%s: the event names %v, and the file holds data of %v", what, named, whoseIn(r.body))
			return
		}
	}
}

// whoseIn finds what it is to find.
func TestWhoseIn(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(f, `{"data":"%s"}`, base64.StdEncoding.EncodeToString([]byte(dataOf("p2"))))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{dataOf("p1", "p2"): "p1 p2", b.String(): "p2", "p1": ""} {
		if got := strings.Join(whoseIn(text), " "); got != want {
			t.Errorf("%.20q: %s", text, got)
		}
	}
}
