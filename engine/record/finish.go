package record

import (
	"fmt"
	"slices"
	"strings"

	"satchel/fhir"
)

// finisher turns what was gathered into a record: what is handed out, what is excluded and why, and where the attachments'
// bytes come from. It keeps what excerpts need.
type finisher struct {
	g        *gatherer
	withheld map[key]int  // Binaries that withheld resources show: the rule
	shown    map[key]bool // Binaries that attachments show
}

// finish fills the record. Nothing is read any more.
func (g *gatherer) finish(r *Record) error {
	f := &finisher{g: g, withheld: map[key]int{}, shown: map[key]bool{}}
	r.give = f
	var rows []*recordRow
	for _, row := range g.rows {
		rows = append(rows, row)
		f.spread(row)
	}
	slices.SortFunc(rows, func(a, b *recordRow) int { return compareKeys(a.key, b.key) })
	for _, row := range rows {
		if f.judge(r, row) {
			r.rows = append(r.rows, row)
		}
	}
	for _, row := range r.rows {
		f.attachments(r, row)
	}
	f.unshown(r)
	f.references(r)
	g.waiting, g.known, g.urls = nil, nil, nil
	return nil
}

// rule is the rule that a version is withheld by; a label of the last version counts for all.
func (f *finisher) rule(row *recordRow, v *recordVersion) int {
	if last := row.last(); last != nil && last.withhold != 0 {
		return last.withhold
	}
	if n := f.withheld[row.key]; n != 0 {
		return n
	}
	return v.withhold
}

// spread withholds the Binaries of what is withheld.
func (f *finisher) spread(row *recordRow) {
	for i := range row.versions {
		v := &row.versions[i]
		if n := f.rule(row, v); n != 0 && row.place != refused && row.place != pending {
			for _, k := range v.binaries {
				f.withheld[k] = n
			}
		}
		v.binaries = nil
	}
}

// judge decides on every version of a row, and counts. It reports whether anything is handed out.
func (f *finisher) judge(r *Record, row *recordRow) (any bool) {
	touched := false
	for i := range row.versions {
		v := &row.versions[i]
		reason, authority, touches := f.reason(row, v)
		if v.deleted {
			touches = touched || row.place == core
		}
		if touched = touches; !touches {
			v.verdict = 1
			continue
		}
		c := r.count(row.typ)
		if i == len(row.versions)-1 && !v.deleted {
			c.StoredCurrent++
		} else {
			c.StoredVersions++
		}
		if reason == "" {
			any = true
			continue
		}
		v.verdict = 1
		c.Excluded[reason]++
		r.Exclusions = append(r.Exclusions, Exclusion{row.typ, row.id, v.version, reason, authority})
	}
	return any
}

// reason is why a version is not handed out, "" if it is, and whether it touches the record at all.
func (f *finisher) reason(row *recordRow, v *recordVersion) (reason, authority string, touches bool) {
	in := row.place != refused && row.place != pending
	if v.deleted {
		if in {
			return "", "", true
		}
		reason = f.refusal(row, theirsTouched)
		return reason, authorities[reason], false
	}
	c, _ := f.g.claim(row, v)
	switch {
	case f.g.unlisted(row):
		reason = f.refusal(row, c)
		return reason, authorities[reason], v.mine != 0 || row.typ == "Patient" && f.g.left[row.id]
	case !in:
		reason = f.refusal(row, c)
		return reason, authorities[reason], c == ours || c == theirsTouched
	case c == theirs || c == theirsTouched:
		return ReasonOtherIndividual, authorities[ReasonOtherIndividual], true
	case c == nobodys && row.was() && !row.alone():
		return ReasonUnassigned, "", true // a version that says of nobody whose it is, of what was another patient's, too
	}
	if n := f.rule(row, v); n != 0 {
		w := f.g.options.Withhold[n-1]
		return w.Reason, w.Authority, true
	}
	return "", "", true
}

// authorities are the rules behind the reasons that need no decision: what is not kept about this patient is not in the
// patient's designated record set.
var authorities = map[string]string{
	ReasonOtherIndividual: "45 CFR 164.501 (designated record set)",
	ReasonOperational:     "45 CFR 164.501 (designated record set)",
}

