package imports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
	"satchel/storage"
)

// A Bundle is read twice. The first reading finds where its resources stand and what their fullUrls mean, and keeps
// none of them; the second takes them one by one, with the links among them rewritten.

// bundle is what the first reading finds out about a JSON document.
type bundle struct {
	typ     string // resourceType, "" if there is none
	kind    string // Bundle.type
	size    int64
	entries []bundleEntry
	links   fhir.Links // from fullUrls to relative references
}

// bundleEntry is one entry of a Bundle.
type bundleEntry struct {
	start, end int64  // where the resource stands in the text, with what may be before it; end 0: there is none
	id         string // for a resource without one, "" if its fullUrl has none either
	key        string // "Type/id" of the resource; "" if it has none yet
	twice      bool   // a member that may be there once is there again
	behind     bool   // in a history: an entry before it, which is newer, has the same key

	fullURL, method, url string
	etag, modified       string // of the response: what the source says of the version
}

// deletion is what an entry deletes.
func (e bundleEntry) deletion() storage.Deletion {
	d := deletionOf(e.url, e.fullURL, e.etag, e.modified)
	d.Behind = e.behind
	return d
}

// deletes reports whether the entry is a deletion.
func (e bundleEntry) deletes() bool { return e.method == "DELETE" }

// jsonError is broken JSON, or JSON that is no resource.
type jsonError struct{ err error }

func (e *jsonError) Error() string { return e.err.Error() }

// bundleScan is a first reading under way.
type bundleScan struct {
	dec   *jsontext.Decoder
	in    *leash
	found bundle
}

// scanBundle reads a JSON document for the first time. Errors of the text are [*jsonError].
func scanBundle(r io.Reader) (bundle, error) {
	s := bundleScan{in: &leash{r: r}}
	// A resource with duplicate names or bad UTF-8 is refused alone, when it is parsed.
	s.dec = jsontext.NewDecoder(s.in, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	err := s.document()
	s.found.size = s.dec.InputOffset()
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		err = &jsonError{fmt.Errorf("broken JSON at byte %d: %w", s.dec.InputOffset(), err)}
	}
	return s.found, err
}

