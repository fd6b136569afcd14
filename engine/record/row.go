package record

import (
	"slices"

	"satchel/fhir"
	"satchel/storage"
)

// standing is what a resource is to the record.
type standing int

const (
	pending   standing = iota // read, not tied to the record so far
	core                      // about the patient: what points to it belongs, too
	attached                  // nobody's, and something in the record points to it
	directory                 // people, places, definitions that something in the record points to
	refused                   // touches the patient and is not handed out, or not as a whole
)

// recordRow is one resource that was looked at.
type recordRow struct {
	key
	rid      int64
	size     int // bytes of its largest version
	place    standing
	why      string
	from     string // what points to it: "Type/id"; "" if it was not reached by a reference
	depth    int    // steps from the core
	versions []recordVersion

	context string          // of a Binary: its securityContext; "" if it has none
	guards  []storage.Guard // of a Binary: what stands for it
}

// recordVersion is one version of it.
type recordVersion struct {
	version  int64
	deleted  bool
	ties     bool     // it is worth asking for an excerpt
	shared   bool     // other patients stand beside this one
	mine     fhir.Why // 0: it has nothing to do with a patient of the record
	other    bool     // it belongs to another patient
	withhold int      // 1-based number of the rule that its label meets; 0: none
	links    []rowLink
	verdict  int // what is handed out: 0 it is; 1-based number of the reason otherwise (see finisher)

	next        []key            // what it points to; gone once followed
	canonicals  []string         // likewise
	systems     []string         // likewise
	conditions  []fhir.Reference // likewise
	attachments []fhir.Attachment
	binaries    []key // Binaries that it points to, if it is withheld
}

// rowLink is a link of a version, without what leads to other servers.
type rowLink struct {
	key
	path string
	role bool
}

// claim is to whom a version belongs, as far as it tells itself.
type claim int

const (
	nobodys claim = iota
	ours
	theirs        // another patient's, and does not touch the record
	theirsTouched // another patient's, and touches the record
)

// last is the version that says whose the resource is: the current one, or the last before its deletion.
func (r *recordRow) last() *recordVersion {
	for i := len(r.versions) - 1; i >= 0; i-- {
		if !r.versions[i].deleted {
			return &r.versions[i]
		}
	}
	return nil
}

// current is the version current as of the snapshot.
func (r *recordRow) current() *recordVersion { return &r.versions[len(r.versions)-1] }

// claim judges a version by its owners, and by what it points to in the record if it has none.
func (g *gatherer) claim(r *recordRow, v *recordVersion) (claim, string) {
	path, role := g.leads(r, v)
	switch {
	case g.types[r.typ].Kind == fhir.Forward:
		return nobodys, "" // directory: it may name anybody
	case r.typ == "Binary" && r.context != "" && v.mine != 0 && !g.loose(r): // its securityContext is final, and closed if it leads nowhere
		return theirsTouched, ""
	case v.mine == fhir.WhySubject:
		return ours, "direct"
	case v.mine == fhir.WhyRole:
		return ours, "role"
	case v.mine == fhir.WhyAssigned, v.mine == 0 && !v.other && r.assigned():
		return ours, "assigned"
	case v.mine == fhir.WhyTied, (v.mine == fhir.WhyTiedShared || v.mine == fhir.WhyShared) && g.types[r.typ].Divisible():
		return ours, g.hangs(r, v)
	case v.mine != 0, v.other && (path != "" || role):
		return theirsTouched, ""
	case v.other:
		return theirs, ""
	case path != "":
		return ours, "reverse " + r.typ + "." + path
	case role:
		return ours, "role"
	case !g.loose(r):
		return theirsTouched, ""
	}
	return nobodys, ""
}

// unassigned reports whether a resource says of nobody whose it is.
func (g *gatherer) unassigned(r *recordRow) bool {
	last := r.last()
	theirs := slices.ContainsFunc(r.guards, func(guard storage.Guard) bool { return len(guard.Owners) > 0 && !g.opens(guard) })
	return last != nil && last.mine == 0 && !last.other && !theirs
}

