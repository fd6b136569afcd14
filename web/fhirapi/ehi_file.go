package fhirapi

import (
	"bufio"
	"io"
	"mime"
	"net/http"
	"slices"

	"satchel/web"

	"satchel/engine/pack"
	"satchel/exports"
	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// ehiFile sends one file of a complete EHI export to the app that asked for it. The first file that is sent makes the
// package one that was handed over: the ledger has it before the app has the bytes.
func ehiFile(w http.ResponseWriter, c *web.Call) error {
	e, app, err := visibleEHI(c)
	if err != nil {
		return err
	}
	now, err := ehiStateOf(c, e)
	if err != nil {
		return err
	}
	if now.over != nil || now.JobProgress != "" {
		return fhir.Errorf(fhir.CodeNotFound, "this EHI export has no such file; its status tells which there are")
	}
	if made := ehiMade[c.File]; made != nil {
		return sendMade(c, w, e, now, made)
	}
	f, note, err := c.Server.Exports.Open(c.Context(), app, now.job.ID, c.File, exports.Packages)
	if c.Did(note, err); err != nil {
		return hiddenEHI(err)
	}
	defer f.Close()
	if err := handOver(c, now.request); err != nil {
		return err
	}
	return c.SendFile(w, f, ehiMedia(f.Info))
}

// ehiMade are the files that are made when they are asked for: each writes its lines.
var ehiMade = map[string]func(c *web.Call, w io.Writer, e storage.EHIExport, job storage.Job) error{
	ehiDocuments: func(c *web.Call, w io.Writer, e storage.EHIExport, job storage.Job) error {
		return writeDocuments(c, w, e, job)
	},
	ehiErrors: func(c *web.Call, w io.Writer, e storage.EHIExport, job storage.Job) error {
		return writeProblems(c, w, e, job)
	},
}

// handOver notes that the package was given to the app, unless that is noted already.
func handOver(c *web.Call, r requests.Request) error {
	if r.State != requests.Ready || c.Method != http.MethodGet {
		return nil
	}
	_, err := c.Server.Requests.Deliver(c.Context(), by(c), requests.Seen{ID: r.ID}, requests.Delivery{Way: requests.WayApp, Form: requests.FormFolder})
	if !web.IsCode(err, fhir.CodeConflict) {
		return err
	}
	r, err = c.Server.Requests.Request(c.Context(), r.ID)
	if err == nil && !slices.Contains([]requests.State{requests.Delivered, requests.Closed}, r.State) { // taken back a moment ago
		return noEHI()
	}
	return err // another download was first, and has noted it
}

// sendMade sends a file that is made on the way.
func sendMade(c *web.Call, w http.ResponseWriter, e storage.EHIExport, now ehiNow, write func(*web.Call, io.Writer, storage.EHIExport, storage.Job) error) error {
	if err := handOver(c, now.request); err != nil {
		return err
	}
	c.Answer.Trail.SetTarget(now.job.ID + "/" + c.File)
	h := w.Header()
	h.Set("Content-Type", web.MediaNDJSON)
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
		c.Server.Log.Warn("file of an EHI export not sent to its end", "request", c.Answer.ID, "err", err.Error())
		panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
	}
	return nil
}

// ehiMedia is the media type under which a file of a package is sent. What a browser would run is given as bytes; the
// DocumentReference tells what it is.
func ehiMedia(f storage.JobFile) string {
	if slices.Contains([]string{listOutput, listDeleted, pack.ListHistory}, f.List) {
		return web.MediaNDJSON
	}
	return "application/octet-stream"
}

// writeProblems writes an OperationOutcome for each reason why the record is not complete.
func writeProblems(c *web.Call, w io.Writer, _ storage.EHIExport, job storage.Job) error {
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
