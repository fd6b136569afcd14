package fhir

import (
	"slices"
	"strings"
)

// Bases are the addresses under which a server's own resources are known: its present one, those that it had before, and
// those of servers whose data it took over. The zero value knows none, so that every absolute URL names something foreign.
// Two values are equal by == if they come from the same call of [NewBases].
type Bases struct{ set *baseSet }

type baseSet struct {
	plain []string // as [plainBase] has them
	urls  []string // as they were given, without a slash at the end
}

// NewBases makes the set of FHIR base URLs such as "https://practice.example/fhir". What is no http(s) URL is left out.
func NewBases(urls ...string) Bases {
	set := &baseSet{}
	for _, url := range urls {
		if plain := plainBase(url); plain != "" && !slices.Contains(set.plain, plain) {
			set.plain, set.urls = append(set.plain, plain), append(set.urls, strings.TrimRight(url, "/"))
		}
	}
	return Bases{set}
}

// URLs lists the bases as they were given, without a slash at the end.
func (b Bases) URLs() []string {
	if b.set == nil {
		return nil
	}
	return slices.Clone(b.set.urls)
}

// With is the set with further base URLs.
func (b Bases) With(urls ...string) Bases {
	if !slices.ContainsFunc(urls, func(url string) bool { return plainBase(url) != "" && !b.Has(url) }) {
		return b
	}
	return NewBases(append(b.URLs(), urls...)...)
}

// PatientID reads a parameter or argument that names a patient of this server: an id, "Patient/" and an id, or such a
// URL below a base of own, with or without a version. False for anything else.
func (b Bases) PatientID(text string) (id string, ok bool) {
	if IsID(text) {
		return text, true
	}
	r := ParseReference(text)
	if r.Type != "Patient" || !b.Owns(r) {
		return "", false
	}
	return r.ID, true
}

// BarePatient is the id of "Patient/id", as people write it in forms, commands and JSON where an id is asked for; any other
// text comes back as it is, for the caller to check.
func BarePatient(text string) string {
	if id, ok := (Bases{}).PatientID(text); ok {
		return id
	}
	return text
}

// Len is the number of bases.
func (b Bases) Len() int {
	if b.set == nil {
		return 0
	}
	return len(b.set.urls)
}

// Owns reports whether a reference names a resource of this server: a relative one does, an absolute one below a base.
func (b Bases) Owns(r Reference) bool {
	return r.Form == FormRelative || r.Form == FormAbsolute && b.Has(r.Base)
}

// Has reports whether a base URL is one of the server's own.
func (b Bases) Has(base string) bool {
	return b.set != nil && len(b.set.plain) > 0 && slices.Contains(b.set.plain, plainBase(base))
}

// same reports whether two references name the same resource.
func (b Bases) same(x, y Reference) bool {
	if x.Type != y.Type || x.ID != y.ID || !x.Names() || !y.Names() {
		return false
	}
	return b.Owns(x) && b.Owns(y) || x.Form == y.Form && plainBase(x.Base) == plainBase(y.Base)
}

// plainBase is a base URL in the form in which two are compared: without the scheme, since http and https lead to the same
// server, with the host in small letters and without the port that goes without saying; "" if it is no http(s) URL.
func plainBase(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || !isHTTP(scheme) || rest == "" {
		return ""
	}
	rest = strings.TrimRight(rest, "/")
	host, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	port := ":443"
	if strings.EqualFold(scheme, "http") {
		port = ":80"
	}
	small := strings.TrimSuffix(strings.ToLower(host), port)
	if small == host {
		return rest // without a copy
	}
	return small + path
}
