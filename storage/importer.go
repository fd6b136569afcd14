package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Batch is a number of documents made ready for [Store.ImportBatch].
type Batch struct {
	items []item
	order []int      // indexes of items by type, id and position
	time  time.Time  // that the firsts are stamped with
	own   fhir.Bases // by which owners were derived
	first []first    // the items as first versions

	offers []Offer // by item; nil: they are written in their order, whatever their sources say of them
	terms  Terms
}

// first is the text of a first version and its SHA-256.
type first struct {
	body []byte
	sum  [sha256.Size]byte
}

// Prepare does the part of an import that needs no database, so that it can run beside the import of another batch.
// The documents must not change until the batch is imported. It already stamps first versions with the time of now, which
// is right unless another write comes in between.
func (s *Store) Prepare(docs []*fhir.Document) (*Batch, error) {
	b := &Batch{own: s.Bases(), items: make([]item, len(docs)), order: make([]int, len(docs))}
	arena := make([]fhir.Entry, 0, 16*len(docs))
	for i, d := range docs {
		var err error
		if b.items[i], arena, err = s.makeItem(d, "", arena); err != nil {
			return nil, fmt.Errorf("import %s/%s: %w", d.Type(), d.ID(), err)
		}
		b.order[i] = i
	}
	b.stamp(s.Now())
	slices.SortFunc(b.order, func(i, j int) int {
		return cmp.Or(cmp.Compare(b.items[i].typ, b.items[j].typ), cmp.Compare(b.items[i].id, b.items[j].id), cmp.Compare(i, j))
	})
	return b, nil
}

// stamp makes the first version of each item.
func (b *Batch) stamp(now time.Time) {
	b.time = time.UnixMilli(now.UnixMilli()).UTC()
	b.first = make([]first, len(b.items))
	size := 0
	for _, it := range b.items {
		size += len(it.doc.JSON()) + 128
	}
	bodies := make([]byte, 0, size)
	for i, it := range b.items {
		start := len(bodies)
		bodies = it.doc.Stamped(bodies, it.id, 1, b.time)
		b.first[i].body = bodies[start:len(bodies):len(bodies)]
		b.first[i].sum = sha256.Sum256(b.first[i].body)
	}
}

// Import stores many documents in one transaction, faster than Put one by one: a batch of up to a few thousand.
// It returns one Change per document, in order. Two documents with one key in a batch are two versions. That the import
// begins and ends is for the caller to note; who is named by the events of the members of Groups that join and leave.
func (s *Store) Import(ctx context.Context, who audit.Who, docs []*fhir.Document) ([]Change, error) {
	b, err := s.Prepare(docs)
	if err != nil {
		return nil, err
	}
	return s.ImportBatch(ctx, who, b)
}

// ImportBatch is [Store.Import] of a prepared batch.
func (s *Store) ImportBatch(ctx context.Context, who audit.Who, b *Batch) ([]Change, error) {
	taken, err := s.importBatch(ctx, who, b)
	if err != nil {
		return nil, err
	}
	changes := make([]Change, len(taken))
	for i, t := range taken {
		changes[i] = t.Change
	}
	return changes, nil
}

func (s *Store) importBatch(ctx context.Context, who audit.Who, b *Batch) ([]Taken, error) {
	if who.Kind == "" {
		return nil, fmt.Errorf("import: %w", errNoEvent)
	}
	taken := make([]Taken, len(b.items))
	err := s.write(ctx, func(tx *Tx) error {
		tx.agree(b)
		b.rederive(s.Bases())
		fresh, rest, err := tx.sift(b)
		if err != nil {
			return err
		}
		if err := tx.insertAll(fresh); err != nil {
			return err
		}
		for _, i := range fresh.index {
			taken[i].Change = Created
			tx.regrouped(b.items[i].doc.Type(), b.items[i].id, nil, b.items[i].owners)
		}
		for _, i := range rest {
			if taken[i], err = tx.putOrTake(b, i); err != nil {
				return fmt.Errorf("%s/%s: %w", b.items[i].doc.Type(), b.items[i].id, err)
			}
		}
		if err := tx.settleTies(); err != nil {
			return err
		}
		return tx.recordFurther(audit.Event{Who: who})
	})
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return taken, nil
}

// putOrTake stores one item of a batch.
func (tx *Tx) putOrTake(b *Batch, i int) (t Taken, err error) {
	if b.offers != nil {
		return tx.take(b.items[i], b.offers[i], b.terms)
	}
	_, t.Change, err = tx.put(b.items[i])
	return t, err
}

// agree lets the transaction have the time of the batch, or, if the clock is past that, the batch that of the transaction.
func (tx *Tx) agree(b *Batch) {
	if b.time.After(tx.last) && !b.time.After(tx.Time) {
		tx.Time = b.time
	} else if !b.time.Equal(tx.Time) {
		b.stamp(tx.Time)
	}
}

// rederive makes the owners anew if the store has learnt a base since.
func (b *Batch) rederive(own fhir.Bases) {
	if b.own == own {
		return
	}
	for i := range b.items {
		b.items[i].belong(own)
	}
	b.own = own
}

// fresh are the items of a batch that are not in the store, in order, with the first of their row numbers.
type fresh struct {
	items  []item
	first  []first
	offers []Offer // as in the batch
	index  []int   // in the batch
	rid    int64
}

