package storage

import "satchel/fhir"

// Conditions on owner.why, by the numbers of [fhir.Why].
const (
	whyNamed  = `why <= 2`         // the document names the patient, and is handed out as it is
	whyWhole  = `why <= 4`         // handed out as it is
	whyTied   = `why IN (3, 4, 5)` // no document names the patient, by ties or assigned: written as the index owner_tied has it
	whyShared = `why IN (5, 6)`    // handed out as an excerpt
	whyOther  = `why = 7`
)

// addOwners notes from seq on those owners that are not in before.
func (tx *Tx) addOwners(rid, seq int64, owners, before []fhir.Owner) error {
	return missing(owners, before, compareOwners, func(o fhir.Owner) error {
		return tx.exec(`INSERT INTO owner (patient, rid, since, why) VALUES (?, ?, ?, ?)`, o.Patient, rid, seq, o.Why)
	})
}

// endOwners notes for those owners that are not in after that they held until seq.
func (tx *Tx) endOwners(rid, seq int64, owners, after []fhir.Owner) error {
	return missing(owners, after, compareOwners, func(o fhir.Owner) error {
		return tx.exec(`UPDATE owner SET until = ? WHERE patient = ? AND rid = ? AND until IS NULL AND why = ?`, seq, o.Patient, rid, o.Why)
	})
}
