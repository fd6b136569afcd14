package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"satchel/fhir"
)

// Belonging lists the patients to whom a document belongs, as things stand now: those it names, those of what it hangs
// on ([fhir.Belonging]), and, where both say nothing, the one to whom staff assigned it ([Assignment]). For a stored resource these are the owners in the index. In order of id, each once.
func (s *Store) Belonging(ctx context.Context, d *fhir.Document) ([]fhir.Owner, error) {
	return s.belonging(ctx, s.reads, d)
}

// Belonging is [Store.Belonging] as the transaction sees things.
func (tx *Tx) Belonging(d *fhir.Document) ([]fhir.Owner, error) {
	return tx.s.belonging(context.Background(), tx, d)
}

func (s *Store) belonging(ctx context.Context, db querier, d *fhir.Document) ([]fhir.Owner, error) {
	b := d.Belonging(s.Bases())
	if !b.Hangs() && (owned(b.Owners) || !assignable(d.Type())) {
		return b.Owners, nil
	}
	c := climber{s: s, ctx: ctx, db: db, own: s.Bases()}
	tied, err := c.climb(d.Type(), d.ID(), b)
	if err != nil {
		return nil, fmt.Errorf("find whose %s/%s is: %w", d.Type(), d.ID(), err)
	}
	return joined(b.Owners, tied), nil
}

// joined puts the owners by ties beside those that a document names, the stronger reason of each.
func joined(named, tied []fhir.Owner) []fhir.Owner {
	all := slices.Clone(named)
	for _, o := range tied {
		i := slices.IndexFunc(all, func(n fhir.Owner) bool { return n.Patient == o.Patient })
		if i < 0 {
			all = append(all, o)
		} else {
			all[i].Why = min(all[i].Why, o.Why)
		}
	}
	slices.SortFunc(all, compareOwners)
	return all
}

// climber follows ties to the patients at their ends. What it has read stands as long as nothing is written.
type climber struct {
	s     *Store
	ctx   context.Context
	db    querier
	own   fhir.Bases
	nodes map[string]*fhir.Belonging // by name; nil: not stored
	ids   map[string]string          // patients by their names by identifier or UUID; "": none, or several
	none  *bool                      // there are no assignments; nil: not known yet
}

// mostNodes is how much of what was read is kept.
const mostNodes = 1 << 16

// climb lists the owners of a document that it does not name, in order of id: the patient to whom staff assigned it, or else
// those that it hangs on. Each of these is the only one, or one of several, and then the patients of whom the document itself
// says that they are in it count, too.
func (c *climber) climb(typ, id string, b fhir.Belonging) ([]fhir.Owner, error) {
	if patient, err := c.assigned(typ, id, b); err != nil || patient != "" {
		return []fhir.Owner{{Patient: patient, Why: fhir.WhyAssigned}}, err
	}
	if !b.Hangs() {
		return nil, nil
	}
	found, shared, err := c.reach(b, true)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	all := map[string]bool{}
	for id := range found {
		all[id] = true
	}
	for _, o := range b.Owners {
		if o.Why.Concerns() {
			all[o.Patient] = true
		}
	}
	why := fhir.WhyTied
	if shared || len(all) > 1 {
		why = fhir.WhyTiedShared
	}
	owners := make([]fhir.Owner, 0, len(found))
	for id := range found {
		owners = append(owners, fhir.Owner{Patient: id, Why: why})
	}
	slices.SortFunc(owners, compareOwners)
	return owners, nil
}

// assigned is the patient to whom staff assigned a resource, if neither it nor anything that it hangs on names one; "" else.
func (c *climber) assigned(typ, id string, b fhir.Belonging) (string, error) {
	if !assignable(typ) || owned(b.Owners) {
		return "", nil
	}
	patient, _, err := c.assignee(typ, id)
	if err != nil || patient == "" {
		return "", err
	}
	named, _, err := c.reach(b, false)
	if len(named) > 0 {
		return "", err
	}
	return patient, err
}

// assignable reports whether a resource of the type that is nobody's can be assigned.
func assignable(typ string) bool {
	d, ok := fhir.DispositionOf(typ)
	return ok && !d.Ownerless()
}

