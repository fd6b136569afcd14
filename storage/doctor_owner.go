package storage

import (
	"context"
	"fmt"
	"slices"
)

// CheckOwners derives owners and index entries again from all documents and compares them with the tables. It answers one
// line per kind of difference with the number of rows, nothing if all is well.
func (s *Store) CheckOwners(ctx context.Context) ([]string, error) {
	ever, err := s.everAssigned(ctx, s.reads)
	if err != nil {
		return nil, err
	}
	c := check{counts: map[string]int64{}, ever: rowsOf(ever)}
	err = s.atOneInstant(ctx, func(r raw) error {
		d := derivation{own: s.Bases(), assigned: c.ever}
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
	if err == nil {
		err = c.ties(ctx, s)
	}
	if err != nil {
		return nil, fmt.Errorf("check owners: %w", err)
	}
	return c.lines(), nil
}

// check counts what is missing, row by row, and what is there too much, by the totals.
type check struct {
	counts          map[string]int64
	owners, entries int64 // rows there as they should be
	tieRows         int64
	hung            []int64        // living resources that hang on others
	ever            map[int64]bool // resources that staff assigned at some time
	climber
}

// rowsOf are the resources that assignments are about.
func rowsOf(all []assignment) map[int64]bool {
	rids := map[int64]bool{}
	for _, a := range all {
		rids[a.rid] = true
	}
	return rids
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
	for _, t := range d.ties {
		found, err := r.exists(`SELECT 1 FROM tie WHERE target = ? AND rid = ?`, t.target, t.rid)
		if err != nil {
			return err
		}
		c.note(found, &c.tieRows, "missing ties")
	}
	if len(d.ties) > 0 {
		c.hung = append(c.hung, d.rid)
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
	row := make([]rawValue, 3)
	return r.query(`SELECT (SELECT count(*) FROM owner WHERE NOT `+whyTied+`), (SELECT count(*) FROM entry), (SELECT count(*) FROM tie)`, nil, row, func() (bool, error) {
		c.counts["surplus owners"] = row[0].(int64) - c.owners
		c.counts["surplus index entries"] = row[1].(int64) - c.entries
		c.counts["surplus ties"] = row[2].(int64) - c.tieRows
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
	for _, table := range []string{"owner", "entry", "tie"} {
		if err == nil {
			err = tx.exec(`DELETE FROM ` + table)
		}
	}
	var b rebuilding
	var ever []assignment
	if err == nil {
		ever, err = tx.s.everAssigned(ctx, tx)
	}
	if err == nil {
		b.d.own, b.d.assigned = tx.s.Bases(), rowsOf(ever)
		err = tx.raw(func(r raw) error { return b.run(ctx, r) })
	}
	if err == nil {
		err = tx.resettle(b.hung, b.past, ever)
	}
	if err != nil {
		err = fmt.Errorf("rebuild owners: %w", err)
	}
	return err
}

// rebuilding is one making of the derived tables.
type rebuilding struct {
	d       derivation
	owners  []ownerRow
	entries []entryRow
	ties    []tieRow
	wrong   []stored // versions whose owned column is not right
	hung    []int64  // living resources that hang on others
	past    []pastHanger
}

func (b *rebuilding) run(ctx context.Context, r raw) error {
	last := int64(0)
	err := r.eachVersion(func(v stored) error {
		if v.rid != last {
			last = v.rid
			if err := b.take(r, 20_000); err != nil {
				return err
			}
		}
		bad, err := b.d.add(v)
		if bad {
			v.body, v.owned = nil, !v.owned
			b.wrong = append(b.wrong, v)
		}
		if err != nil {
			return err
		}
		return ctx.Err()
	})
	if err == nil {
		err = b.take(r, 0)
	}
	for i := 0; i < len(b.wrong) && err == nil; i++ {
		err = r.mark(b.wrong[i])
	}
	return err
}

// take takes over what was derived for one resource, and stores the rows once there are so many.
func (b *rebuilding) take(r raw, most int) error {
	b.owners, b.entries, b.ties = append(b.owners, b.d.owners...), append(b.entries, b.d.entries...), append(b.ties, b.d.ties...)
	b.past = append(b.past, b.d.past...)
	if len(b.d.ties) > 0 {
		b.hung = append(b.hung, b.d.rid)
	}
	if len(b.owners)+len(b.entries) < most {
		return nil
	}
	err := r.insertRows(b.owners, b.entries)
	if err == nil {
		err = r.insertTies(b.ties)
	}
	b.owners, b.entries, b.ties = b.owners[:0], b.entries[:0], b.ties[:0]
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
