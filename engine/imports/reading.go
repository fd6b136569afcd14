package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"satchel/fhir"
)

// reading is the side of an import that reads files and fills batches; it alone reports findings and progress.
type reading struct {
	*Import
	ctx     context.Context
	full    chan<- *batch
	free    <-chan *batch
	batch   *batch
	refused map[string]int64 // by type
	line    lineReader
	own     fhir.Bases // whose resources are the store's
	hold    *holding

	look func(at spot, text []byte, fallback string, links fhir.Links) // instead of taking resources; nil: take them

	total, before, at int64 // bytes: of all files, of the files before this one, of this one as far as read
}

// spot is where a resource stands.
type spot struct {
	src  *source
	line int64
}

// all reads every file of the paths, in order, and hands over the last batch. It goes on after a file that cannot be
// read, and returns all such errors.
func (r *reading) all(paths []string) error {
	sources, err := r.find(paths)
	errs := []error{err}
	for _, s := range sources {
		r.total += s.size
	}
	for _, s := range sources {
		if r.ctx.Err() != nil {
			break
		}
		if err := s.read(r, s); err != nil && r.ctx.Err() == nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.name, err))
		}
		r.before, r.at = r.before+s.size, 0
		r.report()
	}
	if r.ctx.Err() == nil && r.batch.used > 0 {
		r.hand()
	}
	return errors.Join(errs...)
}

// report tells the progress.
func (r *reading) report() {
	if r.Progress != nil {
		r.Progress(min(r.before+r.at, r.total), r.total)
	}
}

// hand gives the batch to the store and takes a free one.
func (r *reading) hand() {
	select {
	case r.full <- r.batch:
	case <-r.ctx.Done():
		return
	}
	if next, ok := <-r.free; ok {
		r.batch = next
	}
	r.report()
}

// add takes one resource as text. fallback is the id for a resource without one; if it is empty too, content and place
// make the id. links are rewritten.
func (r *reading) add(at spot, text []byte, fallback string, links fhir.Links) {
	if r.look != nil {
		r.look(at, text, fallback, links)
		return
	}
	d := r.batch.next()
	was, err := r.parse(d, text, links)
	if err != nil {
		r.refuse(at, nil, issueOf(err))
		return
	}
	if was != "" {
		r.note(at, d, fmt.Sprintf("its id %.100q is not one of FHIR R4; it is stored as %s/%s, with the old id as an identifier, and references to it are rewritten", was, d.Type(), d.ID()))
	}
	if onlyDeletes(d) {
		r.note(at, d, "deletions in files are not carried out; delete the resource on the server")
		return
	}
	if d.ID() == "" {
		if err := d.Reset(d.Stamped(nil, at.idOf(d, fallback), 1, time.Unix(0, 0))); err != nil {
			r.refuse(at, d, issueOf(err))
			return
		}
	}
	if why := r.hold.why(d.Type() + "/" + d.ID()); why != "" {
		r.refuse(at, d, fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeConflict, Diagnostics: why})
		return
	}
	if err := r.move(d); err != nil {
		r.refuse(at, d, issueOf(err))
		return
	}
	if r.valid(at, d) && r.batch.take() {
		r.hand()
	}
}

// parse reads text into d, with its links rewritten, and ids that R4 does not allow made legal. was is such an id of the resource
// itself.
func (r *reading) parse(d *fhir.Document, text []byte, links fhir.Links) (was string, err error) {
	if was, err = d.ResetForeign(text); err != nil {
		return "", err
	}
	if links.Len() > 0 {
		if text := d.Rewritten(links); text != nil {
			if err := d.Reset(text); err != nil {
				return "", err
			}
		}
	}
	if text, n := d.LegalReferences(r.own); n > 0 {
		return was, d.Reset(text)
	}
	return was, nil
}

// move gives a document and its references the ids under which they are stored.
func (r *reading) move(d *fhir.Document) error {
	if r.hold == nil {
		return nil
	}
	text, err := d.Moved(r.own, r.hold.to)
	if err != nil || text == nil {
		return err
	}
	return d.Reset(text)
}

// valid reports structural findings, and whether the resource may be stored all the same.
func (r *reading) valid(at spot, d *fhir.Document) bool {
	issues := d.Validate()
	refused := false
	for _, issue := range issues {
		refused = refused || r.Strict && issue.Severity != fhir.SeverityWarning && issue.Severity != fhir.SeverityInformation
	}
	if refused {
		r.refused[d.Type()]++
	}
	for _, issue := range issues {
		r.tell(at, d, refused, issue)
	}
	return !refused
}

// refuse counts and reports a resource that is not taken; d is nil if it could not be read.
func (r *reading) refuse(at spot, d *fhir.Document, issue fhir.Issue) {
	typ := ""
	if d != nil {
		typ = d.Type()
	}
	r.refused[typ]++
	r.tell(at, d, true, issue)
}

// note reports something that is left out on purpose.
func (r *reading) note(at spot, d *fhir.Document, text string) {
	r.tell(at, d, false, fhir.Issue{Severity: fhir.SeverityInformation, Code: fhir.CodeInformational, Diagnostics: text})
}

// tell reports one finding.
func (r *reading) tell(at spot, d *fhir.Document, refused bool, issue fhir.Issue) {
	if r.Finding == nil {
		return
	}
	f := Finding{File: at.src.name, Line: at.line, Refused: refused, Issue: issue}
	if d != nil && d.ID() != "" {
		f.Key = d.Type() + "/" + d.ID()
	}
	r.Finding(f)
}

// idOf is the id under which a document is stored that may have none.
func (at spot) idOf(d *fhir.Document, fallback string) string {
	switch {
	case d.ID() != "":
		return d.ID()
	case fallback != "":
		return fallback
	}
	return at.id(d.JSON())
}

// id makes an id of a place and the content there.
func (at spot) id(text []byte) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d\n", at.src.base(), at.line)
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// onlyDeletes reports whether the document is a Bundle of deletions, such as a line of a deleted file of an export.
func onlyDeletes(d *fhir.Document) bool {
	if typ := fhir.BundleType(d); typ != "transaction" && typ != "batch" {
		return false
	}
	entries, err := fhir.BundleEntries(d)
	for _, e := range entries {
		if e.Method != "DELETE" {
			return false
		}
	}
	return err == nil && len(entries) > 0
}
