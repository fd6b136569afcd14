package demo

import (
	"strconv"
	"strings"
	"time"
)

// record writes one ordinary patient: who they are, their visits and what came of them, the standing parts.
func (w *writer) record(p *person) {
	w.begin(p)
	w.attachments(p)
	w.identity(p)
	w.problems(p, 2)
	w.vaccinations(p, 3)
	w.prescriptions(p, 3)
	visits := 3 + p.rng.IntN(3)
	for n := 1; n <= visits; n++ {
		w.visit(p, n)
		w.putAll("visit", p.id+"-", "-"+w.context["n"])
		w.vitals(p)
		if n%2 == 1 {
			w.labs(p)
		}
	}
	w.visit(p, 1) // the standing parts date from the first visit
	w.putAll("record", p.id+"-", "")
}

// begin fills the context for a patient.
func (w *writer) begin(p *person) {
	w.holes(p)
	allergy, procedure := pick(p.rng, allergies), pick(p.rng, procedures)
	w.set("allergy", allergy.code, "allergyName", allergy.name, "allergyKind", allergy.kind, "allergySince", strconv.Itoa(p.birth.Year()+2),
		"procedure", procedure.code, "procedureName", procedure.name)
	w.visit(p, 1)
}

// identity writes the Patient.
func (w *writer) identity(p *person) {
	if p.id == EverythingPatientID {
		w.put("special", "Patient everything", p.id)
		return
	}
	if p.child() {
		w.put("patient", "Patient child", p.id, "birthOrder", strconv.Itoa(1+int(p.role-twin)))
		return
	}
	w.put("patient", "Patient adult", p.id, "birthSex", strings.ToUpper(p.gender[:1]))
}

// problems writes n conditions.
func (w *writer) problems(p *person, n int) {
	from := adultProblems
	if p.child() {
		from = childProblems
	}
	first := p.rng.IntN(len(from))
	for i := range n {
		problem := from[(first+i)%len(from)]
		onset := w.options.Start.AddDate(0, -i-p.rng.IntN(24), 0).Format("2006-01")
		w.put("patient", "Condition problem", p.id+"-condition-"+strconv.Itoa(i+1), "problem", problem.code, "problemName", problem.name, "onset", onset)
	}
}

// vaccinations writes n immunizations.
func (w *writer) vaccinations(p *person, n int) {
	first := p.rng.IntN(len(vaccines))
	for i := range n {
		lot := "DEMO-" + digits(p.rng.IntN(10000), 4)
		w.put("patient", "Immunization vaccine", p.id+"-vaccine-"+strconv.Itoa(i+1), "vaccine", vaccines[(first+i)%len(vaccines)].code, "lot", lot)
	}
}

// prescriptions writes n medication requests.
func (w *writer) prescriptions(p *person, n int) {
	from := adultDrugs
	if p.child() {
		from = childDrugs
	}
	first := p.rng.IntN(len(from))
	for i := range n {
		drug := from[(first+i)%len(from)]
		w.put("patient", "MedicationRequest prescription", p.id+"-prescription-"+strconv.Itoa(i+1), "drug", drug.code, "drugName", drug.name)
	}
}

// visit puts the n-th visit, counted from 1, into the context: its time, its reason and the doctor's note.
func (w *writer) visit(p *person, n int) {
	// A visit's time depends on the patient and n only, so that it can be named again.
	day := (n-1)*97 + p.birth.YearDay()%80
	at := weekday(w.options.Start.AddDate(0, 0, day)).Add(14*time.Hour + time.Duration(day%14)*30*time.Minute)
	until := at.Add(30 * time.Minute)
	reason := visitReasons[day%len(visitReasons)]
	w.set("n", strconv.Itoa(n), "date", string(at.AppendFormat(nil, time.DateOnly)), "at", local(at), "until", local(until),
		"atUTC", zulu(at), "untilUTC", zulu(until), "reason", reason.code, "reasonName", reason.name)
	w.set("note", base64Text(w.context["name"]+" came on "+w.context["date"]+" because of "+reason.name+
		".\r\nNo distress. Heart and lungs without findings.\r\nPlan: rest, fluids, come back if it gets worse.\r\n"+w.context["canary"]+"\r\n"))
}

// weekday moves a Saturday or Sunday to Monday.
func weekday(t time.Time) time.Time {
	switch t.Weekday() {
	case time.Saturday:
		return t.AddDate(0, 0, 2)
	case time.Sunday:
		return t.AddDate(0, 0, 1)
	}
	return t
}

// local writes t as the practice's clock shows it, five hours behind UTC.
func local(t time.Time) string {
	return string(append(t.Add(-5*time.Hour).AppendFormat(nil, "2006-01-02T15:04:05"), "-05:00"...))
}

// zulu writes t as an instant in UTC.
func zulu(t time.Time) string { return string(t.AppendFormat(nil, "2006-01-02T15:04:05Z")) }

// vitals writes the measurements of the visit in the context.
func (w *writer) vitals(p *person) {
	n := w.context["n"]
	systolic, diastolic := 104+p.rng.IntN(34), 62+p.rng.IntN(24)
	w.put("measure", "Observation pressure", p.id+"-pressure-"+n, "systolic", strconv.Itoa(systolic), "diastolic", strconv.Itoa(diastolic)+".0")
	from := adultVitals
	if p.child() {
		from = childVitals
	}
	for i, m := range from {
		w.measurement("Observation vital", p, p.id+"-vital-"+n+"-"+strconv.Itoa(i+1), m)
	}
}

// labs writes an order, a specimen, results and a report for the visit in the context.
func (w *writer) labs(p *person) {
	n := w.context["n"]
	w.put("measure", "ServiceRequest order", p.id+"-order-"+n, "panel", labPanel)
	w.put("measure", "Specimen specimen", p.id+"-specimen-"+n)
	results := make([]byte, 0, 600)
	for i, m := range labValues {
		id := p.id + "-result-" + n + "-" + strconv.Itoa(i+1)
		w.measurement("Observation result", p, id, m)
		if i > 0 {
			results = append(results, ',')
		}
		results = append(append(append(results, `{"reference":"Observation/`...), id...), `"}`...)
	}
	w.put("measure", "DiagnosticReport report", p.id+"-report-"+n, "panel", labPanel, "results", string(results))
}

// measurement writes one observation with a number in the usual range.
func (w *writer) measurement(key string, p *person, id string, m measurable) {
	value := decimal(m.low+p.rng.IntN(m.high-m.low+1), m.places)
	w.put("measure", key, id, "measure", m.code, "measureName", m.name, "value", value, "unit", m.unit, "ucum", m.ucum,
		"low", decimal(m.low, m.places), "high", decimal(m.high, m.places))
}
