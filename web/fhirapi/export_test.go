package fhirapi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"satchel/engine/bulk"
	"satchel/exports"
	"satchel/fhir"
	"satchel/internal/testpractice"
	"satchel/requests"
	"satchel/storage"
	"satchel/web"
)

// called is a call with a query, or with a Parameters body, as the machinery hands it to a handler.
func called(t *testing.T, s *storage.Store, query, body string, headers ...string) *web.Call {
	t.Helper()
	method := http.MethodGet
	if body != "" {
		method = http.MethodPost
	}
	r := httptest.NewRequest(method, "/fhir/$export?"+query, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if body != "" {
		r.Header.Set("Content-Type", web.MediaFHIR)
	}
	params, err := web.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return &web.Call{Request: r, Server: &web.Server{Options: web.Options{Store: s}}, Answer: &web.Answer{ResponseWriter: httptest.NewRecorder()}, Base: "https://x.example/fhir", Params: params}
}

const parameters = `{"resourceType":"Parameters","parameter":[%s]}`

// A kick-off is read from the address, the query and the body, and all that is wrong with it is told at once.
func TestExportRequest(t *testing.T) {
	t.Parallel()
	s := testpractice.Empty.Open(t)
	for name, c := range map[string]struct {
		level       bulk.Level
		id          string
		query, body string
		prefer      string
		want        string // group, patients and types
		wrong       int    // how many issues; 0: none
	}{
		"everything":     {level: bulk.LevelSystem, want: " [] []"},
		"types":          {level: bulk.LevelSystem, query: "_type=Patient,Observation", want: " [] [Patient Observation]"},
		"a group":        {level: bulk.LevelGroup, id: "g", want: "g [] []"},
		"one patient":    {level: bulk.LevelPatient, id: "p", want: " [p] []"},
		"some patients":  {level: bulk.LevelPatient, body: `{"name":"patient","valueReference":{"reference":"Patient/a"}},{"name":"patient","valueReference":{"reference":"Patient/b"}}`, want: " [a b] []"},
		"two faults":     {level: bulk.LevelSystem, query: "_type=Nothing&dance=1", wrong: 2},
		"one is let go":  {level: bulk.LevelSystem, query: "dance=1", prefer: "handling=lenient", want: " [] []"},
		"another format": {level: bulk.LevelSystem, query: "_outputFormat=text/csv", wrong: 1},
	} {
		if c.body != "" {
			c.body = fmt.Sprintf(parameters, c.body)
		}
		call := called(t, s, c.query, c.body, "Prefer", c.prefer)
		call.ID = c.id
		r, err := exportRequest(call, c.level)
		if c.wrong > 0 {
			if p := web.ProblemOf(err); err == nil || p.Status != 400 || len(p.Issues) != c.wrong {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if got := fmt.Sprint(r.Group, " ", r.Patients, " ", r.Types); err != nil || got != c.want {
			t.Errorf("%s: got %q, want %q, %v", name, got, c.want, err)
		}
	}
}

// The parameters of $ehi-export are those that this server has, and values that can be read.
func TestReadWish(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		query, body, prefer string
		want                exports.AppWish
		refused             fhir.Code
	}{
		"nothing":      {},
		"all":          {body: `{"name":"part","valueString":"visits"},{"name":"requester","valueString":"Mina"},{"name":"role","valueCode":"parent"}`, want: exports.AppWish{Part: "visits", Requester: requests.Requester{Name: "Mina", Role: "parent"}}},
		"in the query": {query: "part=visits", want: exports.AppWish{Part: "visits"}},
		"unknown":      {query: "_since=2024", refused: fhir.CodeNotSupported},
		"let go":       {query: "_since=2024", prefer: "handling=lenient"},
		"no text":      {body: `{"name":"part","valueAddress":{"text":"x"}}`, refused: fhir.CodeNotSupported},
	} {
		if c.body != "" {
			c.body = fmt.Sprintf(parameters, c.body)
		}
		call := called(t, nil, c.query, c.body, "Prefer", c.prefer)
		call.ID = "p1"
		got, err := readWish(call)
		if c.refused != "" {
			if err == nil || web.ProblemOf(err).Issues[0].Code != c.refused {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		c.want.Patient, c.want.URL = "p1", "https://x.example/fhir/$export?"+c.query
		if err != nil || got != c.want {
			t.Errorf("%s: got %+v, want %+v, %v", name, got, c.want, err)
		}
	}
}

// Every stage at which an app has to wait says what for, and when to ask again.
func TestWaits(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, stage := range []exports.Stage{exports.StageForm, exports.StageDecide, exports.StageApproved, exports.StageMaking} {
		w := waitOf(exports.AppExport{Stage: stage, Job: storage.Job{State: storage.Running, Created: now}}, now)
		if !strings.HasPrefix(w.progress, "0% (") || len(w.progress) > 100 || w.seconds < 1 {
			t.Errorf("%s: %+v", stage, w)
		}
	}
}

// What a browser would run is sent as bytes, and what the manifest does not list is described.
func TestEHIFiles(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][3]string{ // by list and path: media type as sent, as described, and whether the manifest lists it
		"output bag/data/fhir/Patient.ndjson":              {web.MediaNDJSON, web.MediaNDJSON, "true"},
		"output bag/data/attachments/index.ndjson":         {web.MediaNDJSON, web.MediaNDJSON, "false"},
		"history bag/data/fhir/history/Patient.ndjson":     {web.MediaNDJSON, web.MediaNDJSON, "false"},
		"attachment bag/data/attachments/ab/picture.svg":   {"application/octet-stream", "image/svg+xml", "false"},
		"other bag/data/view/index.html":                   {"application/octet-stream", "text/html", "false"},
		"other bag/data/strange":                           {"application/octet-stream", "application/octet-stream", "false"},
		"deleted bag/data/fhir/deleted/Observation.ndjson": {web.MediaNDJSON, web.MediaNDJSON, "true"},
	} {
		list, in, _ := strings.Cut(path, " ")
		f := storage.JobFile{List: list, Path: in}
		_, rest, _ := strings.Cut(in, "/")
		text, media, display := ehiText(f, rest)
		if got := [3]string{ehiMedia(f), media, fmt.Sprint(listedEHI(f))}; got != want || text == "" || display == "" {
			t.Errorf("%s: got %q, want %q (%s, %s)", path, got, want, text, display)
		}
	}
}

// A condition that says nothing, or that was read by half, is no condition.
func TestConditional(t *testing.T) {
	t.Parallel()
	for criteria, want := range map[string]fhir.Code{
		"identifier=a|b": "", "Patient?identifier=a|b": "", "?name=x&birthdate=2001": "",
		"": fhir.CodeRequired, "Patient?": fhir.CodeRequired, "dance=1": fhir.CodeNotSupported, "identifier=%zz": fhir.CodeInvalid,
	} {
		_, err := conditional("Patient", criteria, fhir.Bases{})
		if want == "" && err != nil || want != "" && !fhir.IsCode(err, want) {
			t.Errorf("%q: %v, want %q", criteria, err, want)
		}
	}
}
