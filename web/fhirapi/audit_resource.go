package fhirapi

import (
	"net/http"
	"slices"

	"satchel/web"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// addPatients notes the patients of resources that are read for an answer.
func addPatients(c *web.Call, resources ...fhir.Resource) {
	if c.Answer.Trail == nil {
		return
	}
	for _, r := range resources {
		c.Answer.Trail.AddPatients(patientsOf(c, r)...)
	}
}

// patientsOf are the patients to whom a stored resource belongs.
func patientsOf(c *web.Call, r fhir.Resource) (ids []string) {
	var err error
	switch {
	case c.Answer.Trail == nil:
		return nil
	case r.Type == "Patient":
		return []string{r.ID}
	case r.Type == "Binary":
		ids, err = guardOwners(c, r)
	case r.Deleted || r.JSON == nil || !fhir.CanBelong(r.Type):
		return nil
	default:
		ids, err = owners(c, r)
	}
	if err != nil {
		return nil // what is stored can be read; if not, the answer says so
	}
	return ids
}

// patientsIn are the patients to whom a resource belongs that is stored under this id.
func patientsIn(c *web.Call, d *fhir.Document, id string) []string {
	if d.Type() == "Patient" {
		return []string{id}
	}
	ids, err := ownersOf(c, d)
	if err != nil {
		return nil // it was just stored, and can be read
	}
	return ids
}

// noteExisting notes a resource that is there already, so that a condition kept it from being made.
func noteExisting(c *web.Call, r fhir.Resource) {
	if r.ID != "" {
		noteWrite(c, effect{resource: r, existing: true}, patientsOf(c, r), nil)
	}
}

// noteWrite notes what a write did. It is called in the write's transaction, which by itself tells who joined and left a Group.
func noteWrite(c *web.Call, e effect, before, after []string) {
	t := c.Answer.Trail
	if t == nil {
		return
	}
	patients := slices.Concat(before, after)
	target := e.resource.Key()
	if e.resource.ID == "" {
		target = t.Target
	} else if !e.resource.Deleted && !e.existing {
		target = versionKey(e.resource)
	}
	var detail string
	if e.change == storage.Unchanged || e.existing {
		detail = "nothing was written"
	}
	if c.Route.Kind == web.Bundle {
		t.Entries = append(t.Entries, t.BySame(audit.Event{Action: writeAction(e), Target: target, Patients: patients, Status: e.status(), Detail: detail}))
		t.AddPatients(patients...)
	} else {
		t.Target, t.Status = target, effectStatus(c, e)
		t.AddPatients(patients...)
		if detail != "" {
			t.AddDetail("%s", detail)
		}
	}
}

// writeAction is the action of a write in a transaction.
func writeAction(e effect) audit.Action {
	switch {
	case e.resource.Deleted || e.resource.ID == "":
		return audit.Delete
	case e.change == storage.Created:
		return audit.Create
	}
	return audit.Update
}

// effectStatus is the status that [Call.SendEffect] answers.
func effectStatus(c *web.Call, e effect) int {
	if status := e.status(); status != http.StatusNoContent || c.Prefer("return") != "operationoutcome" {
		return status
	}
	return http.StatusOK
}
