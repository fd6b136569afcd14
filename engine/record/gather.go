package record

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// maxSteps bounds how far references are followed from what is about the patient.
const maxSteps = 8

// gatherer gathers one record: from the patients' own resources it follows references and what refers back, round by
// round, until nothing new comes in.
type gatherer struct {
	ctx     context.Context
	store   *storage.Store
	at      storage.Snapshot
	options Options
	bases   fhir.Bases

	patients map[string]bool
	left     map[string]bool // Patients that are linked with these and left out

	rows    map[key]*recordRow
	known   map[int64]bool     // rids in rows
	waiting []*recordRow       // pending rows
	fresh   []*recordRow       // placed rows that were not followed yet
	from    map[key]recordFrom // targets of references that were looked for, and what pointed there first
	urls    map[string]bool    // canonicals and systems that were looked for
	outside map[string]bool    // references to other servers
	odd     map[string]bool    // references that name no resource
	types   map[string]fhir.Disposition

	tied map[int64]map[int64][]fhir.Owner // of the rows at hand, by version: owners by what they hang on
	doc  fhir.Document
	ties fhir.Ties
}

// recordFrom is what pointed to a resource.
type recordFrom struct {
	text  string // "Type/id"
	depth int
}

func newGatherer(ctx context.Context, s *storage.Store, at storage.Snapshot, o Options) *gatherer {
	g := &gatherer{
		ctx: ctx, store: s, at: at, options: o, bases: s.Bases(),
		patients: map[string]bool{}, left: map[string]bool{}, rows: map[key]*recordRow{}, known: map[int64]bool{}, from: map[key]recordFrom{},
		urls: map[string]bool{}, outside: map[string]bool{}, odd: map[string]bool{}, types: map[string]fhir.Disposition{},
	}
	return g
}

// close gathers everything that the patients lead to.
func (g *gatherer) close() error {
	var own []int64
	for id := range g.patients {
		rids, err := g.store.OwnerRIDs(g.ctx, g.at, id)
		if err != nil {
			return err
		}
		own = append(own, rids...)
	}
	if err := g.load(own); err != nil {
		return err
	}
	for {
		g.settleAll()
		if len(g.fresh) == 0 {
			return nil
		}
		if err := g.round(); err != nil {
			return err
		}
	}
}

// round follows what was placed last, forward and backward.
func (g *gatherer) round() error {
	fresh := g.fresh
	g.fresh = nil
	if err := g.forward(fresh); err != nil {
		return err
	}
	rids, err := g.reverse(fresh)
	if err != nil {
		return err
	}
	return g.load(rids)
}

// settleAll places the waiting rows until none moves any more.
func (g *gatherer) settleAll() {
	for moved := true; moved; {
		moved = false
		g.waiting = slices.DeleteFunc(g.waiting, func(r *recordRow) bool {
			if !g.settle(r) {
				return false
			}
			if r.place != refused {
				moved = true
				g.fresh = append(g.fresh, r)
			}
			return true
		})
	}
}

// load reads resources that are not known yet.
func (g *gatherer) load(rids []int64) error {
	return g.read(rids, func(r *recordRow) { g.keep(r) })
}

// keep takes a row in.
func (g *gatherer) keep(r *recordRow) {
	g.known[r.rid] = true
	g.rows[r.key] = r
	g.waiting = append(g.waiting, r)
	if from, ok := g.from[r.key]; ok {
		r.from, r.depth = from.text, from.depth
	}
}

// read reads the versions of resources that are not known yet and calls f with each.
func (g *gatherer) read(rids []int64, f func(*recordRow)) error {
	rids = slices.DeleteFunc(rids, func(rid int64) bool { return g.known[rid] })
	if len(rids) == 0 {
		return nil
	}
	var err error
	if g.tied, err = g.store.TiedOwners(g.ctx, g.at, rids); err != nil {
		return err
	}
	var r *recordRow
	var all []*recordRow
	err = g.store.Versions(g.ctx, g.at, rids, func(row storage.Row) error {
		if r == nil || r.rid != row.RID {
			if _, err := g.disposition(row.Type); err != nil {
				return err
			}
			r = &recordRow{key: key{row.Type, row.ID}, rid: row.RID}
			all = append(all, r)
		}
		return g.version(r, row)
	})
	if err == nil {
		err = g.superseded(all)
	}
	for _, r := range all {
		if r.typ == "Binary" && err == nil {
			r.guards, err = g.store.GuardsBy(g.ctx, r.id, r.context)
		}
		if err == nil {
			f(r)
		}
	}
	return err
}

// superseded judges earlier versions anew by what they hang on now, as a read of such a version does: an encounter that was moved
// to another patient takes along what hung on it before. What was the record's by a tie and is not any more touches it still.
func (g *gatherer) superseded(all []*recordRow) error {
	byRID := map[int64]*recordRow{}
	var rids []int64
	for _, r := range all {
		if len(r.versions) > 1 {
			byRID[r.rid], rids = r, append(rids, r.rid)
		}
	}
	next := map[int64]int{}
	return g.store.Versions(g.ctx, g.at, rids, func(row storage.Row) error {
		r := byRID[row.RID]
		i := next[row.RID]
		next[row.RID]++
		v := &r.versions[i]
		if v.deleted || i == len(r.versions)-1 || v.mine == fhir.WhySubject {
			return nil
		}
		if err := g.doc.Reset(row.JSON); err != nil {
			return err
		}
		now, err := g.store.Belonging(g.ctx, &g.doc)
		if err != nil {
			return err
		}
		was := v.mine
		v.mine, v.other = 0, false
		g.take(v, now)
		if v.mine == 0 && was != 0 {
			v.mine = fhir.WhyOther
		}
		v.shared = v.mine != 0 && v.mine != fhir.WhyOther && v.other || g.types[r.typ].Kind == fhir.Forward && v.shared
		return nil
	})
}

