package fhir

import (
	"slices"
	"strings"
	"sync"
)

// Outline is what one stored resource says of itself, read in a single pass that builds no tree. It is for reading millions of
// resources that were parsed strictly when they were stored. It takes what the store writes, compact JSON, checks all of its
// syntax, and gives up at what it is not sure of: then [Document] must say what the text is.
type Outline struct {
	Type        string
	ID          string
	Version     string   // meta.versionId
	LastUpdated string   // meta.lastUpdated, as written
	References  []string // of every member "reference", as [Document.ReferenceTexts] gives them
	Attachments bool     // there may be an attachment in it, or it is a Binary
	owners      []Owner
	own         Bases
	names       *nameSet
	cursor      cursor
}

// Reset reads a resource of a type and reports whether it is one sound JSON object of that type, which says its type, id,
// version and time. False does not say that it is unsound. What s has lives until the next Reset and as long as text is
// not changed.
func (s *Outline) Reset(text []byte, typ string, own Bases) bool {
	*s = Outline{own: own, References: s.References[:0], Attachments: typ == "Binary", owners: s.owners[:0], names: attachmentNames(), cursor: cursor{text: text}}
	t := searchOf(typ)
	if t == nil || typ == "Bundle" || conditional(&t.owners) || s.cursor.peek() != '{' {
		return false
	}
	s.cursor.i++
	if !s.object(inRoot, &t.owners, 1) || s.cursor.i != len(text) || s.Type != typ || s.ID == "" || s.Version == "" || s.LastUpdated == "" {
		return false
	}
	s.Type = typ // which outlives the text
	return s.settle(t)
}

// settle is the part of [Document.Belonging] that an outline can tell: of resources with a patient for their subject, and of
// those that can be nobody's.
func (s *Outline) settle(t *search) bool {
	if s.Type == "Patient" {
		s.belongs(s.ID, tierSubject)
	}
	about := slices.ContainsFunc(s.owners, func(o Owner) bool { return o.Why == tierSubject })
	if !about && t.kind.belongs() || s.Type == "Subscription" {
		return false
	}
	for _, text := range s.References {
		if s.Type == "Patient" {
			break // whoever else it names is no part of it
		}
		if to := ParseReference(text); to.Type == "Patient" && s.own.Owns(to) {
			s.belongs(to.ID, tierMention)
		}
	}
	for i := range s.owners {
		if s.owners[i].Why == tierSubject {
			s.owners[i].Why = WhySubject
		} else {
			s.owners[i].Why = WhyOther
		}
	}
	slices.SortFunc(s.owners, func(a, b Owner) int { return strings.Compare(a.Patient, b.Patient) })
	return true
}

// Owners are those that [Document.Owners] answers. They live as long as s.
func (s *Outline) Owners() []Owner { return s.owners }

// place is what an object is to its resource.
type place int

const (
	inRoot  place = iota // the resource itself
	inMeta               // its meta
	further              // anything else
)

// object reads an object from behind its brace. at is where it stands in the tree of owners; nil: outside.
func (s *Outline) object(where place, at *branch, depth int) bool {
	c := &s.cursor
	if c.peek() == '}' {
		c.i++
		return true
	}
	for {
		name, ok := c.plain()
		if !ok || c.peek() != ':' {
			return false
		}
		c.i++
		if !s.member(where, at, name, depth) {
			return false
		}
		switch c.peek() {
		case ',':
			c.i++
		case '}':
			c.i++
			return true
		default:
			return false
		}
	}
}

// member reads the value of a member.
func (s *Outline) member(where place, at *branch, name string, depth int) bool {
	if s.names.has(name) {
		s.Attachments = true
	}
	c := &s.cursor
	if c.peek() == '"' {
		value, ok := c.str()
		return ok && (where == further && name != "reference" || s.text(where, at, name, unescaped(value)))
	}
	within := further
	if where == inRoot && name == "meta" {
		within = inMeta
	}
	return s.value(within, at.to(name), depth)
}

// value reads an object, or a list, a number or a literal; in lists also texts.
func (s *Outline) value(where place, at *branch, depth int) bool {
	c := &s.cursor
	switch c.peek() {
	case '{':
		c.i++
		return depth < MaxDepth && s.object(where, at, depth+1)
	case '[':
		c.i++
		return depth < MaxDepth && s.list(at, depth+1)
	}
	return c.scalar()
}

// list reads a list from behind its bracket. What is at a place in the tree of owners is there also as an item.
func (s *Outline) list(at *branch, depth int) bool {
	c := &s.cursor
	if c.peek() == ']' {
		c.i++
		return true
	}
	for {
		switch c.peek() {
		case '"':
			if _, ok := c.str(); !ok {
				return false
			}
		case '[': // FHIR has no list in a list
			return false
		default:
			if !s.value(further, at, depth) {
				return false
			}
		}
		switch c.peek() {
		case ',':
			c.i++
		case ']':
			c.i++
			return true
		default:
			return false
		}
	}
}

// text takes a member that is a text. What is given twice is left to [Document].
func (s *Outline) text(where place, at *branch, name, value string) bool {
	switch {
	case name == "reference":
		s.References = append(s.References, value)
		if at != nil && len(at.ends) > 0 {
			s.owner(at, value)
		}
	case where == inRoot && name == "resourceType":
		return once(&s.Type, value)
	case where == inRoot && name == "id":
		return once(&s.ID, value)
	case where == inMeta && name == "versionId":
		return once(&s.Version, value)
	case where == inMeta && name == "lastUpdated":
		return once(&s.LastUpdated, value)
	}
	return true
}

func once(to *string, value string) bool {
	first := *to == ""
	*to = value
	return first
}

// owner notes the patient whom a Reference at a place in the tree of owners names.
func (s *Outline) owner(at *branch, reference string) {
	r := ParseReference(reference)
	if r.Type != "Patient" || !s.own.Owns(r) {
		return
	}
	for i := range at.ends {
		s.belongs(r.ID, at.ends[i].tier)
	}
}

func (s *Outline) belongs(id string, why Why) {
	if !strengthen(s.owners, id, why) {
		s.owners = append(s.owners, Owner{id, why})
	}
}

// to is the branch for a member; nil if none leads there.
func (b *branch) to(name string) *branch {
	if b == nil {
		return nil
	}
	for _, c := range b.next {
		if c.name == name {
			return c
		}
	}
	return nil
}

// conditional reports whether a tree has a hop whose condition needs another member of the value.
func conditional(b *branch) bool {
	for _, c := range b.next {
		if c.where != "" || conditional(c) {
			return true
		}
	}
	return false
}

// nameSet is a set of member names with a quick no.
type nameSet struct {
	names map[string]bool
	maybe [256]bool
}

func (n *nameSet) mark(name string) *bool {
	return &n.maybe[uint8(len(name)*8)+name[0]+name[len(name)-1]*64]
}

func (n *nameSet) has(name string) bool {
	return name != "" && *n.mark(name) && n.names[name]
}

// attachmentNames are the names of all elements that hold attachments, in whatever type.
var attachmentNames = sync.OnceValue(func() *nameSet {
	n := &nameSet{names: map[string]bool{}}
	for _, t := range tables() {
		for _, e := range t.elements {
			if e.Type == "Attachment" {
				n.names[e.Name] = true
				*n.mark(e.Name) = true
			}
		}
	}
	return n
})
