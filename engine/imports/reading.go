package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"satchel/fhir"
	"satchel/storage"
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

	look func(at spot, o offered) // instead of taking resources; nil: take them

	total, before, at int64 // bytes: of all files, of the files before this one, of this one as far as read
}

// spot is where a resource stands.
type spot struct {
	src  *source
	line int64
}

// offered is one resource of the files, as text.
type offered struct {
	text     []byte
	fallback string     // the id for a resource without one; if it is empty too, content and place make the id
	links    fhir.Links // to be rewritten

	said   fhir.SourceVersion // what stands beside it, where it says nothing itself
	behind bool               // it stands behind a newer one in a Bundle of history
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
	if r.ctx.Err() == nil && !r.batch.empty() {
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

// add takes one resource.
func (r *reading) add(at spot, o offered) {
	if r.look != nil {
		r.look(at, o)
		return
	}
	if len(r.batch.deletions) > 0 {
		r.hand() // what comes first is done first
	}
	d := r.batch.next()
	was, err := r.parse(d, o)
	if err != nil {
		r.refuse(at, nil, issueOf(err))
		return
	}
	if was != "" {
		r.note(at, d, fmt.Sprintf("its id %.100q is not one of FHIR R4; it is stored as %s/%s, with the old id as an identifier, and references to it are rewritten", was, d.Type(), d.ID()))
	}
	if entries := onlyDeletes(d); entries != nil {
		r.deletions(at, entries)
		return
	}
	if err := r.name(at, d, o.fallback); err != nil {
		r.refuse(at, d, issueOf(err))
		return
	}
	key := d.Type() + "/" + d.ID()
	if why := r.hold.why(key); why != "" {
		r.refuse(at, d, fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeConflict, Diagnostics: why})
		return
	}
	if err := r.move(d); err != nil {
		r.refuse(at, d, issueOf(err))
		return
	}
	offer := storage.Offer{SourceVersion: d.SourceVersion().Or(o.said), Behind: o.behind, Overwrite: slices.Contains(r.Same, key)}
	if r.valid(at, d) && r.batch.take(at, offer) {
		r.hand()
	}
}

// name gives a document without an id one.
func (r *reading) name(at spot, d *fhir.Document, fallback string) error {
	if d.ID() != "" {
		return nil
	}
	return d.Reset(d.WithID(at.idOf(d, fallback)))
}

// parse reads a text into d, with its links rewritten, and ids that R4 does not allow made legal. was is such an id of the resource
// itself.
func (r *reading) parse(d *fhir.Document, o offered) (was string, err error) {
	if was, err = d.ResetForeign(o.text); err != nil {
		return "", err
	}
	if o.links.Len() > 0 {
		if text := d.Rewritten(o.links); text != nil {
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
func (r *reading) note(at spot, d *fhir.Document, text string) { r.tell(at, d, false, informed(text)) }

// informed is an issue that only tells something.
func informed(text string) fhir.Issue {
	return fhir.Issue{Severity: fhir.SeverityInformation, Code: fhir.CodeInformational, Diagnostics: text}
}

// tell reports one finding.
func (r *reading) tell(at spot, d *fhir.Document, refused bool, issue fhir.Issue) {
	key := ""
	if d != nil && d.ID() != "" {
		key = d.Type() + "/" + d.ID()
	}
	r.tellOf(at, key, refused, issue)
}

// tellOf is tell for whatever has the key.
func (r *reading) tellOf(at spot, key string, refused bool, issue fhir.Issue) {
	if r.Finding != nil {
		r.Finding(Finding{File: at.src.name, Line: at.line, Key: key, Refused: refused, Issue: issue})
	}
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