func (g *gatherer) disposition(typ string) (fhir.Disposition, error) {
	if d, ok := g.types[typ]; ok {
		return d, nil
	}
	d, err := disposition(typ)
	if err == nil {
		g.types[typ] = d
	}
	return d, err
}

// version adds one version to a row.
func (g *gatherer) version(r *recordRow, row storage.Row) error {
	r.size = max(r.size, len(row.JSON))
	v := recordVersion{version: row.Version, deleted: row.JSON == nil}
	if !v.deleted {
		err := g.doc.Reset(row.JSON)
		if err == nil {
			err = g.doc.Ties(&g.ties, g.bases)
			r.context = strings.Clone(g.doc.SecurityContext())
		}
		if err != nil {
			return fmt.Errorf("the references of %s/%s version %d cannot be read: %w", row.Type, row.ID, row.Version, err)
		}
		g.tie(r, &v)
	}
	r.versions = append(r.versions, v)
	return nil
}

// tie keeps of the ties of a version what is needed later.
func (g *gatherer) tie(r *recordRow, v *recordVersion) {
	d := g.types[r.typ]
	mentions := g.owners(r, v)
	v.shared = v.mine != 0 && v.mine != fhir.WhyOther && v.other || d.Kind == fhir.Forward && mentions
	v.ties = len(g.ties.Links) > 0 && (d.Joint || !v.mine.Named())
	for _, l := range g.ties.Links {
		if k, ok := g.own(l); ok && !v.mine.Named() {
			v.links = append(v.links, rowLink{k, l.Path, l.Role})
		}
	}
	v.withhold = g.withheld(r.key)
	loose := v.ties || v.shared
	for _, t := range g.ties.References {
		if k, ok := g.own(t); ok {
			v.point(g, k, loose && t.InItem)
		} else if t.Form != fhir.FormConditional {
			g.elsewhere(r, t)
		}
	}
	for _, url := range g.ties.Canonicals {
		v.canonicals = g.ask(v.canonicals, url)
	}
	for _, url := range g.ties.Systems {
		v.systems = g.ask(v.systems, url)
	}
	for _, c := range g.ties.Conditions {
		if text := c.Type + "?" + c.Query; !g.urls[text] {
			g.urls[text] = true
			v.conditions = append(v.conditions, c)
		}
	}
	for _, a := range g.ties.Attachments {
		a.Path, a.ContentType, a.URL = strings.Clone(a.Path), strings.Clone(a.ContentType), strings.Clone(a.URL)
		v.attachments = append(v.attachments, a)
	}
}

// owners reads whose a version is: whom it names, and whose the things are that it hangs on. mentions says that it names
// somebody else, for whatever reason.
func (g *gatherer) owners(r *recordRow, v *recordVersion) (mentions bool) {
	named := g.take(v, g.ties.Owners)
	return g.take(v, g.tied[r.rid][v.version]) || named
}

// take adds owners to what a version is to the record, and reports whether one of them is somebody else.
func (g *gatherer) take(v *recordVersion, owners []fhir.Owner) (mentions bool) {
	for _, o := range owners {
		mine := g.patients[o.Patient]
		if mine && (v.mine == 0 || o.Why < v.mine) {
			v.mine = o.Why
		}
		mentions = mentions || !mine
		v.other = v.other || !mine && o.Why != fhir.WhyOther
	}
	return mentions
}

// point notes a target to follow. What is withheld leads to its Binaries alone, which are then withheld with it.
func (v *recordVersion) point(g *gatherer, k key, inItem bool) {
	if k.typ == "Binary" && len(g.options.Withhold) > 0 {
		v.binaries = append(v.binaries, k)
	} else if v.withhold != 0 {
		return
	}
	if _, asked := g.from[k]; asked || inItem || k.typ == "Patient" {
		return
	}
	if !slices.Contains(v.next, k) {
		v.next = append(v.next, k)
	}
}

// own returns the key of a tie to a resource of this server. The key's strings are the caller's to keep.
func (g *gatherer) own(t fhir.Tie) (key, bool) {
	if !g.bases.Owns(t.Reference) {
		return key{}, false
	}
	k := key{t.Type, t.ID}
	if r := g.rows[k]; r != nil {
		return r.key, true
	}
	return key{strings.Clone(t.Type), strings.Clone(t.ID)}, true
}

// elsewhere counts a reference that leads to no resource of this server.
func (g *gatherer) elsewhere(r *recordRow, t fhir.Tie) {
	switch {
	case t.Form == fhir.FormURN && r.typ == "Bundle":
	case t.Form == fhir.FormAbsolute, strings.Contains(t.Text, ":"):
		g.outside[strings.Clone(t.Text)] = true
	default:
		g.odd[strings.Clone(t.Text)] = true
	}
}

// ask adds a URL to a list unless it was looked for already.
func (g *gatherer) ask(list []string, url string) []string {
	if g.urls[url] || slices.Contains(list, url) {
		return list
	}
	return append(list, strings.Clone(url))
}

// withheld is the rule that a label of the document meets, or that names it.
func (g *gatherer) withheld(k key) int {
	for i, w := range g.options.Withhold {
		if w.Resource != "" && w.Resource == k.String() || w.Resource == "" && slices.Contains(g.ties.Labels, fhir.Label{System: w.System, Code: w.Code}) {
			return i + 1
		}
	}
	return 0
}

// compareKeys orders by type and id.
func compareKeys(a, b key) int {
	return cmp.Or(strings.Compare(a.typ, b.typ), strings.Compare(a.id, b.id))
}
