package exports

import (
	"testing"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// The job of an app's $ehi-export is there for the account or client that asked, as long as it may ask, and for nobody else.
func TestForApp(t *testing.T) {
	t.Parallel()
	may := []storage.Authority{{Permission: "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT", Argument: "Patient/p1"}}
	e := storage.EHIExport{ID: "e", Owner: "app", Patient: "p1"}
	for name, c := range map[string]struct {
		who  auth.Principal
		want fhir.Code
	}{
		"who asked":             {auth.Principal{Name: "App", Authorities: may}, ""},
		"another account":       {auth.Principal{Name: "peer", Authorities: may}, fhir.CodeNotFound},
		"a client of that name": {auth.Principal{Name: "app", Service: true, Authorities: may}, fhir.CodeNotFound},
		"who may ask no more":   {auth.Principal{Name: "app"}, fhir.CodeForbidden},
	} {
		_, err := forApp(auth.ActorOf(c.who, "", "", 0), e)
		if c.want == "" && err != nil || c.want != "" && !fhir.IsCode(err, c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
