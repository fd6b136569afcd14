package record

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"satchel/fhir"
	"satchel/storage"
)

// Population is every version of every resource in a snapshot: of every type, whosever they are.
type Population struct {
	Snapshot storage.Snapshot
	Counts   map[string]*TypeCounts // by type; stored by the database's own count, exported by [Population.Items]

	store *storage.Store
}

// CountPopulation counts what a snapshot holds. It fails, naming the type, for a type without a disposition.
func CountPopulation(ctx context.Context, s *storage.Store, at storage.Snapshot) (*Population, error) {
	stored, err := s.VersionCounts(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	p := &Population{Snapshot: at, Counts: map[string]*TypeCounts{}, store: s}
	for typ, n := range stored {
		if _, err := disposition(typ); err != nil {
			return nil, fmt.Errorf("population: %w", err)
		}
		p.Counts[typ] = &TypeCounts{StoredCurrent: n.Living, StoredVersions: n.Earlier + n.Gone, Excluded: map[string]int{}}
	}
	return p, nil
}

// Items streams the population in order of type, id and version. At the end it returns an error if that is not everything
// that the database counted. It may be run again.
func (p *Population) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		r := Record{Snapshot: p.Snapshot, Counts: p.Counts, store: p.store}
		for _, c := range r.Counts {
			c.ExportedCurrent, c.ExportedVersions, c.Deleted = 0, 0, 0
		}
		err := p.items(ctx, &r, func(it Item) bool { return yield(it, nil) })
		if err == nil {
			err = r.reconcile()
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Item{}, fmt.Errorf("population: %w", err))
		}
	}
}

// Bounds of what a population is read ahead by, while what came before is written.
const (
	portions     = 4
	portionBytes = 1 << 20
)

// portion is a batch of versions with their bodies.
type portion struct {
	items  []Item
	last   []bool
	bodies []byte
}

// add copies a version in.
func (b *portion) add(row storage.Row, last bool, kind fhir.Kind) {
	it := Item{Why: "population", Type: row.Type, ID: row.ID, Version: row.Version, Updated: row.Updated, RID: row.RID}
	it.Section = sectionOf(row.Type, kind == fhir.Forward || kind == fhir.System, row.JSON == nil, last)
	if row.JSON != nil {
		start := len(b.bodies)
		b.bodies = append(b.bodies, row.JSON...)
		it.JSON = b.bodies[start:len(b.bodies):len(b.bodies)]
	}
	b.items, b.last = append(b.items, it), append(b.last, last)
}

// items reads in a goroutine of its own, so that reading and writing go side by side.
func (p *Population) items(ctx context.Context, r *Record, yield func(Item) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	full, free := make(chan *portion, portions), make(chan *portion, portions)
	for range portions {
		free <- &portion{}
	}
	var failed error
	go func() {
		defer close(full)
		failed = p.read(ctx, full, free)
	}()
	defer func() {
		cancel()
		for range full { // until the reader has ended
		}
	}()
	for b := range full {
		for i, it := range b.items {
			r.exported(it, b.last[i])
			if !yield(it) {
				return errStopped
			}
		}
		b.items, b.last, b.bodies = b.items[:0], b.last[:0], b.bodies[:0]
		if cap(b.bodies) > 4*portionBytes {
			b.bodies = nil // of a single huge version
		}
		free <- b
	}
	return failed
}

// read fills batches with the versions of all types.
func (p *Population) read(ctx context.Context, full chan<- *portion, free <-chan *portion) error {
	var b *portion
	next := func() error {
		if b != nil {
			full <- b // has room for all batches
		}
		select {
		case b = <-free:
			return nil
		case <-ctx.Done():
			b = nil
			return ctx.Err()
		}
	}
	if err := next(); err != nil {
		return err
	}
	for _, typ := range fhir.Types() {
		if p.Counts[typ] == nil {
			continue
		}
		kind := dispositionKind(typ)
		err := p.store.VersionsOfType(ctx, p.Snapshot, typ, func(row storage.Row, last bool) error {
			if len(b.bodies) > 0 && len(b.bodies)+len(row.JSON) > portionBytes || len(b.items) >= 4*itemRows {
				if err := next(); err != nil {
					return err
				}
			}
			b.add(row, last, kind)
			return nil
		})
		if err != nil {
			return err
		}
	}
	full <- b
	return nil
}

func dispositionKind(typ string) fhir.Kind {
	d, _ := dispositionOf(typ)
	return d.Kind
}
