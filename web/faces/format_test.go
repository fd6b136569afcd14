package faces_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"satchel/handover"
)

// The format of packages is documented for everybody, without an account.
func TestFormatPage(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	page, err := handover.FormatHTML(handover.FormatVersion)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := os.ReadFile("../../handover/schema/ehi-manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	at := "/docs/format/" + handover.FormatVersion
	inPackages := map[string]string{"/docs/format": string(page), at: string(page), at + "/ehi-manifest.schema.json": string(schema)}
	for path, want := range map[string]int{
		"/docs/format": http.StatusOK, "/docs/format/" + handover.FormatVersion: http.StatusOK, "/docs/format/9.9.9": http.StatusNotFound,
		"/docs/format/" + handover.FormatVersion + "/bagit-profile.json": http.StatusOK, "/docs/format/9.9.9/bagit-profile.json": http.StatusNotFound,
		"/docs/format/" + handover.FormatVersion + "/ehi-manifest.schema.json": http.StatusOK, "/docs/format/1.0.0/..": http.StatusNotFound,
	} {
		r, err := http.Get(strings.TrimSuffix(p.url, "/fhir") + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if same, ok := inPackages[path]; ok && string(body) != same {
			t.Errorf("%s is not the file of that name in packages", path)
		}
		if r.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, r.StatusCode, want)
		}
		kind := "text/html"
		if strings.HasSuffix(path, ".json") {
			kind = "application/json"
		}
		if want == http.StatusOK && !strings.HasPrefix(r.Header.Get("Content-Type"), kind) {
			t.Errorf("%s is %q", path, r.Header.Get("Content-Type"))
		}
	}
}
