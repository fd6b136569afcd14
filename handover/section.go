package handover

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"satchel/fhir"
)

// Section is a kind of FHIR content.
type Section string

// Sections.
const (
	Current    Section = "current"    // the newest version of each resource
	Directory  Section = "directory"  // practitioners, places, medications …: what records refer to
	History    Section = "history"    // earlier versions, and deletions of what was made again
	Deleted    Section = "deleted"    // deletions of what is still deleted
	Provenance Section = "provenance" // who made what
)

// Sections are all of them, in the order in which they are read back.
func Sections() []Section { return []Section{Directory, Current, Provenance, History, Deleted} }

// stream is the NDJSON file of a section and type that is being written.
type stream struct {
	key    streamKey
	file   *file
	number int // of the file, from 1
	path   string
}

// streamKey distinguishes streams: a folder below data/ and the first part of the file names in it.
type streamKey struct{ folder, prefix string }

// Place is where a resource stands in a package.
type Place struct {
	Path string // in its bag, such as data/fhir/current/Patient-0001.ndjson
	Line int64  // from 1
	Bag  int    // number of the bag, from 1
}

// Put writes one version of a resource into a section and returns where it stands. Resources come in the order in which
// they shall stand; changing between sections and types is allowed. A tombstone goes to [Deleted], or to [History]
// if the resource was made again. The JSON must be one line, stamped with id, version and time as the store keeps it.
func (w *Writer) Put(section Section, r fhir.Resource) (Place, error) {
	if err := w.check(writing); err != nil {
		return Place{}, err
	}
	if err := checkPut(section, r); err != nil {
		return Place{}, err
	}
	if !r.Deleted {
		return w.line(section.key(r.Type), section, r.Type, r.ID, r.JSON)
	}
	w.scratch = appendTombstone(w.scratch[:0], r)
	return w.line(section.key("deleted"), section, "Bundle", r.ID, w.scratch)
}

func (s Section) key(typ string) streamKey { return streamKey{folders[s], typ} }

// folders are those of the sections below data/.
var folders = map[Section]string{
	Current: "fhir/current", Directory: "fhir/directory", History: "fhir/history", Deleted: "fhir/deleted", Provenance: "fhir/provenance",
}

// checkPut refuses what does not belong into a section.
func checkPut(section Section, r fhir.Resource) error {
	switch {
	case !fhir.IsType(r.Type) || !fhir.IsID(r.ID):
		return fmt.Errorf("%q is no resource type and id of FHIR R4", r.Key())
	case r.Deleted && section != Deleted && section != History:
		return fmt.Errorf("%s version %d is a deletion; put it into section %q, or %q if it was made again", r.Key(), r.Version, Deleted, History)
	case !r.Deleted && section == Deleted:
		return fmt.Errorf("%s version %d is no deletion; put it into another section", r.Key(), r.Version)
	case section == Provenance && r.Type != "Provenance":
		return fmt.Errorf("%s is no Provenance; put it into section %q", r.Key(), Current)
	case !r.Deleted && (len(r.JSON) < 2 || r.JSON[0] != '{' || r.JSON[len(r.JSON)-1] != '}' || bytes.IndexByte(r.JSON, '\n') >= 0):
		return fmt.Errorf("%s version %d is not a JSON object in one line", r.Key(), r.Version)
	}
	switch section {
	case Current, Directory, History, Deleted, Provenance:
		return nil
	}
	return fmt.Errorf("section %q is unknown; use one of %v", section, Sections())
}

// appendTombstone writes a deletion as Bulk Data does, as a transaction Bundle, with the version and the time
// of the deletion as those of the Bundle.
func appendTombstone(dst []byte, r fhir.Resource) []byte {
	dst = append(dst, `{"resourceType":"Bundle","meta":{"versionId":"`...)
	dst = strconv.AppendInt(dst, r.Version, 10)
	dst = append(dst, `","lastUpdated":"`...)
	dst = append(dst, fhir.FormatInstant(r.Updated)...)
	dst = append(dst, `"},"type":"transaction","entry":[{"request":{"method":"DELETE","url":"`...)
	dst = append(dst, r.Key()...)
	return append(dst, `"}}]}`...)
}

