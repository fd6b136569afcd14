package auth

import (
	"slices"
	"strings"

	"satchel/fhir"
)

// ScopeEHI is the scope of the $ehi-export operation. Its "$" is no type: it allows no reading, and no scope for types holds it.
const ScopeEHI = "system/$ehi-export"

// anyType is the type of a scope for all types.
const anyType = "*"

// rights are what a scope allows with a type: a set of SMART's letters.
type rights uint8

// The rights, in the order in which SMART writes them.
const (
	mayCreate rights = 1 << iota
	mayRead
	mayUpdate
	mayDelete
	maySearch
)

const letters = "cruds"

// v1 is how SMART App Launch 1 names three sets of rights.
var v1 = map[string]rights{
	"read":  mayRead | maySearch,
	"write": mayCreate | mayUpdate | mayDelete,
	"*":     mayCreate | mayRead | mayUpdate | mayDelete | maySearch,
}

// access is one scope: what may be done with one type, or with all.
type access struct {
	typ    string // resource type or anyType; "" for ScopeEHI
	rights rights
	v1     bool // it was written as version 1 does
}

// Scopes is a set of SMART system scopes, such as "system/*.rs". The zero value allows nothing.
type Scopes struct {
	list []access          // in the order they were written, none twice
	sum  map[string]rights // by type
}

// parseScopes reads scopes separated by white space, in the syntax of SMART App Launch 1 (system/Patient.read) or 2
// (system/Patient.rs). What is not a system scope of this server comes back in unknown: another context such as
// patient/, an unknown type, rights out of order, and a granular scope with a query, which must not pass for the
// broader one without it.
func parseScopes(text string) (s Scopes, unknown []string) {
	for _, word := range strings.Fields(text) {
		if a, ok := parseScope(word); ok {
			s.add(a)
		} else {
			unknown = append(unknown, word)
		}
	}
	return s, unknown
}

// parseScope reads one scope.
func parseScope(word string) (access, bool) {
	if word == ScopeEHI {
		return access{}, true
	}
	rest, ok := strings.CutPrefix(word, "system/")
	typ, suffix, dot := strings.Cut(rest, ".")
	if !ok || !dot || typ != anyType && !fhir.IsType(typ) {
		return access{}, false
	}
	if r := v1[suffix]; r != 0 {
		return access{typ: typ, rights: r, v1: true}, true
	}
	r, ok := parseRights(suffix)
	return access{typ: typ, rights: r}, ok
}

// parseRights reads a part of "cruds" that keeps its order.
func parseRights(s string) (r rights, ok bool) {
	last := -1
	for i := range len(s) {
		at := strings.IndexByte(letters, s[i])
		if at <= last {
			return 0, false
		}
		r |= 1 << at
		last = at
	}
	return r, r != 0
}

func (r rights) String() string {
	var b strings.Builder
	for i := range len(letters) {
		if r&(1<<i) != 0 {
			b.WriteByte(letters[i])
		}
	}
	return b.String()
}

// String writes the scope in its version; rights that version 1 has no word for are written in version 2.
func (a access) String() string {
	if a.typ == "" {
		return ScopeEHI
	}
	if a.v1 {
		for word, r := range v1 {
			if r == a.rights {
				return "system/" + a.typ + "." + word
			}
		}
	}
	return "system/" + a.typ + "." + a.rights.String()
}

// String writes the scopes as a token answer does.
func (s Scopes) String() string {
	words := make([]string, len(s.list))
	for i, a := range s.list {
		words[i] = a.String()
	}
	return strings.Join(words, " ")
}

// Empty reports whether there is no scope in the set.
func (s Scopes) Empty() bool { return len(s.list) == 0 }

// Has reports whether the scope was granted literally; for scopes of operations, such as [ScopeEHI].
func (s Scopes) Has(scope string) bool {
	return slices.ContainsFunc(s.list, func(a access) bool { return a.String() == scope })
}

// Narrow returns what of the requested scopes the set, being what is registered, allows: at most that, in the syntax
// and order of the request. A scope is narrowed rather than refused, so that a client may ask broadly. An empty request
// asks for everything registered. If nothing is left the answer is empty.
func (s Scopes) Narrow(requested string) Scopes {
	if strings.TrimSpace(requested) == "" {
		return s
	}
	asked, _ := parseScopes(requested)
	var granted Scopes
	for _, a := range asked.list {
		if a.typ == "" {
			if s.Has(ScopeEHI) {
				granted.add(a)
			}
			continue
		}
		all := a.rights & s.of(a.typ)
		granted.add(access{typ: a.typ, rights: all, v1: a.v1})
		if a.typ != anyType {
			continue
		}
		for _, own := range s.list { // single types that are registered with more than all types are
			if own.typ != anyType && own.typ != "" {
				if r := a.rights & s.of(own.typ); r&^all != 0 {
					granted.add(access{typ: own.typ, rights: r, v1: a.v1})
				}
			}
		}
	}
	return granted
}

// Allows reports whether the scopes let a client do it with all resources of a type. To export or read a type needs
// read ("r"); to search, search ("s"); to write, create and update, because an update may create. A type of ""
// means all types.
func (s Scopes) Allows(typ string, v Verb) bool {
	var need rights
	switch v {
	case VerbRead, VerbExport, VerbPackage, VerbEverything, VerbJob:
		need = mayRead
	case VerbSearch:
		need = maySearch
	case VerbWrite:
		need = mayCreate | mayUpdate
	case VerbDelete:
		need = mayDelete
	default:
		return false
	}
	return s.allows(typ, need)
}

func (s Scopes) allows(typ string, need rights) bool {
	if typ != "" {
		return s.of(typ)&need == need
	}
	if s.of(anyType)&need == need {
		return true
	}
	return !slices.ContainsFunc(fhir.Types(), func(t string) bool { return s.of(t)&need != need })
}

// of is all that the set allows with a type.
func (s Scopes) of(typ string) rights { return s.sum[anyType] | s.sum[typ] }

// add adds a scope unless it is there or allows nothing.
func (s *Scopes) add(a access) {
	if a.typ != "" && a.rights == 0 || slices.Contains(s.list, a) {
		return
	}
	if s.sum == nil {
		s.sum = map[string]rights{}
	}
	s.list = append(s.list, a)
	if a.typ != "" {
		s.sum[a.typ] |= a.rights
	}
}

// ScopesSupported lists what scopes_supported of the SMART configuration names: the scopes for all types, and that of
// $ehi-export. Those for single types and fewer rights are supported likewise.
func ScopesSupported() []string {
	return []string{"system/*.rs", "system/*.read", "system/*.cruds", "system/*.*", "system/*.write", ScopeEHI}
}
