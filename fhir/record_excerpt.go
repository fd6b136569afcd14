package fhir

import "bytes"

// Standing says whose a reference's target is, when a record of one patient is made.
type Standing int

// The standings.
const (
	Neutral Standing = iota // nobody's: directory, definitions, other servers
	Mine                    // in the record
	Foreign                 // may be another patient's
)

// excerptTags mark an excerpt: R4's own word, which tells other servers not to take it for the whole, and ours.
const excerptTags = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"},` +
	`{"system":"urn:satchel:export","code":"excerpt","display":"Excerpt: what belongs to other patients is left out"}`

// placeholder stands where another patient was.
const placeholder = `{"display":"another patient"}`

// Excerpt is the document without what belongs to other patients: items of the lists in [Disposition.Links] that lead to
// foreign resources alone are left out, other references to foreign resources become a placeholder, so do those that may lead to
// another patient by an identifier or a UUID, and the narrative, which may name anybody, goes. meta.tag says that it is an excerpt. standing is asked for every reference that
// names a resource. shared says that other patients stand beside this one in the document; otherwise an
// excerpt is made only if items are to be left out. Excerpt returns nil if the document can be handed out as it is.
func (d *Document) Excerpt(shared bool, standing func(Reference) Standing) []byte {
	x := excerpt{d: d, shared: shared, standing: standing, left: map[int32]bool{}, hidden: map[int32]bool{}}
	x.items()
	if len(x.left) == 0 && !shared {
		return nil
	}
	w := walk{visit: func(_ *table, e *element, value node) {
		if e.Type == "Reference" && x.of(value) == Foreign {
			x.hidden[value.i] = true
		}
	}}
	w.all(d)
	if len(x.left) == 0 && len(x.hidden) == 0 {
		return nil
	}
	return x.text()
}

// excerpt is one making of an excerpt. Nodes go by their index.
type excerpt struct {
	d        *Document
	shared   bool
	standing func(Reference) Standing
	left     map[int32]bool // items left out
	hidden   map[int32]bool // references that become placeholders
	loose    map[int32]bool // contained resources that nothing points to any more
}

func (x *excerpt) of(ref node) Standing {
	r := referenceOf(ref, "Reference")
	switch {
	case r.Names():
		return x.standing(r)
	case x.shared && mayBePatient(r, ref):
		return Foreign
	}
	return Neutral
}

// mayBePatient reports whether a reference that names nothing by its id may lead to a patient.
func mayBePatient(r Reference, ref node) bool {
	typ := ref.field("type").text()
	return (typ == "" || typ == "Patient") && (r.Form == FormURN || r.Form == FormConditional && r.Type == "Patient" || ref.field("identifier").ok())
}

// items finds the items to leave out: those with a foreign link and none of mine. Where one item of a payment is
// foreign, only the lines that are mine stay: a line that names no bill may be anybody's.
func (x *excerpt) items() {
	sum := map[int32]Standing{}
	foreign := false
	for _, l := range compiledLinks()[x.d.typ] {
		l.walk(x.d.root(), func(item, ref node) {
			if !item.ok() || l.Role {
				return
			}
			switch s := x.of(ref); {
			case s == Mine || sum[item.i] == Mine:
				sum[item.i] = Mine
			case s == Foreign:
				sum[item.i] = Foreign
			}
		})
	}
	for i, s := range sum {
		if s == Foreign {
			x.left[i], foreign = true, true
		}
	}
	if foreign && x.d.typ == "PaymentReconciliation" {
		for _, line := range x.d.root().field("detail").each() {
			x.left[line.i] = sum[line.i] != Mine
		}
	}
}

// text writes the excerpt.
func (x *excerpt) text() []byte {
	var out bytes.Buffer
	x.write(&out, x.d.root(), true)
	x.loose = map[int32]bool{}
	for _, c := range x.d.root().field("contained").each() {
		id := append(append([]byte(`"#`), c.field("id").bytes()...), '"')
		x.loose[c.i] = bytes.Contains(x.d.text, id) && !bytes.Contains(out.Bytes(), id)
	}
	out.Reset()
	x.write(&out, x.d.root(), true)
	return out.Bytes()
}

// write writes a value with what stays of it.
func (x *excerpt) write(out *bytes.Buffer, n node, root bool) {
	switch {
	case x.hidden[n.i]:
		out.WriteString(placeholder)
	case n.kind() == '{':
		x.object(out, n, root)
	case n.kind() == '[':
		out.WriteByte('[')
		x.list(out, n)
		out.WriteByte(']')
	default:
		out.Write(n.raw())
	}
}

// object writes an object. A list of which nothing stays goes with its name.
func (x *excerpt) object(out *bytes.Buffer, n node, root bool) {
	out.WriteByte('{')
	first, tagged := true, !root
	for m := n.first(); m.ok(); m = m.next() {
		if root && m.knownName() == "text" || x.left[m.i] || x.emptied(m) {
			continue
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.Write(x.d.text[m.cell().label-1 : m.cell().start])
		if root && m.knownName() == "meta" && m.kind() == '{' {
			x.meta(out, m)
			tagged = true
			continue
		}
		x.write(out, m, false)
	}
	if !tagged {
		out.WriteString(`,"meta":{"tag":[` + excerptTags + `]}`)
	}
	out.WriteByte('}')
}

// emptied reports whether nothing stays of a list.
func (x *excerpt) emptied(n node) bool {
	if n.kind() != '[' || !n.first().ok() {
		return false
	}
	for item := range n.children {
		if !x.left[item.i] && !x.loose[item.i] {
			return false
		}
	}
	return true
}

// list writes the items that stay, without the brackets, and reports whether there are any.
func (x *excerpt) list(out *bytes.Buffer, n node) (any bool) {
	for item := range n.children {
		if x.left[item.i] || x.loose[item.i] {
			continue
		}
		if any {
			out.WriteByte(',')
		}
		any = true
		x.write(out, item, false)
	}
	return any
}

// meta writes a meta with the tags.
func (x *excerpt) meta(out *bytes.Buffer, meta node) {
	out.WriteByte('{')
	for m := range meta.children {
		if m.knownName() == "tag" {
			continue
		}
		out.Write(x.d.text[m.cell().label-1 : m.cell().end])
		out.WriteByte(',')
	}
	out.WriteString(`"tag":[`)
	if x.list(out, meta.field("tag")) {
		out.WriteByte(',')
	}
	out.WriteString(excerptTags + `]}`)
}
