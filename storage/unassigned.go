package storage

import (
	"context"
	"fmt"
	"strings"

	"satchel/fhir"
)

// TypeCount is a number of resources of a type.
type TypeCount struct {
	Type string
	N    int64
}

// unassigned are living resources r that belong to no patient although resources of their type ought to, and of which staff did not
// say that they are nobody's. It is written as the index has it, so that no other row is read.
func (s *Store) unassigned() string {
	return `FROM resource r ` + by("resource_unowned") + ` WHERE r.owned = 0 AND r.body IS NOT NULL AND r.type IN (` + s.typeList(AssignableTypes()) + `)
		AND NOT EXISTS (SELECT 1 FROM assigned a WHERE a.rid = r.rid AND a.until IS NULL AND a.patient IS NULL AND a.version = r.version)`
}

// AssignableTypes are the types whose resources ought to be somebody's, in order of name.
func AssignableTypes() (types []string) {
	for _, d := range fhir.Dispositions() {
		if !d.Ownerless() {
			types = append(types, d.Type)
		}
	}
	return types
}

// Unassigned counts, by type, the living resources that belong to no patient although resources of their type ought to
// ([fhir.Disposition.Ownerless]): they name none, or one who is not of this server, hang on nothing of one, and nobody has
// assigned them. What staff confirmed to be nobody's, such as an observation of a room, is not among them.
func (s *Store) Unassigned(ctx context.Context) ([]TypeCount, error) {
	rows, err := query(ctx, s.reads, `SELECT r.type, count(*) `+s.unassigned()+` GROUP BY r.type`)
	all, err := collect(rows, err, func(scan row) (c TypeCount, err error) {
		var code int64
		err = scan(&code, &c.N)
		c.Type = s.types.name(code)
		return c, err
	})
	return all, wrap("count what is unassigned", err)
}

// UnassignedFilter narrows what is unassigned.
type UnassignedFilter struct {
	Types []string // nil: all
	After Snapshot // only versions that were written after it; zero: all
	Upto  Snapshot // only versions that were there at it; zero: all
}

// where is the condition of the filter.
func (f UnassignedFilter) where(s *Store) (text string, args []any) {
	if f.Types != nil {
		text = ` AND r.type IN (` + s.typeList(f.Types) + `)`
	}
	if f.After.Seq > 0 {
		text, args = text+` AND r.seq > ?`, append(args, f.After.Seq)
	}
	if f.Upto.Seq > 0 {
		text, args = text+` AND r.seq <= ?`, append(args, f.Upto.Seq)
	}
	return text, args
}

// UnassignedKeys lists what [Store.Unassigned] counts, by type and order of arrival: at most so many, without content. n is the
// number of all that the filter lets through.
func (s *Store) UnassignedKeys(ctx context.Context, f UnassignedFilter, most int) (keys []string, n int64, err error) {
	where, args := f.where(s)
	rows, err := query(ctx, s.reads, `SELECT r.type, r.id `+s.unassigned()+where+` ORDER BY r.type, r.rid LIMIT ?`, append(args, most)...)
	keys, err = collect(rows, err, func(read row) (string, error) {
		var code int64
		var id string
		err := read(&code, &id)
		return s.types.name(code) + "/" + id, err
	})
	if err == nil {
		err = scan(ctx, s.reads, `SELECT count(*) `+s.unassigned()+where, args, &n)
	}
	return keys, n, wrap("list what is unassigned", err)
}

// UnassignedPage lists what [Store.Unassigned] counts with its content, by type and order of arrival: at most so many behind a
// cursor, which is "" at the beginning; next is "" at the end.
func (s *Store) UnassignedPage(ctx context.Context, f UnassignedFilter, cursor string, most int) (all []fhir.Resource, next string, err error) {
	var code, rid int64
	if err := parseCursor(cursor, &code, &rid); err != nil {
		return nil, "", err
	}
	where, args := f.where(s)
	rows, err := query(ctx, s.reads, `SELECT r.type, r.rid, r.id, r.version, r.updated, r.body `+s.unassigned()+where+
		` AND (r.type, r.rid) > (?, ?) ORDER BY r.type, r.rid LIMIT ?`, append(args, code, rid, most+1)...)
	err = eachRow(rows, err, func(scan row) error {
		var r fhir.Resource
		var typ, at, updated int64
		if err := scan(&typ, &at, &r.ID, &r.Version, &updated, &r.JSON); err != nil {
			return err
		}
		if len(all) == most {
			next = cursorOf(code, rid)
			return nil
		}
		r.Type, r.Updated = s.types.name(typ), instant(updated)
		all, code, rid = append(all, r), typ, at
		return nil
	})
	if err != nil {
		return nil, "", fmt.Errorf("list what is unassigned: %w", err)
	}
	return all, next, nil
}

// unassignedBatch is how much of what is unassigned is read at once.
const unassignedBatch = 64

// EachUnassigned calls f with each resource that [Store.Unassigned] counts and the filter lets through, some at a time, so that
// its memory does not grow with their number. A non-nil error from f ends it.
func (s *Store) EachUnassigned(ctx context.Context, f UnassignedFilter, each func(fhir.Resource) error) error {
	for cursor := ""; ; {
		all, next, err := s.UnassignedPage(ctx, f, cursor, unassignedBatch)
		if err != nil {
			return err
		}
		for _, r := range all {
			if err := each(r); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		cursor = next
	}
}

// IsUnassigned reports whether a resource is one of those that [Store.Unassigned] counts.
func (s *Store) IsUnassigned(ctx context.Context, typ, id string) (is bool, err error) {
	code, err := s.types.code(typ)
	if err != nil {
		return false, err
	}
	text := strings.Replace(s.unassigned(), by("resource_unowned"), "", 1)
	err = scan(ctx, s.reads, `SELECT EXISTS (SELECT 1 `+text+` AND r.type = ? AND r.id = ?)`, []any{code, id}, &is)
	return is, wrap("look whether "+typ+"/"+id+" is unassigned", err)
}
