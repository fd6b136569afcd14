package fhir

import (
	"net/url"
	"strings"
	"sync"
)

// Ties are what connects a document to patients and to other resources, read for the record of a patient. The strings
// in it live until the document's next Reset.
type Ties struct {
	Owners      []Owner      // as [Document.Owners]; those of the resources inside, for a Bundle
	Links       []Tie        // references in the elements of [Disposition.Links]
	References  []Tie        // every reference, those of Links too, and attachments and canonicals that name a resource
	Canonicals  []string     // canonical URLs and URIs of definitions, without version
	Systems     []string     // systems of codes
	Conditions  []Reference  // of FormConditional, also for references by identifier alone: to directory. They may be kept
	Attachments []Attachment // every element of type Attachment
	Labels      []Label      // security labels of the whole resource
}

// Tie is one reference.
type Tie struct {
	Reference
	Path   string // of a link: [Link.Path]
	Role   bool   // of a link: [Link.Role]
	Hangs  bool   // of a link: [Link.Hangs]
	InItem bool   // of a reference: inside an item that an excerpt may leave out
}

// Attachment is one element of type Attachment.
type Attachment struct {
	Path        string // element path: "DocumentReference.content[0].attachment"
	ContentType string
	URL         string
	Data        bool // carries its content
}

// Label is a security label.
type Label struct{ System, Code string }

// reset empties t and keeps its memory.
func (t *Ties) reset() {
	*t = Ties{
		Links: t.Links[:0], References: t.References[:0], Canonicals: t.Canonicals[:0], Systems: t.Systems[:0],
		Conditions: t.Conditions[:0], Attachments: t.Attachments[:0], Labels: t.Labels[:0],
	}
}

// Ties reads the ties of the document into t. An error names the element whose shape is not that of R4, so that what it
// points to cannot be told.
func (d *Document) Ties(t *Ties, own Bases) error {
	t.reset()
	t.Owners = d.Owners(own)
	spans := d.links(t)
	if err := d.references(t, spans); err != nil {
		return err
	}
	d.labels(t)
	return nil
}

// stretch is a piece of a document's text.
type stretch struct{ start, end int32 }

func (s stretch) holds(n node) bool { c := n.cell(); return s.start <= c.start && c.end <= s.end }

// links reads the references of Disposition.Links. It returns where the items around them stand.
func (d *Document) links(t *Ties) (spans []stretch) {
	for _, l := range compiledLinks()[d.typ] {
		l.walk(d.root(), func(item, ref node) {
			if item.ok() {
				spans = append(spans, stretch{item.cell().start, item.cell().end})
			}
			if to := referenceOf(ref, "Reference"); to.Text != "" {
				t.Links = append(t.Links, Tie{Reference: to, Path: l.Path, Role: l.Role, Hangs: l.Hangs})
			}
		})
	}
	return spans
}

// references walks the document for everything else.
func (d *Document) references(t *Ties, spans []stretch) (err error) {
	w := walk{}
	w.visit = func(owner *table, e *element, value node) {
		if err == nil {
			err = t.visit(&w.at, owner, e, value, spans)
		}
	}
	w.all(d)
	return err
}

// visit takes in one element.
func (t *Ties) visit(at *trail, owner *table, e *element, value node, spans []stretch) error {
	if e.children != nil && value.kind() != '{' {
		if e.Type == "Element" && value.kind() == 'n' {
			return nil // a list of primitives has null where an item has no extension
		}
		return wrongShape(at.String(), "object")
	}
	switch {
	case e.Type == "Reference":
		reference := value.field("reference")
		if reference.ok() && reference.kind() != '"' {
			return wrongShape(at.String()+".reference", "string")
		}
		r := referenceOf(value, "Reference")
		t.point(r, value, spans)
		t.condition(r, e, value)
	case e.Type == "Attachment":
		return t.attachment(at, value, spans)
	case value.kind() != '"':
	case e.Type == "canonical", e.Type == "uri" && names(owner, e):
		if l := referenceOf(value, e.Type); l.Names() {
			t.point(l, value, spans)
		}
		if s := withoutVersion(view(value.bytes())); s != "" && s[0] != '#' {
			t.Canonicals = append(t.Canonicals, s)
		}
	case e.Name == "system" && owner.name == "Coding":
		t.Systems = append(t.Systems, view(value.bytes()))
	}
	return nil
}

// names reports whether an element of type uri names a definition: an extension's, or one that something was made from.
func names(owner *table, e *element) bool {
	return owner.name == "Extension" && e.Name == "url" || strings.HasPrefix(e.Name, "instantiates") || e.Choice != "" || e.Name == "moduleUri"
}

