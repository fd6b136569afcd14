package fhirapi

import (
	"net/http"
	"strconv"
	"time"

	"satchel/exports"
	"satchel/fhir"
	"satchel/web"
)

// ehiWait is what an app is told of an export that is under way.
type ehiWait struct {
	progress string
	seconds  int // after which to ask again; apps that ask more often are answered all the same, while people work on it
}

// ehiWaits says of each stage that is under way what it waits for. That of a job is its own.
var ehiWaits = map[exports.Stage]ehiWait{
	exports.StageForm:     {"0% (waiting for the form to be filled in)", 10},
	exports.StageDecide:   {"0% (the practice looks at the request)", 60},
	exports.StageApproved: {"0% (approved; the record is about to be put together)", 5},
}

// waitOf is what an app is told of an export that is under way.
func waitOf(x exports.AppExport, now time.Time) ehiWait {
	if x.Stage == exports.StageMaking {
		return ehiWait{web.PackageProgress(x.Job), web.RetryAfter(now.Sub(x.Job.Created))}
	}
	return ehiWaits[x.Stage]
}

// ehiStatus tells how far an EHI export is, and lists its files when it is complete.
func ehiStatus(w http.ResponseWriter, c *web.Call) error {
	x, note, err := apps(c).Look(c.Context(), c.Actor(0), c.Job)
	switch c.Did(note, err); {
	case err != nil:
		return web.LookFailed(err)
	case x.Stage.Over():
		return sendOver(c, w, x)
	case x.Stage == exports.StageReady:
		return web.LookFailed(sendEHIManifest(c, w, x.EHIExport, x.Job))
	}
	if !c.Server.Polls.Allow(c.Who.Name, x.ID, time.Now()) {
		return web.Problemf(http.StatusTooManyRequests, fhir.CodeThrottled, "asked too often; wait as long as Retry-After says between two polls").With("Retry-After", "1")
	}
	wait := waitOf(x, time.Now())
	linkForm(c, w, x)
	w.Header().Set("X-Progress", wait.progress)
	w.Header().Set("Retry-After", strconv.Itoa(wait.seconds))
	w.Header().Set("Content-Length", "0")
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// sendOver tells how an export ended. That people denied it is no matter of the token, so that the answer does not speak
// of scopes as other refusals of a client do.
func sendOver(c *web.Call, w http.ResponseWriter, x exports.AppExport) error {
	switch x.Stage {
	case exports.StageWithdrawn:
		return web.Problemf(http.StatusGone, fhir.CodeDeleted, "the request %s was withdrawn at the practice; ask again if the record is still wanted", x.Request.Number)
	case exports.StageDenied:
		p := web.Problemf(http.StatusForbidden, fhir.CodeForbidden,
			"the practice did not approve the request %s; it tells whoever asked why, and how to have that looked at again. %s", x.Request.Number, c.Server.Requests.Practice().Ask())
		return c.SendJSON(w, p.Status, web.MediaFHIR, fhir.Outcome(p.Issues...))
	}
	return fhir.Errorf(fhir.CodeNotFound, "there is no such EHI export; it may have expired or been deleted")
}
