package fhir

// BundleEntry is one entry of a Bundle, as batch, transaction and import need it. Absent texts are "".
type BundleEntry struct {
	Index    int    // place in Bundle.entry, from 0
	FullURL  string // fullUrl, such as "urn:uuid:…"
	Resource []byte // compact JSON of entry.resource, or nil; it lives until the Document's next Reset

	// Of entry.request.
	Method, URL                                        string
	IfMatch, IfNoneExist, IfNoneMatch, IfModifiedSince string

	ETag, LastModified string // of entry.response, in a Bundle of history
}

// BundleType is Bundle.type, such as "transaction"; "" if the document is not a Bundle or has none.
func BundleType(d *Document) string {
	if d.typ != "Bundle" {
		return ""
	}
	return d.root().field("type").text()
}

// BundleEntries lists the entries of a Bundle in order. It returns an [*Error] that names the place for a document that
// is not a Bundle, and for entries of a wrong shape.
func BundleEntries(d *Document) ([]BundleEntry, error) {
	if d.typ != "Bundle" {
		return nil, Errorf(CodeInvalid, "expected a Bundle, got a resource of type %q", d.typ)
	}
	list := d.root().field("entry")
	if list.ok() && list.kind() != '[' {
		return nil, wrongShape("Bundle.entry", "array")
	}
	var entries []BundleEntry
	for i, entry := range list.each() {
		e, err := readEntry(entry, "Bundle.entry"+index(i))
		if err != nil {
			return nil, err
		}
		e.Index = i
		entries = append(entries, e)
	}
	return entries, nil
}

// readEntry reads one entry at path.
func readEntry(entry node, path string) (e BundleEntry, err error) {
	if entry.kind() != '{' {
		return e, wrongShape(path, "object")
	}
	if r := entry.field("resource"); r.ok() {
		if r.kind() != '{' {
			return e, wrongShape(path+".resource", "object")
		}
		e.Resource = r.raw()
	}
	request := entry.field("request")
	if request.ok() && request.kind() != '{' {
		return e, wrongShape(path+".request", "object")
	}
	if fullURL := entry.field("fullUrl"); fullURL.ok() && fullURL.kind() != '"' {
		return e, wrongShape(path+".fullUrl", "string")
	}
	e.FullURL = entry.field("fullUrl").text()
	response := entry.field("response")
	e.ETag, e.LastModified = response.field("etag").text(), response.field("lastModified").text()
	for name, to := range map[string]*string{
		"method": &e.Method, "url": &e.URL, "ifMatch": &e.IfMatch, "ifNoneExist": &e.IfNoneExist,
		"ifNoneMatch": &e.IfNoneMatch, "ifModifiedSince": &e.IfModifiedSince,
	} {
		member := request.field(name)
		if member.ok() && member.kind() != '"' {
			return e, wrongShape(path+".request."+name, "string")
		}
		*to = member.text()
	}
	return e, nil
}

// wrongShape is the error for a value of a wrong JSON kind.
func wrongShape(path, want string) error {
	return &Error{CodeStructure, path + ": must be a JSON " + want, path}
}
