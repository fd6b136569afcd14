package fhir

// branch is a node of a tree of ways: all ways of one or many parameters merged by their common beginnings,
// so that one pass over a document meets every value that they lead to.
type branch struct {
	hop
	next []*branch
	ends []end
}

// end is the end of a way: which parameter wants the value there, and how to read it.
type end struct {
	param *param
	typ   string // FHIR type of the value
	only  string // as in way
	flag  bool   // as in way
	owned bool   // patients named here are in the owner index
	tier  Why    // in the tree of owners: how a patient is named here
}

// add merges one way into the tree.
func (b *branch) add(w way, e end) {
	for _, h := range w.hops {
		b = b.child(h)
	}
	b.ends = append(b.ends, e)
}

// child finds or makes the branch for a hop.
func (b *branch) child(h hop) *branch {
	for _, c := range b.next {
		if c.hop == h {
			return c
		}
	}
	c := &branch{hop: h}
	b.next = append(b.next, c)
	return c
}

// walk calls visit with every value under n that a way leads to, until visit returns false; it reports whether
// visit never did. It allocates nothing.
func (b *branch) walk(n node, visit func(e *end, v node) bool) bool {
	for i := range b.ends {
		e := &b.ends[i]
		if e.only != "" && !refersTo(n, e.only) {
			continue
		}
		if !visit(e, n) {
			return false
		}
	}
	if len(b.next) == 0 || n.kind() != '{' {
		return true
	}
	for m := n.first(); m.ok(); m = m.next() {
		name := m.knownName()
		for _, c := range b.next {
			if c.name == name && !c.enter(m, visit) {
				return false
			}
		}
	}
	return true
}

// enter walks on from a member that has the hop's name: from each item of an array, or from the value itself.
func (b *branch) enter(m node, visit func(e *end, v node) bool) bool {
	if m.kind() != '[' {
		return !b.passes(m) || b.walk(m, visit)
	}
	for item := m.first(); item.ok(); item = item.next() {
		if b.passes(item) && !b.walk(item, visit) {
			return false
		}
	}
	return true
}

// passes reports whether a value is there and meets the hop's condition.
func (b *branch) passes(v node) bool {
	return v.kind() != 'n' && (b.where == "" || v.field(b.where).is(b.equal))
}
