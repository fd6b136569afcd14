package auth

import (
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// Permission is a role or permission name that an account can hold.
type Permission struct {
	Name     string
	Role     bool
	Argument string // "" takes none, otherwise the form of the argument, such as "Patient/[id]"
	Optional bool   // the argument may be left out
	Text     string // one plain sentence: what it allows
}

// The forms of arguments.
const (
	argType     = "[type]"
	argInstance = "[type]/[id]"
	argPatient  = "Patient/[id]"
	argGroup    = "Group/[id]"
	argTypeIn   = "[type] in Patient/[id]"
)

// The names that Decide weighs. They are Smile CDR's.
const (
	roleSuperuser           = "ROLE_SUPERUSER"
	roleClientSuperuserRO   = "ROLE_FHIR_CLIENT_SUPERUSER_RO"
	roleClientSuperuser     = "ROLE_FHIR_CLIENT_SUPERUSER"
	roleClient              = "ROLE_FHIR_CLIENT"
	accessFHIR              = "ACCESS_FHIR_ENDPOINT"
	fhirCapabilities        = "FHIR_CAPABILITIES"
	readAll                 = "FHIR_ALL_READ"
	readType                = "FHIR_READ_ALL_OF_TYPE"
	readCompartment         = "FHIR_READ_ALL_IN_COMPARTMENT"
	readTypeInCompartment   = "FHIR_READ_TYPE_IN_COMPARTMENT"
	readInstance            = "FHIR_READ_INSTANCE"
	writeAll                = "FHIR_ALL_WRITE"
	writeType               = "FHIR_WRITE_ALL_OF_TYPE"
	writeCompartment        = "FHIR_WRITE_ALL_IN_COMPARTMENT"
	writeTypeInCompartment  = "FHIR_WRITE_TYPE_IN_COMPARTMENT"
	writeInstance           = "FHIR_WRITE_INSTANCE"
	deleteAll               = "FHIR_ALL_DELETE"
	deleteType              = "FHIR_DELETE_ALL_OF_TYPE"
	deleteCompartment       = "FHIR_DELETE_ALL_IN_COMPARTMENT"
	deleteTypeInCompartment = "FHIR_DELETE_TYPE_IN_COMPARTMENT"
	fhirTransaction         = "FHIR_TRANSACTION"
	opEverything            = "FHIR_OP_PATIENT_EVERYTHING"
	opBinaryRead            = "FHIR_OP_BINARY_ACCESS_READ"
	opExport                = "FHIR_OP_INITIATE_BULK_DATA_EXPORT"
	opExportSystem          = "FHIR_OP_INITIATE_BULK_DATA_EXPORT_SYSTEM"
	opExportPatient         = "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT"
	opExportGroup           = "FHIR_OP_INITIATE_BULK_DATA_EXPORT_GROUP"
	createUser              = "CREATE_USER"
	updateUser              = "UPDATE_USER"
	viewUsers               = "VIEW_USERS"
	changeOwnPassword       = "CHANGE_OWN_PASSWORD"
	viewAuditLog            = "VIEW_AUDIT_LOG"
	viewJobs                = "VIEW_BATCH_JOBS"
	manageJobs              = "MANAGE_BATCH_JOBS"
	accessAdminJSON         = "ACCESS_ADMIN_JSON"
	accessAdminWeb          = "ACCESS_ADMIN_WEB"

	// Satchel's own: Smile CDR has no ledger of requests.
	recordRequests  = "SATCHEL_RECORD_REQUESTS"
	approveRequests = "SATCHEL_APPROVE_REQUESTS"
)

// permissions is the table of all authorities, in the order of the documentation.
var permissions = []Permission{
	{Name: roleSuperuser, Role: true, Text: "Everything, including the administration of accounts."},
	{Name: roleClientSuperuserRO, Role: true, Text: "Read everything and start every kind of export; change nothing."},
	{Name: roleClientSuperuser, Role: true, Text: "Read, write and delete everything, and start every kind of export; no administration."},
	{Name: roleClient, Role: true, Text: "Reach the FHIR address and see what the server can do. It reads nothing: add read permissions."},

	{Name: accessFHIR, Text: "Reach the FHIR address. Every FHIR permission brings this with it for what it allows."},
	{Name: fhirCapabilities, Text: "Read the CapabilityStatement."},
	{Name: readAll, Text: "Read, search and see the history of all resources."},
	{Name: readType, Argument: argType, Text: "Read, search and see the history of all resources of one type."},
	{Name: readCompartment, Argument: argPatient, Text: "Read everything that belongs to one patient."},
	{Name: readTypeInCompartment, Argument: argTypeIn, Text: "Read the resources of one type that belong to one patient."},
	{Name: readInstance, Argument: argInstance, Text: "Read one resource."},
	{Name: writeAll, Text: "Create and change all resources."},
	{Name: writeType, Argument: argType, Text: "Create and change resources of one type."},
	{Name: writeCompartment, Argument: argPatient, Text: "Create and change what belongs to one patient and to nobody else."},
	{Name: writeTypeInCompartment, Argument: argTypeIn, Text: "Create and change resources of one type that belong to one patient and to nobody else."},
	{Name: writeInstance, Argument: argInstance, Text: "Change one resource, or create it under that id."},
	{Name: deleteAll, Text: "Delete all resources."},
	{Name: deleteType, Argument: argType, Text: "Delete resources of one type."},
	{Name: deleteCompartment, Argument: argPatient, Text: "Delete what belongs to one patient and to nobody else."},
	{Name: deleteTypeInCompartment, Argument: argTypeIn, Text: "Delete resources of one type that belong to one patient and to nobody else."},
	{Name: fhirTransaction, Text: "Send a batch or transaction; each entry needs its own permission as well."},
	{Name: opEverything, Text: "Call Patient/[id]/$everything for a patient all of whose resources the account may read."},
	{Name: opBinaryRead, Text: "Kept for accounts that come from Smile CDR. It allows nothing by itself: reading a Binary needs a read permission."},
	{Name: opExport, Text: "Start an export of every kind: system, patients and groups. The files hold what the account may read."},
	{Name: opExportSystem, Text: "Start an export of the whole system. The files hold what the account may read. A package of everything takes FHIR_ALL_READ, VIEW_AUDIT_LOG and VIEW_USERS as well."},
	{Name: opExportPatient, Argument: argPatient, Optional: true, Text: "Start an export of that patient, or without an argument of all or any patients. The files hold what the account may read. A package of a patient's record takes FHIR_ALL_READ or FHIR_READ_ALL_IN_COMPARTMENT for that patient as well."},
	{Name: opExportGroup, Argument: argGroup, Text: "Start an export of the members of that group. The files hold what the account may read."},

	{Name: createUser, Text: "Make accounts."},
	{Name: updateUser, Text: "Change, lock and remove accounts."},
	{Name: viewUsers, Text: "See the list of accounts."},
	{Name: changeOwnPassword, Text: "Change the own password."},
	{Name: viewAuditLog, Text: "Read the audit log."},
	{Name: viewJobs, Text: "See the list of all jobs, without their files."},
	{Name: manageJobs, Text: "Cancel jobs of other accounts."},
	{Name: accessAdminJSON, Text: "Use the administration by its JSON addresses."},
	{Name: accessAdminWeb, Text: "Use the staff pages."},

	{Name: recordRequests, Text: "See and work on the requests of people for records: take them in, note the identity check, make and hand over packages of what was approved."},
	{Name: approveRequests, Text: "Approve and deny requests for records."},
}

// roles is what each role stands for, apart from ROLE_SUPERUSER, which stands for everything.
var roles = map[string][]string{
	roleClient:            {accessFHIR, fhirCapabilities},
	roleClientSuperuserRO: {roleClient, accessFHIR, fhirCapabilities, readAll, opEverything, opBinaryRead, opExport},
	roleClientSuperuser:   {roleClientSuperuserRO, writeAll, deleteAll, fhirTransaction},
}

// Permissions lists every authority that accounts can hold, in the order of the documentation.
func Permissions() []Permission { return slices.Clone(permissions) }

// Expand lists the permissions that a role stands for, itself included; a permission stands for itself.
// ROLE_SUPERUSER stands for every permission that takes no argument or may go without.
func Expand(name string) []string {
	out := []string{name}
	if name == roleSuperuser {
		for _, p := range permissions {
			if p.Name != name && (p.Argument == "" || p.Optional) {
				out = append(out, p.Name)
			}
		}
		return out
	}
	for _, part := range roles[name] {
		for _, n := range Expand(part) {
			if !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	return out
}

// CheckAuthority refuses, by a fhir.Error value, an authority that does not exist, lacks a needed argument or has one
// of a wrong form.
func CheckAuthority(a storage.Authority) error {
	i := slices.IndexFunc(permissions, func(p Permission) bool { return p.Name == a.Permission })
	if i < 0 {
		return unknownPermission(a.Permission)
	}
	p := permissions[i]
	switch {
	case a.Argument == "" && (p.Argument == "" || p.Optional):
		return nil
	case p.Argument == "":
		return fhir.Errorf(fhir.CodeValue, "%s takes no argument, but %q was given; leave it out", p.Name, a.Argument)
	case a.Argument == "":
		return fhir.Errorf(fhir.CodeValue, "%s needs an argument of the form %s, such as %s:%s", p.Name, p.Argument, p.Name, examples[p.Argument])
	case !fits(a.Argument, p.Argument):
		return fhir.Errorf(fhir.CodeValue, "argument %q of %s is not of the form %s, such as %s:%s", a.Argument, p.Name, p.Argument, p.Name, examples[p.Argument])
	}
	return nil
}

func unknownPermission(name string) error {
	var names []string
	for _, p := range permissions {
		names = append(names, p.Name)
	}
	if near := Nearest(name, names); near != "" {
		return fhir.Errorf(fhir.CodeValue, "unknown role or permission %q; did you mean %s?", name, near)
	}
	return fhir.Errorf(fhir.CodeValue, "unknown role or permission %q; satchel user permissions lists all", name)
}

var examples = map[string]string{
	argType: "Observation", argInstance: "Observation/123", argPatient: "Patient/123",
	argGroup: "Group/123", argTypeIn: `"Observation in Patient/123"`,
}

// fits reports whether an argument has the form, with a resource type and an id that R4 knows and allows.
func fits(arg, form string) bool {
	if form == argTypeIn {
		typ, patient, ok := strings.Cut(arg, " in ")
		return ok && fhir.IsType(typ) && fits(patient, argPatient)
	}
	r := fhir.ParseReference(arg)
	named := r.Plain() && r.Version == ""
	switch form {
	case argType:
		return fhir.IsType(arg)
	case argInstance:
		return named
	case argPatient:
		return named && r.Type == "Patient"
	case argGroup:
		return named && r.Type == "Group"
	}
	return false
}
