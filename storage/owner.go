package storage

import "satchel/fhir"

// addOwners notes from seq on those owners that are not in before.
func (tx *Tx) addOwners(rid, seq int64, owners, before []fhir.Owner) error {
	return missing(owners, before, compareOwners, func(o fhir.Owner) error {
		return tx.exec(`INSERT INTO owner (patient, rid, since, why) VALUES (?, ?, ?, ?)`, o.Patient, rid, seq, o.Why)
	})
}

// endOwners notes for those owners that are not in after that they held until seq.
func (tx *Tx) endOwners(rid, seq int64, owners, after []fhir.Owner) error {
	return missing(owners, after, compareOwners, func(o fhir.Owner) error {
		return tx.exec(`UPDATE owner SET until = ? WHERE patient = ? AND rid = ? AND until IS NULL`, seq, o.Patient, rid)
	})
}