// line writes a line into a stream, and begins a new file or bag where a cap would be crossed.
func (w *Writer) line(key streamKey, section Section, typ, id string, line []byte) (Place, error) {
	size := int64(len(line)) + 1
	if err := w.room(size); err != nil {
		return Place{}, err
	}
	s := w.stream(key)
	if s.file != nil && (s.file.bytes+size > w.options.FileSize || s.file.lines >= w.options.FileLines) {
		if err := w.endStream(s); err != nil {
			return Place{}, err
		}
	}
	if s.file == nil {
		if err := w.beginStream(s, key, section, typ, id); err != nil {
			return Place{}, err
		}
	}
	f := s.file
	f.info.LastID = id
	f.lines++
	w.bag().bytes += size
	if _, err := f.Write(line); err != nil {
		return Place{}, w.fail(err)
	}
	if _, err := f.Write(newline); err != nil {
		return Place{}, w.fail(err)
	}
	return Place{s.path, f.lines, len(w.bags)}, nil
}

// stream is the one with the key. Mostly it is the same as that of the line before.
func (w *Writer) stream(key streamKey) *stream {
	if w.last != nil && w.last.key == key {
		return w.last
	}
	w.last = w.streams[key]
	if w.last == nil {
		w.last = &stream{key: key}
		w.streams[key] = w.last
		w.order = append(w.order, key)
	}
	return w.last
}

func (w *Writer) beginStream(s *stream, key streamKey, section Section, typ, id string) error {
	f, err := w.bag().create(false)
	if err != nil {
		return w.fail(err)
	}
	s.number++
	s.file, s.path = f, fmt.Sprintf("data/%s/%s-%04d.ndjson", key.folder, key.prefix, s.number)
	f.info = File{Section: section, Type: typ, FirstID: id}
	return nil
}

func (w *Writer) endStream(s *stream) error {
	f := s.file
	s.file = nil
	if f == nil {
		return nil
	}
	return w.fail(f.commit(s.path))
}

// endStreams ends every file under way, in the order in which the streams began.
func (w *Writer) endStreams() error {
	for _, key := range w.order {
		if err := w.endStream(w.streams[key]); err != nil {
			return err
		}
	}
	return nil
}

// bulkManifest is data/fhir/bulk-manifest.json.
type bulkManifest struct {
	TransactionTime Instant       `json:"transactionTime" doc:"The instant that the package shows."`
	Request         string        `json:"request" doc:"Names the job; there is no kick-off address."`
	RequiresToken   bool          `json:"requiresAccessToken" doc:"Always false: the files lie beside this one."`
	Output          []bulkFile    `json:"output" doc:"Files with current resources, and the index of attachments as DocumentReference."`
	Deleted         []bulkFile    `json:"deleted" doc:"Files with deletions, as transaction Bundles."`
	Error           []bulkFile    `json:"error" doc:"Always empty: what is missing stands in ehi-manifest.json."`
	Extension       bulkExtension `json:"extension" doc:"Additions."`
}

// bulkFile is one file in a bulk manifest.
type bulkFile struct {
	Type  string `json:"type" doc:"Resource type of the lines."`
	URL   string `json:"url" doc:"Relative to this file."`
	Count int64  `json:"count" doc:"Lines."`
}

// bulkExtension is what a bulk manifest says beside the standard.
type bulkExtension struct {
	DocumentationURL string `json:"ehiDocumentationUrl" doc:"Page that documents the format."`
}

// bulkManifestOf lists the current content of a bag for clients of Bulk Data.
func bulkManifestOf(head Head, files []File) ([]byte, error) {
	m := bulkManifest{TransactionTime: head.TransactionTime, Request: "urn:satchel:job:" + head.JobID,
		Output: []bulkFile{}, Deleted: []bulkFile{}, Error: []bulkFile{}, Extension: bulkExtension{head.DocumentationURL}}
	for _, f := range files {
		switch {
		case f.Section == Current || f.Section == Directory || f.Section == Provenance:
			m.Output = append(m.Output, bulkFile{f.Type, f.Path[len("data/fhir/"):], f.Lines})
		case f.Section == Deleted:
			m.Deleted = append(m.Deleted, bulkFile{f.Type, f.Path[len("data/fhir/"):], f.Lines})
		case f.Path == attachmentIndex:
			m.Output = append(m.Output, bulkFile{"DocumentReference", "../" + f.Path[len("data/"):], f.Lines})
		}
	}
	return indented(m)
}

// indented is JSON to be read by people too, ended by a line feed.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
