package web

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// mostEntries bounds a batch or transaction.
const mostEntries = 10_000

// lightBundle is the size in bytes up to which Bundles need not wait for each other.
const lightBundle = 1 << 20

// postBundle runs a batch or a transaction: POST [base].
func postBundle(w http.ResponseWriter, c *call) error {
	if err := c.decide(auth.Action{Verb: auth.VerbTransaction}); err != nil {
		return err
	}
	if c.ContentLength < 0 || c.ContentLength > lightBundle || c.Header.Get("Content-Encoding") != "" {
		select {
		case c.server.heavy <- struct{}{}:
			defer func() { <-c.server.heavy }()
		case <-c.Context().Done():
			return c.Context().Err()
		}
	}
	data, err := c.body(maxBundle, mediaFamily)
	if err != nil {
		return err
	}
	d, err := fhir.ParseBundle(data)
	if err != nil {
		return err
	}
	entries, err := fhir.BundleEntries(d)
	if err != nil {
		return err
	}
	if len(entries) > mostEntries {
		return fhir.Errorf(fhir.CodeTooCostly, "the Bundle has %d entries, at most %d are taken at once; split it, or use \"satchel import\"", len(entries), mostEntries)
	}
	var b *answerBundle
	switch kind := fhir.BundleType(d); kind {
	case "batch":
		c.answer.trail.markBatch()
		b, err = c.batch(entries)
	case "transaction":
		b, err = c.transaction(d, entries)
	default:
		err = &fhir.Error{Code: fhir.CodeNotSupported, Expression: "Bundle.type",
			Diagnostics: "a Bundle of type \"" + printable(kind) + "\" cannot be run; send a batch or a transaction, or store it with POST " + fhirPath + "/Bundle"}
	}
	if err != nil {
		return err
	}
	return b.send(w, c)
}

// batch runs each entry as a request of its own; a failed one does not touch the others.
func (c *call) batch(entries []fhir.BundleEntry) (*answerBundle, error) {
	b := newBundle("batch-response")
	b.Entry = make([]bundleEntry, len(entries))
	for _, e := range inOrder(entries) {
		if err := c.Context().Err(); err != nil {
			return nil, err
		}
		rec, err := c.perform(e, nil)
		if err != nil {
			p := problemOf(err)
			if p.status >= 500 {
				c.server.Log.Error("batch entry failed", "request", c.answer.id, "status", p.status, "err", err.Error())
			}
			b.Entry[e.Index].Response = &bundleResponse{Status: statusText(p.status), Outcome: fhir.Outcome(p.issues...)}
			continue
		}
		b.Entry[e.Index] = rec.entry(c.base)
	}
	return b, nil
}

// rank is the order in which R4 has the entries processed.
func rank(method string) int {
	return slices.Index([]string{"DELETE", "POST", "PUT", "PATCH", "GET", "HEAD"}, method)
}

// inOrder sorts entries by rank; those of one rank keep their order.
func inOrder(entries []fhir.BundleEntry) []fhir.BundleEntry {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b fhir.BundleEntry) int { return rank(a.Method) - rank(b.Method) })
	return sorted
}

// perform runs one entry as if it had been sent by itself; tx is set inside a transaction.
func (c *call) perform(e fhir.BundleEntry, tx *storage.Tx) (*recorder, error) {
	r, err := c.entryRequest(e)
	if err != nil {
		return nil, err
	}
	rt, values, err := find(c.server.routes, r.Method, strings.TrimPrefix(r.URL.EscapedPath(), fhirPath))
	if err != nil {
		return nil, err
	}
	if rt.kind != rest || rt.interaction == "" {
		return nil, fhir.Errorf(fhir.CodeNotSupported, "%s %s is not offered as an entry; send it by itself", e.Method, rt.pattern)
	}
	rec := &recorder{header: http.Header{}}
	sub := &call{Request: r, server: c.server, route: rt, who: c.who, base: c.base, entry: true, tx: tx,
		answer: &answer{ResponseWriter: rec, id: c.answer.id, route: rt.pattern, guarded: true, trail: c.answer.trail.newEntry(rt)}}
	err = sub.run(sub.answer, values)
	rec.answer = sub.answer
	if err == errNotModified {
		rec.answer.status, err = http.StatusNotModified, nil
	}
	c.answer.trail.addEntry(sub.answer.trail, rec.answer.status, err)
	return rec, err
}

// entryRequest makes the HTTP request that an entry stands for.
func (c *call) entryRequest(e fhir.BundleEntry) (*http.Request, error) {
	if rank(e.Method) < 0 {
		return nil, fhir.Errorf(fhir.CodeRequired, "request.method is %q: write GET, POST, PUT or DELETE", printable(e.Method))
	}
	address := "/" + strings.TrimLeft(relative(e.URL, c.base), "/")
	r, err := http.NewRequestWithContext(c.Context(), e.Method, fhirPath+address, bytes.NewReader(e.Resource))
	if err != nil {
		return nil, fhir.Errorf(fhir.CodeValue, "request.url is not an address relative to the FHIR base")
	}
	prefer := "return=minimal"
	if wish := c.prefer("return"); wish != "" {
		prefer = "return=" + wish
	}
	if handling := c.prefer("handling"); handling != "" {
		prefer += ", handling=" + handling
	}
	for name, value := range map[string]string{
		"Content-Type": mediaFHIR, "Prefer": prefer, "If-Match": e.IfMatch, "If-None-Match": e.IfNoneMatch,
		"If-None-Exist": e.IfNoneExist, "If-Modified-Since": httpDate(e.IfModifiedSince),
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r, nil
}

// relative cuts the base off an entry's url.
func relative(url, base string) string { return strings.TrimPrefix(url, base+"/") }

// httpDate writes an instant as a header has it; what is not an instant is left as it is.
func httpDate(instant string) string {
	if t, err := fhir.ParseInstant(instant); err == nil {
		return t.UTC().Format(http.TimeFormat)
	}
	return instant
}

// recorder keeps the answer to one entry.
type recorder struct {
	header http.Header
	body   bytes.Buffer
	answer *answer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// entry is the answer as an entry of the response Bundle.
func (r *recorder) entry(base string) bundleEntry {
	response := &bundleResponse{Status: statusText(r.answer.status), Etag: r.header.Get("ETag")}
	if location := r.header.Get("Location"); location != "" {
		response.Location = relative(location, base)
	} else {
		response.Location = relative(r.header.Get("Content-Location"), base)
	}
	if !r.answer.updated.IsZero() {
		response.LastModified = fhir.FormatInstant(r.answer.updated)
	}
	e := bundleEntry{Response: response}
	switch body := bytes.Clone(r.body.Bytes()); {
	case len(body) == 0:
	case bytes.HasPrefix(body, []byte(`{"resourceType":"OperationOutcome"`)):
		response.Outcome = body
	default:
		e.Resource = body
	}
	return e
}