// document reads the root object, and demands that nothing follows it.
func (s *bundleScan) document() error {
	if s.peek() != '{' {
		if _, err := s.token(); err != nil {
			return err
		}
		return &jsonError{errors.New("the text is not a JSON object")}
	}
	err := s.object(func(name string) error {
		switch {
		case name == "resourceType" && s.peek() == '"':
			tok, err := s.token()
			s.found.typ = tok.String()
			return err
		case name == "type" && s.peek() == '"':
			tok, err := s.token()
			s.found.kind = tok.String()
			return err
		case name == "entry" && s.peek() == '[':
			return s.array(s.entry)
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	if _, err := s.token(); err != io.EOF {
		return &jsonError{fmt.Errorf("more text after the end of the JSON object, at byte %d", s.dec.InputOffset())}
	}
	s.found.order()
	return nil
}

// order finds what stands behind something newer: a history begins with the newest (R4 http.html#history).
func (b *bundle) order() {
	seen := map[string]bool{}
	for i := range b.entries {
		e := &b.entries[i]
		if e.deletes() {
			d := e.deletion()
			e.key = d.Type + "/" + d.ID
		}
		if b.kind == "history" && e.key != "" {
			e.behind, seen[e.key] = seen[e.key], true
		}
		if e.behind || b.kind != "history" {
			e.key = "" // is not needed any more
		}
	}
}

// entry reads one entry.
func (s *bundleScan) entry() error {
	if s.peek() != '{' {
		s.found.entries = append(s.found.entries, bundleEntry{})
		return s.skip()
	}
	var e bundleEntry
	var typ, id string
	err := s.object(func(name string) (err error) {
		kind := s.peek()
		switch {
		case name == "fullUrl" && kind == '"':
			var tok jsontext.Token
			tok, err = s.token()
			e.fullURL = tok.String()
		case name == "resource":
			e.twice = e.end != 0
			e.start = s.dec.InputOffset()
			typ, id, err = s.resource()
			e.end = s.dec.InputOffset()
		case name == "request" && kind == '{':
			err = s.texts(map[string]*string{"method": &e.method, "url": &e.url})
		case name == "response" && kind == '{':
			err = s.texts(map[string]*string{"etag": &e.etag, "lastModified": &e.modified})
		default:
			err = s.skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	if e.id = idOf(e.fullURL, typ); id == "" {
		id = e.id
	}
	if legal := fhir.LegalID(typ, id); fhir.IsType(typ) && legal != "" {
		e.key = typ + "/" + legal
		if e.fullURL != "" {
			s.found.links.Add(e.fullURL, e.key)
		}
	}
	s.found.entries = append(s.found.entries, e)
	return nil
}

// idOf is the id that a fullUrl gives to a resource without one, "" if it has none: the part after urn:uuid: or
// urn:oid:, or after the type in a URL.
func idOf(fullURL, typ string) string {
	r := fhir.ParseReference(fullURL)
	id := ""
	switch {
	case r.Form == fhir.FormURN:
		_, id, _ = strings.Cut(strings.TrimPrefix(r.URN(), "urn:"), ":")
	case r.Type == typ:
		id = r.ID
	case typ != "":
		_, id, _ = strings.Cut(fullURL, "/"+typ+"/") // with an id that R4 does not allow
	}
	return fhir.LegalID(typ, id)
}

// resource reads over a resource and returns its type and id as they are written.
func (s *bundleScan) resource() (typ, id string, err error) {
	if s.peek() != '{' {
		return "", "", s.skip()
	}
	err = s.object(func(name string) error {
		if s.peek() != '"' || name != "resourceType" && name != "id" {
			return s.skip()
		}
		tok, err := s.token()
		if name == "id" {
			id = tok.String()
		} else {
			typ = tok.String()
		}
		return err
	})
	return typ, id, err
}

// texts reads an object of which some members are wanted, if they are texts.
func (s *bundleScan) texts(wanted map[string]*string) error {
	return s.object(func(name string) error {
		to := wanted[name]
		if to == nil || s.peek() != '"' {
			return s.skip()
		}
		tok, err := s.token()
		*to = tok.String()
		return err
	})
}

// object calls member with each name of an object; it must read the value.
func (s *bundleScan) object(member func(name string) error) error {
	if _, err := s.token(); err != nil {
		return err
	}
	for s.peek() == '"' {
		tok, err := s.token()
		if err != nil {
			return err
		}
		if err := member(tok.String()); err != nil {
			return err
		}
	}
	_, err := s.token()
	return err
}

// array calls item for each item of an array; it must read it.
func (s *bundleScan) array(item func() error) error {
	if _, err := s.token(); err != nil {
		return err
	}
	for kind := s.peek(); kind != ']' && kind != 0; kind = s.peek() {
		if err := item(); err != nil {
			return err
		}
	}
	_, err := s.token()
	return err
}

// skip reads over one value, token by token.
func (s *bundleScan) skip() error {
	depth := s.dec.StackDepth()
	for {
		if _, err := s.token(); err != nil || s.dec.StackDepth() == depth {
			return err
		}
	}
}

// token reads one token, which may be long but not without end.
func (s *bundleScan) token() (jsontext.Token, error) {
	s.in.left = 2 * fhir.MaxResourceSize
	return s.dec.ReadToken()
}

// peek tells what the next token is.
func (s *bundleScan) peek() jsontext.Kind {
	s.in.left = 2 * fhir.MaxResourceSize
	return s.dec.PeekKind()
}

// leash is a reader that gives no more than is left.
type leash struct {
	r    io.Reader
	left int
}

func (l *leash) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, &jsonError{fmt.Errorf("a text in it is %w", errLong)}
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// entries reads a Bundle for the second time.
func (r *reading) entries(s *source, t *text, b bundle) error {
	var buffer []byte
	at, passed := spot{src: s}, int64(0)
	for _, e := range b.entries {
		if at.line++; r.ctx.Err() != nil {
			return nil
		}
		if e.deletes() {
			r.delete(at, e.deletion())
			continue
		}
		if e.end == 0 {
			r.note(at, nil, "skipped: the entry has no resource")
			continue
		}
		if e.twice {
			r.refuse(at, nil, issueOf(fhir.Errorf(fhir.CodeStructure, "the entry has more than one resource")))
			continue
		}
		size := e.end - e.start
		if size > fhir.MaxResourceSize+maxGap {
			r.refuse(at, nil, issueOf(fhir.Errorf(fhir.CodeTooLong, "%s", errLong)))
			continue
		}
		if err := skipTo(t, e.start-passed); err != nil {
			return err
		}
		if passed = e.end; int64(cap(buffer)) < size || cap(buffer) > docKeep {
			buffer = make([]byte, size)
		}
		buffer = buffer[:size]
		if _, err := io.ReadFull(t, buffer); err != nil {
			return err
		}
		said := fhir.NewSourceVersion(versionOf(e.etag), e.modified)
		r.add(at, offered{text: bytes.TrimLeft(buffer, ": \t\r\n"), fallback: e.id, links: b.links, said: said, behind: e.behind})
	}
	return nil
}

// maxGap is how much white space may stand before a resource.
const maxGap = 1 << 10

// skipTo passes over n bytes.
func skipTo(t *text, n int64) error {
	_, err := io.CopyN(io.Discard, t, n)
	return err
}
