package auth

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/storage"
)

// decision is the FHIR code of a refusal, "" for a permission.
func decision(err error) fhir.Code {
	if e, ok := errors.AsType[*fhir.Error](err); ok {
		return e.Code
	}
	if err != nil {
		return fhir.Code("other: " + err.Error())
	}
	return ""
}

func service(scopes string, permissions ...string) Principal {
	p := Principal{Name: "lab", Service: true}
	p.Scopes, _ = parseScopes(scopes)
	for _, x := range permissions {
		name, argument, _ := strings.Cut(x, ":")
		p.Authorities = append(p.Authorities, storage.Authority{Permission: name, Argument: argument})
	}
	return p
}

// exportDo, jobDo and packageJobDo are what principalCases wants to do with exports and jobs.
func exportDo(types ...string) Action {
	return Action{Verb: VerbExport, Level: "system", Types: types}
}

func jobDo(owner string, types ...string) Action {
	return Action{Verb: VerbJob, Job: &Job{Account: owner, Exclusive: true, Export: exportDo(types...)}}
}

func packageJobDo(owner, patient string) Action {
	return Action{Verb: VerbJob, Job: &Job{Account: owner, Exclusive: true, Export: Action{Verb: VerbPackage, Level: "patient", Patients: []string{patient}}}}
}

const all, reader = "ROLE_SUPERUSER", "ROLE_FHIR_CLIENT_SUPERUSER_RO"

