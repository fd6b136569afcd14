package pack

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"satchel/audit"
	"satchel/demo"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// schemaOf names the schema of each JSON file of a package that is not FHIR, by how its path begins.
var schemaOf = map[string]string{
	"data/ehi-manifest.json": "ehi-manifest", "data/fhir/bulk-manifest.json": "bulk-manifest", "data/report/reconciliation.json": "reconciliation",
	"data/report/exclusions.json": "exclusions", "data/attachments/sources-": "attachment-source", "data/index/patients-": "patient-entry",
	"data/practice/users.ndjson": "account", "data/practice/clients.ndjson": "client", "data/practice/settings.json": "settings",
}

// Every JSON file of a package is FHIR, or fits a schema that lies in the same package; and every such schema is used.
func TestEveryFileHasASchema(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 2})
	authorities := []storage.Authority{{Permission: "FHIR_READ_ALL_IN_COMPARTMENT", Argument: "Patient/1"}}
	if err := s.AddAccount(t.Context(), audittest.Event(audit.AccountCreate), storage.Account{Name: "anna", GivenName: "Anna", Password: "x", LastLogin: time.Now(), Authorities: authorities}); err != nil {
		t.Fatal(err)
	}
	if err := s.AddClient(t.Context(), audittest.Event(audit.ClientCreate), storage.Client{Name: "app", KeySet: "{}", Scopes: "system/*.read", Authorities: authorities}); err != nil {
		t.Fatal(err)
	}
	if err := s.Audit(t.Context(), audit.Event{Who: audit.Who{Name: "anna", Kind: audit.User}, Action: audit.Package, Outcome: audit.Success}); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, c := range []carried{carry(t, s, ""), carry(t, s, demo.EverythingPatientID)} {
		for name, text := range c.files {
			if extension := path.Ext(name); extension != ".json" && extension != ".ndjson" || strings.HasPrefix(name, "data/docs/") || strings.HasPrefix(name, "data/attachments/") && !strings.HasSuffix(name, ".ndjson") {
				continue
			}
			if !checkSchema(t, c, name, text, used) {
				for line := range strings.Lines(string(text)) {
					if _, err := fhir.Parse([]byte(line)); err != nil {
						t.Errorf("%s has no schema and is no FHIR: %v", name, err)
						break
					}
				}
			}
		}
		for name := range c.files {
			if schema, ok := strings.CutSuffix(path.Base(name), ".schema.json"); ok && !used[schema] {
				t.Errorf("no file of the packages fits the schema %s", schema)
			}
		}
	}
}

// checkSchema checks a file, or each of its lines, with its schema; false if it has none.
func checkSchema(t *testing.T, c carried, name string, text []byte, used map[string]bool) bool {
	t.Helper()
	for begin, schema := range schemaOf {
		if !strings.HasPrefix(name, begin) {
			continue
		}
		used[schema] = true
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		var document any
		if err := json.Unmarshal(c.files["data/docs/"+schema+".schema.json"], &document); err != nil {
			t.Fatal(schema, err)
		}
		if err := compiler.AddResource("https://x.example/s", document); err != nil {
			t.Fatal(err)
		}
		compiled, err := compiler.Compile("https://x.example/s")
		if err != nil {
			t.Fatal(err)
		}
		parts := []string{string(text)}
		if strings.HasSuffix(name, ".ndjson") {
			parts = slices.Collect(strings.Lines(string(text)))
		}
		for _, part := range parts {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(part))
			if err == nil {
				err = compiled.Validate(value)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		return true
	}
	return false
}
