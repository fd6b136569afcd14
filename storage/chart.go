package storage

import (
	"context"
	"database/sql"

	"satchel/fhir"
)

// What the chart of one patient is read with: current resources alone, by the index of owners.

// OwnedTypes counts by type what is now in the patient's compartment (of any Why but WhyOther).
func (s *Store) OwnedTypes(ctx context.Context, patient string) (map[string]int, error) {
	rows, err := query(ctx, s.reads, `SELECT r.type, count(*) FROM owner o CROSS JOIN resource r ON r.rid = o.rid
		WHERE o.patient = ? AND o.until IS NULL AND o.`+whyWhole+` AND r.body IS NOT NULL GROUP BY r.type`, patient)
	counts, err := s.countsByType(rows, err)
	return counts, wrap("count a compartment", err)
}

// countsByType reads rows of a type's number and a count.
func (s *Store) countsByType(rows *sql.Rows, err error) (map[string]int, error) {
	counts := map[string]int{}
	return counts, eachRow(rows, err, func(scan row) error {
		var code int64
		var n int
		err := scan(&code, &n)
		counts[s.types.name(code)] = n
		return err
	})
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
		WHERE o.patient = ? AND o.until IS NULL AND o.`+whyWhole+` AND r.type = ? AND r.body IS NOT NULL ORDER BY r.seq DESC LIMIT ?)`, patient, code, most)
	return eachRow(rows, wrap("read a compartment", err), func(scan row) error {
		r, updated := fhir.Resource{Type: typ}, int64(0)
		var body sql.RawBytes
		if err := scan(&r.ID, &r.Version, &updated, &body); err != nil {
			return wrap("read a compartment", err)
		}
		r.Updated, r.JSON = instant(updated), body
		return f(r)
	})
}