// sift splits a batch into the items that are new and those that must go one by one, because their key is taken or comes
// a second time. Items that are stored already are in neither.
func (tx *Tx) sift(b *Batch) (fresh, []int, error) {
	verdicts := make([]verdict, len(b.items))
	for i := 1; i < len(b.order); i++ {
		x, y := b.items[b.order[i-1]], b.items[b.order[i]]
		if x.typ == y.typ && x.id == y.id {
			verdicts[b.order[i]] = again
		}
	}
	if err := tx.lookUp(b, verdicts); err != nil {
		return fresh{}, nil, err
	}
	if err := tx.lookUpDeleted(b, verdicts); err != nil {
		return fresh{}, nil, err
	}
	var f fresh
	var rest []int
	for i, v := range verdicts {
		switch {
		case v == unknown:
			f.items, f.first, f.index = append(f.items, b.items[i]), append(f.first, b.first[i]), append(f.index, i)
			if b.offers != nil {
				f.offers = append(f.offers, b.offers[i])
			}
		case v != same:
			rest = append(rest, i)
		}
	}
	err := tx.scan(`SELECT coalesce(max(rid), 0) + 1 FROM resource`, nil, &f.rid)
	return f, rest, err
}

// verdict is what sift finds out about one item.
type verdict byte

const (
	unknown verdict = iota // no row has the key
	same                   // the current row has the content
	changed                // the current row has other content, is a tombstone, or something is to be noted of the origin
	again                  // an item before it in the batch has the key
)

// lookUp compares the items with their rows, many per statement, in the order of the key index.
func (tx *Tx) lookUp(b *Batch, verdicts []verdict) error {
	const most = 32
	text := `SELECT r.id, r.version, r.updated, r.sha256, r.body IS NULL, o.version, o.taken, o.seconds, o.nanos, o.number
		FROM resource r LEFT JOIN origin o ON o.rid = r.rid WHERE r.type = ? AND r.id IN (` + marks(most) + `)`
	args, row := numbered(1+most), make([]rawValue, 10)
	return tx.raw(func(r raw) error {
		for rest := b.order; len(rest) > 0; {
			n := 1
			for n < min(most, len(rest)) && b.items[rest[n]].typ == b.items[rest[0]].typ {
				n++
			}
			chunk := rest[:n]
			rest = rest[n:]
			args[0].Value = b.items[chunk[0]].typ
			for k := range most {
				args[1+k].Value = b.items[chunk[min(k, n-1)]].id
			}
			if err := r.query(text, args, row, func() (bool, error) { b.judge(chunk, row, verdicts); return true, nil }); err != nil {
				return err
			}
		}
		return nil
	})
}

// judge gives the first item of the chunk with the row's id its verdict.
func (b *Batch) judge(chunk []int, row []rawValue, verdicts []verdict) {
	k, found := slices.BinarySearchFunc(chunk, row[0].(string), func(i int, id string) int { return cmp.Compare(b.items[i].id, id) })
	if !found {
		return
	}
	i := chunk[k]
	if verdicts[i] == again {
		return // its first occurrence was in the chunk before
	}
	c := current{version: row[1].(int64), updated: row[2].(int64), sha256: row[3].([]byte)}
	verdicts[i] = changed
	if row[4].(int64) == 0 && c.hashes(b.items[i]) && !b.teaches(i, c.version, row[5:]) {
		verdicts[i] = same
	}
}

// insertAll stores first versions: rows in order, then what is derived from them in the order of its own tree.
func (tx *Tx) insertAll(f fresh) error {
	if len(f.items) == 0 {
		return nil
	}
	since := tx.seq + 1
	tx.seq += int64(len(f.items))
	tx.ticked = true
	tx.hangAll(f)
	return tx.raw(func(r raw) error {
		if err := tx.insertBodies(r, f, since); err != nil {
			return err
		}
		if err := tx.insertOrigins(r, f); err != nil {
			return err
		}
		return insertDerived(r, f, since)
	})
}

// hangAll notes what was stored: others may hang on it, and some hangs on others.
func (tx *Tx) hangAll(f fresh) {
	for i, it := range f.items {
		tx.name(it.names...)
		if len(it.ties) > 0 {
			tx.hang(f.rid + int64(i))
		}
	}
}

func (tx *Tx) insertBodies(r raw, f fresh, since int64) error {
	at := tx.Time.UnixMilli()
	return r.insert(`INSERT INTO resource (rid, type, id, version, seq, updated, owned, sha256, body)`, 9, len(f.items),
		func(i int, args []rawArg) {
			it, first := &f.items[i], &f.first[i]
			tx.pages += 3 + len(first.body)/pageSize
			args[0].Value = f.rid + int64(i)
			args[1].Value = it.typ
			args[2].Value = it.id
			args[3].Value = int64(1)
			args[4].Value = since + int64(i)
			args[5].Value = at
			args[6].Value = owned(it.owners)
			args[7].Value = first.sum[:]
			args[8].Value = first.body
		})
}

func insertDerived(r raw, f fresh, since int64) error {
	n := 0
	for _, it := range f.items {
		n += len(it.entries)
	}
	owners, entries, ties := make([]ownerRow, 0, len(f.items)), make([]entryRow, 0, n), []tieRow(nil)
	for i, it := range f.items {
		for _, e := range it.entries {
			entries = append(entries, entryRow{e, f.rid + int64(i)})
		}
		for _, o := range it.owners {
			owners = append(owners, ownerRow{Owner: o, rid: f.rid + int64(i), since: since + int64(i)})
		}
		for _, target := range it.ties {
			ties = append(ties, tieRow{target, f.rid + int64(i)})
		}
	}
	if err := r.insertTies(ties); err != nil {
		return err
	}
	return r.insertRows(owners, entries)
}
