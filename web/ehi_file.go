package web

import (
	"bufio"
	"io"
	"mime"
	"net/http"
	"slices"

	"satchel/engine/pack"
	"satchel/exports"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// ehiFile sends one file of a complete EHI export to the app that asked for it. The first file that is sent makes the
// package one that was handed over: the ledger has it before the app has the bytes.
func ehiFile(w http.ResponseWriter, c *call) error {
	e, app, err := c.visibleEHI()
	if err != nil {
		return err
	}
	now, err := c.ehiNow(e)
	if err != nil {
		return err
	}
	if now.over != nil || now.progress != "" {
		return fhir.Errorf(fhir.CodeNotFound, "this EHI export has no such file; its status tells which there are")
	}
	if made := ehiMade[c.File]; made != nil {
		return c.sendMade(w, e, now, made)
	}
	f, note, err := c.server.Exports.Open(c.Context(), app, now.job.ID, c.File, exports.Packages)
	if c.did(note, err); err != nil {
		return hiddenEHI(err)
	}
	defer f.Close()
	if err := c.handOver(now.request); err != nil {
		return err
	}
	return c.sendFile(w, f, ehiMedia(f.Info))
}

// ehiMade are the files that are made when they are asked for: each writes its lines.
var ehiMade = map[string]func(c *call, w io.Writer, e storage.EHIExport, job storage.Job) error{
	ehiDocuments: (*call).writeDocuments,
	ehiErrors:    (*call).writeProblems,
}

// handOver notes that the package was given to the app, unless that is noted already.
func (c *call) handOver(r requests.Request) error {
	if r.State != requests.Ready || c.Method != http.MethodGet {
		return nil
	}
	_, err := c.server.Requests.Deliver(c.Context(), c.by(), requests.Seen{ID: r.ID}, requests.Delivery{Way: requests.WayApp, Form: requests.FormFolder})
	if !isCode(err, fhir.CodeConflict) {
		return err
	}
	r, err = c.server.Requests.Request(c.Context(), r.ID)
	if err == nil && !slices.Contains([]requests.State{requests.Delivered, requests.Closed}, r.State) { // taken back a moment ago
		return noEHI()
	}
	return err // another download was first, and has noted it
}

// sendMade sends a file that is made on the way.
func (c *call) sendMade(w http.ResponseWriter, e storage.EHIExport, now ehiNow, write func(*call, io.Writer, storage.EHIExport, storage.Job) error) error {
	if err := c.handOver(now.request); err != nil {
		return err
	}
	c.answer.trail.setTarget(now.job.ID + "/" + c.File)
	h := w.Header()
	h.Set("Content-Type", mediaNDJSON)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.File}))
	h.Set("Accept-Ranges", "none")
	w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	out := bufio.NewWriterSize(w, 64<<10)
	err := write(c, out, e, now.job)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		c.server.Log.Warn("file of an EHI export not sent to its end", "request", c.answer.id, "err", err.Error())
		panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
	}
	return nil
}

// ehiMedia is the media type under which a file of a package is sent. What a browser would run is given as bytes; the
// DocumentReference tells what it is.
func ehiMedia(f storage.JobFile) string {
	if slices.Contains([]string{listOutput, listDeleted, pack.ListHistory}, f.List) {
		return mediaNDJSON
	}
	return "application/octet-stream"
}

// writeProblems writes an OperationOutcome for each reason why the record is not complete.
func (c *call) writeProblems(w io.Writer, _ storage.EHIExport, job storage.Job) error {
	o, err := pack.OutcomeOf(job)
	if err != nil {
		return err
	}
	for _, text := range o.Problems {
		issue := fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeProcessing, Diagnostics: text}
		if _, err := w.Write(append(fhir.Outcome(issue), '\n')); err != nil {
			return err
		}
	}
	return nil
}
