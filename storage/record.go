package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What the record of one patient is gathered with. The queries answer row numbers, at times too many; their versions
// decide. Each costs as much as it answers.

// OwnerRIDs lists the resources that are or were in the patient's compartment up to the snapshot, for whatever reason
// ([fhir.WhyOther] included), ascending.
func (s *Store) OwnerRIDs(ctx context.Context, at Snapshot, patient string) ([]int64, error) {
	return s.rids(ctx, `SELECT DISTINCT rid FROM owner WHERE patient = ? AND since <= ? ORDER BY rid`, patient, at.Seq)
}

// LinkedRIDs lists the Patients that link or linked to the patient up to the snapshot.
func (s *Store) LinkedRIDs(ctx context.Context, at Snapshot, patient string) ([]int64, error) {
	code, err := s.types.code("Patient")
	if err != nil {
		return nil, err
	}
	return s.rids(ctx, `SELECT DISTINCT o.rid FROM owner o CROSS JOIN resource r ON r.rid = o.rid
		WHERE o.patient = ? AND o.`+whyOther+` AND o.since <= ? AND r.type = ?`, patient, at.Seq, code)
}

// RIDs finds resources of one type by their logical ids. Unknown ids are left out.
func (s *Store) RIDs(ctx context.Context, typ string, ids []string) ([]int64, error) {
	code, err := s.types.code(typ)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, fmt.Errorf("find rows: %w", err)
	}
	return s.rids(ctx, `SELECT r.rid FROM `+eachValue+` j CROSS JOIN resource r ON r.type = ?2 AND r.id = j.value`, string(list), code)
}

// EntryRIDs lists the resources that have now one of the values under the key in the search index. Few values are looked
// up one by one; where the key has not many more entries than there are values, it is read whole.
func (s *Store) EntryRIDs(ctx context.Context, key int64, values map[int64]bool) ([]int64, error) {
	rids, whole, err := s.entriesAmong(ctx, key, values, 256+4*len(values))
	if err != nil || whole {
		return rids, err
	}
	list := make([]byte, 0, 16*len(values))
	for v := range values {
		list = append(strconv.AppendInt(list, v, 10), ',')
	}
	text := "[" + strings.TrimSuffix(string(list), ",") + "]"
	return s.rids(ctx, `SELECT e.rid FROM `+eachValue+` j CROSS JOIN `+entriesOf+` AND e.key = ?2 AND e.value = j.value`, text, key)
}

// entriesAmong reads the entries of a key; false if there are more than most.
func (s *Store) entriesAmong(ctx context.Context, key int64, values map[int64]bool, most int) ([]int64, bool, error) {
	rows, err := query(ctx, s.reads, `SELECT e.value, e.rid FROM `+entriesOf+` WHERE e.key = ? LIMIT ?`, key, most+1)
	var rids []int64
	n := 0
	err = eachRow(rows, err, func(scan row) error {
		var value, rid int64
		err := scan(&value, &rid)
		if values[value] {
			rids = append(rids, rid)
		}
		n++
		return err
	})
	return rids, n <= most, wrap("find rows", err)
}

// ChangedRIDs lists the resources of the types that changed after the snapshot: for these the index, which is of now,
// says nothing about it. A tombstone has no entries at all, so deleted resources are listed, too, whenever deleted.
func (s *Store) ChangedRIDs(ctx context.Context, at Snapshot, types []string) ([]int64, error) {
	list := s.typeList(types)
	changed, err := s.rids(ctx, `SELECT rid FROM resource WHERE updated > ? AND type IN (`+list+`)`, at.Time.UnixMilli())
	if err != nil {
		return nil, err
	}
	deleted, err := s.rids(ctx, `SELECT rid FROM resource `+by("resource_deleted")+` WHERE body IS NULL AND type IN (`+list+`)`)
	return append(changed, deleted...), err
}

// rids reads row numbers.
func (s *Store) rids(ctx context.Context, text string, args ...any) ([]int64, error) {
	rows, err := query(ctx, s.reads, text, args...)
	rids, err := collect(rows, err, oneColumn[int64])
	return rids, wrap("find rows", err)
}

// Versions calls f with every version in the snapshot of the resources with the numbers, tombstones included (JSON nil),
// in order of number and version: the last of a resource is the current one as of the snapshot. A resource without a version in
// the snapshot is left out. Bytes live until the next call. A non-nil error from f ends it.
func (s *Store) Versions(ctx context.Context, at Snapshot, rids []int64, f func(Row) error) error {
	if len(rids) == 0 {
		return nil
	}
	rids = slices.Clone(rids)
	slices.Sort(rids)
	rids = slices.Compact(rids)
	return s.scanning(ctx, func(sc *scanner) error {
		sc.text = versionsText(at)
		return sc.versions(ctx, rids, f)
	})
}

// VersionCount is how many versions of a type a snapshot has.
type VersionCount struct {
	Living  int // current versions
	Earlier int // versions that are not current, tombstones included
	Deleted int // tombstones, whether current or superseded
	Gone    int // current tombstones
}

// VersionCounts counts the versions in a snapshot by type. It reads the keys of both tables whole, and the rows of history
// and of what is later than the snapshot; bodies are never sorted or kept.
func (s *Store) VersionCounts(ctx context.Context, at Snapshot) (map[string]VersionCount, error) {
	rows, err := query(ctx, s.reads, `
		SELECT type, TRUE, FALSE, count(*) FROM resource `+by("resource_type")+` GROUP BY type
		UNION ALL
		SELECT type, TRUE, FALSE, -count(*) FROM resource `+by("resource_deleted")+` WHERE body IS NULL GROUP BY type
		UNION ALL
		SELECT type, TRUE, TRUE, count(*) FROM resource `+by("resource_deleted")+` WHERE body IS NULL GROUP BY type
		UNION ALL
		SELECT type, TRUE, body IS NULL, -1 FROM resource `+by("resource_updated")+` WHERE seq > ?1
		UNION ALL
		SELECT r.type, h.superseded > ?1, h.body IS NULL, 1 FROM history h CROSS JOIN resource r ON r.rid = h.rid WHERE h.seq <= ?1`, at.Seq)
	counts := map[int64]VersionCount{}
	err = eachRow(rows, err, func(scan row) error {
		var code int64
		var current, deleted bool
		var n int
		if err := scan(&code, &current, &deleted, &n); err != nil {
			return err
		}
		c := counts[code]
		c.add(current, deleted, n)
		counts[code] = c
		return nil
	})
	if err != nil {
		return nil, wrap("count versions", err)
	}
	named := map[string]VersionCount{}
	for code, c := range counts {
		if c != (VersionCount{}) {
			named[s.types.name(code)] = c
		}
	}
	return named, nil
}

func (c *VersionCount) add(current, deleted bool, n int) {
	if deleted {
		c.Deleted += n
	}
	switch {
	case current && !deleted:
		c.Living += n
	case current:
		c.Gone += n
	default:
		c.Earlier += n
	}
}