// loose reports whether a resource that belongs to nobody may go along with what points to it. A reference does not give away
// what is another patient's, or ought to be somebody's and nobody knows whose ([fhir.Disposition.Ownerless]). A Binary goes along if all that stands for it belongs to the record, or to nobody by its nature,
// such as a picture of a practitioner; one whose securityContext is not there never does.
func (g *gatherer) loose(r *recordRow) bool {
	if r.typ != "Binary" {
		return r.from == "" || g.types[r.typ].Ownerless()
	}
	for _, guard := range r.guards {
		if !g.opens(guard) {
			return false
		}
	}
	return r.context == "" || len(r.guards) > 0
}

// opens reports whether a guard of a Binary belongs to the record, or to the directory.
func (g *gatherer) opens(guard storage.Guard) bool {
	if r := g.rows[key{guard.Type, guard.ID}]; r != nil && r.place != pending {
		return r.place != refused
	}
	if d, err := g.disposition(guard.Type); err != nil || d.Kind == fhir.Forward || d.Kind == fhir.System {
		return err == nil
	}
	return slices.ContainsFunc(guard.Owners, func(id string) bool { return g.patients[id] })
}

// assigned reports whether staff said that the resource is the patient's. Earlier versions that say of nobody whose they are
// are the patient's with it.
func (r *recordRow) assigned() bool {
	last := r.last()
	return last != nil && last.mine == fhir.WhyAssigned
}

// leads names the first link of a version that leads into the record; role says that it takes part only.
func (g *gatherer) leads(r *recordRow, v *recordVersion) (path string, role bool) {
	for _, l := range v.links {
		switch {
		case !g.tiedTo(r.typ, l.key):
		case l.role:
			role = true
		default:
			return l.path, role
		}
	}
	return "", role
}

// hangs says on what a version hangs that names no patient by id.
func (g *gatherer) hangs(r *recordRow, v *recordVersion) string {
	for _, l := range v.links {
		if !l.role && g.rows[l.key] != nil {
			return "reverse " + r.typ + "." + l.path
		}
	}
	if v.mine == fhir.WhyShared {
		return "one of several"
	}
	return "direct, by identifier"
}

// tiedTo reports whether a link of a resource of the type to k brings it into the record.
func (g *gatherer) tiedTo(typ string, k key) bool {
	r := g.rows[k]
	return r != nil && (r.place == core || r.place == attached && typ == "Provenance")
}

// settle decides the place of a pending resource by its last version. It reports whether it has one now.
func (g *gatherer) settle(r *recordRow) bool {
	last := r.last()
	if last == nil {
		return false
	}
	c, why := g.claim(r, last)
	switch {
	case g.unlisted(r):
		r.place = refused
	case c == ours:
		r.place, r.why, r.depth = core, why, 0
	case c != nobodys:
		r.place = refused
	case r.was() && r.alone():
		r.place, r.why, r.depth = attached, "direct, by an earlier version", 0 // what hangs on it now is nobody's, too
	case r.was():
		r.place = refused // of whom of those whose it was it tells now, nobody knows
	case g.types[r.typ].Kind == fhir.Forward && last.mine != 0 && r.from == "":
		r.place, r.why = directory, "names the patient"
	case r.from != "":
		r.place, r.why = attached, "forward from "+r.from
		if g.types[r.typ].Kind == fhir.Forward {
			r.place = directory
		}
	}
	return r.place != pending
}

// unlisted reports whether a row is in no record: of a type that is not, or another Patient.
func (g *gatherer) unlisted(r *recordRow) bool {
	kind := g.types[r.typ].Kind
	return kind == fhir.Excluded || kind == fhir.System || r.typ == "Patient" && !g.patients[r.id]
}

// was reports whether a version was the record's.
func (r *recordRow) was() bool {
	return slices.ContainsFunc(r.versions, func(v recordVersion) bool { return v.mine != 0 && v.mine != fhir.WhyOther })
}

// alone reports whether no version was another patient's. Then a version that says of nobody whose it is goes with the others.
func (r *recordRow) alone() bool {
	return !slices.ContainsFunc(r.versions, func(v recordVersion) bool { return v.other })
}
