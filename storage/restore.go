package storage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"satchel/fhir"
)

// Restore stores resources as another store held them, in one transaction: each with all its versions, which keep their
// numbers and times. It is only for bringing a package back into a store that was empty before: what is restored has
// older times than the snapshots that were taken meanwhile, so an export since one of those would miss it.
//
// The versions of a resource are given together, oldest first; numbers may be missing, but not the one before a deletion.
// A resource that is in the store already, deleted or not, is a fhir.Error conflict; versions out of order or from
// the future are fhir.Error value. After an error nothing is stored. The clock ends past every time that was restored.
func (s *Store) Restore(ctx context.Context, resources [][]fhir.Resource) error {
	return s.Write(ctx, func(tx *Tx) error {
		for _, versions := range resources {
			if err := tx.restore(versions); err != nil {
				return err
			}
		}
		return nil
	})
}

// future is how far the clock of another computer may be ahead.
const future = 24 * time.Hour

// restored is one version on its way.
type restored struct {
	item
	version, seq, updated int64
	body                  []byte // nil: a tombstone
	owned                 bool
}

// restore stores one resource.
func (tx *Tx) restore(versions []fhir.Resource) error {
	if err := tx.checkRestored(versions); err != nil {
		return err
	}
	list := make([]restored, len(versions))
	for i, v := range versions {
		var err error
		if list[i], err = tx.makeRestored(v); err != nil {
			return fmt.Errorf("restore %s version %d: %w", v.Key(), v.Version, err)
		}
		if v.Deleted { // keeps the owners of the version before it
			list[i].owners, list[i].owned = list[i-1].owners, list[i-1].owned
		}
	}
	if _, found, err := tx.current(list[0].typ, list[0].id); err != nil {
		return err
	} else if found {
		return fhir.Errorf(fhir.CodeConflict, "%s is in the store already; restore into an empty one", versions[0].Key())
	}
	return tx.insertRestored(list)
}

// checkRestored refuses versions that cannot be the history of one resource.
func (tx *Tx) checkRestored(versions []fhir.Resource) error {
	if len(versions) == 0 {
		return fhir.Errorf(fhir.CodeValue, "a resource without versions cannot be restored")
	}
	for i, v := range versions {
		wrong := ""
		switch {
		case v.Key() != versions[0].Key():
			wrong = "stands among the versions of " + versions[0].Key()
		case !fhir.IsID(v.ID) || v.Version < 1:
			wrong = "has no legal id and version number"
		case i > 0 && (v.Version <= versions[i-1].Version || v.Updated.Before(versions[i-1].Updated)):
			wrong = "comes after a version that is not older"
		case v.Updated.After(tx.Time.Add(future)):
			wrong = "has a time in the future; set the clock of this computer"
		case v.Deleted && (i == 0 || versions[i-1].Deleted || versions[i-1].Version != v.Version-1):
			wrong = "is a deletion without the version before it"
		default:
			continue
		}
		return fhir.Errorf(fhir.CodeValue, "%s version %d %s", v.Key(), v.Version, wrong)
	}
	return nil
}

// makeRestored derives what is stored with a version.
func (tx *Tx) makeRestored(v fhir.Resource) (restored, error) {
	r := restored{version: v.Version, seq: tx.next(), updated: v.Updated.UnixMilli()}
	if v.Updated.After(tx.Time) {
		tx.Time = instant(r.updated)
	}
	if v.Deleted {
		code, err := tx.s.types.code(v.Type)
		r.item = item{typ: code, id: v.ID}
		return r, err
	}
	d, err := fhir.Parse(v.JSON)
	if err != nil {
		return r, err
	}
	if d.Type() != v.Type || d.ID() != v.ID {
		return r, fhir.Errorf(fhir.CodeValue, "its text is that of %s/%s", d.Type(), d.ID())
	}
	if r.item, _, err = tx.s.makeItem(d, v.ID, nil); err != nil {
		return r, err
	}
	r.owned = owned(r.owners)
	r.body = d.Stamped(nil, v.ID, v.Version, instant(r.updated))
	return r, nil
}

// insertRestored writes the rows of one resource.
func (tx *Tx) insertRestored(list []restored) error {
	last := list[len(list)-1]
	sum := sha256.Sum256(last.body)
	var rid int64
	err := tx.scan(`INSERT INTO resource (type, id, version, seq, updated, owned, sha256, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING rid`,
		[]any{last.typ, last.id, last.version, last.seq, last.updated, last.owned, sum[:], last.body}, &rid)
	if err != nil {
		return err
	}
	tx.pages += 3 + len(last.body)/pageSize
	var before []fhir.Owner
	for i, r := range list {
		if i+1 < len(list) {
			sum := sha256.Sum256(r.body)
			err := tx.exec(`INSERT INTO history (rid, version, seq, superseded, updated, owned, sha256, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
				rid, r.version, r.seq, list[i+1].seq, r.updated, r.owned, sum[:], r.body)
			if err != nil {
				return err
			}
			tx.pages += 2 + len(r.body)/pageSize
		}
		if err := tx.endOwners(rid, r.seq, before, r.owners); err != nil {
			return err
		}
		if err := tx.addOwners(rid, r.seq, r.owners, before); err != nil {
			return err
		}
		before = r.owners
	}
	if last.body == nil {
		return nil
	}
	return tx.changeEntries(rid, nil, last.entries)
}
