package exports

import (
	"slices"
	"strings"

	"satchel/audit"
	"satchel/auth"
	"satchel/engine/bulk"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// on refuses bulk data while it is switched off.
func (s *Service) on() error {
	if s.Enabled {
		return nil
	}
	return fhir.Errorf(fhir.CodeForbidden, "exports and packages of everybody are switched off here (bulk_export.enabled = false)")
}

// exportAction is what auth has to know of an export.
func exportAction(r bulk.Request) auth.Action {
	return auth.Action{Verb: auth.VerbExport, Level: string(r.Level), Group: r.Group, Patients: r.Patients, Types: r.Named()}
}

// narrow decides on an export. Without types of its own the request gets those that the actor may read; the files of an
// export hold no others.
func narrow(by auth.Actor, r *bulk.Request) error {
	do := exportAction(*r)
	if err := by.Decide(do); err != nil || r.Types != nil || by.Trusted() {
		return err
	}
	all := bulk.ExportTypes(r.Level)
	may := by.Principal.Readable(do, all)
	if len(may) == len(all) {
		return nil
	}
	r.Types = may
	return by.Decide(exportAction(*r)) // what other parameters add is asked for by name
}

// support adds to an export of patients or a group the types of supporting resources that it is to hold: those asked for by
// name, or all unless the setting says otherwise, as far as the actor may read every resource of the type.
func (s *Service) support(by auth.Actor, r *bulk.Request, named []string) {
	r.Supporting = nil
	if r.Level == bulk.LevelSystem || named == nil && !s.Supporting {
		return
	}
	types := bulk.SupportingTypes()
	if named != nil {
		types = slices.DeleteFunc(types, func(typ string) bool { return !slices.Contains(named, typ) })
	}
	if !by.Trusted() {
		types = by.Principal.Readable(auth.Action{Verb: auth.VerbExport, Level: string(bulk.LevelSystem)}, types)
	}
	r.Supporting = types
}

// packageAction is what auth has to know of a package. more are patients that turned out to be in it.
func packageAction(r handover.Order, more ...string) auth.Action {
	if r.Population {
		return auth.Action{Verb: auth.VerbPackage, Level: string(bulk.LevelSystem)}
	}
	patients := slices.Concat([]string{r.Patient}, r.Linked, more)
	slices.Sort(patients)
	return auth.Action{Verb: auth.VerbPackage, Level: string(bulk.LevelPatient), Patients: slices.Compact(patients)}
}

// jobAction is what auth has to know of a job of any kind: whose it is, and all that it holds or can hold. So who may no
// longer read a job's content may not load its files.
func (s *Service) jobAction(job storage.Job) (auth.Action, error) {
	content, err := contentOf(job)
	return auth.Action{Verb: auth.VerbJob, Job: &auth.Job{Account: job.Account, Exclusive: s.Exclusive, Export: content}}, err
}

// contentOf is what auth would have to know of somebody who asks for all that a job holds.
func contentOf(job storage.Job) (auth.Action, error) {
	switch job.Kind {
	case bulk.Kind:
		r, err := bulk.RequestOf(job)
		if err != nil {
			return auth.Action{}, err
		}
		do := exportAction(r)
		if do.Types == nil {
			do.Types = slices.Clone(bulk.ExportTypes(r.Level))
		}
		for _, typ := range r.Supporting {
			if !slices.Contains(do.Types, typ) {
				do.Types = append(do.Types, typ)
			}
		}
		return do, nil
	case pack.Kind:
		r, err := pack.OrderOf(job)
		if err != nil || job.State != storage.Complete {
			return packageAction(r), err
		}
		o, err := pack.OutcomeOf(job)
		return packageAction(r, o.Patients...), err
	}
	return auth.Action{}, gone()
}

// gone is the error for a job or file that is not there, not there any more, or not for the actor: nobody shall learn which.
func gone() error {
	return fhir.Errorf(fhir.CodeNotFound, "there is no such export or package; it may have been deleted, or its time was over")
}

// hidden gives every kind of absence the same words.
func hidden(err error) error {
	if fhir.IsCode(err, fhir.CodeNotFound) {
		return gone()
	}
	return err
}

// MayExport reports whether the principal could start an export now: for a button that others do not see.
func (s *Service) MayExport(p auth.Principal, r bulk.Request) bool {
	return s.on() == nil && p.Decide(exportAction(r)) == nil
}

// AskPackage decides on a package that is only asked about, such as by its form. The note is for a refusal.
func (s *Service) AskPackage(by auth.Actor, r handover.Order) (audit.Note, error) {
	return packageNote(by, r), s.MayPackage(by.Principal, r)
}

// MayPackage returns nil if the principal may start a package now, and otherwise the refusal.
func (s *Service) MayPackage(p auth.Principal, r handover.Order) error {
	if r.Population {
		if err := s.on(); err != nil {
			return err
		}
	}
	return p.Decide(packageAction(r))
}

// MayHold returns nil if the principal may have all that such a package holds, whoever made it and whatever is switched off.
func (s *Service) MayHold(p auth.Principal, r handover.Order) error {
	return p.Decide(packageAction(r))
}

// owns reports whether a job is the actor's.
func owns(by auth.Actor, job storage.Job) bool { return strings.EqualFold(job.Account, by.Who.Name) }
