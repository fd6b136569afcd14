package demo

// household are the well-known patients of full mode, in their roles.
var household = [householdSize]string{mother: EverythingPatientID, father: DeletedPatientID, twin: ChildPatientID, otherTwin: MergedPatientID}

// wellKnown makes the patient in a role of the household.
func (o Options) wellKnown(r role) *person {
	if r == otherTwin { // the duplicate is the same person under another number
		p := o.special(int(r), MergedPatientID, mother, household)
		p.birth = o.wellKnown(mother).birth
		return p
	}
	return o.special(int(r), household[r], r, household)
}

// everything writes the everything patient and the patients around.
func (w *writer) everything() {
	w.set("everything", EverythingPatientID, "merged", MergedPatientID, "child", ChildPatientID)
	p := w.options.wellKnown(mother)
	w.record(p)
	w.putAll("everything", p.id+"-", "")
	w.putAll("roles", p.id+"-", "")

	child := w.options.wellKnown(twin)
	w.record(child)
	w.family(child)
	w.putAll("child", child.id+"-", "")

	merged := w.options.wellKnown(otherTwin)
	w.begin(merged)
	w.put("special", "Patient merged", merged.id)
	w.put("special", "Observation before-merge", merged.id+"-weight")

	deleted := w.options.wellKnown(father)
	w.begin(deleted)
	w.identity(deleted)
	w.put("special", "Observation before-merge", deleted.id+"-weight")
}
