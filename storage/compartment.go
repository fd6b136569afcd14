package storage

import (
	"context"
	"encoding/json"
	"fmt"
)

// Compartment calls f with each resource that was at the snapshot in the compartment of one of the patients (of any Why
// but WhyOther), deleted ones included; one that several of them own comes several times.
func (s *Store) Compartment(ctx context.Context, at Snapshot, patients []string, f func(typ, id string)) error {
	for _, patient := range patients {
		rows, err := query(ctx, s.reads, `SELECT r.type, r.id FROM owner o CROSS JOIN resource r ON r.rid = o.rid
			WHERE o.patient = ?1 AND o.why < 3 AND o.since <= ?2 AND (o.until IS NULL OR o.until > ?2)`, patient, at.Seq)
		err = eachRow(rows, err, func(scan row) error {
			var code int64
			var id string
			if err := scan(&code, &id); err != nil {
				return err
			}
			f(s.types.name(code), id)
			return nil
		})
		if err != nil {
			return wrap("read compartment", err)
		}
	}
	return nil
}

// Owned answers which of the resources of a type with the ids were at the snapshot in the compartment of some patient
// (of any Why but WhyOther), deleted ones included.
func (s *Store) Owned(ctx context.Context, at Snapshot, typ string, ids []string) ([]string, error) {
	code, err := s.types.code(typ)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("find owned: %w", err)
	}
	return s.texts(ctx, `SELECT r.id FROM `+eachValue+` j CROSS JOIN resource r ON r.type = ?2 AND r.id = j.value
		WHERE CASE WHEN r.seq <= ?3 THEN r.owned
			ELSE (SELECT h.owned FROM history h WHERE h.rid = r.rid AND h.seq <= ?3 AND h.superseded > ?3) END = 1`, string(list), code, at.Seq)
}

// Patients lists the ids of all who had anything in their compartment at the snapshot, whether their Patient resource is
// there or not, sorted. It reads every owner.
func (s *Store) Patients(ctx context.Context, at Snapshot) ([]string, error) {
	return s.texts(ctx, `SELECT DISTINCT patient FROM owner WHERE why < 3 AND since <= ?1 AND (until IS NULL OR until > ?1) ORDER BY patient`, at.Seq)
}

// texts reads one column.
func (s *Store) texts(ctx context.Context, text string, args ...any) ([]string, error) {
	rows, err := query(ctx, s.reads, text, args...)
	all, err := collect(rows, err, oneColumn[string])
	return all, wrap("read texts", err)
}
