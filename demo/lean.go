package demo

import "strconv"

// leanRecords writes the records that measurements of speed use.
func (w *writer) leanRecords() {
	typical := w.options.special(0, TypicalPatientID, mother, w.options.person(0).home.members)
	w.leanRecord(typical, TypicalResources)
	for i := 0; i < w.options.Patients && !w.stopped; i++ {
		w.leanRecord(w.options.person(i), LeanResources)
	}
}

// leanRecord writes one patient with exactly size resources.
func (w *writer) leanRecord(p *person, size int) {
	end := w.count + size
	w.begin(p)
	w.identity(p)
	w.problems(p, 3)
	w.vaccinations(p, 3)
	w.prescriptions(p, 3)
	w.put("record", "AllergyIntolerance allergy", p.id+"-allergy")
	w.put("record", "Procedure procedure", p.id+"-procedure")
	w.put("record", "Coverage coverage", p.id+"-coverage")
	const perVisit = 19
	n := 1
	for ; w.count+perVisit <= end && !w.stopped; n++ {
		w.visit(p, n)
		w.leanVisit(p)
	}
	w.visit(p, n)
	w.put("lean", "Encounter visit", p.id+"-visit-"+strconv.Itoa(n))
	for i := 1; w.count < end && !w.stopped; i++ {
		m := adultVitals[i%len(adultVitals)]
		w.measurement("Observation vital", p, p.id+"-extra-"+strconv.Itoa(i), m)
	}
}

// leanVisit writes the parts of a visit that come in bulk.
func (w *writer) leanVisit(p *person) {
	n := w.context["n"]
	w.put("lean", "Encounter visit", p.id+"-visit-"+n)
	w.put("visit", "DocumentReference note", p.id+"-note-"+n)
	w.put("visit", "Claim claim", p.id+"-claim-"+n)
	w.put("lean", "ExplanationOfBenefit benefit", p.id+"-benefit-"+n)
	w.vitals(p)
	w.labs(p)
}
