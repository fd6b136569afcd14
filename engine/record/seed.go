package record

import (
	"slices"

	"satchel/storage"
)

// seed finds the patients whose record it is: the one that was asked for, and those that staff include. Others that are linked
// with them by Patient.link, in whatever way, are left out, and the record says so: a link may be wrong, and nobody's data shall
// come along unseen.
func (g *gatherer) seed(patient string) (linked []storage.LinkedPatient, err error) {
	if linked, err = g.store.LinkedPatients(g.ctx, g.at, patient, g.options.Linked...); err != nil {
		return nil, err
	}
	g.patients[patient] = true
	var left []string
	for _, p := range linked {
		if p.Named {
			g.patients[p.ID] = true
		} else {
			g.left[p.ID] = true
			left = append(left, p.ID)
		}
	}
	slices.Sort(left)
	rids, err := g.store.RIDs(g.ctx, "Patient", left)
	if err != nil {
		return nil, err
	}
	return linked, g.load(rids)
}
