package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"satchel/fhir"
)

// Answer is the ResponseWriter of one request. It remembers what the log line needs, and it refuses to send a success
// that nobody decided on: a handler that forgot to ask auth is an internal error, not a leak.
type Answer struct {
	http.ResponseWriter
	ID      string // of the request
	Route   string // pattern, for the log
	Account string // who asks: an account or a client
	service bool   // it is a client
	Guarded bool   // a success needs decided
	Decided bool
	Status  int
	bytes   int64
	Updated time.Time    // of the resource answered, to the millisecond, which Last-Modified cannot say
	Trail   Trail        // what the audit log will hold
	page    *PageRequest // of a page
	muted   bool         // the audit log refused the answer, and another was sent
}

// Unwrap lets http.ResponseController reach the connection.
func (a *Answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *Answer) WriteHeader(status int) {
	if a.Guarded && !a.Decided && status < 400 {
		panic("web: " + a.Route + " answered without a decision")
	}
	if a.muted || a.Status == 0 && !a.storeTrail(status) {
		return
	}
	if a.Status == 0 {
		a.Status = status
	}
	a.extend()
	a.ResponseWriter.WriteHeader(status)
}

// Write writes piece by piece, each with its own deadline: an answer may take long as long as it moves, and a client
// that stopped reading does not hold memory or a file for ever.
func (a *Answer) Write(b []byte) (n int, err error) {
	if a.Status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	if a.muted {
		return len(b), nil
	}
	for piece := range slices.Chunk(b, 64<<10) {
		a.extend()
		m, err := a.ResponseWriter.Write(piece)
		n, a.bytes = n+m, a.bytes+int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// extend gives the client time for the next piece.
func (a *Answer) extend() {
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(stall)) // a recorder has no deadlines
}

// stall is how long a client may take to accept the next piece of an answer.
const stall = 2 * time.Minute

// outer wraps every request: safe headers, a request id, one log line, and no panic that reaches the client.
func (s *Server) outer(inner http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	for _, origin := range s.CORSOrigins {
		_ = guard.AddTrustedOrigin(origin) // check has tried it
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.BeginTrail(w, r)
		if p := s.plainAt(r.URL.Path); p != nil && p.Foreign != nil {
			p.Foreign(s, w, r)
			return
		}
		if s.isPage(r) {
			s.asPage(w.(*Answer), r)
		}
		s.Fail(w, r, fhir.Errorf(fhir.CodeForbidden, "a page of another site may not send this; call the server from a program or from its own pages"))
	}))
	guarded := guard.Handler(inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		a := &Answer{ResponseWriter: w, ID: rand.Text()[:16], Route: "-"}
		safeHeaders(w.Header(), a.ID)
		defer s.logged(a, r, start)
		defer s.caught(a, r)
		if !s.cors(a, r) {
			guarded.ServeHTTP(a, r)
		}
	})
}

// safeHeaders are on every answer; handlers that serve pages or cacheable documents replace what they must.
func safeHeaders(h http.Header, id string) {
	h.Set("X-Request-Id", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
}

// logged writes the access line: never a query string, never a body, since both hold health data.
func (s *Server) logged(a *Answer, r *http.Request, start time.Time) {
	s.Log.Info("request", "method", r.Method, "route", a.Route, "status", a.Status,
		"ms", time.Since(start).Milliseconds(), "bytes", a.bytes, "account", a.Account, "request", a.ID)
	s.Metrics.answered(a, r, time.Since(start))
}

// caught turns a panic into an internal error. The stack goes to the log and not to the client.
func (s *Server) caught(a *Answer, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	s.Log.Error("panic", "route", a.Route, "request", a.ID, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if a.Status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	s.Fail(a, r, fmt.Errorf("panic"))
}
