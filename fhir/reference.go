package fhir

import "strings"

// Form is how a reference is written, which decides what it can name.
type Form int

// The forms (R4 references.html#literal, http.html#general). FormNone is a text that names nothing.
const (
	FormNone        Form = iota
	FormRelative         // Type/id: a resource of the server that holds the reference
	FormAbsolute         // http://host/fhir/Type/id: a resource of the server at Base
	FormContained        // #id: a resource inside the one that holds the reference; "#" alone is that one itself
	FormURN              // urn:uuid:… or urn:oid:…
	FormConditional      // Type?criteria: whichever resource meets them
	FormOther            // any other URI
)

// Reference is what the text of a Reference.reference, or of a url or canonical in its place, names. Whether the resource
// is one of this server only [Bases] can tell: an equal id says nothing.
type Reference struct {
	Form     Form
	Text     string // as written; of a canonical without "|version"
	Base     string // of an absolute URL: "http://host/fhir"
	Type, ID string // of FormRelative and FormAbsolute; FormConditional has the type alone, FormContained the id alone
	Version  string // behind "/_history/", or behind the bar of a canonical
	Query    string // of FormConditional: the criteria
}

// ParseReference reads the text of a Reference. A version, criteria behind a whole "Type/id", a fragment and a
// slash at the end do not change which resource is named. It allocates nothing.
func ParseReference(text string) Reference {
	r := Reference{Text: text}
	if strings.HasPrefix(text, "#") {
		r.Form, r.ID = FormContained, text[1:]
		return r
	}
	rest, fragment, marked := strings.Cut(text, "#")
	scheme, behind, isURL := strings.Cut(rest, ":")
	switch {
	case isURL && isURN(text):
		r.Form = FormURN
	case isURL && isScheme(scheme):
		r.Form = FormOther
		if path, ok := strings.CutPrefix(behind, "//"); ok && isHTTP(scheme) {
			r.read(rest, len(scheme)+len("://"), path)
		}
	case !marked || isIDText(fragment):
		r.read(rest, 0, strings.TrimPrefix(rest, "./"))
	}
	return r
}

// parseCanonical reads a canonical, url or uri. A canonical has its version behind a bar.
func parseCanonical(text string) Reference {
	plain, version, barred := strings.Cut(text, "|")
	r := ParseReference(plain)
	if barred {
		r.Version = version
	}
	return r
}

// read reads whole, of which path is the part behind the scheme; host is where the host begins, 0 if there is none.
func (r *Reference) read(whole string, host int, path string) {
	path, query, asked := strings.Cut(path, "?")
	path = strings.TrimSuffix(path, "/")
	before, version, versioned := strings.Cut(path, "/_history/")
	rest, last := cutLast(before)
	if asked && query != "" && !versioned && IsType(last) && (rest != "") == (host > 0) {
		r.Form, r.Type, r.Query = FormConditional, last, query
		r.Base = whole[:r.baseEnd(host, rest)]
		return
	}
	top, typ := cutLast(rest)
	if host == 0 && strings.HasPrefix(path, "/") || !IsID(last) || !IsType(typ) || versioned && !IsID(version) || (top != "") != (host > 0) {
		return
	}
	r.Form, r.Type, r.ID, r.Version = FormRelative, typ, last, version
	if host > 0 {
		r.Form, r.Base = FormAbsolute, whole[:r.baseEnd(host, top)]
	}
}

// baseEnd is where the base ends in a text whose host begins at host and is the start of top.
func (r *Reference) baseEnd(host int, top string) int {
	if host == 0 {
		return 0
	}
	return host + len(top)
}

// Names reports whether the reference names one resource by type and id, of whichever server.
func (r Reference) Names() bool { return r.Form == FormRelative || r.Form == FormAbsolute }

// Key is "Type/id"; "" if the reference does not name a resource so.
func (r Reference) Key() string {
	if !r.Names() {
		return ""
	}
	return r.Type + "/" + r.ID
}

// Plain reports whether the text is just "Type/id" or "Type/id/_history/version".
func (r Reference) Plain() bool { return r.Form == FormRelative && r.fault() == "" }

// hash is the value of the reference's index entry: of the id alone, so that a search for an id without a type finds it.
func (r Reference) hash() int64 {
	switch {
	case r.Names():
		return hash(r.ID)
	case r.Form == FormURN:
		return hash(r.URN())
	}
	return hash(r.Text)
}

// isURN reports whether a text is a urn:uuid: or urn:oid:, in whatever case.
func isURN(text string) bool {
	return hasFoldPrefix(text, "urn:uuid:") || hasFoldPrefix(text, "urn:oid:")
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// hasFoldPrefix is strings.HasPrefix without regard to the case of letters.
func hasFoldPrefix(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// isScheme reports whether s is the scheme of a URI, and not the start of a relative reference.
func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (i == 0 || !isDigit(c) && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return s != ""
}

// cutLast cuts the last segment off a path; without a slash all is the last segment.
func cutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// URN is the text of a urn:uuid: or urn:oid: in the case in which two of them are compared; "" for any other reference.
// Neither the scheme nor the digits of a UUID have a case (RFC 8141, RFC 9562).
func (r Reference) URN() string {
	if r.Form != FormURN {
		return ""
	}
	return strings.ToLower(r.Text)
}

// fault says what is wrong with how a Reference.reference is written (R4 references.html#Reference); "" if nothing.
func (r Reference) fault() string {
	switch r.Form {
	case FormContained:
		return faultUnless(r.ID == "" || isIDText(r.ID), "has a fragment that is not a legal id")
	case FormURN:
		if hasFoldPrefix(r.Text, "urn:oid:") {
			return faultUnless(isOID([]byte(r.Text)), "has no OID after urn:oid:")
		}
		return faultUnless(isUUID([]byte(r.Text)), "has no UUID after urn:uuid:")
	case FormAbsolute, FormOther:
		_, behind, _ := strings.Cut(r.Text, ":")
		return faultUnless(isURI([]byte(r.Text)) && behind != "" && behind != "//", "is not a legal absolute URL")
	case FormRelative:
		plain := len(r.Type) + len("/") + len(r.ID)
		if r.Version != "" {
			plain += len("/_history/") + len(r.Version)
		}
		return faultUnless(len(r.Text) == plain, badForm)
	case FormConditional:
		return ""
	}
	return faultOfPath(r.Text)
}

const badForm = "is not of the form Type/id, Type/id/_history/version, absolute URL, urn:uuid:, urn:oid: or #id"

// faultOfPath says what is wrong with a text that names nothing.
func faultOfPath(text string) string {
	typ, rest, slash := strings.Cut(text, "/")
	id, version, _ := strings.Cut(rest, "/_history/")
	switch {
	case !slash || strings.Contains(id, "/") || strings.Contains(version, "/"):
		return badForm
	case !IsType(typ):
		return "does not start with a resource type of FHIR R4 (4.0.1)"
	}
	return "does not name a legal id"
}

func faultUnless(ok bool, fault string) string {
	if ok {
		return ""
	}
	return fault
}
