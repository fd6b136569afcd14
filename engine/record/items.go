package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// Bounds of what is read ahead to put versions in order.
const (
	itemRows  = 128
	itemBytes = 4 << 20
)

// Items streams the record in order of type, id and version. It counts what it hands out and, at the end, returns an error
// if that is not everything that was gathered. It may be run again.
func (r *Record) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, c := range r.Counts {
			c.ExportedCurrent, c.ExportedVersions, c.Deleted = 0, 0, 0
		}
		r.Excerpts = nil
		err := r.items(ctx, func(it Item) bool { return yield(it, nil) })
		if err == nil {
			err = r.reconcile()
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Item{}, fmt.Errorf("record of Patient/%s: %w", r.Patient, err))
		}
	}
}

// errStopped ends a stream that nobody wants to hear the end of.
var errStopped = errors.New("stopped")

func (r *Record) items(ctx context.Context, yield func(Item) bool) error {
	d := &fhir.Document{}
	for rows := r.rows; len(rows) > 0; {
		n, size := 0, 0
		for n < len(rows) && n < itemRows && (n == 0 || size+rows[n].size < itemBytes) {
			size += rows[n].size
			n++
		}
		versions, err := fetch(ctx, r.store, r.Snapshot, rows[:n])
		if err != nil {
			return err
		}
		for _, row := range rows[:n] {
			if err := r.hand(row, versions[row.rid], d, yield); err != nil {
				return err
			}
		}
		rows = rows[n:]
	}
	return nil
}

// fetch reads the versions of a few rows, which a scan hands out in order of arrival.
func fetch(ctx context.Context, s *storage.Store, at storage.Snapshot, rows []*recordRow) (map[int64][]storage.Row, error) {
	rids := make([]int64, len(rows))
	for i, row := range rows {
		rids[i] = row.rid
	}
	all := make(map[int64][]storage.Row, len(rows))
	err := s.Versions(ctx, at, rids, func(row storage.Row) error {
		row.JSON = bytes.Clone(row.JSON)
		all[row.RID] = append(all[row.RID], row)
		return nil
	})
	return all, err
}

// hand yields what is handed out of a row.
func (r *Record) hand(row *recordRow, versions []storage.Row, d *fhir.Document, yield func(Item) bool) error {
	if len(versions) != len(row.versions) {
		return fmt.Errorf("%s has %d versions in the snapshot, and had %d when the record was gathered", row.key, len(versions), len(row.versions))
	}
	for i, stored := range versions {
		v := &row.versions[i]
		if v.verdict != 0 {
			continue
		}
		it := Item{Why: row.why, Type: row.typ, ID: row.id, Version: v.version, Updated: stored.Updated, JSON: stored.JSON, RID: row.rid}
		it.Section = sectionOf(row.typ, row.place == directory || row.place == attached && !r.give.content(row.typ),
			v.deleted, i == len(versions)-1)
		if (v.shared || v.ties) && !v.deleted {
			if err := r.excerpt(&it, v, d); err != nil {
				return err
			}
		}
		r.exported(it, i == len(versions)-1)
		if !yield(it) {
			return errStopped
		}
	}
	return nil
}

// sectionOf is where a version goes.
func sectionOf(typ string, pointedTo, deleted, current bool) handover.Section {
	switch {
	case deleted:
		return handover.Deleted
	case !current:
		return handover.History
	case typ == "Provenance":
		return handover.Provenance
	case pointedTo:
		return handover.Directory
	}
	return handover.Current
}

// content reports whether resources of the type that are nobody's are content rather than directory.
func (f *finisher) content(typ string) bool {
	return f.g.types[typ].Kind == fhir.Direct || typ == "Binary" || typ == "Bundle"
}

// excerpt leaves out what belongs to other patients.
func (r *Record) excerpt(it *Item, v *recordVersion, d *fhir.Document) error {
	if err := d.Reset(it.JSON); err != nil {
		return fmt.Errorf("%s/%s version %d: %w", it.Type, it.ID, it.Version, err)
	}
	text := d.Excerpt(v.shared, r.give.standing)
	if text == nil {
		return nil
	}
	if _, err := fhir.Parse(text); err != nil {
		return fmt.Errorf("excerpt of %s/%s version %d: %w", it.Type, it.ID, it.Version, err)
	}
	it.JSON, it.Excerpt = text, true
	r.Excerpts = append(r.Excerpts, fmt.Sprintf("%s/%s/_history/%d", it.Type, it.ID, it.Version))
	return nil
}

// standing says whose the target of a reference is: in doubt another patient's.
func (f *finisher) standing(to fhir.Reference) fhir.Standing {
	own, typ, id := f.g.bases.Owns(to), to.Type, to.ID
	if typ == "Patient" {
		if own && f.g.patients[id] {
			return fhir.Mine
		}
		return fhir.Foreign
	}
	if !own {
		return fhir.Neutral
	}
	if r := f.g.rows[key{typ, id}]; r != nil && r.place != pending && r.place != refused {
		return fhir.Mine
	}
	if d, ok := dispositionOf(typ); ok && (d.Kind == fhir.Forward || d.Kind == fhir.System) {
		return fhir.Neutral
	}
	return fhir.Foreign
}

// exported counts an item.
func (r *Record) exported(it Item, last bool) {
	c := r.count(it.Type)
	switch {
	case it.JSON == nil:
		c.Deleted++
		c.ExportedVersions++
	case last:
		c.ExportedCurrent++
	default:
		c.ExportedVersions++
	}
}

// reconcile compares what was handed out with what was found.
func (r *Record) reconcile() error {
	for typ, c := range r.Counts {
		out := c.ExportedCurrent + c.ExportedVersions
		for _, n := range c.Excluded {
			out += n
		}
		if stored := c.StoredCurrent + c.StoredVersions; stored != out {
			return fmt.Errorf("%s: %d versions are stored, %d were handed out or excluded", typ, stored, out)
		}
	}
	return nil
}