// principalCases are decisions about what scopes and authorities together allow; "" is yes.
var principalCases = []struct {
	name string
	p    Principal
	do   Action
	want fhir.Code
}{
	{"both allow", service("system/*.rs", reader), Action{Verb: VerbRead, Type: "Patient", ID: "1"}, ""},
	{"scopes only", service("system/*.cruds"), Action{Verb: VerbRead, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"authorities only", service("", all), Action{Verb: VerbRead, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"type out of scope", service("system/Patient.rs", all), Action{Verb: VerbRead, Type: "Observation", ID: "1"}, fhir.CodeForbidden},
	{"read without r", service("system/*.s", all), Action{Verb: VerbRead, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"search without s", service("system/*.r", all), Action{Verb: VerbSearch, Type: "Patient"}, fhir.CodeForbidden},
	{"search the system", service("system/*.rs", all), Action{Verb: VerbSearch}, ""},
	{"search the system by types", service("system/Patient.rs", all), Action{Verb: VerbSearch}, fhir.CodeForbidden},
	{"create", service("system/*.c", all), Action{Verb: VerbWrite, Type: "Patient"}, ""},
	{"create without c", service("system/*.u", all), Action{Verb: VerbWrite, Type: "Patient"}, fhir.CodeForbidden},
	{"update", service("system/*.cu", all), Action{Verb: VerbWrite, Type: "Patient", ID: "1"}, ""},
	{"update without u", service("system/*.c", all), Action{Verb: VerbWrite, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"write by read", service("system/*.read", all), Action{Verb: VerbWrite, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"write by a reader", service("system/*.cruds", reader), Action{Verb: VerbWrite, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"delete", service("system/*.d", all), Action{Verb: VerbDelete, Type: "Patient", ID: "1"}, ""},
	{"delete by cu", service("system/*.cu", all), Action{Verb: VerbDelete, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"transaction", service("system/*.cruds", all), Action{Verb: VerbTransaction}, ""},
	{"transaction without scope", service("", all), Action{Verb: VerbTransaction}, fhir.CodeForbidden},
	{"everything", service("system/*.r", reader), Action{Verb: VerbEverything, ID: "1"}, ""},
	{"everything by a type", service("system/Patient.rs", reader), Action{Verb: VerbEverything, ID: "1"}, fhir.CodeForbidden},
	{"export", service("system/*.read", reader), exportDo(), ""},
	{"export by r", service("system/*.r", reader), exportDo("Patient"), ""},
	{"export by s", service("system/*.s", reader), exportDo("Patient"), fhir.CodeForbidden},
	{"export narrowed", service("system/Patient.rs", reader), exportDo(), ""},
	{"export of a type out of scope", service("system/Patient.rs", reader), exportDo("Patient", "Observation"), fhir.CodeForbidden},
	{"export of nothing", service("system/Patient.c", reader), exportDo(), fhir.CodeForbidden},
	{"export, disjoint", service("system/Observation.rs", "FHIR_OP_INITIATE_BULK_DATA_EXPORT", "FHIR_READ_ALL_OF_TYPE:Patient"), exportDo(), fhir.CodeForbidden},
	{"export without permission", service("system/*.rs", "FHIR_ALL_READ"), exportDo(), fhir.CodeForbidden},
	{"group without Group scope", service("system/Patient.rs", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/a", "FHIR_ALL_READ"),
		Action{Verb: VerbExport, Level: "group", Group: "a", Types: []string{"Patient"}}, ""},
	{"other group", service("system/*.rs", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP:Group/a", "FHIR_ALL_READ"),
		Action{Verb: VerbExport, Level: "group", Group: "b", Types: []string{"Patient"}}, fhir.CodeForbidden},
	{"package", service("system/*.rs", reader), Action{Verb: VerbPackage, Level: "patient", Patients: []string{"1"}}, ""},
	{"package by types", service("system/Patient.rs system/Observation.rs", reader), Action{Verb: VerbPackage, Level: "patient", Patients: []string{"1"}}, fhir.CodeForbidden},
	{"package of everything", service("system/*.cruds", all), Action{Verb: VerbPackage, Level: "system"}, fhir.CodeForbidden},
	{"ehi-export", service("system/$ehi-export", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1"), Action{Verb: VerbEHIExport, ID: "1"}, ""},
	{"ehi-export of another", service("system/$ehi-export", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/1"), Action{Verb: VerbEHIExport, ID: "2"}, fhir.CodeForbidden},
	{"ehi-export by scope alone", service("system/$ehi-export", "FHIR_ALL_READ"), Action{Verb: VerbEHIExport, ID: "1"}, fhir.CodeForbidden},
	{"ehi-export by all types", service("system/*.cruds", all), Action{Verb: VerbEHIExport, ID: "1"}, fhir.CodeForbidden},
	{"reading by ehi-export", service("system/$ehi-export", all), Action{Verb: VerbRead, Type: "Patient", ID: "1"}, fhir.CodeForbidden},
	{"own package", service("system/*.rs", reader), packageJobDo("lab", "1"), ""},
	{"own package, narrower token", service("system/Patient.rs", reader), packageJobDo("lab", "1"), fhir.CodeForbidden},
	{"somebody else's package", service("system/*.rs", all), packageJobDo("ann", "1"), fhir.CodeNotFound},
	{"own job", service("system/*.rs", reader), jobDo("lab"), ""},
	{"own job, narrower token", service("system/Patient.rs", reader), jobDo("lab", "Patient", "Observation"), fhir.CodeForbidden},
	{"own narrow job", service("system/Patient.rs", reader), jobDo("lab", "Patient"), ""},
	{"own job of all types, narrower token", service("system/Patient.rs", reader), jobDo("lab"), fhir.CodeForbidden},
	{"somebody else's job", service("system/*.rs", all), jobDo("ann", "Patient"), fhir.CodeNotFound},
	{"no job", service("system/*.rs", all), Action{Verb: VerbJob}, fhir.CodeNotFound},
	{"capabilities", service("system/$ehi-export", reader), Action{Verb: VerbCapabilities}, ""},
	{"users", service("system/*.cruds", all), Action{Verb: VerbUsers}, fhir.CodeForbidden},
	{"audit", service("system/AuditEvent.rs", all), Action{Verb: VerbAudit}, ""},
	{"audit by other types", service("system/Patient.cruds", all), Action{Verb: VerbAudit}, fhir.CodeForbidden},
	{"unknown verb", service("system/*.cruds", all), Action{Verb: "x"}, fhir.CodeForbidden},
	{"account", PrincipalOf(storage.Account{Name: "ann", Authorities: []storage.Authority{plain(all)}}), Action{Verb: VerbUsers}, ""},
	{"locked account", PrincipalOf(storage.Account{Name: "ann", Locked: true, Authorities: []storage.Authority{plain(all)}}), Action{Verb: VerbRead, Type: "Patient"}, fhir.CodeForbidden},
	{"disabled account", PrincipalOf(storage.Account{Name: "ann", Disabled: true, Authorities: []storage.Authority{plain(all)}}), Action{Verb: VerbRead, Type: "Patient"}, fhir.CodeForbidden},
	{"nobody", Principal{}, Action{Verb: VerbRead, Type: "Patient"}, fhir.CodeForbidden},
}

func TestPrincipalDecide(t *testing.T) {
	for _, c := range principalCases {
		if err := c.p.Decide(c.do); decision(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A service never may more than an account with its authorities, nor without scope.
func TestPrincipalIsTheIntersection(t *testing.T) {
	everyVerb := []Verb{VerbCapabilities, VerbRead, VerbSearch, VerbWrite, VerbDelete, VerbTransaction, VerbEverything, VerbExport, VerbPackage, VerbEHIExport,
		VerbUsers, VerbUserAdd, VerbUserView, VerbPassword, VerbAudit, VerbJobs, VerbJobCancel, VerbAdminJSON, VerbAdminWeb}
	for _, permission := range []string{"ROLE_SUPERUSER", "ROLE_FHIR_CLIENT_SUPERUSER", "ROLE_FHIR_CLIENT_SUPERUSER_RO", "ROLE_FHIR_CLIENT", "FHIR_READ_ALL_OF_TYPE:Patient"} {
		p := service("system/*.cruds", permission)
		none := p
		none.Scopes = Scopes{}
		for _, v := range everyVerb {
			do := Action{Verb: v, Type: "Patient", ID: "1", Level: "system"}
			account := Decide(p.account(), do)
			if account != nil && p.Decide(do) == nil {
				t.Errorf("%s: %s is allowed to a service and not to an account", permission, v)
			}
			if v != VerbCapabilities && none.Decide(do) == nil {
				t.Errorf("%s: %s needs no scope", permission, v)
			}
		}
	}
}

func TestPrincipalReadable(t *testing.T) {
	types := []string{"Patient", "Observation", "Device"}
	do := Action{Verb: VerbExport, Level: "system"}
	for _, c := range []struct {
		p    Principal
		want []string
	}{
		{service("system/*.rs", "FHIR_ALL_READ"), types},
		{service("system/Patient.r system/Device.s", "FHIR_ALL_READ"), []string{"Patient"}},
		{service("system/Patient.rs system/Observation.rs", "FHIR_READ_ALL_OF_TYPE:Observation"), []string{"Observation"}},
		{service("system/*.rs"), []string{}},
		{PrincipalOf(storage.Account{Authorities: []storage.Authority{plain("FHIR_ALL_READ")}}), types},
	} {
		if got := c.p.Readable(do, types); !slices.Equal(got, c.want) {
			t.Errorf("%s with %v: %v", c.p.Scopes, c.p.Authorities, got)
		}
	}
	if !slices.Equal(types, []string{"Patient", "Observation", "Device"}) {
		t.Error("the argument was changed")
	}
}

func TestRefusalsSpeakOfClients(t *testing.T) {
	err := service("system/*.rs").Decide(Action{Verb: VerbRead, Type: "Patient"})
	if text := err.Error(); !strings.Contains(text, `client "lab" lacks`) || strings.Contains(text, "satchel user") {
		t.Error(text)
	}
	err = service("system/Patient.rs", "FHIR_ALL_READ").Decide(Action{Verb: VerbRead, Type: "Device"})
	if !strings.Contains(err.Error(), "system/Device.rs") {
		t.Error(err)
	}
}
