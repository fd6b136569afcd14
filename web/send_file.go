package web

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"satchel/engine"
)

// MediaNDJSON is the media type of files with one resource per line.
const MediaNDJSON = "application/fhir+ndjson"

// SendFile sends an open file of a job: whole, in ranges, or, if it has lines, compressed on the way.
func (c *Call) SendFile(w http.ResponseWriter, f *engine.File, media string) error {
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Info.Name}))
	tag := f.Tag()
	lines := media == MediaNDJSON
	if lines {
		h.Add("Vary", "Accept-Encoding")
	}
	if lines && c.Header.Get("Range") == "" && wantsGzip(c.Header) {
		return c.sendGzip(w, f, strings.TrimSuffix(tag, `"`)+`-gzip"`)
	}
	h.Set("ETag", tag)
	// ServeContent knows Range, If-Range, If-None-Match and HEAD. The name is empty: the type is set already.
	http.ServeContent(w, c.Request, "", f.Job.Ended, f)
	return nil
}

// sendGzip compresses on the way. Its length is not known before, and it has no ranges.
func (c *Call) sendGzip(w http.ResponseWriter, f *engine.File, tag string) error {
	h := w.Header()
	h.Set("ETag", tag)
	h.Set("Last-Modified", f.Job.Ended.UTC().Format(http.TimeFormat))
	if Unchanged(c.Header, tag, f.Job.Ended) {
		return ErrNotModified
	}
	h.Set("Content-Encoding", "gzip")
	h.Set("Accept-Ranges", "none")
	w.WriteHeader(http.StatusOK)
	if c.Method == http.MethodHead {
		return nil
	}
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.Copy(z, f); err != nil {
		panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
	}
	if err := z.Close(); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}

// wantsGzip reports whether Accept-Encoding takes gzip.
func wantsGzip(h http.Header) bool {
	for coding := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		weight, given := strings.CutPrefix(strings.TrimSpace(params), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !given || err == nil && q > 0
	}
	return false
}
