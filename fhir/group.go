package fhir

// Member is one entry of Group.member.
type Member struct {
	Reference  string // of the entity, as written
	Start, End string // of the period, FHIR dateTimes, "" where absent
	Inactive   bool
}

// Members lists the members of a Group, in document order; none for another type.
func (d *Document) Members() []Member {
	if d.typ != "Group" {
		return nil
	}
	var list []Member
	for _, m := range d.root().field("member").each() {
		period := m.field("period")
		list = append(list, Member{
			Reference: m.field("entity").field("reference").text(),
			Start:     period.field("start").text(), End: period.field("end").text(),
			Inactive: m.field("inactive").text() == "true",
		})
	}
	return list
}

// Definition reports whether a Group says who would be in it instead of listing members (R4 Group.actual is false).
func (d *Document) Definition() bool {
	return d.typ == "Group" && d.root().field("actual").text() == "false"
}
