package auth

import (
	"slices"

	"satchel/fhir"
	"satchel/storage"
)

// Smile CDR's rule for exports, for one permission: another style abstains; the generic permission and the one for the
// system allow; a group is allowed if it is the permission's argument; all patients are allowed without an argument;
// named patients are allowed if all of them are arguments. What nothing allows is denied. Several permissions of an
// account add up: one that does not fit never takes away what another allows.
//
// Starting an export is one thing, reading another: the operation permission alone exports nothing.

// exportNeeds is the operation's permission, and for explicitly named types the right to read each.
func exportNeeds(do Action) []need {
	var needs []need
	switch {
	case do.Level == "system":
		needs = []need{oneOf(plain(opExport), plain(opExportSystem))}
	case do.Level == "group":
		needs = []need{oneOf(plain(opExport), with(opExportGroup, "Group/"+do.Group))}
	case do.Level == "patient" && do.Patients == nil:
		needs = []need{oneOf(plain(opExport), plain(opExportPatient))}
	case do.Level == "patient" && len(do.Patients) > 0:
		for _, p := range do.Patients {
			needs = append(needs, oneOf(plain(opExport), plain(opExportPatient), with(opExportPatient, "Patient/"+p)))
		}
	default:
		needs = []need{oneOf(plain(opExport))} // no patients at all: nothing narrower fits
	}
	for _, t := range do.Types {
		needs = append(needs, contentNeeds(do, t)...)
	}
	return needs
}

// packageNeeds is what a package takes. It cannot leave types out in silence, so one of patients takes the right to read
// all that belongs to each of them. One of everything holds the audit log and the accounts as well.
func packageNeeds(do Action) []need {
	if do.Level != "patient" || len(do.Patients) == 0 {
		return []need{oneOf(plain(opExport), plain(opExportSystem)), oneOf(plain(readAll)), oneOf(plain(viewAuditLog)), oneOf(plain(viewUsers))}
	}
	needs := exportNeeds(Action{Level: do.Level, Patients: do.Patients})
	for _, p := range do.Patients {
		needs = append(needs, oneOf(plain(readAll), with(readCompartment, "Patient/"+p)))
	}
	return needs
}

// contentNeeds is the right to read all that an export holds of a type. For named patients, what belongs to each of
// them is enough, if the type can belong to patients.
func contentNeeds(do Action, typ string) []need {
	one := Action{Verb: VerbSearch, Type: typ}
	if do.Level == "patient" && fhir.CanBelong(typ) {
		one.Owners = do.Patients
	}
	return eachOwner(reading, one)
}

// Readable narrows types to those of which the account may read all that the export holds.
func Readable(a storage.Account, do Action, types []string) []string {
	have := holdings(a)
	return slices.DeleteFunc(slices.Clone(types), func(t string) bool {
		return slices.ContainsFunc(contentNeeds(do, t), func(n need) bool { return !have.meet(n) })
	})
}

// typesOf is every type that an export of the level can hold.
func typesOf(do Action) []string {
	types := fhir.Types()
	if do.Level != "system" {
		types = slices.DeleteFunc(types, func(t string) bool { return !fhir.CanBelong(t) })
	}
	return types
}

// decideJob allows a job's status and files to whom it belongs as long as they could start it again, and to others
// only if jobs are not exclusive.
func decideJob(a storage.Account, j *Job) error {
	if j == nil || j.Exclusive && a.Name != j.Account {
		return fhir.Errorf(fhir.CodeNotFound, "there is no such job; it may have expired or been cancelled")
	}
	do := j.Export
	if do.Verb == VerbPackage {
		return Decide(a, do)
	}
	do.Verb = VerbExport
	if do.Types == nil {
		// The job holds every type, so one readable type is not enough.
		do.Types = typesOf(do)
	}
	return Decide(a, do)
}