// reach follows the ties, each once, however they lead. shared says that one of the things is about several patients. What
// staff assigned of the things counts if assigned is set, and then it leads no further.
func (c *climber) reach(b fhir.Belonging, assigned bool) (found map[string]bool, shared bool, err error) {
	found = map[string]bool{}
	seen := map[string]bool{}
	for queue := []*fhir.Belonging{&b}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		about, err := c.about(at.Subjects, found)
		if err != nil {
			return nil, false, err
		}
		if about {
			continue // its ties do not count
		}
		for _, name := range at.Ties {
			if seen[name] {
				continue
			}
			seen[name] = true
			to, err := c.node(name)
			if err == nil && to != nil && assigned {
				r, patient := fhir.ParseReference(name), ""
				if patient, err = c.assigned(r.Type, r.ID, *to); patient != "" {
					found[patient], to = true, nil
				}
			}
			if err != nil {
				return nil, false, err
			}
			if to != nil {
				shared = take(to.Owners, found) || shared
				queue = append(queue, to)
			}
		}
	}
	return found, shared, nil
}

// about adds the patients with the names to what was found, and reports whether there is any.
func (c *climber) about(names []string, found map[string]bool) (any bool, err error) {
	for _, name := range names {
		id, err := c.patient(name)
		if err != nil {
			return false, err
		}
		if id != "" {
			any, found[id] = true, true
		}
	}
	return any, nil
}

// take adds the owners of a thing that something hangs on to what was found, and reports whether they share it.
func take(owners []fhir.Owner, found map[string]bool) (shared bool) {
	n := 0
	for _, o := range owners {
		if o.Why.Concerns() {
			found[o.Patient] = true
			shared = shared || o.Why == fhir.WhyShared
			n++
		}
	}
	return shared || n > 1
}

// node reads what has the name "Type/id": its last living version if it was deleted, as what hangs on it stays whose it was.
func (c *climber) node(name string) (*fhir.Belonging, error) {
	if b, ok := c.nodes[name]; ok {
		return b, nil
	}
	if c.nodes == nil || len(c.nodes) > mostNodes {
		c.nodes = map[string]*fhir.Belonging{}
	}
	r := fhir.ParseReference(name)
	code, err := c.s.types.code(r.Type)
	if err != nil {
		return nil, err
	}
	var body []byte
	err = scan(c.ctx, c.db, `SELECT coalesce(r.body, (SELECT h.body FROM history h WHERE h.rid = r.rid AND h.version = r.version - 1))
		FROM resource r WHERE r.type = ? AND r.id = ?`, []any{code, r.ID}, &body)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, err
	}
	if err != nil || body == nil {
		c.nodes[name] = nil
		return nil, nil
	}
	d := c.s.documents.Get().(*fhir.Document)
	defer c.s.documents.Put(d)
	if err := d.Reset(body); err != nil {
		return nil, fmt.Errorf("stored %s: %w", name, err)
	}
	b := d.Belonging(c.own)
	c.nodes[name] = &b
	return &b, nil
}

// patient finds the one patient who has a name by identifier or by UUID; "" if nobody has it, or several do.
func (c *climber) patient(name string) (string, error) {
	if id, ok := c.ids[name]; ok {
		return id, nil
	}
	if c.ids == nil || len(c.ids) > mostNodes {
		c.ids = map[string]string{}
	}
	var id string
	var err error
	if system, value, ok := fhir.IdentifierOf(name); ok {
		id, err = c.identified(system, value)
	} else if b, e := c.node(name); e != nil || b != nil {
		id, err = fhir.BarePatient(name), e
	}
	if err == nil {
		c.ids[name] = id
	}
	return id, err
}

func (c *climber) identified(system, value string) (string, error) {
	q, err := fhir.IdentifierQuery("Patient", system, value)
	if err != nil {
		return "", nil // it cannot be searched for, so nobody has it
	}
	found, err := c.s.search(c.ctx, c.ctx, c.db, q, Page{Count: 2})
	if err != nil || len(found.Resources) != 1 {
		return "", err
	}
	return found.Resources[0].ID, nil
}
