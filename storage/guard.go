package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"satchel/fhir"
)

// Guard is a resource that stands for a Binary where it is decided who may see that Binary.
type Guard struct {
	Type, ID string
	Owners   []string // patients to whom the guard belongs as a whole
	Concerns []string // patients whose data it holds: these, and those who are some of several
	Shown    []Guard  // of a Patient: what shows the Binary
}

// Guards lists what stands for a Binary (R4 binary.html, securityContext): that context alone, if it has one, and nothing
// if the context is not there; else every resource that shows it. Who may see all of them may see it. For a Binary with none
// nobody is a guard, so that only who may read every Binary sees it.
func (s *Store) Guards(ctx context.Context, binary fhir.Resource) ([]Guard, error) {
	return s.guards(ctx, s.reads, binary)
}

// Guards is [Store.Guards] as the transaction sees things.
func (tx *Tx) Guards(binary fhir.Resource) ([]Guard, error) {
	return tx.s.guards(context.Background(), tx, binary)
}

func (s *Store) guards(ctx context.Context, db querier, binary fhir.Resource) ([]Guard, error) {
	if binary.Deleted || binary.JSON == nil {
		return nil, nil
	}
	d, err := fhir.Parse(binary.JSON)
	if err != nil {
		return nil, fmt.Errorf("find whose %s is: %w", binary.Key(), err)
	}
	return s.guardsBy(ctx, db, binary.ID, d.SecurityContext())
}

// GuardsBy is [Store.Guards] for a Binary whose securityContext is known; "" if it has none.
func (s *Store) GuardsBy(ctx context.Context, id, securityContext string) ([]Guard, error) {
	return s.guardsBy(ctx, s.reads, id, securityContext)
}

func (s *Store) guardsBy(ctx context.Context, db querier, id, securityContext string) (all []Guard, err error) {
	if securityContext != "" {
		all, err = s.contextGuard(ctx, db, id, fhir.ParseReference(securityContext))
	} else {
		all, err = s.showing(ctx, db, id)
	}
	if err != nil {
		return nil, fmt.Errorf("find whose Binary/%s is: %w", id, err)
	}
	return all, nil
}

// contextGuard is the resource that a securityContext names, if it is there.
func (s *Store) contextGuard(ctx context.Context, db querier, id string, r fhir.Reference) ([]Guard, error) {
	if !s.Bases().Owns(r) || r.Type == "Binary" {
		return nil, nil
	}
	if r.Type == "Patient" {
		shown, err := s.showing(ctx, db, id)
		return []Guard{{Type: "Patient", ID: r.ID, Owners: []string{r.ID}, Concerns: []string{r.ID}, Shown: shown}}, err
	}
	standing, err := s.resource(ctx, db, r.Type, r.ID)
	if e, ok := errors.AsType[*fhir.Error](err); ok && e.Code == fhir.CodeNotFound {
		return nil, nil
	}
	if err != nil || standing.Deleted {
		return nil, err
	}
	d, err := fhir.Parse(standing.JSON)
	if err != nil {
		return nil, err
	}
	g, err := s.guard(ctx, db, d)
	return []Guard{g}, err
}

func (s *Store) guard(ctx context.Context, db querier, d *fhir.Document) (Guard, error) {
	g := Guard{Type: d.Type(), ID: d.ID()}
	owners, err := s.belonging(ctx, db, d)
	for _, o := range owners {
		if o.Why.Whole() {
			g.Owners = append(g.Owners, o.Patient)
		}
		if o.Why.Concerns() {
			g.Concerns = append(g.Concerns, o.Patient)
		}
	}
	return g, err
}

// showing reads the resources that show a Binary: the index narrows, the document decides.
func (s *Store) showing(ctx context.Context, db querier, id string) (all []Guard, err error) {
	at := fhir.ShownEntry(id)
	rows, err := query(ctx, db, `SELECT r.body FROM `+entriesOf+` CROSS JOIN resource r ON r.rid = e.rid
		WHERE e.key = ? AND e.value = ? AND r.body IS NOT NULL`, at.Key, at.Value)
	bodies, err := collect(rows, err, func(scan row) (body []byte, err error) {
		err = scan(&body)
		return body, err
	})
	for _, body := range bodies {
		d, err := fhir.Parse(body)
		if err != nil {
			return nil, err
		}
		if !d.ShowsBinary(s.Bases(), id) {
			continue
		}
		g, err := s.guard(ctx, db, d)
		if err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	slices.SortFunc(all, func(a, b Guard) int { return strings.Compare(a.Type+"/"+a.ID, b.Type+"/"+b.ID) })
	return all, err
}
