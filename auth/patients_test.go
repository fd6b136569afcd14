package auth

import (
	"slices"
	"testing"

	"satchel/storage"
)

func TestPatients(t *testing.T) {
	p := Principal{Authorities: []storage.Authority{
		with(readCompartment, "Patient/b"), with(readTypeInCompartment, "Observation in Patient/a"), with(readInstance, "Patient/c"),
		with(readInstance, "Observation/x"), with(writeCompartment, "Patient/w"), plain(readAll), with(readCompartment, "Patient/a"),
	}}
	if got := p.Patients(); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("got %q", got)
	}
}
