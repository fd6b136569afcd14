package storage

import (
	"context"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Offer is what a source says of a version that it offers.
type Offer struct {
	fhir.SourceVersion
	Behind    bool // it stands behind a newer one of the same resource, as in a Bundle of history
	Overwrite bool // Terms.Overwrite for this one
}

// Terms are what whoever imports says about what is here already.
type Terms struct {
	Overwrite bool      // take what is offered also if it is older than what is here, or if that was changed here
	Since     time.Time // when the import began: what it has taken itself is not overwritten by something older
}

// overrules reports whether what is here gives way in any case.
func (t Terms) overrules(o *origin) bool {
	return t.Overwrite && (o == nil || !o.taken.After(t.Since))
}

// Taken is what became of an offer.
type Taken struct {
	Change Change
	Here   fhir.SourceVersion // what is known of the source's version that is here, if the offer was not taken
}

// Deletion is one at a source.
type Deletion struct {
	Type, ID string
	Offer
}

// PrepareOffers is [Store.Prepare] for [Store.Take]. offers has one for each document.
func (s *Store) PrepareOffers(docs []*fhir.Document, offers []Offer, terms Terms) (*Batch, error) {
	b, err := s.Prepare(docs)
	if err != nil {
		return nil, err
	}
	b.offers, b.terms = offers, terms
	return b, nil
}

// Take is [Store.ImportBatch] for what a source offers ([Store.PrepareOffers]): something older never replaces what is newer, and
// nothing what was written here since. What the source says of its versions decides; where it says nothing, content that an
// earlier version has was here before, and of anything else the later one counts.
func (s *Store) Take(ctx context.Context, who audit.Who, b *Batch) ([]Taken, error) {
	return s.importBatch(ctx, who, b)
}

// TakeDeletions carries out deletions at a source by the rules of [Store.Take], in one transaction. One of what is not here is
// Unchanged, and remembered: what is older does not come alive afterwards.
func (s *Store) TakeDeletions(ctx context.Context, who audit.Who, deletions []Deletion, terms Terms) ([]Taken, error) {
	if who.Kind == "" {
		return nil, fmt.Errorf("import: %w", errNoEvent)
	}
	all := make([]Taken, len(deletions))
	err := s.write(ctx, func(tx *Tx) (err error) {
		for i, d := range deletions {
			if all[i], err = tx.takeDeletion(d, terms); err != nil {
				return fmt.Errorf("delete %s/%s: %w", d.Type, d.ID, err)
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
	return all, nil
}

// standing is what an offer is compared with.
type standing struct {
	current
	from *origin // nil: nothing was ever taken from a source
}

// written reports whether the current version was written here, and not taken.
func (s standing) written() bool { return s.from == nil || s.from.version != s.version }

// known is what is known of the source's version that is here. What was only ever written here is as new as that.
func (s standing) known() fhir.SourceVersion {
	if s.from == nil {
		return fhir.SourceVersion{Updated: instant(s.updated)}
	}
	return s.from.SourceVersion
}

// judge says what becomes of an offer with other content than the current version: Updated (it is to be written), Older, EditKept,
// ChangedHere, or Unchanged where an earlier version has the content. had tells the latter.
func (s standing) judge(in Offer, terms Terms, had func() (bool, error)) (Change, error) {
	order := in.Compare(s.known())
	if terms.overrules(s.from) || order > 0 && (s.from == nil || !s.written()) {
		return Updated, nil
	}
	before, err := had()
	switch {
	case err != nil:
		return Unchanged, err
	case before && s.written():
		return EditKept, nil
	case before:
		return Unchanged, nil
	case s.from != nil && order < 0, order == 0 && in.Behind:
		return Older, nil
	case s.written():
		return ChangedHere, nil
	}
	return Updated, nil
}

// stands reads what stands under a key; found is false if nothing does or ever did.
func (tx *Tx) stands(typ int64, id string) (s standing, found bool, err error) {
	if s.current, found, err = tx.current(typ, id); err != nil || !found {
		return s, found, err
	}
	if o, taken, err := tx.origin(s.rid); err != nil {
		return s, true, err
	} else if taken {
		s.from = &o
	}
	return s, true, nil
}

// take stores one offer, or says why not.
func (tx *Tx) take(it item, in Offer, terms Terms) (Taken, error) {
	terms.Overwrite = terms.Overwrite || in.Overwrite
	s, found, err := tx.stands(it.typ, it.id)
	if err != nil {
		return Taken{}, err
	}
	if !found {
		return tx.takeFirst(it, in, terms)
	}
	if s.same(it) {
		if s.from == nil || !s.from.learns(in, s.version, terms) {
			return Taken{}, nil
		}
		return Taken{}, tx.setOrigin(s.rid, s.version, in.SourceVersion, s.from.SourceVersion)
	}
	change, err := s.judge(in, terms, func() (bool, error) { return tx.hadBefore(s.rid, it) })
	if err != nil || change != Updated {
		return Taken{change, s.known()}, err
	}
	if s.body == nil {
		change = Created
	}
	body := it.doc.Stamped(nil, it.id, s.version+1, tx.Time)
	if err := tx.replace(it, s.current, body); err != nil {
		return Taken{}, err
	}
	return Taken{Change: change}, tx.setOrigin(s.rid, s.version+1, in.SourceVersion, s.before(terms))
}

// before is what was told before and still holds of what is taken now.
func (s standing) before(terms Terms) fhir.SourceVersion {
	if s.from == nil || terms.overrules(s.from) {
		return fhir.SourceVersion{}
	}
	return s.from.SourceVersion
}

// takeFirst stores the first version of a resource, unless the source has deleted it since.
func (tx *Tx) takeFirst(it item, in Offer, terms Terms) (Taken, error) {
	o, deleted, err := tx.originDeleted(it.typ, it.id)
	if err != nil {
		return Taken{}, err
	}
	if deleted && !terms.overrules(&o) {
		if order := in.Compare(o.SourceVersion); order < 0 || order == 0 && in.Behind {
			return Taken{Older, o.SourceVersion}, nil
		}
	}
	if deleted {
		if err := tx.exec(`DELETE FROM origin_deleted WHERE type = ? AND id = ?`, it.typ, it.id); err != nil {
			return Taken{}, err
		}
	}
	if err := tx.insert(it, it.doc.Stamped(nil, it.id, 1, tx.Time)); err != nil {
		return Taken{}, err
	}
	c, _, err := tx.current(it.typ, it.id)
	if err != nil {
		return Taken{}, err
	}
	return Taken{Change: Created}, tx.setOrigin(c.rid, 1, in.SourceVersion, fhir.SourceVersion{})
}

// takeDeletion carries one out, or says why not.
func (tx *Tx) takeDeletion(d Deletion, terms Terms) (Taken, error) {
	code, err := tx.s.types.code(d.Type)
	if err != nil {
		return Taken{}, err
	}
	s, found, err := tx.stands(code, d.ID)
	if err != nil {
		return Taken{}, err
	}
	if !found {
		o, _, err := tx.originDeleted(code, d.ID)
		if err != nil || d.Compare(o.SourceVersion) < 0 {
			return Taken{Older, o.SourceVersion}, err
		}
		return Taken{}, tx.setOriginDeleted(code, d.ID, d.SourceVersion, o.SourceVersion)
	}
	if s.body == nil {
		if s.from == nil || !s.from.learns(d.Offer, s.version, terms) {
			return Taken{}, nil
		}
		return Taken{}, tx.setOrigin(s.rid, s.version, d.SourceVersion, s.from.SourceVersion)
	}
	if s.from == nil && !terms.overrules(nil) { // it may be somebody else's by the same id
		return Taken{ChangedHere, s.known()}, nil
	}
	change, err := s.judge(d.Offer, terms, func() (bool, error) { return false, nil })
	if err != nil || change != Updated {
		return Taken{change, s.known()}, err
	}
	if err := tx.delete(d.Type, d.ID, s.current); err != nil {
		return Taken{}, err
	}
	return Taken{Change: Deleted}, tx.setOrigin(s.rid, s.version+1, d.SourceVersion, s.before(terms))
}
