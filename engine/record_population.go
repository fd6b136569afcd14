package engine

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

// Population counts what a snapshot holds. It fails, naming the type, for a type without a disposition.
func (e *Engine) Population(ctx context.Context, at storage.Snapshot) (*Population, error) {
	stored, err := e.store.VersionCounts(ctx, at)
	if err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	p := &Population{Snapshot: at, Counts: map[string]*TypeCounts{}, store: e.store}
	for typ, n := range stored {
		if _, err := disposition(typ); err != nil {
			return nil, fmt.Errorf("population: %w", err)
		}
		p.Counts[typ] = &TypeCounts{StoredCurrent: n.Living, StoredVersions: n.Earlier + n.Gone, Excluded: map[string]int{}}
	}
	return p, nil
}

// Items streams the population in order of type, id and version. At the end it answers an error if that is not everything
// that the database counted. It may be run again.
func (p *Population) Items(ctx context.Context) iter.Seq2[RecordItem, error] {
	return func(yield func(RecordItem, error) bool) {
		r := Record{Snapshot: p.Snapshot, Counts: p.Counts, store: p.store}
		for _, c := range r.Counts {
			c.ExportedCurrent, c.ExportedVersions, c.Deleted = 0, 0, 0
		}
		err := p.items(ctx, &r, func(it RecordItem) bool { return yield(it, nil) })
		if err == nil {
			err = r.reconcile()
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(RecordItem{}, fmt.Errorf("population: %w", err))
		}
	}
}

func (p *Population) items(ctx context.Context, r *Record, yield func(RecordItem) bool) error {
	for _, typ := range fhir.Types() {
		if p.Counts[typ] == nil {
			continue
		}
		for after := ""; ; {
			rids, last, err := p.store.RowsAfter(ctx, typ, after, itemRows, itemBytes)
			if err != nil {
				return err
			}
			if len(rids) == 0 {
				break
			}
			if err := p.page(ctx, r, typ, rids, yield); err != nil {
				return err
			}
			after = last
		}
	}
	return nil
}

// page yields the versions of a few rows of one type, in the order of rids.
func (p *Population) page(ctx context.Context, r *Record, typ string, rids []int64, yield func(RecordItem) bool) error {
	kind := dispositionKind(typ)
	rows := make([]*recordRow, len(rids))
	for i := range rows {
		rows[i] = &recordRow{rid: rids[i]}
	}
	versions, err := fetch(ctx, p.store, p.Snapshot, rows)
	if err != nil {
		return err
	}
	for _, rid := range rids {
		of := versions[rid]
		for i, v := range of {
			it := RecordItem{Why: "population", Type: v.Type, ID: v.ID, Version: v.Version, Updated: v.Updated, JSON: v.JSON}
			it.Section = sectionOf(v.Type, kind == fhir.Forward || kind == fhir.System, v.JSON == nil, i == len(of)-1)
			r.exported(it, i == len(of)-1)
			if !yield(it) {
				return errStopped
			}
		}
	}
	return nil
}

func dispositionKind(typ string) fhir.Kind {
	d, _ := dispositionOf(typ)
	return d.Kind
}
