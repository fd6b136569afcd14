package view

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"satchel/fhir"
	"satchel/handover"
)

// Options say what the pages are about.
type Options struct {
	Practice        string // name of the practice
	Patient         string // id of the patient
	TransactionTime time.Time
	Verdict         string                      // outcome of the reconciliation as in the manifest; "" says nothing
	Exclusions      []handover.ExclusionSummary // what was left out on purpose, in the order to be shown
	// Source finds the file and line of a version for items that do not say it; may be nil.
	Source func(typ, id string, version int64) (path string, line int64)
}

// Item is one version of a resource.
type Item struct {
	Section handover.Section
	Type    string // with ID and Version: taken from the JSON where empty
	ID      string
	Version int64
	Updated time.Time // taken from meta.lastUpdated where zero
	// JSON is the resource. A deletion has none, or the transaction Bundle that stands for it in the package.
	JSON []byte
	Path string // of the file it stands in, from the root of the bag or from data/ on
	Line int64  // in the file, from 1
	// Attachments finds the package paths of bytes: by the place of the element, such as
	// "DocumentReference.content[0].attachment" or "Binary.data", or by the attachment's url.
	Attachments map[string]string
}

// View is one patient's record on its way to pages. It is not for concurrent use.
type View struct {
	o       Options
	t       *words
	facts   []*fact
	current map[string]*fact // by key
	strings map[string]string
	d       fhir.Document
	labels  map[string]string // names of fields in words
	asked   map[string]*fact  // questionnaires by their canonical address
}

// New begins the pages of one record.
func New(o Options) *View {
	return &View{o: o, t: language, current: map[string]*fact{}, strings: map[string]string{}}
}

// Add takes one version of a resource in. Items come in any order; the item's memory is free afterwards.
func (v *View) Add(i Item) error {
	f := &fact{section: i.Section, typ: i.Type, id: i.ID, version: i.Version, updated: i.Updated}
	if len(i.JSON) > 0 {
		if err := v.d.Reset(i.JSON); err != nil {
			return fmt.Errorf("show %s/%s, line %d of %q: %w", i.Type, i.ID, i.Line, i.Path, err)
		}
		v.read(f, i)
	}
	if f.typ == "" || f.id == "" {
		return errors.New("an item without type or id cannot be shown; give them or a resource that has them")
	}
	f.deleted = f.deleted || len(i.JSON) == 0
	f.path, f.line = i.Path, i.Line
	if f.path == "" && v.o.Source != nil {
		f.path, f.line = v.o.Source(f.typ, f.id, f.version)
	}
	f.path = v.keep([]byte(strings.TrimPrefix(f.path, "data/")))
	v.facts = append(v.facts, f)
	if f.live() {
		if before := v.current[f.key()]; before != nil && before.version == f.version {
			return fmt.Errorf("%s is added twice as current; add each version once", f.key())
		}
		v.current[f.key()] = f
	}
	return nil
}

// read fills a fact from the parsed document.
func (v *View) read(f *fact, i Item) {
	root := v.d.Look()
	if i.Section == handover.Deleted || i.Section == handover.History {
		entry := root.Child("entry").Child("request")
		if r := fhir.ParseReference(entry.Child("url").Text()); r.Form == fhir.FormRelative && root.Type() == "Bundle" && entry.Child("method").Text() == "DELETE" {
			f.typ, f.id, f.deleted = r.Type, r.ID, true
		}
	}
	meta := root.Child("meta")
	if f.version == 0 {
		fmt.Sscan(meta.Child("versionId").Text(), &f.version)
	}
	if f.updated.IsZero() {
		f.updated, _ = fhir.ParseInstant(meta.Child("lastUpdated").Text())
	}
	if f.deleted {
		return
	}
	f.typ, f.id = v.d.Type(), v.d.ID()
	v.extract(f, root, i.Attachments)
}

// keep copies a text once, however often it occurs.
func (v *View) keep(b []byte) string {
	if s, ok := v.strings[string(b)]; ok {
		return s
	}
	s := string(b)
	v.strings[s] = s
	return s
}

// Pages makes the pages: index.html and one or more for each part of the record. add is called once per page and writes it
// where it belongs, by calling write; all names are for one folder, data/view/ of the package. Nothing can be added afterwards.
func (v *View) Pages(add func(name string, write func(io.Writer) error) error) error {
	pages := v.layout()
	for _, p := range pages {
		if err := add(p.file, func(w io.Writer) error { return v.render(w, p, pages) }); err != nil {
			return fmt.Errorf("page %q: %w", p.file, err)
		}
	}
	return nil
}
