package storage

import (
	"context"
	"fmt"
	"slices"

	"satchel/fhir"
)

// Concerned lists the patients whose data a stored version holds, for the audit log: the Patient itself; of a Binary those whose
// data its guards hold; of anything else those to whom it belongs, be it as some of several ([fhir.Why.Concerns]). A tombstone
// holds nobody's data, but tells that a Patient is gone.
func (s *Store) Concerned(ctx context.Context, r fhir.Resource) ([]string, error) {
	return s.concerned(ctx, s.reads, r)
}

// Concerned is [Store.Concerned] as the transaction sees things.
func (tx *Tx) Concerned(r fhir.Resource) ([]string, error) {
	return tx.s.concerned(context.Background(), tx, r)
}

func (s *Store) concerned(ctx context.Context, db querier, r fhir.Resource) (ids []string, err error) {
	switch {
	case r.Type == "Patient":
		return []string{r.ID}, nil
	case r.Deleted || r.JSON == nil:
		return nil, nil
	case r.Type == "Binary":
		guards, err := s.guards(ctx, db, r)
		for _, g := range guards {
			ids = append(ids, g.Concerns...)
		}
		slices.Sort(ids)
		return slices.Compact(ids), err
	case !fhir.CanBelong(r.Type):
		return nil, nil
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, fmt.Errorf("find whose %s is: %w", r.Key(), err)
	}
	owners, err := s.belonging(ctx, db, d)
	for _, o := range owners {
		if o.Why.Concerns() {
			ids = append(ids, o.Patient)
		}
	}
	return ids, err
}
