package pack

import (
	"context"
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// CheckLinked returns the patients who are linked with the one of an order, included or not, as of a snapshot. Errors: required if
// the order includes one who contradicts the patient, or has nothing to compare, and does not confirm it; not-found if the patient
// or an included one was never stored. Of a population there are none.
func CheckLinked(ctx context.Context, s *storage.Store, at storage.Snapshot, o handover.Order) ([]storage.LinkedPatient, error) {
	if o.Population || o.Patient == "" {
		return nil, nil
	}
	linked, err := s.LinkedPatients(ctx, at, o.Patient, o.Linked...)
	if err != nil {
		return nil, err
	}
	for _, p := range linked {
		if p.Named && p.Differs != nil && !slices.Contains(o.Confirmed, p.ID) {
			return nil, fhir.Errorf(fhir.CodeRequired, "Patient/%s and Patient/%s do not agree (%s); include it only if both are the same person, and then confirm Patient/%s as well",
				o.Patient, p.ID, strings.Join(p.Differs, ", "), p.ID)
		}
	}
	return linked, nil
}

// leftOut are the linked patients who are not in the record, as packages tell of them.
func leftOut(linked []storage.LinkedPatient) (all []handover.LinkedRecord) {
	for _, p := range linked {
		if !p.Named {
			all = append(all, handover.LinkedRecord{Patient: "Patient/" + p.ID, With: "Patient/" + p.Near, Links: p.Links, Back: p.Back})
		}
	}
	return all
}
