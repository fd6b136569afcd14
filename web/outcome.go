package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"satchel/fhir"
)

// mediaFHIR is the media type of every FHIR answer.
const mediaFHIR = "application/fhir+json"

// statusOf maps the reason for an error to an HTTP status; reasons that are not here are 500. Where HTTP knows better
// (405, 406, 412, 415, 422), the handler returns a [problem] with its own status.
var statusOf = map[fhir.Code]int{
	fhir.CodeInvalid:      http.StatusBadRequest,
	fhir.CodeStructure:    http.StatusBadRequest,
	fhir.CodeRequired:     http.StatusBadRequest,
	fhir.CodeValue:        http.StatusBadRequest,
	fhir.CodeNotSupported: http.StatusBadRequest,
	fhir.CodeTooCostly:    http.StatusBadRequest,
	fhir.CodeNotFound:     http.StatusNotFound,
	fhir.CodeDeleted:      http.StatusGone,
	fhir.CodeDuplicate:    http.StatusConflict,
	fhir.CodeConflict:     http.StatusConflict,
	fhir.CodeMultiple:     http.StatusPreconditionFailed,
	fhir.CodeTooLong:      http.StatusRequestEntityTooLarge,
	fhir.CodeLogin:        http.StatusUnauthorized,
	fhir.CodeForbidden:    http.StatusForbidden,
	fhir.CodeProcessing:   http.StatusUnprocessableEntity,
	fhir.CodeThrottled:    http.StatusTooManyRequests,
	fhir.CodeTransient:    http.StatusServiceUnavailable,
	fhir.CodeNoStore:      http.StatusInsufficientStorage,
	fhir.CodeException:    http.StatusInternalServerError,
}

// problem is an error as the client sees it: a status, headers and the issues of an OperationOutcome.
type problem struct {
	status int
	header map[string]string
	issues []fhir.Issue
	cause  error // what only the log may see; nil if the issues say all
}

func (p *problem) Error() string {
	if p.cause != nil {
		return p.cause.Error()
	}
	if len(p.issues) == 0 {
		return http.StatusText(p.status)
	}
	return p.issues[0].Diagnostics
}

// problemf is a problem with one issue and a status that its code alone does not tell.
func problemf(status int, code fhir.Code, format string, args ...any) *problem {
	e := fhir.Errorf(code, format, args...).(*fhir.Error)
	return &problem{status: status, issues: []fhir.Issue{issueOf(e)}}
}

// with adds a header.
func (p *problem) with(name, value string) *problem {
	if p.header == nil {
		p.header = map[string]string{}
	}
	p.header[name] = value
	return p
}

// issueOf turns an error that may be shown into an issue.
func issueOf(e *fhir.Error) fhir.Issue {
	return fhir.Issue{Severity: fhir.SeverityError, Code: e.Code, Diagnostics: e.Diagnostics, Expression: e.Expression}
}

// problemOf says what the client may know of an error: a fhir.Error is shown, everything else is an internal error.
func problemOf(err error) *problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*fhir.Error](err); ok {
		p := &problem{status: statusOf[e.Code], issues: []fhir.Issue{issueOf(e)}}
		switch p.status {
		case 0:
			p.status = http.StatusInternalServerError
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			p.with("Retry-After", "5")
		}
		return p
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return problemf(http.StatusRequestEntityTooLarge, fhir.CodeTooLong, "the body is longer than %d bytes; send less at once", e.Limit)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return problemf(http.StatusServiceUnavailable, fhir.CodeTooCostly, "this took too long and was stopped; ask for less at once")
	}
	p := problemf(http.StatusInternalServerError, fhir.CodeException, "internal error; the server's log has it under the request id in X-Request-Id")
	p.cause = err
	return p
}

// fail ends a request with an error: the one place where errors become a status, an OperationOutcome and, if they are
// the server's fault, a log line. After an answer has begun it can only log.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if status := http.StatusNotModified; errors.Is(err, errNotModified) {
		w.WriteHeader(status)
		return
	}
	p := problemOf(err)
	a, ours := w.(*answer)
	if p.status >= 500 && r.Context().Err() == nil {
		id, route := "", ""
		if ours {
			id, route = a.id, a.route
		}
		s.Log.Error("request failed", "route", route, "request", id, "status", p.status, "err", err.Error())
	}
	if ours && a.status != 0 {
		return
	}
	if p.status == http.StatusUnauthorized {
		s.challenge(w.Header(), r)
	}
	if ours && a.service && p.status == http.StatusForbidden {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Satchel", error="insufficient_scope"`)
	}
	for name, value := range p.header {
		w.Header().Set(name, value)
	}
	if ours && a.visit != nil {
		s.trouble(a, p)
		return
	}
	body := fhir.Outcome(p.issues...)
	w.Header().Set("Content-Type", mediaFHIR)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.status)
	_, _ = w.Write(body)
}

// errNotModified ends a call with 304.
var errNotModified = errors.New("not modified")
