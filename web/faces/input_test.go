package faces_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestBadInput sends what should never be stored, and expects a status and words that say what is wrong.
func TestBadInput(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	deep := `{"resourceType":"Patient","extension":` + strings.Repeat(`[{"extension":`, 5000) + `[]` + strings.Repeat(`}]`, 5000) + `}`
	tests := []struct {
		name, method, path, body string
		status                   int
		text                     string
	}{
		{"truncated", "POST", "/fhir/Patient", `{"resourceType":"Patient"`, 400, "structure"},
		{"empty", "POST", "/fhir/Patient", "", 400, "empty"},
		{"not an object", "POST", "/fhir/Patient", `[]`, 400, "JSON object"},
		{"trailing data", "POST", "/fhir/Patient", `{"resourceType":"Patient"}{}`, 400, "structure"},
		{"duplicate key", "POST", "/fhir/Patient", `{"resourceType":"Patient","active":true,"active":false}`, 400, "active"},
		{"duplicate key in disguise", "POST", "/fhir/Patient", `{"resourceType":"Patient","active":true,"\u0061ctive":false}`, 400, "active"},
		{"invalid UTF-8", "POST", "/fhir/Patient", "{\"resourceType\":\"Patient\",\"language\":\"\xff\"}", 400, "UTF-8"},
		{"lone surrogate", "POST", "/fhir/Patient", `{"resourceType":"Patient","language":"\ud800"}`, 400, "structure"},
		{"zero character", "POST", "/fhir/Patient", `{"resourceType":"Patient","language":"\u0000"}`, 400, "structure"},
		{"byte order mark", "POST", "/fhir/Patient", "\xef\xbb\xbf{\"resourceType\":\"Patient\"}", 400, "BOM"},
		{"NaN", "POST", "/fhir/Patient", `{"resourceType":"Patient","multipleBirthInteger":NaN}`, 400, "structure"},
		{"10,000 deep", "POST", "/fhir/Patient", deep, 400, "structure"},
		{"2 million deep", "POST", "/fhir/Patient", strings.Repeat("[", 2_000_000), 400, "structure"},
		{"50 MB", "POST", "/fhir/Patient", `{"resourceType":"Patient","language":"` + strings.Repeat("x", 50<<20) + `"}`, 413, "too-long"},
		{"no type", "POST", "/fhir/Patient", `{"active":true}`, 400, "resourceType"},
		{"unknown type", "POST", "/fhir/Patient", `{"resourceType":"Unicorn"}`, 400, "Unicorn"},
		{"other type", "POST", "/fhir/Patient", `{"resourceType":"Group"}`, 400, "Group"},
		{"unknown element", "POST", "/fhir/Patient", `{"resourceType":"Patient","shoe":42}`, 422, "shoe"},
		{"wrong format", "POST", "/fhir/Patient", `{"resourceType":"Patient","birthDate":"yesterday"}`, 422, "Patient.birthDate"},
		{"case of keys", "POST", "/fhir/Patient", `{"resourceType":"Patient","ID":"x"}`, 422, "ID"},
		{"id of body", "POST", "/fhir/Patient", `{"resourceType":"Patient","id":"a/b"}`, 400, "Patient.id"},
		{"id differs", "PUT", "/fhir/Patient/a", `{"resourceType":"Patient","id":"b"}`, 400, "make them equal"},
		{"id missing", "PUT", "/fhir/Patient/a", `{"resourceType":"Patient"}`, 400, "Patient.id"},
		{"type of path", "PUT", "/fhir/Unicorn/a", `{"resourceType":"Unicorn","id":"a"}`, 404, "Unicorn"},
		{"Parameters", "POST", "/fhir/Parameters", `{"resourceType":"Parameters"}`, 404, "Parameters"},
		{"not a Bundle", "POST", "/fhir", `{"resourceType":"Patient"}`, 400, "Patient"},
		{"since", "GET", "/fhir/$export?_since=2026-13-01T00:00:00Z", "", 400, "_since"},
		{"history since", "GET", "/fhir/Patient/_history?_since=2026", "", 400, "_since"},
		{"broken escape", "GET", "/fhir/Patient?name=%25%2", "", 400, "escape"},
		{"count", "GET", "/fhir/Patient?_count=1e9", "", 400, "_count"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := p.do(test.method, test.path, test.body)
			if r.status != test.status || !strings.Contains(r.body, test.text) || !strings.Contains(r.body, `"OperationOutcome"`) {
				t.Errorf("status %d, want %d and %q: %.600s", r.status, test.status, test.text, r.body)
			}
			if r.header.Get("Content-Type") != "application/fhir+json" {
				t.Errorf("Content-Type %q", r.header.Get("Content-Type"))
			}
		})
	}
	if r := p.do("GET", "/fhir/Patient?_summary=count", ""); !strings.Contains(r.body, `"total":0`) {
		t.Errorf("something was stored: %s", r.body)
	}
}

