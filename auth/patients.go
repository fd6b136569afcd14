package auth

import (
	"slices"
	"strings"
)

// Patients are the ids of those whose compartments the principal may read by name, wholly or in part, sorted: all whose
// data it can meet if it may not read everybody's.
func (p Principal) Patients() []string {
	var ids []string
	for _, x := range p.Authorities {
		place := x.Argument
		if x.Permission == readTypeInCompartment {
			_, place, _ = strings.Cut(place, " in ")
		} else if x.Permission != readCompartment && !(x.Permission == readInstance && strings.HasPrefix(place, "Patient/")) {
			continue
		}
		if id, ok := strings.CutPrefix(place, "Patient/"); ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
