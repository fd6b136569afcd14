package demo

// family writes how the household occurs in the record that was just written. It points to members before p only,
// so that a household cut short has no loose ends.
func (w *writer) family(p *person) {
	w.set("mother", p.home.members[mother], "twin", p.home.members[twin])
	switch p.role {
	case father:
		w.put("family", "Coverage through-spouse", p.id+"-through-spouse")
		w.put("family", "Communication from-spouse", p.id+"-from-spouse")
		w.put("family", "PaymentReconciliation household", p.id+"-household")
		w.put("family", "PaymentNotice household", p.id+"-notice")
	case twin, otherTwin:
		w.put("family", "Observation at-home", p.id+"-at-home")
		w.put("family", "Coverage through-mother", p.id+"-through-mother")
		if p.role == otherTwin {
			w.put("family", "Appointment twins", p.id+"-twins")
		}
	}
}
