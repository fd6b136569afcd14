package record

import (
	"slices"
	"sync"

	"satchel/fhir"
	"satchel/storage"
)

// forward looks for everything that placed rows point to.
func (g *gatherer) forward(placed []*recordRow) error {
	wanted := map[string][]string{} // ids by type
	urls := map[string]bool{}
	for _, r := range placed {
		for i := range r.versions {
			v := &r.versions[i]
			for _, k := range v.next {
				if g.follows(r, k.typ) {
					g.want(wanted, k, r)
				}
			}
			for _, url := range slices.Concat(v.canonicals, v.systems) {
				urls[url] = true
			}
			for _, c := range v.conditions {
				if err := g.condition(wanted, c, r); err != nil {
					return err
				}
			}
			v.next, v.canonicals, v.systems, v.conditions = nil, nil, nil, nil
		}
	}
	if err := g.find(wanted); err != nil {
		return err
	}
	return g.definitions(urls)
}

// follows reports whether references of a row to resources of a type are followed. From the directory only the directory is
// reached, and files.
func (g *gatherer) follows(r *recordRow, typ string) bool {
	if r.depth >= maxSteps {
		return false
	}
	d, err := g.disposition(typ)
	if err != nil {
		return true // fails when it is read
	}
	if d.Kind == fhir.System || d.Kind == fhir.Excluded {
		return false
	}
	return r.place != directory || d.Kind == fhir.Forward || typ == "Binary"
}

// want notes a key to look for, once, and where it was found.
func (g *gatherer) want(wanted map[string][]string, k key, from *recordRow) {
	if _, asked := g.from[k]; asked {
		return
	}
	g.from[k] = recordFrom{from.String(), from.depth + 1}
	if r := g.rows[k]; r == nil {
		wanted[k.typ] = append(wanted[k.typ], k.id)
	} else if r.from == "" && r.place == pending {
		r.from, r.depth = from.String(), from.depth+1
	}
}

// condition looks for the one resource of the directory that meets a conditional reference.
func (g *gatherer) condition(wanted map[string][]string, c fhir.Reference, from *recordRow) error {
	q, ok := fhir.ParseConditional(c, g.bases)
	if !ok || !g.follows(from, c.Type) {
		return nil
	}
	found, err := g.store.Search(g.ctx, q, storage.Page{Count: 2})
	if err != nil {
		return err
	}
	if len(found.Resources) != 1 {
		g.odd[c.Type+"?"+c.Query] = true
		return nil
	}
	g.want(wanted, key{c.Type, found.Resources[0].ID}, from)
	return nil
}

// find loads resources by key.
func (g *gatherer) find(wanted map[string][]string) error {
	var rids []int64
	for typ, ids := range wanted {
		found, err := g.store.RIDs(g.ctx, typ, ids)
		if err != nil {
			return err
		}
		rids = append(rids, found...)
	}
	return g.load(rids)
}

// definitions loads stored definitions by their url: of questionnaires, extensions, code systems …
func (g *gatherer) definitions(urls map[string]bool) error {
	values := map[string]map[int64]bool{}
	for url := range urls {
		if g.urls[url] {
			continue
		}
		g.urls[url] = true
		for _, typ := range definitionTypes() {
			if values[typ] == nil {
				values[typ] = map[int64]bool{}
			}
			values[typ][fhir.CanonicalEntry(typ, url).Value] = true
		}
	}
	for _, typ := range definitionTypes() { // in a fixed order, so that the same snapshot gives the same record
		if len(values[typ]) == 0 {
			continue
		}
		rids, err := g.store.EntryRIDs(g.ctx, fhir.CanonicalEntry(typ, "").Key, values[typ])
		if err != nil {
			return err
		}
		if len(rids) == 0 {
			continue
		}
		if err := g.read(rids, func(r *recordRow) {
			r.from, r.depth = "a url", 1
			g.keep(r)
		}); err != nil {
			return err
		}
	}
	return nil
}

// definitionTypes are the types that are followed to by their url.
var definitionTypes = sync.OnceValue(func() []string {
	var types []string
	for _, d := range fhir.Dispositions() {
		if d.Kind == fhir.Forward && slices.ContainsFunc(fhir.SearchParams(d.Type), func(p fhir.SearchParam) bool { return p.Name == "url" }) {
			types = append(types, d.Type)
		}
	}
	return types
})

// reverse finds what the index says to point to newly placed rows: anything that points to the core, and Provenance of what
// else is about nobody.
func (g *gatherer) reverse(placed []*recordRow) ([]int64, error) {
	var rids []int64
	for _, l := range fhir.ReverseLinks() {
		values := map[int64]bool{}
		for _, r := range placed {
			ties := r.place == core || r.place == attached && l.Type == "Provenance"
			if ties && (l.Targets == nil || slices.Contains(l.Targets, r.typ)) {
				values[fhir.ReferenceEntry(l.Type, l.Param, r.id).Value] = true
			}
		}
		if len(values) == 0 {
			continue
		}
		more, err := g.store.EntryRIDs(g.ctx, fhir.ReferenceEntry(l.Type, l.Param, "").Key, values)
		if err != nil {
			return nil, err
		}
		rids = append(rids, more...)
	}
	return rids, nil
}
