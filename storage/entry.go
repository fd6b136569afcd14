package storage

import (
	"cmp"

	"satchel/fhir"
)

// segmentBits is the size of a segment of the search index, as a power of two of row numbers. An import writes into the
// last segment alone, so the pages that it dirties per batch are bounded by the size of a segment, not of the store.
const segmentBits = 16

func segmentOf(rid int64) int64 { return rid >> segmentBits }

// entriesOf is the FROM clause that searches every segment, in order of row numbers as far as key and value are fixed.
const entriesOf = `segment s CROSS JOIN entry e ON e.segment = s.n`

// entryRow is a row of the search index.
type entryRow struct {
	fhir.Entry
	rid int64
}

// compareEntryRows puts rows into the order of their tree.
func compareEntryRows(a, b entryRow) int {
	return cmp.Or(cmp.Compare(segmentOf(a.rid), segmentOf(b.rid)), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value), cmp.Compare(a.rid, b.rid))
}

// changeEntries brings the index rows of a resource from before to after.
func (tx *Tx) changeEntries(rid int64, before, after []fhir.Entry) error {
	err := missing(before, after, compareEntries, func(e fhir.Entry) error {
		return tx.exec(`DELETE FROM entry WHERE segment = ? AND key = ? AND value = ? AND rid = ?`, segmentOf(rid), e.Key, e.Value, rid)
	})
	if err != nil {
		return err
	}
	err = missing(after, before, compareEntries, func(e fhir.Entry) error {
		return tx.exec(insertOrSkip+` INTO entry (segment, key, value, rid) VALUES (?, ?, ?, ?)`, segmentOf(rid), e.Key, e.Value, rid)
	})
	if err != nil || len(after) == 0 {
		return err
	}
	return tx.exec(insertOrSkip+` INTO segment (n) VALUES (?)`, segmentOf(rid))
}

// insertEntries stores rows that are in the order of their tree.
func (r raw) insertEntries(entries []entryRow) error {
	args := numbered(1)
	for i, e := range entries {
		if i > 0 && segmentOf(e.rid) == segmentOf(entries[i-1].rid) {
			continue
		}
		args[0].Value = segmentOf(e.rid)
		if err := r.exec(insertOrSkip+` INTO segment (n) VALUES (?)`, args); err != nil {
			return err
		}
	}
	return r.insert(insertOrSkip+` INTO entry (segment, key, value, rid)`, 4, len(entries), func(i int, args []rawArg) {
		e := entries[i]
		args[0].Value, args[1].Value, args[2].Value, args[3].Value = segmentOf(e.rid), e.Key, e.Value, e.rid
	})
}
