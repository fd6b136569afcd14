package fhirapi

import (
	"net/http"
	"slices"

	"satchel/web"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// addPatients notes the patients whose data an answer holds, by its resources.
func addPatients(c *web.Call, resources ...fhir.Resource) {
	for _, r := range resources {
		c.Answer.Trail.AddPatients(patientsOf(c, r)...)
	}
}

// patientsOf are the patients whose data a stored version holds, as the transaction sees things if the call is in one.
func patientsOf(c *web.Call, r fhir.Resource) []string { return patientsIn(c, c.Tx, r) }

// patientsIn is [patientsOf] within a transaction; nil: none. If it cannot be told, it is everybody.
func patientsIn(c *web.Call, tx *storage.Tx, r fhir.Resource) (ids []string) {
	if !c.Answer.Trail.Leaves() {
		return nil
	}
	var err error
	if tx != nil {
		ids, err = tx.Concerned(r)
	} else {
		ids, err = c.Server.Store.Concerned(c.Context(), r)
	}
	if err != nil { // the safe side: whoever asks about any patient finds the event
		return []string{audit.Everybody}
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
	t := &c.Answer.Trail
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
			t.Words("%s", detail)
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
