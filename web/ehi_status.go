package web

import (
	"net/http"
	"strconv"
	"time"

	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// ehiNow is where an EHI export stands, as its app is told.
type ehiNow struct {
	progress string // under way: what it waits for
	person   bool   // it waits for a form to be sent, or for the practice to look at what was sent
	wait     int    // seconds after which to ask again
	over     error  // it has ended without files
	request  requests.Request
	job      storage.Job // complete: its files are there, if neither of the above is set
}

// ehiTold is how long an app is told that its request was denied or withdrawn.
const ehiTold = 30 * 24 * time.Hour

// Between two questions, while people work on it. Apps that ask more often are answered all the same.
const (
	waitForm   = 10
	waitPeople = 60
)

// ehiNow asks the ledger, and where a package is made or was made, its job.
func (c *call) ehiNow(e storage.EHIExport) (ehiNow, error) {
	ledger := c.server.Requests
	if e.Request == "" {
		if ledger.AppOver(e) {
			return ehiNow{over: noEHI()}, nil
		}
		return ehiNow{progress: "0% (waiting for the form to be filled in)", person: true, wait: waitForm}, nil
	}
	r, err := ledger.Request(c.Context(), e.Request)
	if err != nil {
		return ehiNow{}, err
	}
	now := ehiNow{request: r}
	switch decision, _ := r.Decided(); {
	case r.State == requests.Received || r.State == requests.Verifying:
		now.progress, now.person, now.wait = "0% (the practice looks at the request)", e.Client, waitPeople
	case r.State == requests.Withdrawn:
		now.over = c.told(r, problemf(http.StatusGone, fhir.CodeDeleted, "the request %s was withdrawn at the practice; ask again if the record is still wanted", r.Number))
	case decision.Kind == requests.StepDeny:
		now.over = c.told(r, problemf(http.StatusForbidden, fhir.CodeForbidden,
			"the practice did not approve the request %s; it tells whoever asked why, and how to have that looked at again. %s", r.Number, ledger.Practice().Ask()))
	case r.State == requests.Approved && r.Package != nil: // it was made, and is no longer there
		now.over = noEHI()
	case r.State == requests.Approved:
		now.progress, now.wait = "0% (approved; the record is about to be put together)", 5
	default:
		err = c.ehiJob(&now)
	}
	return now, err
}

// ehiJob looks at the job of the package.
func (c *call) ehiJob(now *ehiNow) error {
	job, err := c.server.Store.Job(c.Context(), now.request.Job)
	switch {
	case isCode(err, fhir.CodeNotFound) && now.request.State == requests.Producing: // it is about to have one, or another one
		now.progress, now.wait = "0% (the record is about to be put together)", 2
		return nil
	case isCode(err, fhir.CodeNotFound):
		now.over = noEHI()
		return nil
	case err != nil:
		return err
	case now.request.State == requests.Producing:
		now.progress, now.wait = packageProgress(job), retryAfter(time.Since(job.Created))
	}
	now.job = job
	return nil
}

// told is what an app is told of a request that ended long ago: nothing.
func (c *call) told(r requests.Request, p *problem) error {
	if c.server.Store.Now().Sub(r.Changed) > ehiTold {
		return noEHI()
	}
	return p
}

// ehiStatus tells how far an EHI export is, and lists its files when it is complete.
func ehiStatus(w http.ResponseWriter, c *call) error {
	e, _, err := c.visibleEHI()
	if err != nil {
		return hiccup(err)
	}
	now, err := c.ehiNow(e)
	switch {
	case err != nil:
		return hiccup(err)
	case now.over != nil:
		return c.sendOver(w, now.over)
	case now.progress == "":
		return hiccup(c.sendEHIManifest(w, e, now.job))
	}
	if !c.server.polls.allow(c.who.Name, e.ID, time.Now()) {
		return problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").with("Retry-After", "1")
	}
	c.linkForm(w, e, now)
	w.Header().Set("X-Progress", now.progress)
	w.Header().Set("Retry-After", strconv.Itoa(now.wait))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// sendOver tells how an export ended. That people denied it is no matter of the token, so that the answer does not speak
// of scopes as other refusals of a client do.
func (c *call) sendOver(w http.ResponseWriter, err error) error {
	p := problemOf(err)
	if p.status != http.StatusForbidden {
		return err
	}
	return c.sendJSON(w, p.status, mediaFHIR, fhir.Outcome(p.issues...))
}