// TestBodyWithoutLength sends too much without saying how much.
func TestBodyWithoutLength(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	body := io.MultiReader(strings.NewReader(`{"resourceType":"Patient","language":"`), io.LimitReader(zeros{}, 40<<20))
	p.want(p.send(p.request("POST", "/fhir/Patient", body)), 413, "too-long")
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

// TestGzipBody reads compressed bodies and is not filled by a bomb.
func TestGzipBody(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	pack := func(r io.Reader) *bytes.Buffer {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := io.Copy(z, r); err != nil {
			t.Fatal(err)
		}
		z.Close()
		return &b
	}
	sound := pack(strings.NewReader(`{"resourceType":"Patient"}`))
	p.want(p.send(p.request("POST", "/fhir/Patient", sound, "Content-Encoding: gzip")), 201)
	bomb := pack(io.LimitReader(zeros{}, 200<<20))
	p.want(p.send(p.request("POST", "/fhir/Patient", bomb, "Content-Encoding: gzip")), 413)
	p.want(p.do("POST", "/fhir/Patient", `{"resourceType":"Patient"}`, "Content-Encoding: gzip"), 400)
	p.want(p.do("POST", "/fhir/Patient", `{"resourceType":"Patient"}`, "Content-Encoding: br"), 415)
}

// payloads try to reach something else by an id, a job or a file name.
var payloads = []string{
	"..", "%2e%2e", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..%2f..%2fsatchel.db", "..%5c..%5csatchel.db", "%00", "a%00b", "%c0%ae%c0%ae",
	"%c0%af", "a%2fb", "%2fetc%2fpasswd", "C:%5cboot.ini", "x::$DATA", "%5c%5c%3f%5cC:", "'%20OR%201=1--", "%22", "a%0d%0aSet-Cookie:x",
	strings.Repeat("a", 65), strings.Repeat("a", 5000), "%f0%9f%92%a9", "a%20b", "*", "a;b", "%ff", "satchel.db", "....", "%252e%252e",
}

// TestTraversal walks every route with every payload in every placeholder: never a success, never a 500.
func TestTraversal(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for _, rt := range table(t, p) {
		for i, segment := range rt.segments {
			if !strings.HasPrefix(segment, "{") {
				continue
			}
			for _, payload := range payloads {
				path := rt.address(map[int]string{i: payload})
				r, err := http.NewRequest(rt.method, strings.TrimSuffix(p.url, "/fhir")+path, strings.NewReader("{}"))
				if err != nil {
					continue // not even a URL
				}
				r.SetBasicAuth("ann", password)
				r.Header.Set("Content-Type", "application/fhir+json")
				got := p.send(r)
				if (got.status < 400 || got.status >= 500) && !(rt.method == "DELETE" && got.status == 204) {
					t.Errorf("%s %s: %d %.200s", rt.method, path, got.status, got.body)
				}
			}
		}
	}
}
