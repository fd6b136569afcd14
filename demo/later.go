package demo

// later writes what happened afterwards: people moved, values were corrected, mistakes were deleted.
func (w *writer) later() {
	for i := 0; i < w.options.Patients && !w.stopped; i += householdSize {
		w.corrected(w.options.person(i))
	}
	w.corrected(w.options.wellKnown(mother))
	w.remove("Observation", EverythingPatientID+"-mistake", "mistake")
	w.remove("Observation", DeletedPatientID+"-weight", "patient deleted")
	w.remove("Patient", DeletedPatientID, "patient deleted")
}

// corrected puts second versions of a patient, a weight and a condition.
func (w *writer) corrected(p *person) {
	p.home.street, p.home.city = "1 Larkspur Court", "Larchmere"
	w.begin(p)
	w.attachments(p)
	w.note = "moved"
	w.identity(p)
	w.note = "correction"
	w.put("later", "Observation corrected-weight", p.id+"-vital-1-1")
	w.put("later", "Condition resolved", p.id+"-condition-2")
	w.note = ""
}
