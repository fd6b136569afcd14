package imports

import (
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// onlyDeletes are the entries of a Bundle of deletions, such as a line of a deleted file of an export; nil for anything else.
func onlyDeletes(d *fhir.Document) []fhir.BundleEntry {
	if typ := fhir.BundleType(d); typ != "transaction" && typ != "batch" {
		return nil
	}
	entries, err := fhir.BundleEntries(d)
	for _, e := range entries {
		if e.Method != "DELETE" {
			return nil
		}
	}
	if err != nil {
		return nil
	}
	return entries
}

// deletions takes the entries of a Bundle of deletions.
func (r *reading) deletions(at spot, entries []fhir.BundleEntry) {
	for _, e := range entries {
		r.delete(at, deletionOf(e.URL, e.FullURL, e.ETag, e.LastModified))
	}
}

// deletionOf reads an entry that deletes. Its type is empty if it names no resource.
func deletionOf(url, fullURL, etag, modified string) (d storage.Deletion) {
	version := versionOf(etag)
	for _, text := range []string{url, fullURL} {
		path, named, _ := strings.Cut(text, "/_history/")
		before, id := cutLast(path)
		_, typ := cutLast(before)
		if legal := fhir.LegalID(typ, id); d.Type == "" && fhir.IsType(typ) && legal != "" {
			d.Type, d.ID = typ, legal
		}
		if version == "" {
			version = named
		}
	}
	d.SourceVersion = fhir.NewSourceVersion(version, modified)
	return d
}

// versionOf is the versionId in an ETag.
func versionOf(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// cutLast cuts the last segment off a path.
func cutLast(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

// delete takes a deletion, or lists it.
func (r *reading) delete(at spot, d storage.Deletion) {
	key := d.Type + "/" + d.ID
	switch why := r.hold.why(key); {
	case r.look != nil:
	case d.Type == "":
		r.refuse(at, nil, issueOf(fhir.Errorf(fhir.CodeValue, "a deletion that names no resource: request.url is not Type/id")))
	case !r.Deletions:
		r.tellOf(at, key, false, informed("a deletion, which is not carried out; import with \"apply deletions\" to have it done"))
	case why != "":
		r.refused[d.Type]++
		r.tellOf(at, key, true, fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeConflict, Diagnostics: why})
	default:
		if d.ID = r.moved(d.Type, d.ID); r.batch.used > 0 {
			r.hand() // what comes first is done first
		}
		if r.batch.delete(at, d) {
			r.hand()
		}
	}
}

// moved is the id under which a resource of the source is stored here.
func (r *reading) moved(typ, id string) string {
	if to := r.hold.to(typ, id); to != "" {
		return to
	}
	if r.Source == "" {
		return id
	}
	another := fhir.AnotherID(r.Source, typ, id)
	if here, err := r.Store.Resource(r.ctx, typ, another); err == nil && !here.Deleted {
		return another
	}
	return id
}