// refusal is why a version with the claim is not handed out, of a row that is not in the record.
func (f *finisher) refusal(row *recordRow, c claim) string {
	switch kind := f.g.types[row.typ].Kind; {
	case kind == fhir.Excluded:
		return ReasonOperational
	case kind == fhir.System:
		return ReasonSystem
	case row.typ == "Patient":
		return ReasonNotApproved
	case c == ours:
		return ReasonMoved
	case c == theirsTouched && f.g.unassigned(row):
		return ReasonUnassigned
	}
	return ReasonOtherIndividual
}

func (r *Record) count(typ string) *TypeCounts {
	c := r.Counts[typ]
	if c == nil {
		c = &TypeCounts{Excluded: map[string]int{}}
		r.Counts[typ] = c
	}
	return c
}

// attachments lists the attachments of what is handed out of a row.
func (f *finisher) attachments(r *Record, row *recordRow) {
	for i := range row.versions {
		v := &row.versions[i]
		for _, a := range v.attachments {
			if v.verdict != 0 {
				break
			}
			out := Attachment{
				Type: row.typ, ID: row.id, Version: v.version, Path: a.Path, ContentType: a.ContentType, URL: a.URL,
			}
			out.From, out.Source = f.source(row, a)
			r.Attachments = append(r.Attachments, out)
		}
		v.attachments = nil
	}
}

// source says where the bytes of an attachment come from.
func (f *finisher) source(row *recordRow, a fhir.Attachment) (AttachmentSource, string) {
	to := fhir.ParseReference(a.URL)
	switch {
	case a.Data:
		return SourceInline, ""
	case a.URL == "":
		return SourceNone, ""
	case to.Form == fhir.FormContained, to.Form == fhir.FormURN && row.typ == "Bundle":
		return SourceInside, ""
	case !f.g.bases.Owns(to) && strings.Contains(a.URL, ":"):
		return SourceExternal, ""
	case !f.g.bases.Owns(to) || to.Type != "Binary":
		return SourceMissing, ""
	}
	k := key{to.Type, to.ID}
	binary := f.g.rows[k]
	if binary == nil {
		return SourceMissing, ""
	}
	f.shown[k] = true
	version, versioned := to.Version, to.Version != ""
	for i := range binary.versions {
		v := &binary.versions[i]
		wanted := versioned && version == fmt.Sprint(v.version) || !versioned && i == len(binary.versions)-1
		switch {
		case !wanted:
		case v.deleted:
			return SourceMissing, ""
		case v.verdict != 0:
			return SourceWithheld, ""
		case versioned:
			return SourceBinary, k.String() + "/_history/" + version
		default:
			return SourceBinary, k.String()
		}
	}
	return SourceMissing, ""
}

// unshown adds the Binaries that no attachment shows, and puts the list in order.
func (f *finisher) unshown(r *Record) {
	for _, row := range r.rows {
		if v := row.current(); row.typ == "Binary" && !f.shown[row.key] && v.verdict == 0 && !v.deleted {
			r.Attachments = append(r.Attachments, Attachment{
				Type: row.typ, ID: row.id, Version: v.version, Path: "Binary", From: SourceBinary, Source: row.String(),
			})
		}
	}
	slices.SortStableFunc(r.Attachments, func(a, b Attachment) int {
		return compareKeys(key{a.Type, a.ID}, key{b.Type, b.ID})
	})
}

// references counts where references lead.
func (f *finisher) references(r *Record) {
	in := map[key]bool{}
	for _, row := range r.rows {
		in[row.key] = true
	}
	for k := range f.g.from {
		switch {
		case in[k]:
			r.References.Resolved++
		case f.g.rows[k] != nil:
			r.References.Stubs++
		default:
			r.References.Unresolved = append(r.References.Unresolved, k.String())
		}
	}
	for text := range f.g.odd {
		r.References.Unresolved = append(r.References.Unresolved, text)
	}
	r.References.External = len(f.g.outside)
	slices.Sort(r.References.Unresolved)
}
