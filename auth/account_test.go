package auth_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// drawAuthorities draws authorities that an account might hold, of all kinds, on a small world.
func drawAuthorities(t *rapid.T, label string) []storage.Authority {
	var world []storage.Authority
	for _, p := range auth.Permissions() {
		if p.Argument == "" || p.Optional {
			world = append(world, storage.Authority{Permission: p.Name})
		}
		for _, argument := range []string{"Observation", "Group", "Patient/1", "Patient/2", "Group/a", "Group/b", "Observation in Patient/1"} {
			if a := (storage.Authority{Permission: p.Name, Argument: argument}); auth.CheckAuthority(a) == nil {
				world = append(world, a)
			}
		}
	}
	return rapid.SliceOfNDistinct(rapid.SampledFrom(world), 0, 8, rapid.ID).Draw(t, label)
}

// Whatever an account holds, and so whatever it may write into a Group: it may export a group only by the general
// permission or by one with that group in its argument, and the export holds only types of which the account may read
// everything anyway. So editing a Group's members brings out nothing that reading would not.
func TestGroupExportStaysInBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := storage.Account{Name: "x", Authorities: drawAuthorities(t, "held")}
		group := rapid.SampledFrom([]string{"a", "b", "A"}).Draw(t, "group")
		types := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Patient", "Observation", "Group"}), 0, 3, rapid.ID).Draw(t, "types")
		do := auth.Action{Verb: auth.VerbExport, Level: "group", Group: group, Types: types}
		if auth.Decide(a, do) != nil {
			return
		}
		var held []string // with roles expanded
		named := false
		for _, x := range a.Authorities {
			named = named || x.Permission == "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP" && x.Argument == "Group/"+group
			if x.Argument == "" {
				held = append(append(held, x.Permission), auth.Expand(x.Permission)...)
			}
		}
		super := slices.Contains(held, "ROLE_SUPERUSER")
		if !super && !named && !slices.Contains(held, "FHIR_OP_INITIATE_BULK_DATA_EXPORT") {
			t.Fatalf("%v may export Group/%s", a.Authorities, group)
		}
		if len(types) == 0 {
			types = auth.Readable(a, do, []string{"Patient", "Observation", "Group"})
		}
		for _, typ := range types {
			if auth.Decide(a, auth.Action{Verb: auth.VerbSearch, Type: typ}) != nil {
				t.Fatalf("%v may export %s by Group/%s and not read it", a.Authorities, typ, group)
			}
		}
	})
}

// Who makes an account that CheckGrant allows has made nobody who may do more than the maker.
func TestGrantsAddNothing(t *testing.T) {
	id := rapid.SampledFrom([]string{"1", "2", "a", "b"})
	rapid.Check(t, func(t *rapid.T) {
		maker := storage.Account{Name: "maker", Authorities: drawAuthorities(t, "maker")}
		made := storage.Account{Name: "made", Authorities: drawAuthorities(t, "made")}
		if auth.CheckGrant(auth.PrincipalOf(maker), made.Authorities) != nil {
			return
		}
		for _, verb := range []auth.Verb{auth.VerbRead, auth.VerbSearch, auth.VerbWrite, auth.VerbDelete, auth.VerbEverything, auth.VerbExport,
			auth.VerbUsers, auth.VerbUserAdd, auth.VerbUserView, auth.VerbAudit, auth.VerbJobs, auth.VerbJobCancel, auth.VerbAdminJSON, auth.VerbTransaction} {
			do := auth.Action{Verb: verb, Type: rapid.SampledFrom([]string{"Patient", "Observation", "Group"}).Draw(t, "type"), ID: id.Draw(t, "id"),
				Owners: []string{id.Draw(t, "owner")}, Level: rapid.SampledFrom([]string{"system", "patient", "group"}).Draw(t, "level"),
				Group: id.Draw(t, "group"), Types: []string{"Observation"}}
			if auth.Decide(made, do) == nil && auth.Decide(maker, do) != nil {
				t.Fatalf("%v made %v, which may %+v", maker.Authorities, made.Authorities, do)
			}
		}
	})
}

func TestCheckGrant(t *testing.T) {
	for _, tt := range []struct {
		held, given storage.Authority
		want        fhir.Code
	}{
		{storage.Authority{Permission: "ROLE_SUPERUSER"}, storage.Authority{Permission: "ROLE_SUPERUSER"}, ""},
		{storage.Authority{Permission: "ROLE_FHIR_CLIENT_SUPERUSER"}, storage.Authority{Permission: "ROLE_FHIR_CLIENT_SUPERUSER_RO"}, ""},
		{storage.Authority{Permission: "ROLE_FHIR_CLIENT_SUPERUSER_RO"}, storage.Authority{Permission: "ROLE_FHIR_CLIENT_SUPERUSER"}, fhir.CodeForbidden},
		{storage.Authority{Permission: "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"}, storage.Authority{Permission: "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT", Argument: "Patient/1"}, ""},
		{storage.Authority{Permission: "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT", Argument: "Patient/1"}, storage.Authority{Permission: "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"}, fhir.CodeForbidden},
		{storage.Authority{Permission: "UPDATE_USER"}, storage.Authority{Permission: "ROLE_SUPERUSER"}, fhir.CodeForbidden},
	} {
		who := auth.Principal{Name: "x", Authorities: []storage.Authority{tt.held}}
		if err := auth.CheckGrant(who, []storage.Authority{tt.given}); code(err) != tt.want {
			t.Errorf("%v gives %v: %v", tt.held, tt.given, err)
		}
	}
}
