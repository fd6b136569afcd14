package storage

import (
	"context"
	"fmt"
	"slices"

	"satchel/fhir"
)

// CheckOwners derives owners and index entries again from all documents and compares them with the tables. It answers one
// line per kind of difference with the number of rows, nothing if all is well.
func (s *Store) CheckOwners(ctx context.Context) ([]string, error) {
	c := check{counts: map[string]int64{}}
	err := s.atOneInstant(ctx, func(r raw) error {
		d := derivation{own: s.Bases()}
		last := int64(0)
		err := r.eachVersion(func(v stored) error {
			if v.rid != last {
				if err := c.compare(r, &d); err != nil {
					return err
				}
				last = v.rid
			}
			wrong, err := d.add(v)
			if wrong {
				c.counts["versions with a wrong owned mark"]++
			}
			if err != nil {
				return err
			}
			return ctx.Err()
		})
		if err == nil {
			err = c.compare(r, &d)
		}
		if err == nil {
			err = c.surplus(r)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("check owners: %w", err)
	}
	return c.lines(), nil
}

// check counts what is missing, row by row, and what is there too much, by the totals.
type check struct {
	counts          map[string]int64
	owners, entries int64 // rows there as they should be
}

// compare looks up the rows that one resource must have.
func (c *check) compare(r raw, d *derivation) error {
	for _, o := range d.owners {
		found, err := r.exists(`SELECT 1 FROM owner WHERE patient = ? AND rid = ? AND since = ? AND why = ? AND coalesce(until, 0) = ?`,
			o.Patient, o.rid, o.since, int64(o.Why), o.until)
		if err != nil {
			return err
		}
		c.note(found, &c.owners, "missing owners")
	}
	for _, e := range d.entries {
		found, err := r.exists(`SELECT 1 FROM entry JOIN segment ON n = segment WHERE segment = ? AND key = ? AND value = ? AND rid = ?`,
			segmentOf(e.rid), e.Key, e.Value, e.rid)
		if err != nil {
			return err
		}
		c.note(found, &c.entries, "missing index entries")
	}
	return nil
}

func (c *check) note(found bool, sound *int64, missing string) {
	if found {
		*sound++
	} else {
		c.counts[missing]++
	}
}

// surplus compares the sound rows with the sizes of the tables.
func (c *check) surplus(r raw) error {
	row := make([]rawValue, 2)
	return r.query(`SELECT (SELECT count(*) FROM owner), (SELECT count(*) FROM entry)`, nil, row, func() (bool, error) {
		c.counts["surplus owners"] = row[0].(int64) - c.owners
		c.counts["surplus index entries"] = row[1].(int64) - c.entries
		return true, nil
	})
}

func (c *check) lines() []string {
	var lines []string
	for what, n := range c.counts {
		if n != 0 {
			lines = append(lines, fmt.Sprintf("%d %s", n, what))
		}
	}
	slices.Sort(lines)
	return lines
}

// RebuildOwners derives owners and index entries again from all documents and replaces the tables, in one transaction:
// what the doctor does about a finding of CheckOwners, and what a program whose index changed does at its first start.
func (s *Store) RebuildOwners(ctx context.Context) error {
	return s.write(ctx, func(tx *Tx) error { return tx.rebuildOwners(ctx) })
}

func (tx *Tx) rebuildOwners(ctx context.Context) (err error) {
	for _, table := range []string{"owner", "entry"} {
		if err == nil {
			err = tx.exec(`DELETE FROM ` + table)
		}
	}
	if err == nil {
		err = tx.raw(func(r raw) error { return r.rebuild(ctx, tx.s.Bases()) })
	}
	if err != nil {
		err = fmt.Errorf("rebuild owners: %w", err)
	}
	return err
}

func (r raw) rebuild(ctx context.Context, own fhir.Bases) error {
	d := derivation{own: own}
	var owners []ownerRow
	var entries []entryRow
	var wrong []stored
	flush := func(most int) error {
		if len(owners)+len(entries) < most {
			return nil
		}
		err := r.insertRows(owners, entries)
		owners, entries = owners[:0], entries[:0]
		return err
	}
	last := int64(0)
	err := r.eachVersion(func(v stored) error {
		if v.rid != last {
			owners, entries, last = append(owners, d.owners...), append(entries, d.entries...), v.rid
			if err := flush(20_000); err != nil {
				return err
			}
		}
		bad, err := d.add(v)
		if bad {
			v.body, v.owned = nil, !v.owned
			wrong = append(wrong, v)
		}
		if err != nil {
			return err
		}
		return ctx.Err()
	})
	owners, entries = append(owners, d.owners...), append(entries, d.entries...)
	if err == nil {
		err = flush(0)
	}
	for i := 0; i < len(wrong) && err == nil; i++ {
		err = r.mark(wrong[i])
	}
	return err
}

// insertRows stores derived rows in the order of their trees.
func (r raw) insertRows(owners []ownerRow, entries []entryRow) error {
	slices.SortFunc(owners, compareOwnerRows)
	slices.SortFunc(entries, compareEntryRows)
	err := r.insert(`INSERT INTO owner (patient, rid, since, until, why)`, 5, len(owners), func(i int, args []rawArg) {
		o := owners[i]
		args[0].Value, args[1].Value, args[2].Value, args[3].Value, args[4].Value = o.Patient, o.rid, o.since, nil, int64(o.Why)
		if o.until != 0 {
			args[3].Value = o.until
		}
	})
	if err != nil {
		return err
	}
	return r.insertEntries(entries)
}

// mark sets the owned column of one version.
func (r raw) mark(v stored) error {
	table := "resource"
	if v.superseded {
		table = "history"
	}
	args := numbered(3)
	args[0].Value, args[1].Value, args[2].Value = v.owned, v.rid, v.version
	return r.exec(`UPDATE `+table+` SET owned = ? WHERE rid = ? AND version = ?`, args)
}

// exists reports whether a query answers a row.
func (r raw) exists(text string, values ...rawValue) (found bool, err error) {
	args := numbered(len(values))
	for i, v := range values {
		args[i].Value = v
	}
	err = r.query(text, args, make([]rawValue, 1), func() (bool, error) { found = true; return false, nil })
	return found, err
}
