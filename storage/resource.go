package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"satchel/fhir"
)

// Change says what a write did.
type Change int

// What a write did to a resource.
const (
	Unchanged Change = iota // same content as the current version: nothing written
	Created                 // the first version, or the first after a deletion
	Updated
	Deleted

	// What [Store.Take] may answer besides; nothing is written.
	Older       // what was taken from the source before is newer
	EditKept    // the content of an earlier version: it was changed or deleted here since, and that stays
	ChangedHere // other content, and it was changed or deleted here since: somebody must say which of the two is right
)

// current is the row of a resource.
type current struct {
	rid, version, seq, updated int64
	owned                      bool
	sha256, body               []byte // body nil: a tombstone
}

// current reads the row of a resource; false if there is none.
func (tx *Tx) current(typ int64, id string) (current, bool, error) {
	var c current
	err := tx.scan(`SELECT rid, version, seq, updated, owned, sha256, body FROM resource WHERE type = ? AND id = ?`,
		[]any{typ, id}, &c.rid, &c.version, &c.seq, &c.updated, &c.owned, &c.sha256, &c.body)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, err
}

// Put stores the document as the next version of type/id; id overrides the document's own when not empty, and a new
// random id is made when both are empty. Same content as the current version is Unchanged and answers that version.
func (tx *Tx) Put(d *fhir.Document, id string) (fhir.Resource, Change, error) {
	it, _, err := tx.s.makeItem(d, id, nil)
	if err != nil {
		return fhir.Resource{}, Unchanged, err
	}
	r, change, err := tx.put(it)
	if err != nil {
		err = fmt.Errorf("put %s/%s: %w", d.Type(), it.id, err)
	}
	return r, change, err
}

func (tx *Tx) put(it item) (fhir.Resource, Change, error) {
	c, found, err := tx.current(it.typ, it.id)
	if err != nil {
		return fhir.Resource{}, Unchanged, err
	}
	if found && c.same(it) {
		return fhir.Resource{Type: it.doc.Type(), ID: it.id, Version: c.version, Updated: instant(c.updated), JSON: c.body}, Unchanged, nil
	}
	body := it.doc.Stamped(nil, it.id, c.version+1, tx.Time)
	r := fhir.Resource{Type: it.doc.Type(), ID: it.id, Version: c.version + 1, Updated: tx.Time, JSON: body}
	change := Created
	switch {
	case !found:
		err = tx.insert(it, body)
	case c.body == nil:
		err = tx.replace(it, c, body)
	default:
		change, err = Updated, tx.replace(it, c, body)
	}
	return r, change, err
}

// same reports whether the item has the content of the living version c: stamped alike, it hashes alike.
func (c current) same(it item) bool { return c.body != nil && c.hashes(it) }

func (c current) hashes(it item) bool {
	sum := sha256.Sum256(it.doc.Stamped(nil, it.id, c.version, instant(c.updated)))
	return bytes.Equal(sum[:], c.sha256)
}

// insert stores the first version of a resource.
func (tx *Tx) insert(it item, body []byte) error {
	sum := sha256.Sum256(body)
	seq := tx.next()
	var rid int64
	err := tx.scan(`INSERT INTO resource (type, id, version, seq, updated, owned, sha256, body) VALUES (?, ?, 1, ?, ?, ?, ?, ?) RETURNING rid`,
		[]any{it.typ, it.id, seq, tx.Time.UnixMilli(), owned(it.owners), sum[:], body}, &rid)
	if err != nil {
		return err
	}
	tx.pages += 3 + len(body)/pageSize
	tx.regrouped(it.doc.Type(), it.id, nil, it.owners)
	if err := tx.addOwners(rid, seq, it.owners, nil); err != nil {
		return err
	}
	if err := tx.rehang(rid, derived{}, it); err != nil {
		return err
	}
	return tx.changeEntries(rid, nil, it.entries)
}

// replace stores the next version after c, living or deleted.
func (tx *Tx) replace(it item, c current, body []byte) error {
	old, err := tx.derived(c)
	if err != nil {
		return err
	}
	before := old.owners
	if c.body == nil {
		before = nil
	}
	tx.regrouped(it.doc.Type(), it.id, before, it.owners)
	seq := tx.next()
	if err := tx.supersede(c, seq, owned(it.owners), body); err != nil {
		return err
	}
	if err := tx.endOwners(c.rid, seq, old.owners, it.owners); err != nil {
		return err
	}
	if err := tx.addOwners(c.rid, seq, it.owners, old.owners); err != nil {
		return err
	}
	if err := tx.rehang(c.rid, old, it); err != nil {
		return err
	}
	if err := tx.keepAssignment(c); err != nil {
		return err
	}
	return tx.changeEntries(c.rid, old.entries, it.entries)
}

// supersede moves the current version to history and puts the next one, living or (body nil) deleted, in its place.
func (tx *Tx) supersede(c current, seq int64, owned bool, body []byte) error {
	err := tx.exec(`INSERT INTO history (rid, version, seq, superseded, updated, owned, sha256, body)
		SELECT rid, version, seq, ?, updated, owned, sha256, body FROM resource WHERE rid = ?`, seq, c.rid)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tx.pages += 4 + (len(body)+len(c.body))/pageSize
	return tx.exec(`UPDATE resource SET version = ?, seq = ?, updated = ?, owned = ?, sha256 = ?, body = ? WHERE rid = ?`,
		c.version+1, seq, tx.Time.UnixMilli(), owned, sum[:], body, c.rid)
}

