package auth_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"satchel/auth"
	"satchel/fhir"
)

// kickOffs are exports in and out of the arguments that the rows below have.
var kickOffs = map[string]auth.Action{
	"system":     export("system", nil),
	"patients":   export("patient", nil),
	"patient 1":  export("patient", []string{"1"}),
	"patient 2":  export("patient", []string{"2"}),
	"both":       export("patient", []string{"1", "2"}),
	"group a":    export("group", nil),
	"group b":    {Verb: auth.VerbExport, Level: "group", Group: "b"},
	"1 of a":     {Verb: auth.VerbExport, Level: "group", Group: "a", Patients: []string{"1"}},
	"only Obs":   export("system", nil, "Observation"),
	"Obs of 1":   export("patient", []string{"1"}, "Observation"),
	"Obs of all": export("patient", nil, "Observation"),
}

// starts is which of them an authority may start beside the right to read everything; every other authority, none.
var starts = map[string]string{
	"ROLE_FHIR_CLIENT_SUPERUSER_RO":                       everyStart,
	"ROLE_FHIR_CLIENT_SUPERUSER":                          everyStart,
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT":                   everyStart,
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_SYSTEM":            "system|only Obs",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT":           "patients|patient 1|patient 2|both|Obs of 1|Obs of all",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1": "patient 1|Obs of 1",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/2": "patient 2",
	"FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/a":     "group a|1 of a",
}

const everyStart = "system|patients|patient 1|patient 2|both|group a|group b|1 of a|only Obs|Obs of 1|Obs of all"

// fills is which of them hold something, so that they start, beside the permission for every export; every other authority
// opens none.
var fills = map[string]string{
	"ROLE_FHIR_CLIENT_SUPERUSER_RO":                          everyStart,
	"ROLE_FHIR_CLIENT_SUPERUSER":                             everyStart,
	"FHIR_ALL_READ":                                          everyStart,
	"FHIR_READ_ALL_OF_TYPE:Observation":                      everyStart,
	"FHIR_READ_ALL_OF_TYPE:Encounter":                        "system|patients|patient 1|patient 2|both|group a|group b|1 of a",
	"FHIR_READ_ALL_IN_COMPARTMENT:Patient/1":                 "patient 1|Obs of 1", // a group, also with one patient named, holds what nobody owns
	"FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/1": "patient 1|Obs of 1", // a group, also with one patient named, holds what nobody owns
}

// hasRow reports whether the tables know an authority: each is in the one of what it allows by itself.
func hasRow(held string) bool { _, ok := allowed[held]; return ok }

// TestExportTable puts every authority to every kind of export, beside the right to read and beside the right to export,
// and to the status, the files and the deletion of the job that it makes: of the own, of another's that is shared, and of
// another's that is not.
func TestExportTable(t *testing.T) {
	for _, table := range []map[string]string{starts, fills} {
		for held := range table {
			if !hasRow(held) {
				t.Errorf("%s is in no row of what it allows by itself", held)
			}
		}
	}
	for _, beside := range []struct {
		held  string
		table map[string]string
	}{{"FHIR_ALL_READ", starts}, {"FHIR_OP_INITIATE_BULK_DATA_EXPORT", fills}} {
		for held := range allowed {
			if held == beside.held { // together they are one; without a right to read, or to export, nothing starts
				continue
			}
			row := beside.table[held]
			if beside.held == "FHIR_OP_INITIATE_BULK_DATA_EXPORT" && held == "FHIR_ALL_READ" {
				row = everyStart
			}
			may := strings.Split(row, "|")
			for name, do := range kickOffs {
				checkExport(t, held+" and "+beside.held+": "+name, slices.Contains(may, name), do, held, beside.held)
				alone := strings.HasPrefix(held, "ROLE_FHIR_CLIENT_SUPERUSER")
				checkExport(t, held+": "+name, alone, do, held)
			}
		}
	}
}

// checkExport looks whether those who hold something may start an export, and what they may do with its job.
func checkExport(t *testing.T, what string, want bool, do auth.Action, held ...string) {
	t.Helper()
	a := account(held...)
	if err := auth.Decide(a, do); (err == nil) != want || err != nil && code(err) != fhir.CodeForbidden {
		t.Errorf("%s: %v", what, err)
	}
	made := do
	if made.Types == nil { // the job holds what could be read when it was started
		made.Types = auth.Readable(a, do, []string{"Encounter", "Observation", "Patient"})
	}
	for _, job := range []struct {
		whose     string
		exclusive bool
		want      fhir.Code
	}{{"front", true, ""}, {"front", false, ""}, {"other", false, ""}, {"other", true, fhir.CodeNotFound}} {
		if !want && job.want == "" {
			job.want = fhir.CodeForbidden
		}
		err := auth.Decide(a, auth.Action{Verb: auth.VerbJob, Job: &auth.Job{Account: job.whose, Exclusive: job.exclusive, Export: made}})
		if code(err) != job.want {
			t.Errorf("%s: job of %s, exclusive %v: %v", what, job.whose, job.exclusive, err)
		}
	}
}

// TestTablesAreComplete fails for a permission, or for a verb, that no row speaks of.
func TestTablesAreComplete(t *testing.T) {
	for _, p := range auth.Permissions() {
		if p.Name == "ROLE_SUPERUSER" {
			continue // everything: asked beside every row
		}
		rows := 0
		for held := range allowed {
			x := authority(held)
			if err := auth.CheckAuthority(x); err != nil {
				t.Errorf("row %s: %v", held, err)
			}
			if x.Permission == p.Name {
				rows++
			}
		}
		if rows == 0 {
			t.Errorf("%s has no row", p.Name)
		}
		if p.Optional && (!hasRow(p.Name) || rows < 2) {
			t.Errorf("%s needs a row without its argument, and one with", p.Name)
		}
	}
	asked := map[auth.Verb]bool{auth.VerbExport: true, auth.VerbJob: true}
	for _, do := range actions {
		asked[do.Verb] = true
	}
	source, err := os.ReadFile("decide.go")
	if err != nil {
		t.Fatal(err)
	}
	verbs := regexp.MustCompile(`\bVerb\w+ +Verb = "([^"]+)"`).FindAllSubmatch(source, -1)
	for _, v := range verbs {
		if !asked[auth.Verb(v[1])] {
			t.Errorf("no action asks for the verb %s", v[1])
		}
	}
	if len(verbs) < len(asked) {
		t.Errorf("decide.go has %d verbs, and the tables ask for %d", len(verbs), len(asked))
	}
}
