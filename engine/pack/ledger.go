package pack

import (
	"context"

	"satchel/handover"
	"satchel/storage"
)

// Stored makes the work in hand the ledger of its package: what the store holds in scope, on another way than the one by
// which it was written.
//
// A population is counted by the database. One patient's record is what was found when it was gathered, and, beyond that,
// what the index of owners has for the patient that was neither written nor excluded: any such resource makes the
// package INCOMPLETE.
func (h *maker) Stored(ctx context.Context) (map[string]handover.Stored, error) {
	if h.record == nil {
		return h.counted(ctx)
	}
	stored := h.found()
	known := h.written
	for _, x := range h.record.Exclusions {
		known[key{x.Type, x.ID}] = struct{}{}
	}
	for _, deleted := range []bool{false, true} {
		sel := storage.Selection{Patients: h.record.Patients, Deleted: deleted}
		err := h.store.Scan(ctx, h.at, sel, func(row storage.Row) error {
			if _, ok := known[key{row.Type, row.ID}]; ok {
				return nil
			}
			s := stored[row.Type]
			if deleted {
				s.Deleted++
			} else {
				s.Current++
			}
			stored[row.Type] = s
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// counted counts the rows of the database.
func (h *maker) counted(ctx context.Context) (map[string]handover.Stored, error) {
	counts, err := h.store.VersionCounts(ctx, h.at)
	if err != nil {
		return nil, err
	}
	stored := map[string]handover.Stored{}
	for typ, n := range counts {
		stored[typ] = handover.Stored{
			Current: int64(n.Living), Deleted: int64(n.Deleted), Earlier: int64(n.Earlier - (n.Deleted - n.Gone)),
		}
	}
	return stored, nil
}

// found is what touched the record when it was gathered, whatever was handed out of it since.
func (h *maker) found() map[string]handover.Stored {
	tombs := h.record.Tombstones()
	for i, x := range h.record.Exclusions {
		if h.parts[i] == handover.PartDeleted {
			tombs[x.Type]++
		}
	}
	stored := map[string]handover.Stored{}
	for typ, c := range h.record.Counts {
		n := tombs[typ]
		stored[typ] = handover.Stored{Current: int64(c.StoredCurrent), Earlier: int64(c.StoredVersions) - n, Deleted: n}
	}
	return stored
}
