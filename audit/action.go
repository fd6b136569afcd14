package audit

import (
	"slices"
	"strings"
)

// Action is a word for what was done.
type Action string

// The actions. The refused attempt of one is the same action with outcome refused, except where a word of its own
// stands for the attempt.
const (
	SignIn         Action = "sign-in"
	SignInFailed   Action = "sign-in-failed" // wrong name, password or assertion, or locked
	SignOut        Action = "sign-out"
	TokenGrant     Action = "token-grant"    // a client got an access token
	AccessRefused  Action = "access-refused" // before it was known what was wanted: no route, no credentials
	PasswordChange Action = "password-change"

	Read        Action = "read"
	VRead       Action = "vread"
	History     Action = "history"
	Search      Action = "search"
	Everything  Action = "everything" // Patient/[id]/$everything
	Create      Action = "create"
	Update      Action = "update"
	Patch       Action = "patch"
	Delete      Action = "delete"
	Transaction Action = "transaction" // the bundle; each of its entries may be an event as well
	Batch       Action = "batch"
	Operation   Action = "operation" // any other operation

	ExportStart    Action = "export-start"
	ExportStatus   Action = "export-status"
	ExportFile     Action = "export-file" // a file was handed out
	ExportDelete   Action = "export-delete"
	ExportComplete Action = "export-complete"
	ExportFailed   Action = "export-failed"
	ExportExpire   Action = "export-expire" // its time was over and the files were removed
	JobList        Action = "job-list"
	Import         Action = "import"
	Package        Action = "package" // an export was packed for handing over

	AccountList      Action = "account-list"
	AccountCreate    Action = "account-create"
	AccountChange    Action = "account-change"
	AccountRemove    Action = "account-remove"
	PermissionGrant  Action = "permission-grant" // to an account or client
	PermissionRevoke Action = "permission-revoke"
	ClientList       Action = "client-list"
	ClientCreate     Action = "client-create"
	ClientChange     Action = "client-change"
	ClientRemove     Action = "client-remove"
	GroupMembers     Action = "group-members-changed"

	AssignmentList Action = "assignment-list" // of what belongs to nobody and what staff assigned
	AssignmentMake Action = "assignment-make" // staff said whose a resource is, or that it is nobody's
	AssignmentEnd  Action = "assignment-end"  // staff took that back, or the data says whose it is

	RequestList   Action = "request-list" // of people who ask for records
	RequestRead   Action = "request-read"
	RequestAdd    Action = "request-add"
	RequestStep   Action = "request-step"
	RequestExport Action = "request-export"
	Disclosure    Action = "disclosure" // a record was given to somebody, by a request
	LinkOpen      Action = "link-open"  // somebody without an account tried the passphrase of a delivery link

	SettingChange Action = "setting-change"
	Start         Action = "start"
	Stop          Action = "stop"
	Backup        Action = "backup"
	Restore       Action = "restore"
	AuditView     Action = "audit-view"
	AuditExport   Action = "audit-export"
	AuditVerify   Action = "audit-verify"
)

// NoEvent stands in a table of routes for what tells only of the server itself and leaves no event. It is no action: an event
// cannot have it. That it must be written keeps a forgotten action from going by as "nothing to note".
const NoEvent Action = "-"

// Systems of codes that AuditEvent.type and subtype are taken from.
const (
	dicom = "http://dicom.nema.org/resources/ontology/DCM"
	rest  = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	inter = "http://hl7.org/fhir/restful-interaction"
	own   = "urn:satchel:audit-action"
)

// coding is what an action is called elsewhere.
type coding struct {
	typ     string // DICOM code, or "rest"
	subtype string // DICOM code, or the FHIR interaction for rest; "": only our own
	crud    string // AuditEvent.action: C, R, U, D or E
	code    string // like Smile CDR's typeCode; "": made from the action's own word
	role    string // of the target: code of object-role, if it is not a resource
}

// Roles of targets.
const (
	roleUser     = "6"
	roleMaster   = "5" // a file
	roleJob      = "20"
	roleQuery    = "24"
	roleSecurity = "13"
)

