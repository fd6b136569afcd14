package demo

import "strconv"

// directory writes what patients share: organizations, people who work there, places, calendars, medications, forms.
func (w *writer) directory() {
	w.putAll("directory", "", "")
	for i := range doctors {
		n := strconv.Itoa(i + 1)
		w.putAll("staff", "", "-"+n, "n", n, "doctor", doctorID(i), "doctorName", doctors[i],
			"doctorGiven", doctorGiven[i], "doctorFamily", doctorFamily[i],
			"start", w.options.Start.Format("2006-01-02"))
	}
}

// library writes one sound instance of each type that no patient and no directory needs.
func (w *writer) library() { w.putAll("library", "", "") }
