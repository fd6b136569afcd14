package record

import (
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// seed finds the patients whose record it is: the one that was asked for, those merged with it, however long the chain, and
// those that staff approved. Linked patients that nobody approved become decisions.
func (g *gatherer) seed(patient string) error {
	for queue := append([]string{patient}, g.options.Linked...); len(queue) > 0; queue = queue[1:] {
		id := queue[0]
		if g.patients[id] {
			continue
		}
		links, found, err := g.linksOf(id)
		if err != nil {
			return err
		}
		if !found {
			if id == patient || slices.Contains(g.options.Linked, id) {
				return fhir.Errorf(fhir.CodeNotFound, "there is no Patient/%s", id)
			}
			continue // a link to a patient that was never stored
		}
		g.patients[id] = true
		for _, l := range links {
			if l.Type == "replaces" || l.Type == "replaced-by" {
				queue = append(queue, l.Other)
			} else {
				g.decisions = append(g.decisions, Decision{Patient: l.Other, From: id, Link: l.Type})
			}
		}
	}
	g.decisions = slices.DeleteFunc(g.decisions, func(d Decision) bool {
		return g.patients[d.Patient] && !slices.Contains(g.options.Linked, d.Patient)
	})
	for i := range g.decisions {
		g.decisions[i].Approved = g.patients[g.decisions[i].Patient]
	}
	slices.SortFunc(g.decisions, func(a, b Decision) int {
		return strings.Compare(a.Patient+" "+a.From+" "+a.Link, b.Patient+" "+b.From+" "+b.Link)
	})
	g.decisions = slices.Compact(g.decisions)
	return nil
}

// linksOf are the links of a Patient as of the snapshot, in both directions; false if there is no such Patient.
func (g *gatherer) linksOf(id string) (links []fhir.PatientLink, found bool, err error) {
	own, err := g.store.RIDs(g.ctx, "Patient", []string{id})
	if err != nil {
		return nil, false, err
	}
	others, err := g.store.LinkedRIDs(g.ctx, g.at, id)
	if err != nil {
		return nil, false, err
	}
	last := map[string][]fhir.PatientLink{} // of the last living version, by patient
	err = g.store.Versions(g.ctx, g.at, append(own, others...), func(row storage.Row) error {
		found = found || row.ID == id
		if row.JSON == nil {
			return nil
		}
		if err := g.doc.Reset(row.JSON); err != nil {
			return err
		}
		if err := g.doc.Ties(&g.ties, g.bases); err != nil {
			return err
		}
		var copies []fhir.PatientLink
		for _, l := range g.ties.Patients {
			copies = append(copies, fhir.PatientLink{Other: strings.Clone(l.Other), Type: l.Type})
		}
		last[row.ID] = copies
		return nil
	})
	for from, list := range last {
		for _, l := range list {
			if from == id && l.Other != id {
				links = append(links, l)
			} else if l.Other == id && from != id {
				links = append(links, fhir.PatientLink{Other: from, Type: l.Type})
			}
		}
	}
	return links, found, err
}
