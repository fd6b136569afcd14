package demo

// Groups take at most this many members, every third patient.
const groupSize, groupStep = 200, 3

// groups writes the group of several patients and the empty one.
func (w *writer) groups() {
	var members []byte
	add := func(id string) {
		if len(members) > 0 {
			members = append(members, ',')
		}
		members = append(append(append(members, `{"entity":{"reference":"Patient/`...), id...), `"}}`...)
	}
	if !w.options.Lean {
		add(EverythingPatientID)
	}
	for i := 0; i < w.options.Patients && i/groupStep < groupSize; i += groupStep {
		add(PatientID(i))
	}
	w.put("group", "Group several", GroupID, "members", string(members))
	w.put("group", "Group nobody", EmptyGroupID)
}
