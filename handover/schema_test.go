package handover

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the schemas anew")

// The schemas are those that the types make. go test ./handover -run TestSchemaFiles -update writes them.
func TestSchemaFiles(t *testing.T) {
	t.Parallel()
	for _, s := range shapes {
		want, err := s.schema()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("schema", s.name+".schema.json")
		if *update {
			if err := os.WriteFile(path, want, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := os.ReadFile(path); !bytes.Equal(got, want) {
			t.Errorf("%s is not what the types make; run the test with -update", path)
		}
	}
	if files, _ := filepath.Glob("schema/*"); len(files) != len(shapes) {
		t.Errorf("%d schema files for %d shapes", len(files), len(shapes))
	}
}

// Every field is documented.
func TestEveryFieldHasWords(t *testing.T) {
	t.Parallel()
	page, err := FormatHTML(FormatVersion)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(page), "<td></td>") {
		t.Error("a field of the format has no text or type")
	}
	for _, want := range []string{string(Complete), string(CompleteWithExclusions), string(Incomplete), "patients-", "bagit-profile.json", "accept-incomplete"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not tell of %s", want)
		}
	}
	for o := Good; o <= Unknown; o++ {
		if word := "<code>" + strconv.Itoa(int(o)) + "</code> " + strings.TrimSuffix(o.String(), "-version") + ":"; !strings.Contains(string(page), word) {
			t.Errorf("the page does not tell of the exit code %q", word)
		}
	}
	if _, err := FormatHTML("0.1"); err == nil {
		t.Error("an unknown version was documented")
	}
	if changes[0].Version != FormatVersion {
		t.Errorf("the list of changes begins with %q, the format is %q", changes[0].Version, FormatVersion)
	}
}

// The files that are written fit the schemas that lie beside them.
func TestFilesFitSchemas(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Key, o.BagSize = testKey(), 300_000
	o.Head.AuditHead = &AuditHead{7, strings.Repeat("a", 64)}
	s := build(t, o)
	files := content(t, s.Paths[len(s.Paths)-1])
	schemas := map[string]*jsonschema.Schema{}
	for _, shape := range shapes {
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		name := "data/docs/" + shape.name + ".schema.json"
		doc, err := jsonschema.UnmarshalJSON(strings.NewReader(files[name]))
		if err != nil {
			t.Fatal(name, err)
		}
		if err := c.AddResource("https://x.example/"+name, doc); err != nil {
			t.Fatal(err)
		}
		if schemas[shape.name], err = c.Compile("https://x.example/" + name); err != nil {
			t.Fatal(err)
		}
	}
	check := func(schema, text string) {
		t.Helper()
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
		if err != nil {
			t.Fatal(schema, err)
		}
		if err := schemas[schema].Validate(v); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	}
	for schema, file := range map[string]string{"ehi-manifest": manifestPath, "bulk-manifest": "data/fhir/bulk-manifest.json",
		"reconciliation": "data/report/reconciliation.json", "exclusions": "data/report/exclusions.json"} {
		check(schema, files[file])
	}
	for _, path := range s.Paths {
		for name, text := range content(t, path) {
			if strings.HasPrefix(name, "data/attachments/sources-") {
				for line := range strings.Lines(text) {
					check("attachment-source", line)
				}
			}
		}
	}
}

// Every file of a package is in the documentation's table.
func TestLayoutIsDocumented(t *testing.T) {
	t.Parallel()
	o := options(t.TempDir())
	o.Key = testKey()
	page, _ := FormatHTML(FormatVersion)
	for name := range content(t, build(t, o).Paths[0]) {
		dir := name
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			dir = strings.Join(strings.Split(name[:i], "/")[:min(2, strings.Count(name, "/"))], "/")
		}
		if !strings.Contains(string(page), dir) {
			t.Errorf("%s is not documented", name)
		}
	}
}
