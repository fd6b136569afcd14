package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"satchel/fhir"
)

// stored is one version as the doctor reads it.
type stored struct {
	rid, typ, version, seq int64
	id                     string
	owned, superseded      bool
	sha256, body           []byte // body nil: a tombstone
}

// eachVersion calls f with every version of every resource, those of a resource together and oldest first.
func (r raw) eachVersion(f func(v stored) error) error {
	row := make([]rawValue, 9)
	return r.query(`SELECT r.rid, r.type, r.id, r.version, r.seq, r.owned, r.sha256, r.body, 0 FROM resource r
		UNION ALL
		SELECT h.rid, r.type, r.id, h.version, h.seq, h.owned, h.sha256, h.body, 1 FROM history h CROSS JOIN resource r ON r.rid = h.rid
		ORDER BY 1, 4`, nil, row, func() (bool, error) {
		v := stored{rid: row[0].(int64), typ: row[1].(int64), id: row[2].(string), version: row[3].(int64), seq: row[4].(int64),
			owned: row[5].(int64) == 1, superseded: row[8].(int64) == 1}
		v.sha256, _ = row[6].([]byte)
		v.body, _ = row[7].([]byte)
		err := f(v)
		return err == nil, err
	})
}

// VerifyHashes compares the body of every version with its SHA-256, which finds damage that the database's own check does
// not. It answers how many versions it read and the keys of the damaged ones, such as "Patient/1 version 3".
func (s *Store) VerifyHashes(ctx context.Context) (checked int64, damaged []string, err error) {
	err = s.atOneInstant(ctx, func(r raw) error {
		return r.eachVersion(func(v stored) error {
			checked++
			if sum := sha256.Sum256(v.body); string(sum[:]) != string(v.sha256) {
				damaged = append(damaged, fmt.Sprintf("%s/%s version %d", s.types.name(v.typ), v.id, v.version))
			}
			return ctx.Err()
		})
	})
	if err != nil {
		err = fmt.Errorf("verify hashes: %w", err)
	}
	return checked, damaged, err
}

// ownerRow is a row of the owner table.
type ownerRow struct {
	fhir.Owner
	rid, since, until int64 // until 0: it holds
}

// derivation works out the rows that the derived tables must hold, from the documents alone. Owners by ties are not among
// them: they follow from all documents together.
type derivation struct {
	own     fhir.Bases
	doc     fhir.Document
	owners  []ownerRow // of one resource
	entries []entryRow
	ties    []tieRow
	past    []pastHanger // earlier versions that hung on others
	rid     int64
	hangs   bool // the last version that was no tombstone hangs on others

	assigned map[int64]bool // resources that staff assigned at some time: nothing follows from their documents alone
}

// pastHanger is a version that was current from one seq to another.
type pastHanger struct {
	rid, since, until int64
	belonging         fhir.Belonging
}

// add takes the next version of a resource. wrong reports that its owned column is not what its owners say.
func (d *derivation) add(v stored) (wrong bool, err error) {
	if v.rid != d.rid {
		d.rid, d.owners, d.entries, d.ties, d.past = v.rid, d.owners[:0], d.entries[:0], d.ties[:0], d.past[:0]
	}
	if n := len(d.past); n > 0 && d.past[n-1].until == 0 && v.body != nil { // a tombstone keeps its owners
		d.past[n-1].until = v.seq
	}
	if v.body == nil {
		return v.owned != d.ownedNow() && !d.hangs, nil
	}
	if err := d.doc.Reset(v.body); err != nil {
		return false, fmt.Errorf("rid %d version %d: %w", v.rid, v.version, err)
	}
	b := d.doc.Belonging(d.own)
	d.named(b.Owners, v)
	hangs := b.Hangs()
	if d.hangs = hangs || d.assigned[v.rid]; hangs && v.superseded {
		d.past = append(d.past, pastHanger{rid: v.rid, since: v.seq, belonging: b})
	}
	if !v.superseded {
		for _, e := range d.doc.Entries(nil) {
			d.entries = append(d.entries, entryRow{e, v.rid})
		}
	}
	d.ties = d.ties[:0]
	for _, target := range append(hashes(b.Subjects), hashes(b.Ties)...) {
		d.ties = append(d.ties, tieRow{target, v.rid})
	}
	return v.owned != owned(b.Owners) && !d.hangs, nil
}

// named brings the owners that documents name to those of the next version.
func (d *derivation) named(owners []fhir.Owner, v stored) {
	for i := range d.owners {
		if o := &d.owners[i]; o.until == 0 && !slices.Contains(owners, o.Owner) {
			o.until = v.seq
		}
	}
	for _, o := range owners {
		if !slices.ContainsFunc(d.owners, func(r ownerRow) bool { return r.until == 0 && r.Owner == o }) {
			d.owners = append(d.owners, ownerRow{Owner: o, rid: v.rid, since: v.seq})
		}
	}
}

func (d *derivation) ownedNow() bool {
	return slices.ContainsFunc(d.owners, func(r ownerRow) bool { return r.until == 0 && r.Why != fhir.WhyOther })
}

func compareOwnerRows(a, b ownerRow) int {
	return cmp.Or(cmp.Compare(a.Patient, b.Patient), cmp.Compare(a.rid, b.rid), cmp.Compare(a.since, b.since))
}
