package auth

import (
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// Verb is what somebody wants to do.
type Verb string

// The verbs that Decide knows.
const (
	VerbCapabilities Verb = "capabilities" // GET metadata
	VerbRead         Verb = "read"         // read, vread, history of one resource
	VerbSearch       Verb = "search"       // search and history of a type or the system
	VerbWrite        Verb = "write"        // create, update
	VerbDelete       Verb = "delete"
	VerbTransaction  Verb = "transaction" // POST [base]; the entries are decided one by one
	VerbEverything   Verb = "everything"  // Patient/[id]/$everything
	VerbExport       Verb = "export"      // kick-off
	VerbPackage      Verb = "package"     // make a package: a whole record, or everything
	VerbEHIExport    Verb = "ehi-export"  // ask for a patient's record by $ehi-export, and load what people approved
	VerbJob          Verb = "job"         // status, file and delete of a job
	VerbUsers        Verb = "users"       // change, lock and remove accounts
	VerbUserAdd      Verb = "user-add"    // make an account
	VerbUserView     Verb = "user-view"   // the list of accounts
	VerbPassword     Verb = "password"    // the own password
	VerbAudit        Verb = "audit"       // the audit log
	VerbJobs         Verb = "jobs"        // the list of all jobs, without their files
	VerbJobCancel    Verb = "job-cancel"  // cancel anybody's job from that list
	VerbAdminJSON    Verb = "admin-json"  // the administration's JSON addresses
	VerbAdminWeb     Verb = "admin-web"   // the staff pages
	VerbRequest      Verb = "request"     // see and work on requests for records
	VerbApprove      Verb = "approve"     // approve and deny them
)

// Action is one thing that an account wants to do.
type Action struct {
	Verb Verb
	Type string // resource type, for read, search, write, delete; "" in a search: the system
	ID   string // logical id, for read, write, delete, everything, ehi-export

	// Owners are patient ids. Of a read: the patients in whose compartment the resource is; one that the account may read
	// is enough. Of a write or delete: those of the stored and of the new version together; the account needs all of them,
	// so that nobody takes or gives away a resource. Of a search: the patients to whom the search confines itself; all of
	// them are needed. Nil: not known, or none.
	Owners []string

	Level    string   // of an export: "system", "patient", "group"; of a package: "system" or "patient"
	Group    string   // id, for level group
	Patients []string // ids, for level patient; nil: all patients. A package names at least one
	Types    []string // explicitly asked-for types of an export; nil: all that the account may read
	Job      *Job     // for VerbJob
}

// Job is what Decide must know of a job: whose it is and what it holds.
type Job struct {
	Account   string
	Exclusive bool   // restrict_download_to_initiating_user
	Export    Action // the kick-off it came from; Types are those that it holds, nil: every type of its level
}

// Decide returns nil if the account may do it, and otherwise a fhir.Error forbidden that names the missing permission.
// A job of somebody else under Exclusive is a fhir.Error not-found, the same as for an unknown job.
func Decide(a storage.Account, do Action) error {
	if a.Locked || a.Disabled {
		return fhir.Errorf(fhir.CodeForbidden, "account %q is locked; an administrator can unlock it with: satchel user unlock %s", a.Name, a.Name)
	}
	if do.Verb == VerbJob {
		return decideJob(a, do.Job)
	}
	needs, ok := needsOf(do)
	if !ok {
		return fhir.Errorf(fhir.CodeForbidden, "there is no permission for %q", do.Verb)
	}
	have := holdings(a)
	for _, n := range needs {
		if !have.meet(n) {
			return lacks(a, n)
		}
	}
	if do.Verb == VerbExport && len(do.Types) == 0 && len(Readable(a, do, typesOf(do))) == 0 {
		return lacks(a, need{hint: storage.Authority{Permission: readAll}, why: " or a narrower read permission: it may read nothing that this export would hold"})
	}
	return nil
}

// need is one thing that an action requires: any one of the authorities.
type need struct {
	any  []storage.Authority
	hint storage.Authority // the one that a refusal names
	why  string            // said after it
}

// oneOf is the need for any of the authorities; a refusal names the last, which should be the narrowest sensible one.
func oneOf(any ...storage.Authority) need { return need{any: any, hint: any[len(any)-1]} }

// plain is the authority of a permission without an argument.
func plain(permission string) storage.Authority { return storage.Authority{Permission: permission} }

// with is the authority of a permission with an argument.
func with(permission, argument string) storage.Authority {
	return storage.Authority{Permission: permission, Argument: argument}
}

// simple are the verbs that need one permission and look at nothing else.
var simple = map[Verb]string{
	VerbCapabilities: fhirCapabilities,
	VerbTransaction:  fhirTransaction,
	VerbUsers:        updateUser,
	VerbUserAdd:      createUser,
	VerbUserView:     viewUsers,
	VerbPassword:     changeOwnPassword,
	VerbAudit:        viewAuditLog,
	VerbJobs:         viewJobs,
	VerbJobCancel:    manageJobs,
	VerbAdminJSON:    accessAdminJSON,
	VerbAdminWeb:     accessAdminWeb,
	VerbRequest:      recordRequests,
	VerbApprove:      approveRequests,
}

// needsOf is the table: what each verb requires. False: the verb does not exist.
func needsOf(do Action) ([]need, bool) {
	if p, ok := simple[do.Verb]; ok {
		return []need{oneOf(plain(p))}, true
	}
	switch do.Verb {
	case VerbRead:
		return []need{readNeed(do)}, true
	case VerbSearch:
		return eachOwner(reading, do), true
	case VerbWrite:
		return eachOwner(writing, do), true
	case VerbDelete:
		return eachOwner(deleting, do), true
	case VerbEverything:
		return []need{oneOf(plain(opEverything)), oneOf(plain(readAll), with(readCompartment, "Patient/"+do.ID))}, true
	case VerbExport:
		return exportNeeds(do), true
	case VerbPackage:
		return packageNeeds(do), true
	case VerbEHIExport: // it files a request, which people decide on: nothing is read before that
		return []need{oneOf(plain(recordRequests), plain(opExport), plain(opExportPatient), with(opExportPatient, "Patient/"+do.ID))}, true
	}
	return nil, false
}

// scope names the five breadths of one kind of access; instance is "" where there is no such permission.
type scope struct{ all, typ, compartment, typeInCompartment, instance string }

var (
	reading  = scope{readAll, readType, readCompartment, readTypeInCompartment, readInstance}
	writing  = scope{writeAll, writeType, writeCompartment, writeTypeInCompartment, writeInstance}
	deleting = scope{deleteAll, deleteType, deleteCompartment, deleteTypeInCompartment, ""}
)

// general lists the authorities that reach a resource whoever owns it.
func (s scope) general(do Action) []storage.Authority {
	any := []storage.Authority{plain(s.all)}
	if do.Type != "" && do.ID != "" && s.instance != "" {
		any = append(any, with(s.instance, do.Type+"/"+do.ID))
	}
	if do.Type != "" {
		any = append(any, with(s.typ, do.Type))
	}
	return any
}

// owned lists the authorities that reach what belongs to the patient.
func (s scope) owned(do Action, patient string) []storage.Authority {
	any := []storage.Authority{with(s.compartment, "Patient/"+patient)}
	if do.Type != "" {
		any = append(any, with(s.typeInCompartment, do.Type+" in Patient/"+patient))
	}
	return any
}

// readNeed is the need for one resource: any owner's compartment will do. A refusal names no owner.
func readNeed(do Action) need {
	general := reading.general(do)
	n := oneOf(general...)
	for _, p := range do.Owners {
		n.any = append(n.any, reading.owned(do, p)...)
	}
	return n
}

// eachOwner is one need per owner, or one general need if there are none.
func eachOwner(s scope, do Action) []need {
	general := s.general(do)
	if len(do.Owners) == 0 {
		return []need{oneOf(general...)}
	}
	needs := make([]need, len(do.Owners))
	for i, p := range do.Owners {
		needs[i] = oneOf(general...)
		needs[i].any = append(needs[i].any, s.owned(do, p)...)
	}
	return needs
}

// holding is what an account holds, its roles expanded.
type holding struct {
	everything bool
	set        map[storage.Authority]bool
}

func holdings(a storage.Account) holding {
	h := holding{set: map[storage.Authority]bool{}}
	for _, x := range a.Authorities {
		h.everything = h.everything || x == plain(roleSuperuser)
		h.set[x] = true
		if x.Argument == "" && roles[x.Permission] != nil {
			for _, n := range Expand(x.Permission) {
				h.set[plain(n)] = true
			}
		}
	}
	return h
}

func (h holding) meet(n need) bool {
	return h.everything || slices.ContainsFunc(n.any, func(x storage.Authority) bool { return h.set[x] })
}

// lacks is the refusal: which permission is missing, for what, and how an administrator grants it.
func lacks(a storage.Account, n need) error {
	target := ""
	if n.hint.Argument != "" {
		target = " for " + n.hint.Argument
	}
	return fhir.Errorf(fhir.CodeForbidden,
		"account %q lacks the permission %s%s%s; an administrator can grant it with: satchel user grant %s --permission %s",
		a.Name, n.hint.Permission, target, n.why, a.Name, Flag(n.hint))
}

// Flag writes an authority as the value of --permission: P or P:ARG, in quotes if it holds a space.
func Flag(x storage.Authority) string {
	s := x.Permission
	if x.Argument != "" {
		s += ":" + x.Argument
	}
	if strings.Contains(s, " ") {
		s = `"` + s + `"`
	}
	return s
}
