package handover

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"satchel/fhir"
)

// source notes a place whose bytes are in the package.
func (s *recount) source(line []byte) error {
	var a AttachmentSource
	if err := json.Unmarshal(line, &a); err != nil {
		return err
	}
	s.sources.add(sourceKey(fhir.Resource{Version: a.Version}, a.Resource, a.Path))
	return nil
}

// sourceKey is the key of a place in a version of a resource.
func sourceKey(r fhir.Resource, resource, path string) uint64 {
	return keyOf(resource + "/" + strconv.FormatInt(r.Version, 10) + "|" + path)
}

// resource returns what counts the lines of a file.
func (s *recount) resource(in written) func(line []byte) error {
	f, number := in.file, int64(0)
	return func(line []byte) error {
		number++
		if f.Type == "Bundle" && strings.Contains(f.Path, "/deleted-") {
			return s.tombstone(line)
		}
		r, err := s.head(line, f.Type)
		if err != nil {
			return fmt.Errorf("%w: %w", errNoResource, err)
		}
		if r.Type != f.Type {
			return fmt.Errorf("%w: %s is in a file of type %s", errNoResource, r.Key(), f.Type)
		}
		s.versions.add(s.versionKey(r))
		n := s.counts[r.Type]
		if f.Section == History {
			n.Earlier++
			s.counts[r.Type] = n
			s.earlier(r)
			return nil
		}
		n.Current++
		s.counts[r.Type] = n
		if !s.explaining {
			s.current.add(s.resourceKey(r))
			if s.writer.head.Kind == Population {
				s.owned(in, number)
			}
		}
		s.links(r)
		return nil
	}
}

// head reads what a line says of itself, and checks that it is sound. Most lines are outlined. Those with attachments, Bundles,
// and whatever an outline is not sure of are parsed as strictly as when they were stored, and so is everything that is to be
// explained. That bytes of the store did not change on the way is seen by the hash of the file.
func (s *recount) head(line []byte, typ string) (r fhir.Resource, err error) {
	s.outlined = !s.explaining && typ != "Bundle" && s.outline.Reset(line, typ, s.writer.own) && !s.outline.Attachments
	if s.outlined {
		r.Type, r.ID = s.outline.Type, s.outline.ID
		return r, finishHead(&r, s.outline.Version, s.outline.LastUpdated)
	}
	if err := s.document.Reset(line); err != nil {
		return r, err
	}
	r.Type, r.ID = s.document.Type(), s.document.ID()
	return r, finishHead(&r, s.document.Version(), s.document.LastUpdated())
}

// resourceKey is the key of a resource, by its type and id.
func (s *recount) resourceKey(r fhir.Resource) uint64 {
	s.key = append(append(append(s.key[:0], r.Type...), '/'), r.ID...)
	return keyOfBytes(s.key)
}

func (s *recount) versionKey(r fhir.Resource) uint64 {
	s.resourceKey(r)
	s.key = strconv.AppendInt(append(s.key, '/'), r.Version, 10)
	return keyOfBytes(s.key)
}

func (s *recount) tombstone(line []byte) error {
	r, err := readTombstone(line)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoResource, err)
	}
	s.versions.add(s.versionKey(r))
	n := s.counts[r.Type]
	n.Deleted++
	s.counts[r.Type] = n
	return nil
}

var dataKey, urlKey = []byte(`"data":"`), []byte(`"url":"`)

// links follows the references and attachments of a resource.
func (s *recount) links(r fhir.Resource) {
	if s.outlined { // there are no attachments
		s.inside = nil
		for _, value := range s.outline.References {
			s.reference("", "", value)
		}
		return
	}
	d, resource := &s.document, r.Key()
	s.inside = s.fullURLs()
	if s.explaining {
		d.References(func(path, value string) {
			if strings.HasSuffix(path, ".reference") {
				s.reference(resource, path, value)
			}
		})
	} else {
		d.ReferenceTexts(func(value string) { s.reference(resource, "", value) })
	}
	if !bytes.Contains(d.JSON(), dataKey) && !bytes.Contains(d.JSON(), urlKey) {
		return // no attachment can be in it
	}
	d.Attachments(func(path, _, url string, hasData bool) {
		if hasData || url != "" {
			s.attachment(r, path, url, hasData)
		}
	})
	if d.Type() == "Binary" && bytes.Contains(d.JSON(), dataKey) {
		s.attachment(r, "Binary.data", "", true)
	}
}

// earlier looks for the bytes of an earlier version. What is no base64 stays in the text of the version, where nobody can
// mend it, and is not counted.
func (s *recount) earlier(r fhir.Resource) {
	if s.explaining || s.outlined || !bytes.Contains(s.document.JSON(), dataKey) {
		return
	}
	s.document.Inlines(func(in fhir.Inline) {
		if _, ok := decode(nil, in.Base64); ok {
			s.attachment(r, in.Path, "", true)
		}
	})
}

// fullURLs are the addresses that entries of a Bundle have inside it; nil for other types.
func (s *recount) fullURLs() map[string]bool {
	if s.document.Type() != "Bundle" {
		return nil
	}
	inside := map[string]bool{}
	s.document.References(func(path, value string) {
		if strings.HasSuffix(path, ".fullUrl") {
			inside[value] = true
		}
	})
	return inside
}

func (s *recount) reference(resource, path, value string) {
	if strings.HasPrefix(value, "#") || s.inside[value] {
		s.references.Internal++
		return
	}
	target, external := s.writer.target(value)
	if external {
		s.references.ExternalURL++
		return
	}
	s.references.Internal++
	key := keyOf(target)
	s.targets.add(key)
	if s.explaining && !s.current.has(key) {
		s.references.UnresolvedCount++
		if len(s.references.Unresolved) < 4*maxListed {
			s.references.Unresolved = append(s.references.Unresolved, UnresolvedReference{resource, path, value})
		}
	}
}

func (s *recount) attachment(r fhir.Resource, path, url string, hasData bool) {
	s.attachments.Referenced++
	resource := r.Key()
	if s.inside[url] || s.sources.has(sourceKey(r, resource, path)) {
		s.attachments.Exported++
		return
	}
	if !hasData {
		target, external := s.writer.target(url)
		if external {
			s.attachments.ExternalLinkOnly++
			return
		}
		s.linked++
		s.targets.add(keyOf(target))
		if !s.explaining || s.current.has(keyOf(target)) {
			return
		}
	} else if s.explaining {
		return // was told at the first reading
	}
	s.attachments.MissingCount++
	if len(s.attachments.Missing) < 4*maxListed {
		s.attachments.Missing = append(s.attachments.Missing, MissingAttachment{resource, path})
	}
}

// target reads a reference or address: the type and id it names in this store, or that it leads elsewhere. What names
// nothing (urn:uuid:…, Type?query) returns itself, and no resource has that key.
func (w *Writer) target(text string) (key string, external bool) {
	switch r := fhir.ParseReference(text); {
	case w.own.Owns(r):
		return r.Key(), false
	case r.Form == fhir.FormAbsolute, r.Form == fhir.FormOther, r.Form == fhir.FormConditional && r.Base != "":
		return "", true
	}
	return text, false
}
