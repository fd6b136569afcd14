// Package permit says, in the words of auth, what somebody wants who asks engine for something: an export, a package, or a
// job that is there already. Engine and auth do not know each other; the HTTP face and the staff pages both ask here, so
// that they cannot differ about who may do what.
package permit

import (
	"slices"

	"satchel/auth"
	"satchel/engine"
	"satchel/fhir"
	"satchel/storage"
)

// Export is what auth has to know of an export.
func Export(r engine.Request) auth.Action {
	return auth.Action{Verb: auth.VerbExport, Level: string(r.Level), Group: r.Group, Patients: r.Patients, Types: r.Named()}
}

// Narrow decides on an export, by decide, which is asked at least once. Without types of its own the request gets those
// that who may read; the files of an export hold no others.
func Narrow(who auth.Principal, decide func(auth.Action) error, r *engine.Request) error {
	action := Export(*r)
	if err := decide(action); err != nil || r.Types != nil {
		return err
	}
	all := engine.ExportTypes(r.Level)
	may := who.Readable(action, all)
	if len(may) == len(all) {
		return nil
	}
	r.Types = may
	return decide(Export(*r)) // what other parameters add is asked for by name
}

// Package is what auth has to know of a package. more are patients that turned out to be in it.
func Package(r engine.PackageRequest, more ...string) auth.Action {
	if r.Population {
		return auth.Action{Verb: auth.VerbPackage, Level: string(engine.LevelSystem)}
	}
	patients := slices.Concat([]string{r.Patient}, r.Linked, more)
	slices.Sort(patients)
	return auth.Action{Verb: auth.VerbPackage, Level: string(engine.LevelPatient), Patients: slices.Compact(patients)}
}

// Confine lets a package hold no other patients than those that were asked for, if who may not read everybody's data.
func Confine(who auth.Principal, r *engine.PackageRequest) {
	if who.Decide(auth.Action{Verb: auth.VerbSearch}) != nil {
		r.Within = append([]string{r.Patient}, r.Linked...)
	}
}

// Job is what auth has to know of a job of any kind: whose it is, and all that it holds or can hold. exclusive says that
// only the account that started it may have it.
func Job(job storage.Job, exclusive bool) (auth.Action, error) {
	content, err := contentOf(job)
	return auth.Action{Verb: auth.VerbJob, Job: &auth.Job{Account: job.Account, Exclusive: exclusive, Export: content}}, err
}

// contentOf is what auth would have to know of somebody who asks for all that a job holds.
func contentOf(job storage.Job) (auth.Action, error) {
	switch job.Kind {
	case engine.KindBulk:
		r, err := engine.RequestOf(job)
		if err != nil {
			return auth.Action{}, err
		}
		do := Export(r)
		if do.Types == nil {
			do.Types = slices.Clone(engine.ExportTypes(r.Level))
		}
		return do, nil
	case engine.KindPackage:
		r, err := engine.PackageRequestOf(job)
		if err != nil || job.State != storage.Complete {
			return Package(r), err
		}
		o, err := engine.PackageOutcomeOf(job)
		return Package(r, o.Patients...), err
	}
	return auth.Action{}, fhir.Errorf(fhir.CodeNotFound, "there is no such job; it may have expired or been cancelled")
}
