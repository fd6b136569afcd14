package demo

// records writes the numbered patients.
func (w *writer) records() {
	for i := 0; i < w.options.Patients && !w.stopped; i++ {
		p := w.options.person(i)
		w.record(p)
		w.family(p)
	}
}
