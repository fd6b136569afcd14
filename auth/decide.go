package auth

import "satchel/storage"

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
	VerbJob          Verb = "job"         // status, file and delete of a job
	VerbUsers        Verb = "users"       // manage accounts
)

// Action is one thing that an account wants to do.
type Action struct {
	Verb     Verb
	Type     string   // resource type, for read, search, write, delete
	ID       string   // logical id, for read, write, delete
	Owners   []string // patient ids in whose compartment the resource is, if known
	Level    string   // of an export: "system", "patient", "group"
	Group    string   // id, for level group
	Patients []string // ids, for level patient; nil: all patients
	Types    []string // explicitly asked-for types of an export; nil: all
	Job      *Job     // for VerbJob
}

// Job is what Decide must know of a job: whose it is and what it holds.
type Job struct {
	Account   string
	Exclusive bool   // restrict_download_to_initiating_user
	Export    Action // the kick-off it came from
}

// Decide answers nil if the account may do it, and otherwise a fhir.Error forbidden that names the missing permission.
// A job of somebody else under Exclusive is a fhir.Error not-found, the same as for an unknown job.
func Decide(a storage.Account, do Action) error { panic("todo") }

// Readable narrows types to those whose every resource the account may read: what an export of the account may hold.
func Readable(a storage.Account, types []string) []string { panic("todo") }
