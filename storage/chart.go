package storage

import (
	"context"
	"database/sql"
	"fmt"

	"satchel/fhir"
)

// What the chart of one patient is read with: current resources alone, by the index of owners.

// OwnedTypes counts by type what is now in the patient's compartment (of any Why but WhyOther).
func (s *Store) OwnedTypes(ctx context.Context, patient string) (map[string]int, error) {
	rows, err := query(ctx, s.reads, `SELECT r.type, count(*) FROM owner o CROSS JOIN resource r ON r.rid = o.rid
		WHERE o.patient = ? AND o.until IS NULL AND o.why < 3 AND r.body IS NOT NULL GROUP BY r.type`, patient)
	if err != nil {
		return nil, fmt.Errorf("count a compartment: %w", err)
	}
	counts := map[string]int{}
	err = eachRow(rows, func(scan func(dest ...any) error) error {
		var code int64
		var n int
		if err := scan(&code, &n); err != nil {
			return err
		}
		counts[s.types.name(code)] = n
		return nil
	})
	if err != nil {
		err = fmt.Errorf("count a compartment: %w", err)
	}
	return counts, err
}

// OwnedNewest calls f with what of one type is now in the patient's compartment (of any Why but WhyOther), at most so many,
// those that were stored last. Their bytes live until f returns. A non-nil error from f ends it.
func (s *Store) OwnedNewest(ctx context.Context, patient, typ string, most int, f func(fhir.Resource) error) error {
	code, err := s.types.code(typ)
	if err != nil {
		return err
	}
	rows, err := query(ctx, s.reads, `SELECT id, version, updated, body FROM resource WHERE rid IN (
		SELECT r.rid FROM owner o CROSS JOIN resource r ON r.rid = o.rid
		WHERE o.patient = ? AND o.until IS NULL AND o.why < 3 AND r.type = ? AND r.body IS NOT NULL ORDER BY r.seq DESC LIMIT ?)`, patient, code, most)
	if err != nil {
		return fmt.Errorf("read a compartment: %w", err)
	}
	return eachRow(rows, func(scan func(dest ...any) error) error {
		r, updated := fhir.Resource{Type: typ}, int64(0)
		var body sql.RawBytes
		if err := scan(&r.ID, &r.Version, &updated, &body); err != nil {
			return fmt.Errorf("read a compartment: %w", err)
		}
		r.Updated, r.JSON = instant(updated), body
		return f(r)
	})
}

// Linking lists the ids of the living Patients that link to the patient now: the other records of the same person.
func (s *Store) Linking(ctx context.Context, patient string) ([]string, error) {
	code, err := s.types.code("Patient")
	if err != nil {
		return nil, err
	}
	return s.texts(ctx, `SELECT r.id FROM owner o CROSS JOIN resource r ON r.rid = o.rid
		WHERE o.patient = ?1 AND o.until IS NULL AND r.type = ?2 AND r.id <> ?1 AND r.body IS NOT NULL ORDER BY r.id`, patient, code)
}
