package storage

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/fhir"
)

// origin is what a source says of the version of a resource that was last taken from it.
type origin struct {
	fhir.SourceVersion
	version int64     // ours that came from it; of a deletion of what is not here 0
	taken   time.Time // when it was last offered and not older
}

// originOf makes one of columns: taken, seconds, nanos, number.
func originOf(version, taken int64, seconds, nanos sql.NullInt64, number string) origin {
	o := origin{version: version, taken: instant(taken)}
	o.Number = number
	if seconds.Valid {
		o.Updated = time.Unix(seconds.Int64, nanos.Int64).UTC()
	}
	return o
}

// columns are seconds, nanos and number as the tables have them.
func (o origin) columns() (seconds, nanos any, number string) {
	if o.Updated.IsZero() {
		return nil, nil, o.Number
	}
	return o.Updated.Unix(), int64(o.Updated.Nanosecond()), o.Number
}

// origin reads that of a resource; false if nothing was ever taken.
func (tx *Tx) origin(rid int64) (origin, bool, error) {
	return tx.readOrigin(`SELECT version, taken, seconds, nanos, number FROM origin WHERE rid = ?`, rid)
}

// originDeleted reads what a source said of the deletion of a resource that is not here.
func (tx *Tx) originDeleted(typ int64, id string) (origin, bool, error) {
	return tx.readOrigin(`SELECT 0, taken, seconds, nanos, number FROM origin_deleted WHERE type = ? AND id = ?`, typ, id)
}

func (tx *Tx) readOrigin(q string, args ...any) (origin, bool, error) {
	var version, taken int64
	var seconds, nanos sql.NullInt64
	var number string
	err := tx.scan(q, args, &version, &taken, &seconds, &nanos, &number)
	if errors.Is(err, sql.ErrNoRows) {
		return origin{}, false, nil
	}
	return originOf(version, taken, seconds, nanos, number), err == nil, err
}

// setOrigin notes that our version came from what the source offers now. What that does not tell stays as it was told before.
func (tx *Tx) setOrigin(rid, version int64, said, before fhir.SourceVersion) error {
	seconds, nanos, number := origin{SourceVersion: said.Or(before)}.columns()
	return tx.exec(`INSERT INTO origin (rid, version, taken, seconds, nanos, number) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (rid) DO UPDATE SET version = excluded.version, taken = excluded.taken, seconds = excluded.seconds, nanos = excluded.nanos, number = excluded.number`,
		rid, version, tx.Time.UnixMilli(), seconds, nanos, number)
}

// setOriginDeleted is setOrigin for the deletion of what is not here.
func (tx *Tx) setOriginDeleted(typ int64, id string, said, before fhir.SourceVersion) error {
	seconds, nanos, number := origin{SourceVersion: said.Or(before)}.columns()
	return tx.exec(`INSERT INTO origin_deleted (type, id, taken, seconds, nanos, number) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (type, id) DO UPDATE SET taken = excluded.taken, seconds = excluded.seconds, nanos = excluded.nanos, number = excluded.number`,
		typ, id, tx.Time.UnixMilli(), seconds, nanos, number)
}

// lookUpDeleted finds the items of a batch that are not here and whose deletion at the source came before them.
func (tx *Tx) lookUpDeleted(b *Batch, verdicts []verdict) error {
	var any bool
	if b.offers == nil {
		return nil
	}
	if err := tx.scan(`SELECT EXISTS (SELECT 1 FROM origin_deleted)`, nil, &any); err != nil || !any {
		return err
	}
	for _, i := range b.order {
		if verdicts[i] != unknown {
			continue
		}
		_, deleted, err := tx.originDeleted(b.items[i].typ, b.items[i].id)
		if err != nil {
			return err
		}
		if deleted {
			verdicts[i] = changed
		}
	}
	return nil
}

// insertOrigin is the statement for many rows, filled by [Tx.fillOrigin].
const insertOrigin = `INSERT INTO origin (rid, version, taken, seconds, nanos, number)`

// insertOrigins notes where first versions come from, in the order of their rows.
func (tx *Tx) insertOrigins(r raw, f fresh) error {
	if f.offers == nil {
		return nil
	}
	return r.insert(insertOrigin, 6, len(f.offers), func(i int, args []rawArg) {
		tx.fillOrigin(args, f.rid+int64(i), 1, f.offers[i].SourceVersion)
	})
}

// fillOrigin sets the values of a row of origin.
func (tx *Tx) fillOrigin(args []rawArg, rid, version int64, said fhir.SourceVersion) {
	args[0].Value, args[1].Value, args[2].Value = rid, version, tx.Time.UnixMilli()
	args[3].Value, args[4].Value, args[5].Value = origin{SourceVersion: said}.columns()
}

// teaches reports whether an item that has the content of the current version tells more of its origin than row, which is that of
// the table origin or nothing.
func (b *Batch) teaches(i int, version int64, row []rawValue) bool {
	if b.offers == nil || row[0] == nil {
		return false
	}
	var seconds, nanos sql.NullInt64
	if row[2] != nil {
		seconds, nanos = sql.NullInt64{Int64: row[2].(int64), Valid: true}, sql.NullInt64{Int64: row[3].(int64), Valid: true}
	}
	o := originOf(row[0].(int64), row[1].(int64), seconds, nanos, row[4].(string))
	return o.learns(b.offers[i], version, b.terms)
}

// learns reports whether an offer with the content of the current version is to be noted as its origin.
func (o origin) learns(in Offer, current int64, terms Terms) bool {
	order := in.Compare(o.SourceVersion)
	switch {
	case terms.overrules(&o):
		return true
	case order < 0 || order == 0 && in.Behind:
		return false
	}
	return o.version != current || in.Or(o.SourceVersion) != o.SourceVersion
}

// hadBefore reports whether an earlier version of the resource has the content of the item.
func (tx *Tx) hadBefore(rid int64, it item) (bool, error) {
	rows, err := query(tx.ctx, tx, `SELECT version, updated, sha256 FROM history WHERE rid = ? AND body IS NOT NULL ORDER BY version DESC`, rid)
	had := false
	err = eachRow(rows, err, func(scan row) error {
		var c current
		if err := scan(&c.version, &c.updated, &c.sha256); err != nil {
			return err
		}
		had = had || c.hashes(it)
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("compare with earlier versions: %w", err)
	}
	return had, nil
}
