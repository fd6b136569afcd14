package storage

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
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
	return s.write(ctx, func(tx *Tx) error {
		list := make([][]restored, len(resources))
		for i, versions := range resources {
			var err error
			if list[i], err = tx.makeRestored(versions); err != nil {
				return err
			}
		}
		return tx.insertRestored(list)
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

// makeRestored makes the versions of one resource ready.
func (tx *Tx) makeRestored(versions []fhir.Resource) ([]restored, error) {
	if err := tx.checkRestored(versions); err != nil {
		return nil, err
	}
	list := make([]restored, len(versions))
	for i, v := range versions {
		var err error
		if list[i], err = tx.restore(v); err != nil {
			return nil, fmt.Errorf("restore %s version %d: %w", v.Key(), v.Version, err)
		}
		if v.Deleted { // keeps the owners of the version before it
			list[i].owners, list[i].owned, list[i].ties = list[i-1].owners, list[i-1].owned, list[i-1].ties
		}
	}
	return list, nil
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

// restore derives what is stored with a version.
func (tx *Tx) restore(v fhir.Resource) (restored, error) {
	r := restored{version: v.Version, seq: tx.next(), updated: v.Updated.UnixMilli()}
	if v.Updated.After(tx.Time) {
		tx.Time = instant(r.updated)
	}
	if v.Deleted {
		code, err := tx.s.types.code(v.Type)
		r.item = item{typ: code, id: v.ID, names: []int64{fhir.HashName(v.Key())}}
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

// insertRestored writes the rows of resources, many at a time, with new row numbers in order.
func (tx *Tx) insertRestored(list [][]restored) error {
	var rid int64
	if err := tx.scan(`SELECT coalesce(max(rid), 0) + 1 FROM resource`, nil, &rid); err != nil {
		return err
	}
	err := tx.raw(func(r raw) error {
		if err := tx.insertLast(r, rid, list); err != nil {
			return err
		}
		if err := tx.insertEarlier(r, rid, list); err != nil {
			return err
		}
		if err := tx.insertRestoredOrigins(r, rid, list); err != nil {
			return err
		}
		return insertRestoredIndex(r, rid, list)
	})
	if isTaken(err) {
		return fhir.Errorf(fhir.CodeConflict, "a resource of these is in the store already; restore into an empty one")
	}
	for i, versions := range list {
		last := versions[len(versions)-1]
		tx.name(last.names...)
		if len(last.ties) > 0 {
			tx.hang(rid + int64(i))
		}
		if len(versions) > 1 && err == nil {
			err = tx.restoreOwners(rid+int64(i), versions)
		}
	}
	return err
}

// insertRestoredOrigins notes the package as the source of what was restored.
func (tx *Tx) insertRestoredOrigins(r raw, rid int64, list [][]restored) error {
	return r.insert(insertOrigin, 6, len(list), func(i int, args []rawArg) {
		v := &list[i][len(list[i])-1]
		said := fhir.SourceVersion{Number: strconv.FormatInt(v.version, 10), Updated: instant(v.updated)}
		tx.fillOrigin(args, rid+int64(i), v.version, said)
	})
}

// insertLast writes the rows of last versions.
func (tx *Tx) insertLast(r raw, rid int64, list [][]restored) error {
	return r.insert(`INSERT INTO resource (rid, type, id, version, seq, updated, owned, sha256, body)`, 9, len(list),
		func(i int, args []rawArg) {
			v := &list[i][len(list[i])-1]
			args[1].Value, args[2].Value = v.typ, v.id
			args[4].Value, args[5].Value = v.seq, v.updated
			tx.fill(args[0:1], args[3:4], args[6:9], rid+int64(i), v)
		})
}

// insertEarlier writes the rows of versions that others follow.
func (tx *Tx) insertEarlier(r raw, rid int64, list [][]restored) error {
	type place struct{ resource, version int }
	var places []place
	for i, versions := range list {
		for j := range len(versions) - 1 {
			places = append(places, place{i, j})
		}
	}
	return r.insert(`INSERT INTO history (rid, version, seq, superseded, updated, owned, sha256, body)`, 8, len(places),
		func(i int, args []rawArg) {
			p := places[i]
			v := &list[p.resource][p.version]
			args[2].Value, args[3].Value, args[4].Value = v.seq, list[p.resource][p.version+1].seq, v.updated
			tx.fill(args[0:1], args[1:2], args[5:8], rid+int64(p.resource), v)
		})
}

// fill sets what the rows of both tables have in common: row number, version, and owned, hash and body.
func (tx *Tx) fill(number, version, content []rawArg, rid int64, v *restored) {
	sum := sha256.Sum256(v.body)
	tx.pages += 3 + len(v.body)/pageSize
	number[0].Value, version[0].Value = rid, v.version
	content[0].Value, content[1].Value, content[2].Value = v.owned, sum[:], nil
	if v.body != nil {
		content[2].Value = v.body
	}
}

// insertRestoredIndex writes the index entries of living resources, and the owners of those with one version.
func insertRestoredIndex(r raw, rid int64, list [][]restored) error {
	var owners []ownerRow
	var entries []entryRow
	var ties []tieRow
	for i, versions := range list {
		last := versions[len(versions)-1]
		for _, e := range last.entries {
			entries = append(entries, entryRow{e, rid + int64(i)})
		}
		for _, target := range last.ties {
			ties = append(ties, tieRow{target, rid + int64(i)})
		}
		for _, o := range last.owners {
			if len(versions) == 1 {
				owners = append(owners, ownerRow{Owner: o, rid: rid + int64(i), since: last.seq})
			}
		}
	}
	if err := r.insertTies(ties); err != nil {
		return err
	}
	return r.insertRows(owners, entries)
}

// restoreOwners notes who owned a resource of several versions, and from which to which.
func (tx *Tx) restoreOwners(rid int64, versions []restored) error {
	var before []fhir.Owner
	for _, v := range versions {
		if err := tx.endOwners(rid, v.seq, before, v.owners); err != nil {
			return err
		}
		if err := tx.addOwners(rid, v.seq, v.owners, before); err != nil {
			return err
		}
		before = v.owners
	}
	return nil
}
