package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"satchel/fhir"
)

// MediaFHIR is the media type of every FHIR answer.
const MediaFHIR = "application/fhir+json"

// statusOf maps the reason for an error to an HTTP status; reasons that are not here are 500. Where HTTP knows better
// (405, 406, 412, 415, 422), the handler returns a [Problem] with its own status.
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

// Problem is an error as the client sees it: a status, headers and the issues of an OperationOutcome.
type Problem struct {
	Status int
	Header map[string]string
	Issues []fhir.Issue
	Cause  error // what only the log may see; nil if the issues say all
}

func (p *Problem) Error() string {
	if p.Cause != nil {
		return p.Cause.Error()
	}
	if len(p.Issues) == 0 {
		return http.StatusText(p.Status)
	}
	return p.Issues[0].Diagnostics
}

// Problemf is a problem with one issue and a status that its code alone does not tell.
func Problemf(status int, code fhir.Code, format string, args ...any) *Problem {
	e := fhir.Errorf(code, format, args...).(*fhir.Error)
	return &Problem{Status: status, Issues: []fhir.Issue{issueOf(e)}}
}

// With adds a header.
func (p *Problem) With(name, value string) *Problem {
	if p.Header == nil {
		p.Header = map[string]string{}
	}
	p.Header[name] = value
	return p
}

// issueOf turns an error that may be shown into an issue.
func issueOf(e *fhir.Error) fhir.Issue {
	return fhir.Issue{Severity: fhir.SeverityError, Code: e.Code, Diagnostics: e.Diagnostics, Expression: e.Expression}
}

// ProblemOf says what the client may know of an error: a fhir.Error is shown, everything else is an internal error.
func ProblemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if e, ok := errors.AsType[*fhir.Error](err); ok {
		p := &Problem{Status: statusOf[e.Code], Issues: []fhir.Issue{issueOf(e)}}
		switch p.Status {
		case 0:
			p.Status = http.StatusInternalServerError
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			p.With("Retry-After", "5")
		}
		return p
	}
	if e, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Problemf(http.StatusRequestEntityTooLarge, fhir.CodeTooLong, "the body is longer than %d bytes; send less at once", e.Limit)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return Problemf(http.StatusServiceUnavailable, fhir.CodeTooCostly, "this took too long and was stopped; ask for less at once")
	}
	p := Problemf(http.StatusInternalServerError, fhir.CodeException, "internal error; the server's log has it under the request id in X-Request-Id")
	p.Cause = err
	return p
}

// Fail ends a request with an error: the one place where errors become a status, an OperationOutcome and, if they are
// the server's fault, a log line. After an answer has begun it can only log.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, err error) {
	if status := http.StatusNotModified; errors.Is(err, ErrNotModified) {
		w.WriteHeader(status)
		return
	}
	p := ProblemOf(err)
	a, ours := w.(*Answer)
	if p.Status >= 500 && r.Context().Err() == nil {
		id, route := "", ""
		if ours {
			id, route = a.ID, a.Route
		}
		s.Log.Error("request failed", "route", route, "request", id, "status", p.Status, "err", err.Error())
	}
	if ours && a.Status != 0 {
		return
	}
	if p.Status == http.StatusUnauthorized {
		s.challenge(w.Header(), r)
	}
	if ours && a.service && p.Status == http.StatusForbidden {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Satchel", error="insufficient_scope"`)
	}
	for name, value := range p.Header {
		w.Header().Set(name, value)
	}
	if ours && a.page != nil {
		s.trouble(a, p)
		return
	}
	body := fhir.Outcome(p.Issues...)
	w.Header().Set("Content-Type", MediaFHIR)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

// ErrNotModified ends a call with 304.
var ErrNotModified = errors.New("not modified")
