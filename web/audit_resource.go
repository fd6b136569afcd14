package web

import (
	"net/http"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// addPatients notes the patients of resources that are read for an answer.
func (c *call) addPatients(resources ...fhir.Resource) {
	if c.answer.trail == nil {
		return
	}
	for _, r := range resources {
		c.answer.trail.addPatients(c.patientsOf(r)...)
	}
}

// patientsOf are the patients to whom a stored resource belongs.
func (c *call) patientsOf(r fhir.Resource) (ids []string) {
	var err error
	switch {
	case c.answer.trail == nil:
		return nil
	case r.Type == "Patient":
		return []string{r.ID}
	case r.Type == "Binary":
		ids, err = c.contextOwners(r)
	case r.Deleted || r.JSON == nil || !fhir.InPatientCompartment(r.Type) && r.Type != "Group":
		return nil
	default:
		ids, err = c.owners(r)
	}
	if err != nil {
		return nil // what is stored can be read; if not, the answer says so
	}
	return ids
}

// patientsIn are the patients to whom a resource belongs that is stored under this id.
func (c *call) patientsIn(d *fhir.Document, id string) []string {
	if d.Type() == "Patient" {
		return []string{id}
	}
	return c.ownersOf(d)
}

// noteExisting notes a resource that is there already, so that a condition kept it from being made.
func (c *call) noteExisting(r fhir.Resource) {
	if r.ID != "" {
		c.noteWrite(effect{resource: r, existing: true}, c.patientsOf(r), nil)
	}
}

// setTarget names the target from the address of a call that is sound, and the parameters.
func (c *call) setTarget() {
	t := c.answer.trail
	if t == nil {
		return
	}
	target := c.Type
	if c.ID != "" {
		target += "/" + c.ID
	}
	if strings.Contains(c.route.pattern, "/_history/{version}") && len(c.Version) < 20 && strings.Trim(c.Version, "0123456789") == "" {
		target += "/_history/" + c.Version
	}
	if c.Name != "" {
		t.setAccount(c.Context(), c.Name)
	}
	if target != "" && t.Target == "" {
		t.Target = target
	}
	if c.Type == "Patient" && c.ID != "" {
		t.addPatients(c.ID)
	}
	t.call = c
}

// noteWrite notes what a write did. It is called in the write's transaction, which by itself tells who joined and left a Group.
func (c *call) noteWrite(e effect, before, after []string) {
	t := c.answer.trail
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
	if c.route.kind == bundle {
		t.entries = append(t.entries, t.bySame(audit.Event{Action: writeAction(e), Target: target, Patients: patients, Status: e.status(), Detail: detail}))
		t.addPatients(patients...)
	} else {
		t.Target, t.Status = target, c.effectStatus(e)
		t.addPatients(patients...)
		if detail != "" {
			t.addDetail("%s", detail)
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

// effectStatus is the status that [call.sendEffect] answers.
func (c *call) effectStatus(e effect) int {
	if status := e.status(); status != http.StatusNoContent || c.prefer("return") != "operationoutcome" {
		return status
	}
	return http.StatusOK
}
