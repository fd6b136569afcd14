package fhir

import "strings"

// Shows calls f with the references by which the document shows Binaries, of whatever server: an address in it, such as the
// url of an attachment, or a reference. What only says something about a Binary (Provenance, Task, List …) shows none.
func (d *Document) Shows(f func(r Reference)) {
	switch d.typ {
	case "Binary", "Provenance", "AuditEvent", "Task", "List", "Linkage", "VerificationResult":
		return
	}
	for i := range d.cells {
		n := node{d, int32(i + 1)}
		if n.kind() != '"' {
			continue
		}
		switch n.label() {
		case "url", "reference", "valueUrl", "valueUri":
		default:
			continue
		}
		text := view(n.bytes())
		if !strings.Contains(text, "Binary") {
			continue
		}
		if r := ParseReference(text); r.Type == "Binary" && r.Names() {
			f(r)
		}
	}
}

// ShownEntry is the index entry of what shows the Binary with an id.
func ShownEntry(id string) Entry { return Entry{keyOf("Binary", "shown"), hash(id)} }

// SecurityContext is the reference to what stands for a Binary where it is decided who may see it; "" if it has none.
func (d *Document) SecurityContext() string {
	if d.typ != "Binary" {
		return ""
	}
	context := d.root().field("securityContext")
	if !context.ok() {
		return ""
	}
	if text := textOf(context, "reference"); text != "" {
		return text
	}
	return "#" // it has one, which names nothing that can be found
}

// ShowsBinary reports whether the document shows the Binary with an id of this server, whose bases are own.
func (d *Document) ShowsBinary(own Bases, id string) (shows bool) {
	d.Shows(func(r Reference) { shows = shows || r.ID == id && own.Owns(r) })
	return shows
}
