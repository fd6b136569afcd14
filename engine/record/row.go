package record

import (
	"slices"

	"satchel/fhir"
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
	alien    bool   // another patient's by what it says itself
	versions []recordVersion
}

// recordVersion is one version of it.
type recordVersion struct {
	version  int64
	deleted  bool
	ties     bool     // it is worth asking for an excerpt
	shared   bool     // other patients stand beside this one
	mine     fhir.Why // 0: not in the compartment of a patient of the record
	other    bool     // in another patient's, as subject or in a role that counts
	withhold int      // 1-based number of the rule that its label meets; 0: none
	links    []rowLink
	verdict  int // what is handed out: 0 it is; 1-based number of the reason otherwise (see finisher)

	next        []key    // what it points to; gone once followed
	canonicals  []string // likewise
	systems     []string // likewise
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

// claim judges a version by its owners, and by its links if it has none.
func (g *gatherer) claim(r *recordRow, v *recordVersion) (claim, string) {
	switch {
	case r.typ == "Bundle" && v.shared:
		return theirsTouched, "" // a document is sealed: there are no excerpts of it
	case v.mine == fhir.WhySubject:
		return ours, "direct"
	case v.mine == fhir.WhyRole:
		return ours, "role"
	}
	mine, role, foreign := "", "", false
	for _, l := range v.links {
		switch {
		case g.tiedTo(r.typ, l.key) && l.role:
			role = l.path
		case g.tiedTo(r.typ, l.key):
			mine = l.path
		case !l.role && g.foreign(l.key):
			foreign = true
		}
	}
	touched := v.mine == fhir.WhyOther || mine != "" || role != ""
	switch {
	case v.mine == fhir.WhyOther, v.other && touched, role != "" && mine == "" && foreign:
		return theirsTouched, ""
	case v.other:
		return theirs, ""
	case mine != "":
		return ours, "reverse " + r.typ + "." + mine
	case role != "":
		return ours, "role"
	case foreign:
		return theirs, ""
	}
	return nobodys, ""
}

// tiedTo reports whether a link of a resource of the type to k brings it into the record.
func (g *gatherer) tiedTo(typ string, k key) bool {
	r := g.rows[k]
	return r != nil && (r.place == core || r.place == attached && typ == "Provenance")
}

// foreign reports whether k is another patient, or another patient's by what it says itself.
func (g *gatherer) foreign(k key) bool {
	if k.typ == "Patient" {
		return !g.patients[k.id]
	}
	r := g.rows[k]
	return r != nil && r.alien && (r.place == pending || r.place == refused)
}

// estranged reports whether a row is another patient's by its owners, or by a link to another patient.
func (g *gatherer) estranged(r *recordRow) bool {
	last := r.last()
	if last == nil || last.mine == fhir.WhySubject || last.mine == fhir.WhyRole {
		return false
	}
	return last.other || slices.ContainsFunc(last.links, func(l rowLink) bool { return l.typ == "Patient" && !l.role && !g.patients[l.id] })
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
	case c != nobodys && (last.other || last.mine != 0):
		r.place = refused // owners do not change
	case c != nobodys:
		// links may come into the record in a later round
	case g.was(r):
		r.place, r.why, r.depth = core, "direct, by an earlier version", 0
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

// was reports whether an earlier version was the record's.
func (g *gatherer) was(r *recordRow) bool {
	return slices.ContainsFunc(r.versions, func(v recordVersion) bool { return v.mine == fhir.WhySubject || v.mine == fhir.WhyRole })
}
