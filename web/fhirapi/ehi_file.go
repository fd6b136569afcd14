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
	"satchel/storage"
)

// ehiFile sends one file of a complete EHI export to the app that asked for it.
func ehiFile(w http.ResponseWriter, c *web.Call) error {
	x, f, note, err := apps(c).Open(c.Context(), c.Actor(0), c.Job, c.File, c.Method == http.MethodGet)
	if c.Did(note, err); err != nil {
		return err
	}
	if f == nil {
		return sendMade(c, w, x)
	}
	defer f.Close()
	return c.SendFile(w, f, ehiMedia(f.Info))
}

// sendMade sends a file that is made on the way.
func sendMade(c *web.Call, w http.ResponseWriter, x exports.AppExport) error {
	h := w.Header()
	h.Set("Content-Type", web.MediaNDJSON)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.File}))
	h.Set("Accept-Ranges", "none")
	w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var err error
	if c.File == exports.AppErrors {
		err = writeProblems(out, x.Job)
	} else {
		err = writeDocuments(c, out, x.EHIExport, x.Job)
	}
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
func writeProblems(w io.Writer, job storage.Job) error {
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
