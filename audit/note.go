package audit

import (
	"fmt"
	"slices"
	"strings"
)

// Note is what a deed leaves for the log: its event, and whether that is stored. The event of a deed that changes something is
// stored with the change. That of a deed that only reads, or that was refused, is stored by the caller before anything is
// answered, with the answer's status.
type Note struct {
	Event
	Stored bool
}

// Words adds to the detail. They hold no health data.
func (n *Note) Words(format string, args ...any) {
	n.Detail = strings.TrimPrefix(n.Detail+"; "+fmt.Sprintf(format, args...), "; ")
}

// About adds patients, each once.
func (n *Note) About(patients ...string) {
	for _, id := range patients {
		if !slices.Contains(n.Patients, id) {
			n.Patients = append(n.Patients, id)
		}
	}
}

// Done returns the note as stored, with its target.
func (n Note) Done(target string) Note {
	n.Target, n.Stored = target, true
	return n
}
