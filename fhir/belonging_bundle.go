package fhir

// bundleBelonging is whose the resources in a Bundle's entries are. A Bundle is sealed: one about several patients is
// nobody's, because there are no excerpts of it. References mean what R4 says (bundle.html#references): below the base
// of the entry's fullUrl, or an entry of the same Bundle.
func (d *Document) bundleBelonging(own Bases) Belonging {
	var all Belonging
	for _, entry := range d.root().field("entry").each() {
		resource := entry.field("resource")
		typ := resource.field("resourceType").text()
		t := searchOf(typ)
		if t == nil || typ == "Bundle" || !t.kind.belongs() {
			continue
		}
		at := ParseReference(entry.field("fullUrl").text())
		if at.Form == FormAbsolute && !own.Has(at.Base) || at.Form == FormOther {
			continue // of another server, and so is what it names
		}
		one := belonging(t, typ, resource, own, false)
		for _, o := range one.Owners {
			all.Owners = addOwner(all.Owners, o.Patient, o.Why)
		}
		for _, name := range one.Subjects {
			all.Subjects = appendNew(all.Subjects, name)
		}
		for _, name := range one.Ties {
			all.Ties = appendNew(all.Ties, name)
		}
	}
	all.Owners = strongest(all.Owners)
	all.seal()
	return all
}

// seal makes the patients of a Bundle with several ones mere mentions, and drops ties that do not count.
func (b *Belonging) seal() {
	whole := 0
	for _, o := range b.Owners {
		if o.Why.Whole() || o.Why == WhyShared {
			whole++
		}
	}
	if whole > 0 {
		b.Subjects, b.Ties = nil, nil
	}
	if whole < 2 {
		return
	}
	for i := range b.Owners {
		b.Owners[i].Why = WhyOther
	}
}

// appendNew appends a text that is not in the list yet.
func appendNew(list []string, text string) []string {
	for _, have := range list {
		if have == text {
			return list
		}
	}
	return append(list, text)
}
