package fhirapi

import (
	"bytes"
	"net/http"
	"slices"
	"strings"

	"satchel/web"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// mostEntries bounds a batch or transaction.
const mostEntries = 10_000

// lightBundle is the size in bytes up to which Bundles need not wait for each other.
const lightBundle = 1 << 20

// postBundle runs a batch or a transaction: POST [base].
func (k *kept) postBundle(w http.ResponseWriter, c *web.Call) error {
	if err := c.Decide(auth.Action{Verb: auth.VerbTransaction}); err != nil {
		return err
	}
	if c.ContentLength < 0 || c.ContentLength > lightBundle || c.Header.Get("Content-Encoding") != "" {
		select {
		case k.heavy <- struct{}{}:
			defer func() { <-k.heavy }()
		case <-c.Context().Done():
			return c.Context().Err()
		}
	}
	data, err := c.ReadBody(web.MaxBundle, web.MediaFamily)
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
		c.Answer.Trail.MarkBatch()
		b, err = batch(c, entries)
	case "transaction":
		b, err = runTransaction(c, d, entries)
	default:
		err = &fhir.Error{Code: fhir.CodeNotSupported, Expression: "Bundle.type",
			Diagnostics: "a Bundle of type \"" + web.Printable(kind) + "\" cannot be run; send a batch or a transaction, or store it with POST " + web.FHIRPath + "/Bundle"}
	}
	if err != nil {
		return err
	}
	return b.send(w, c)
}

// batch runs each entry as a request of its own; a failed one does not touch the others.
func batch(c *web.Call, entries []fhir.BundleEntry) (*answerBundle, error) {
	b := newBundle("batch-response")
	b.Entry = make([]bundleEntry, len(entries))
	for _, e := range inOrder(entries) {
		if err := c.Context().Err(); err != nil {
			return nil, err
		}
		rec, err := perform(c, e, nil)
		if err != nil {
			p := web.ProblemOf(err)
			if p.Status >= 500 {
				c.Server.Log.Error("batch entry failed", "request", c.Answer.ID, "status", p.Status, "err", err.Error())
			}
			b.Entry[e.Index].Response = &bundleResponse{Status: statusText(p.Status), Outcome: fhir.Outcome(p.Issues...)}
			continue
		}
		b.Entry[e.Index] = rec.entry(c.Base)
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
func perform(c *web.Call, e fhir.BundleEntry, tx *storage.Tx) (*recorder, error) {
	r, err := requestOf(c, e)
	if err != nil {
		return nil, err
	}
	rt, values, err := web.FindRoute(c.Server.FHIR, r.Method, strings.TrimPrefix(r.URL.EscapedPath(), web.FHIRPath))
	if err != nil {
		return nil, err
	}
	if rt.Kind != web.REST || rt.Interaction == "" {
		return nil, fhir.Errorf(fhir.CodeNotSupported, "%s %s is not offered as an entry; send it by itself", e.Method, rt.Pattern)
	}
	rec := &recorder{header: http.Header{}}
	sub := &web.Call{Request: r, Server: c.Server, Route: rt, Who: c.Who, Base: c.Base, Entry: true, Tx: tx,
		Answer: &web.Answer{ResponseWriter: rec, ID: c.Answer.ID, Route: rt.Pattern, Guarded: true, Trail: c.Answer.Trail.NewEntry(rt)}}
	err = sub.Run(sub.Answer, values)
	rec.answer = sub.Answer
	if err == web.ErrNotModified {
		rec.answer.Status, err = http.StatusNotModified, nil
	}
	c.Answer.Trail.AddEntry(&sub.Answer.Trail, rec.answer.Status, err)
	return rec, err
}

// requestOf makes the HTTP request that an entry stands for.
func requestOf(c *web.Call, e fhir.BundleEntry) (*http.Request, error) {
	if rank(e.Method) < 0 {
		return nil, fhir.Errorf(fhir.CodeRequired, "request.method is %q: write GET, POST, PUT or DELETE", web.Printable(e.Method))
	}
	address := "/" + strings.TrimLeft(relative(e.URL, c.Base), "/")
	r, err := http.NewRequestWithContext(c.Context(), e.Method, web.FHIRPath+address, bytes.NewReader(e.Resource))
	if err != nil {
		return nil, fhir.Errorf(fhir.CodeValue, "request.url is not an address relative to the FHIR base")
	}
	prefer := "return=minimal"
	if wish := c.Prefer("return"); wish != "" {
		prefer = "return=" + wish
	}
	if handling := c.Prefer("handling"); handling != "" {
		prefer += ", handling=" + handling
	}
	for name, value := range map[string]string{
		"Content-Type": web.MediaFHIR, "Prefer": prefer, "If-Match": e.IfMatch, "If-None-Match": e.IfNoneMatch,
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
	answer *web.Answer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// entry is the answer as an entry of the response Bundle.
func (r *recorder) entry(base string) bundleEntry {
	response := &bundleResponse{Status: statusText(r.answer.Status), Etag: r.header.Get("ETag")}
	if location := r.header.Get("Location"); location != "" {
		response.Location = relative(location, base)
	} else {
		response.Location = relative(r.header.Get("Content-Location"), base)
	}
	if !r.answer.Updated.IsZero() {
		response.LastModified = fhir.FormatInstant(r.answer.Updated)
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
