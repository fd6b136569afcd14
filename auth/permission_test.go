package auth_test

import (
	"strings"
	"testing"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

func TestCheckAuthority(t *testing.T) {
	for _, good := range []string{
		"ROLE_SUPERUSER", "FHIR_ALL_READ", "FHIR_READ_ALL_OF_TYPE:Observation", "FHIR_READ_INSTANCE:Patient/1", "FHIR_READ_INSTANCE:Binary/a-b.c",
		"FHIR_READ_ALL_IN_COMPARTMENT:Patient/123", "FHIR_READ_TYPE_IN_COMPARTMENT:Observation in Patient/123",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_SYSTEM", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/a",
	} {
		if err := auth.CheckAuthority(authority(good)); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		"":                      "unknown",
		"ROLE_SUPERUSR":         "did you mean ROLE_SUPERUSER?",
		"fhir_all_read":         "did you mean FHIR_ALL_READ?",
		"NOTHING_LIKE_IT":       "satchel user permissions",
		"FHIR_ALL_READ:Patient": "takes no argument",
		"ROLE_SUPERUSER:x":      "takes no argument",
		"FHIR_READ_ALL_OF_TYPE": "such as FHIR_READ_ALL_OF_TYPE:Observation",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP":           "such as FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/123",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Patient/1": "not of the form",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:1":       "not of the form",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient": "not of the form",
		"FHIR_OP_INITIATE_BULK_DATA_EXPORT_SYSTEM:x":        "takes no argument",
		"FHIR_READ_ALL_OF_TYPE:observation":                 "not of the form",
		"FHIR_READ_ALL_OF_TYPE:Parameters":                  "not of the form",
		"FHIR_READ_ALL_OF_TYPE:Patient/1":                   "not of the form",
		"FHIR_READ_INSTANCE:Patient/..":                     "not of the form",
		"FHIR_READ_INSTANCE:Patient/1/_history/1":           "not of the form",
		"FHIR_READ_ALL_IN_COMPARTMENT:Group/1":              "not of the form",
		"FHIR_READ_TYPE_IN_COMPARTMENT:Observation":         "not of the form",
		"FHIR_READ_TYPE_IN_COMPARTMENT:Foo in Patient/1":    "not of the form",
		"FHIR_READ_TYPE_IN_COMPARTMENT:Observation in 1":    "not of the form",
	} {
		if err := auth.CheckAuthority(authority(bad)); code(err) != fhir.CodeValue || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", bad, err, want)
		}
	}
}

// authority reads "P" or "P:ARG".
func authority(text string) storage.Authority {
	p, arg, _ := strings.Cut(text, ":")
	return storage.Authority{Permission: p, Argument: arg}
}

// Every name is there once, with a text, and the roles stand for what Smile CDR's do.
func TestPermissions(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range auth.Permissions() {
		if seen[p.Name] || p.Text == "" || p.Role != strings.HasPrefix(p.Name, "ROLE_") {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
	}
	for role, want := range map[string]string{
		"ROLE_FHIR_CLIENT": "ACCESS_FHIR_ENDPOINT FHIR_CAPABILITIES",
		"ROLE_FHIR_CLIENT_SUPERUSER_RO": "ROLE_FHIR_CLIENT ACCESS_FHIR_ENDPOINT FHIR_CAPABILITIES FHIR_ALL_READ FHIR_OP_PATIENT_EVERYTHING " +
			"FHIR_OP_BINARY_ACCESS_READ FHIR_OP_INITIATE_BULK_DATA_EXPORT",
		"FHIR_ALL_READ": "",
	} {
		if got := strings.Join(auth.Expand(role)[1:], " "); got != want {
			t.Errorf("%s stands for %s, want %s", role, got, want)
		}
		for _, n := range auth.Expand(role) {
			if !seen[n] {
				t.Errorf("%s stands for %s, which is not in the table", role, n)
			}
		}
	}
}

func TestKeepAdministrator(t *testing.T) {
	super := storage.Account{Name: "a", Authorities: []storage.Authority{authority("ROLE_SUPERUSER")}}
	locked, disabled, plain := super, super, storage.Account{Name: "b"}
	locked.Locked, disabled.Disabled = true, true
	for i, tt := range []struct {
		before storage.Account
		after  *storage.Account
		others []storage.Account
		ok     bool
	}{
		{super, nil, nil, false},
		{super, &locked, []storage.Account{plain}, false},
		{super, &disabled, []storage.Account{locked, disabled}, false},
		{super, &plain, nil, false},
		{super, nil, []storage.Account{super}, true},
		{super, &super, nil, true},
		{plain, nil, nil, true},
		{locked, nil, nil, true},
		{locked, &super, nil, true},
	} {
		if err := auth.KeepAdministrator(tt.before, tt.after, tt.others); (err == nil) != tt.ok {
			t.Errorf("%d: %v", i, err)
		}
	}
}
