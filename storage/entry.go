package storage

import "satchel/fhir"

// changeEntries brings the index rows of a resource from before to after.
func (tx *Tx) changeEntries(rid int64, before, after []fhir.Entry) error {
	err := missing(before, after, compareEntries, func(e fhir.Entry) error {
		return tx.exec(`DELETE FROM entry WHERE key = ? AND value = ? AND rid = ?`, e.Key, e.Value, rid)
	})
	if err != nil {
		return err
	}
	return missing(after, before, compareEntries, func(e fhir.Entry) error {
		return tx.exec(`INSERT OR IGNORE INTO entry (key, value, rid) VALUES (?, ?, ?)`, e.Key, e.Value, rid)
	})
}