// derived is what the tables hold of a row. A tombstone has no entries and no names by identifier; it keeps the owners and
// the ties of the version before it.
type derived struct {
	entries     []fhir.Entry
	owners      []fhir.Owner
	ties, names []int64
	gone        bool // it is that of a tombstone
}

// rehang brings the ties of a resource from what was to what comes, and has settled what that may change.
func (tx *Tx) rehang(rid int64, old derived, it item) error {
	if len(old.ties)+len(it.ties) > 0 || old.gone {
		tx.hang(rid) // also one that hangs no more
	}
	if !slices.Equal(old.names, it.names) || !slices.Equal(old.ties, it.ties) || !slices.Equal(old.owners, it.owners) {
		tx.name(old.names...)
		tx.name(it.names...)
	}
	return tx.changeTies(rid, old.ties, it.ties)
}

// derived works out what the tables hold of the current row.
func (tx *Tx) derived(c current) (derived, error) {
	body := c.body
	if body == nil {
		err := tx.scan(`SELECT body FROM history WHERE rid = ? AND version = ?`, []any{c.rid, c.version - 1}, &body)
		if err != nil {
			return derived{}, fmt.Errorf("version before the deletion: %w", err)
		}
	}
	if err := tx.old.Reset(body); err != nil {
		return derived{}, fmt.Errorf("read the stored version %d: %w", c.version, err)
	}
	owners, ties := belonging(&tx.old, tx.s.Bases())
	if c.body == nil {
		return derived{owners: owners, ties: ties, gone: true}, nil
	}
	return derived{entries: tx.old.Entries(nil), owners: owners, ties: ties, names: hashes(tx.old.Names())}, nil
}

// Delete adds a tombstone. A resource that does not exist or is deleted already is Unchanged.
func (tx *Tx) Delete(typ, id string) (fhir.Resource, Change, error) {
	r := fhir.Resource{Type: typ, ID: id}
	code, err := tx.s.types.code(typ)
	if err != nil {
		return r, Unchanged, err
	}
	c, found, err := tx.current(code, id)
	if err != nil || !found {
		return r, Unchanged, err
	}
	r.Version, r.Updated, r.Deleted = c.version, instant(c.updated), true
	if c.body == nil {
		return r, Unchanged, nil
	}
	if err := tx.delete(typ, id, c); err != nil {
		return r, Unchanged, fmt.Errorf("delete %s/%s: %w", typ, id, err)
	}
	r.Version, r.Updated = c.version+1, tx.Time
	return r, Deleted, nil
}

func (tx *Tx) delete(typ, id string, c current) error {
	old, err := tx.derived(c)
	if err != nil {
		return err
	}
	tx.regrouped(typ, id, old.owners, nil)
	if err := tx.supersede(c, tx.next(), c.owned, nil); err != nil {
		return err
	}
	tx.name(old.names...) // nobody has the identifiers of a Patient that is gone
	return tx.changeEntries(c.rid, old.entries, nil)
}

// Resource is the current version as the transaction sees it; see [Store.Resource].
func (tx *Tx) Resource(typ, id string) (fhir.Resource, error) {
	return tx.s.resource(context.Background(), tx, typ, id)
}

// Resource is the current version. A missing one is a fhir.Error not-found; a deleted one is returned with Deleted set.
func (s *Store) Resource(ctx context.Context, typ, id string) (fhir.Resource, error) {
	return s.resource(ctx, s.reads, typ, id)
}

func (s *Store) resource(ctx context.Context, q querier, typ, id string) (fhir.Resource, error) {
	r := fhir.Resource{Type: typ, ID: id}
	code, err := s.types.code(typ)
	if err != nil {
		return r, err
	}
	var updated int64
	err = scan(ctx, q, `SELECT version, updated, body FROM resource WHERE type = ? AND id = ?`, []any{code, id}, &r.Version, &updated, &r.JSON)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fhir.Errorf(fhir.CodeNotFound, "there is no %s/%s", typ, id)
	}
	r.Updated, r.Deleted = instant(updated), r.JSON == nil
	if err != nil {
		err = fmt.Errorf("read %s/%s: %w", typ, id, err)
	}
	return r, err
}

// Version is one version, current or old; not-found otherwise.
func (s *Store) Version(ctx context.Context, typ, id string, version int64) (fhir.Resource, error) {
	r := fhir.Resource{Type: typ, ID: id, Version: version}
	code, err := s.types.code(typ)
	if err != nil {
		return r, err
	}
	var updated int64
	err = scan(ctx, s.reads, `SELECT updated, body FROM resource WHERE type = ?1 AND id = ?2 AND version = ?3
		UNION ALL SELECT h.updated, h.body FROM resource r JOIN history h ON h.rid = r.rid AND h.version = ?3 WHERE r.type = ?1 AND r.id = ?2`,
		[]any{code, id, version}, &updated, &r.JSON)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fhir.Errorf(fhir.CodeNotFound, "there is no version %d of %s/%s", version, typ, id)
	}
	r.Updated, r.Deleted = instant(updated), r.JSON == nil
	if err != nil {
		err = fmt.Errorf("read %s/%s version %d: %w", typ, id, version, err)
	}
	return r, err
}

// Types counts the current resources by type.
func (s *Store) Types(ctx context.Context) (map[string]int, error) {
	rows, err := query(ctx, s.reads, `SELECT type, sum(n) FROM (SELECT type, count(*) AS n FROM resource GROUP BY type
		UNION ALL SELECT type, -count(*) FROM resource WHERE body IS NULL GROUP BY type) GROUP BY type HAVING sum(n) > 0`)
	counts, err := s.countsByType(rows, err)
	return counts, wrap("count types", err)
}