// point notes what a reference at value leads to, unless it leads into the document itself.
func (t *Ties) point(r Reference, value node, spans []stretch) {
	if r.Text == "" || r.Form == FormContained {
		return
	}
	tie := Tie{Reference: r}
	for _, s := range spans {
		tie.InItem = tie.InItem || s.holds(value)
	}
	t.References = append(t.References, tie)
}

// condition notes which resource of the directory a reference names by what it says of it.
func (t *Ties) condition(r Reference, e *element, value node) {
	types := []string{r.Type}
	switch identifier := value.field("identifier"); {
	case r.Form == FormConditional && r.Base == "":
	case r.Text != "" || identifier.kind() != '{':
		return
	default:
		system, code := identifier.field("system").text(), identifier.field("value").text()
		if system == "" || code == "" {
			return
		}
		r = Reference{Form: FormConditional, Query: "identifier=" + url.QueryEscape(escapeValue(system)+"|"+escapeValue(code))}
		if types = e.Targets; value.field("type").ok() {
			types = []string{value.field("type").text()}
		}
	}
	for _, typ := range types {
		if d := dispositions()[typ]; d.Kind == Forward {
			t.Conditions = append(t.Conditions, Reference{Form: FormConditional, Type: d.Type, Query: strings.Clone(r.Query)})
		}
	}
}

// attachment notes an attachment, and what it points to.
func (t *Ties) attachment(at *trail, value node, spans []stretch) error {
	url := value.field("url")
	if url.ok() && url.kind() != '"' {
		return wrongShape(at.String()+".url", "string")
	}
	a := Attachment{Path: at.String(), ContentType: value.field("contentType").text(), URL: url.text(), Data: value.field("data").ok()}
	t.Attachments = append(t.Attachments, a)
	if l := referenceOf(url, "url"); l.Names() {
		t.point(l, value, spans)
	}
	return nil
}

// labels reads meta.security and, of a DocumentReference, securityLabel.
func (d *Document) labels(t *Ties) {
	add := func(coding node) {
		t.Labels = append(t.Labels, Label{coding.field("system").text(), coding.field("code").text()})
	}
	for _, c := range d.root().field("meta").field("security").each() {
		add(c)
	}
	for _, concept := range d.root().field("securityLabel").each() {
		for _, c := range concept.field("coding").each() {
			add(c)
		}
	}
}

// linkWay is a Link, compiled.
type linkWay struct {
	Link
	hops  []string
	depth int // hops[:depth] lead to the item; 0: a single link
}

// compiledLinks are the links by type.
var compiledLinks = sync.OnceValue(func() map[string][]linkWay {
	all := make(map[string][]linkWay, len(dispositions()))
	for typ, d := range dispositions() {
		for _, l := range d.Links {
			w := linkWay{Link: l, hops: strings.Split(l.Path, ".")}
			if l.Item != "" {
				w.depth = strings.Count(l.Item, ".") + 1
			}
			all[typ] = append(all[typ], w)
		}
	}
	return all
})

// walk calls f with every reference that the way leads to under n, and the item it is in.
func (w linkWay) walk(n node, f func(item, ref node)) { w.step(n, 0, node{}, f) }

func (w linkWay) step(n node, i int, item node, f func(item, ref node)) {
	if i == len(w.hops) {
		f(item, n)
		return
	}
	for _, value := range n.field(w.hops[i]).each() {
		in := item
		if i+1 == w.depth {
			in = value
		}
		w.step(value, i+1, in, f)
	}
}

// ReverseLink is a link that the search index holds.
type ReverseLink struct {
	Type, Param string
	Targets     []string // types that it may lead to; nil: any
}

// ReverseLinks lists the links of all types that the search index holds, sorted by type.
func ReverseLinks() []ReverseLink { return reverseLinks() }

var reverseLinks = sync.OnceValue(func() []ReverseLink {
	var all []ReverseLink
	for _, d := range Dispositions() {
		for _, l := range d.Links {
			if l.Param == "" {
				continue
			}
			var e element
			at := d.Type
			for hop := range strings.SplitSeq(l.Path, ".") {
				e, _ = elementOf(at, hop)
				at = e.Backbone
			}
			targets := e.Targets
			if len(targets) == 1 && targets[0] == "Resource" {
				targets = nil
			}
			all = append(all, ReverseLink{d.Type, l.Param, targets})
		}
	}
	return all
})

// ReferenceEntry is the entry that the index has for a reference to a resource with the id, whatever its type, in a
// search parameter of a type, or in the index of a [ReverseLink]. References to patients of compartment parameters have none.
func ReferenceEntry(typ, param, id string) Entry { return Entry{keyOf(typ, param), hash(id)} }

// CanonicalEntry is the entry that the index has for the url of a definition.
func CanonicalEntry(typ, url string) Entry { return Entry{keyOf(typ, "url"), hash(url)} }
