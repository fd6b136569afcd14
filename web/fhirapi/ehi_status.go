package fhirapi

import (
	"net/http"
	"strconv"
	"time"

	"satchel/web"

	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// ehiNow is where an EHI export stands, as its app is told.
type ehiNow struct {
	JobProgress string // under way: what it waits for
	person      bool   // it waits for a form to be sent, or for the practice to look at what was sent
	wait        int    // seconds after which to ask again
	over        error  // it has ended without files
	request     requests.Request
	job         storage.Job // complete: its files are there, if neither of the above is set
}

// ehiTold is how long an app is told that its request was denied or withdrawn.
const ehiTold = 30 * 24 * time.Hour

// Between two questions, while people work on it. Apps that ask more often are answered all the same.
const (
	waitForm   = 10
	waitPeople = 60
)

// ehiStateOf asks the ledger, and where a package is made or was made, its job.
func ehiStateOf(c *web.Call, e storage.EHIExport) (ehiNow, error) {
	ledger := c.Server.Requests
	if e.Request == "" {
		if ledger.AppOver(e) {
			return ehiNow{over: noEHI()}, nil
		}
		return ehiNow{JobProgress: "0% (waiting for the form to be filled in)", person: true, wait: waitForm}, nil
	}
	r, err := ledger.Request(c.Context(), e.Request)
	if err != nil {
		return ehiNow{}, err
	}
	now := ehiNow{request: r}
	switch decision, _ := r.Decided(); {
	case r.State == requests.Received || r.State == requests.Verifying:
		now.JobProgress, now.person, now.wait = "0% (the practice looks at the request)", e.Client, waitPeople
	case r.State == requests.Withdrawn:
		now.over = asRefusal(c, r, web.Problemf(http.StatusGone, fhir.CodeDeleted, "the request %s was withdrawn at the practice; ask again if the record is still wanted", r.Number))
	case decision.Kind == requests.StepDeny:
		now.over = asRefusal(c, r, web.Problemf(http.StatusForbidden, fhir.CodeForbidden,
			"the practice did not approve the request %s; it tells whoever asked why, and how to have that looked at again. %s", r.Number, ledger.Practice().Ask()))
	case r.State == requests.Approved && r.Package != nil: // it was made, and is no longer there
		now.over = noEHI()
	case r.State == requests.Approved:
		now.JobProgress, now.wait = "0% (approved; the record is about to be put together)", 5
	default:
		err = ehiJob(c, &now)
	}
	return now, err
}

// ehiJob looks at the job of the package.
func ehiJob(c *web.Call, now *ehiNow) error {
	job, err := c.Server.Store.Job(c.Context(), now.request.Job)
	switch {
	case web.IsCode(err, fhir.CodeNotFound) && now.request.State == requests.Producing: // it is about to have one, or another one
		now.JobProgress, now.wait = "0% (the record is about to be put together)", 2
		return nil
	case web.IsCode(err, fhir.CodeNotFound):
		now.over = noEHI()
		return nil
	case err != nil:
		return err
	case now.request.State == requests.Producing:
		now.JobProgress, now.wait = web.PackageProgress(job), web.RetryAfter(time.Since(job.Created))
	}
	now.job = job
	return nil
}

// asRefusal is what an app is told of a request that ended long ago: nothing.
func asRefusal(c *web.Call, r requests.Request, p *web.Problem) error {
	if c.Server.Store.Now().Sub(r.Changed) > ehiTold {
		return noEHI()
	}
	return p
}

// ehiStatus tells how far an EHI export is, and lists its files when it is complete.
func ehiStatus(w http.ResponseWriter, c *web.Call) error {
	e, _, err := visibleEHI(c)
	if err != nil {
		return web.LookFailed(err)
	}
	now, err := ehiStateOf(c, e)
	switch {
	case err != nil:
		return web.LookFailed(err)
	case now.over != nil:
		return sendOver(c, w, now.over)
	case now.JobProgress == "":
		return web.LookFailed(sendEHIManifest(c, w, e, now.job))
	}
	if !c.Server.Polls.Allow(c.Who.Name, e.ID, time.Now()) {
		return web.Problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").With("Retry-After", "1")
	}
	linkForm(c, w, e, now)
	w.Header().Set("X-Progress", now.JobProgress)
	w.Header().Set("Retry-After", strconv.Itoa(now.wait))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// sendOver tells how an export ended. That people denied it is no matter of the token, so that the answer does not speak
// of scopes as other refusals of a client do.
func sendOver(c *web.Call, w http.ResponseWriter, err error) error {
	p := web.ProblemOf(err)
	if p.Status != http.StatusForbidden {
		return err
	}
	return c.SendJSON(w, p.Status, web.MediaFHIR, fhir.Outcome(p.Issues...))
}