// actions holds what each action is called in R4's value sets (DICOM PS3.16 CID 400 and 401, restful-interaction).
var actions = map[Action]coding{
	SignIn:         {"110114", "110122", "E", "", roleUser},
	SignInFailed:   {"110114", "110122", "E", "", roleUser},
	SignOut:        {"110114", "110123", "E", "", roleUser},
	TokenGrant:     {"110114", "110122", "E", "", roleUser},
	AccessRefused:  {"110113", "110132", "E", "", roleSecurity},
	PasswordChange: {"110113", "110137", "U", "", roleUser},

	Read:        {"rest", "read", "R", "FHIR_READ", ""},
	VRead:       {"rest", "vread", "R", "FHIR_VREAD", ""},
	History:     {"rest", "history", "R", "FHIR_HISTORY", ""},
	Search:      {"rest", "search", "E", "FHIR_SEARCH", roleQuery},
	Everything:  {"rest", "operation", "E", "FHIR_OPERATION_EVERYTHING", ""},
	Create:      {"rest", "create", "C", "FHIR_CREATE", ""},
	Update:      {"rest", "update", "U", "FHIR_UPDATE", ""},
	Patch:       {"rest", "patch", "U", "FHIR_PATCH", ""},
	Delete:      {"rest", "delete", "D", "FHIR_DELETE", ""},
	Transaction: {"rest", "transaction", "E", "FHIR_TRANSACTION", ""},
	Batch:       {"rest", "batch", "E", "FHIR_BATCH", ""},
	Operation:   {"rest", "operation", "E", "FHIR_OPERATION", ""},

	ExportStart:    {"110106", "", "E", "", roleJob},
	ExportStatus:   {"110106", "", "R", "", roleJob},
	ExportFile:     {"110106", "", "R", "", roleMaster},
	ExportDelete:   {"110106", "", "D", "", roleJob},
	ExportComplete: {"110106", "", "E", "", roleJob},
	ExportFailed:   {"110106", "", "E", "", roleJob},
	ExportExpire:   {"110106", "", "D", "", roleJob},
	JobList:        {"110106", "", "R", "", roleJob},
	Import:         {"110107", "", "C", "", roleJob},
	Package:        {"110106", "", "C", "", roleMaster},

	AccountList:      {"110113", "", "R", "", roleUser},
	AccountCreate:    {"110113", "110137", "C", "", roleUser},
	AccountChange:    {"110113", "110137", "U", "", roleUser},
	AccountRemove:    {"110113", "110137", "D", "", roleUser},
	PermissionGrant:  {"110113", "110136", "U", "", roleUser},
	PermissionRevoke: {"110113", "110136", "U", "", roleUser},
	ClientList:       {"110113", "", "R", "", roleUser},
	ClientCreate:     {"110113", "110137", "C", "", roleUser},
	ClientChange:     {"110113", "110137", "U", "", roleUser},
	ClientRemove:     {"110113", "110137", "D", "", roleUser},
	GroupMembers:     {"110113", "110135", "U", "", roleSecurity},

	AssignmentList: {"110110", "", "R", "", roleJob},
	AssignmentMake: {"110110", "", "U", "", roleJob},
	AssignmentEnd:  {"110110", "", "U", "", roleJob},

	RequestList:   {"110110", "", "R", "", roleJob},
	RequestRead:   {"110110", "", "R", "", roleJob},
	RequestAdd:    {"110110", "", "C", "", roleJob},
	RequestStep:   {"110110", "", "U", "", roleJob},
	RequestExport: {"110106", "", "R", "", roleJob},
	Disclosure:    {"110106", "", "E", "", roleJob},
	LinkOpen:      {"110106", "", "R", "", roleJob},

	SettingChange: {"110113", "110131", "U", "", roleSecurity},
	Start:         {"110100", "110120", "E", "", roleMaster},
	Stop:          {"110100", "110121", "E", "", roleMaster},
	Backup:        {"110106", "", "R", "", roleMaster},
	Restore:       {"110107", "", "U", "", roleMaster},
	AuditView:     {"110101", "", "R", "", roleMaster},
	AuditExport:   {"110101", "", "R", "", roleMaster},
	AuditVerify:   {"110101", "", "E", "", roleMaster},
}

// Actions lists all actions in alphabetic order.
func Actions() []Action {
	all := make([]Action, 0, len(actions))
	for a := range actions {
		all = append(all, a)
	}
	slices.Sort(all)
	return all
}

// Valid reports whether the action is one of the list.
func (a Action) Valid() bool {
	_, ok := actions[a]
	return ok
}

// Code is the action in the style of Smile CDR's typeCode: "FHIR_VREAD", "EXPORT_START". Only FHIR_VREAD is known to be
// the very same; the rest follows its pattern.
func (a Action) Code() string {
	if c := actions[a].code; c != "" {
		return c
	}
	return strings.ToUpper(strings.ReplaceAll(string(a), "-", "_"))
}
