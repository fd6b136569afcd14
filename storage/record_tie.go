package storage

import (
	"context"
	"encoding/json"
	"fmt"

	"satchel/fhir"
)

// TiedOwners are the owners by ties of the versions in the snapshot of the resources with the numbers, by number and version: as
// they stood when the version was superseded, or at the snapshot. Whom a version names itself is not among them.
func (s *Store) TiedOwners(ctx context.Context, at Snapshot, rids []int64) (map[int64]map[int64][]fhir.Owner, error) {
	list, err := json.Marshal(rids)
	if err != nil {
		return nil, fmt.Errorf("read owners by ties: %w", err)
	}
	const tied = `SELECT o.rid, v.version, o.patient, o.why FROM ` + eachValue + ` j CROSS JOIN owner o ON o.rid = j.value AND o.` + whyTied
	rows, err := query(ctx, s.reads, tied+` CROSS JOIN history v ON v.rid = o.rid
		WHERE v.seq <= ?2 AND o.since <= ?2 AND o.since < v.superseded AND (o.until IS NULL OR o.until > ?2 OR o.until >= v.superseded)
		UNION ALL `+tied+` CROSS JOIN resource v ON v.rid = o.rid
		WHERE v.seq <= ?2 AND o.since <= ?2 AND (o.until IS NULL OR o.until > ?2)`, string(list), at.Seq)
	all := map[int64]map[int64][]fhir.Owner{}
	err = eachRow(rows, err, func(scan row) error {
		var rid, version int64
		var o fhir.Owner
		if err := scan(&rid, &version, &o.Patient, &o.Why); err != nil {
			return err
		}
		if all[rid] == nil {
			all[rid] = map[int64][]fhir.Owner{}
		}
		all[rid][version] = append(all[rid][version], o)
		return nil
	})
	return all, wrap("read owners by ties", err)
}
