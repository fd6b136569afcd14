package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"satchel/auth"
	"satchel/desk"
	"satchel/fhir"
)

// answer is the ResponseWriter of one request. It remembers what the log line needs, and it refuses to send a success
// that nobody decided on: a handler that forgot to ask auth is an internal error, not a leak.
type answer struct {
	http.ResponseWriter
	id      string // of the request
	route   string // pattern, for the log
	account string // who asks: an account or a client
	service bool   // it is a client
	guarded bool   // a success needs decided
	decided bool
	status  int
	bytes   int64
	updated time.Time   // of the resource answered, to the millisecond, which Last-Modified cannot say
	trail   *trail      // what the audit log will hold; nil: nothing
	visit   *desk.Visit // of a page
	muted   bool        // the audit log refused the answer, and another was sent
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	if a.guarded && !a.decided && status < 400 {
		panic("web: " + a.route + " answered without a decision")
	}
	if a.muted || a.status == 0 && !a.storeTrail(status) {
		return
	}
	if a.status == 0 {
		a.status = status
	}
	a.extend()
	a.ResponseWriter.WriteHeader(status)
}

// Write writes piece by piece, each with its own deadline: an answer may take long as long as it moves, and a client
// that stopped reading does not hold memory or a file for ever.
func (a *answer) Write(b []byte) (n int, err error) {
	if a.status == 0 {
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
func (a *answer) extend() {
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(stall)) // a recorder has no deadlines
}

// stall is how long a client may take to accept the next piece of an answer.
const stall = 2 * time.Minute

// outer wraps every request: safe headers, a request id, one log line, and no panic that reaches the client.
func (s *server) outer(inner http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	for _, origin := range s.CORSOrigins {
		_ = guard.AddTrustedOrigin(origin) // check has tried it
	}
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.beginTrail(w, r)
		if r.URL.Path == tokenPath {
			s.refuseToken(w, &auth.OAuthError{Code: "invalid_request", Description: "a page of another site may not ask for tokens", Status: http.StatusForbidden})
			return
		}
		if s.isPage(r) {
			s.visiting(w.(*answer), r)
		}
		s.fail(w, r, fhir.Errorf(fhir.CodeForbidden, "a page of another site may not send this; call the server from a program or from its own pages"))
	}))
	guarded := guard.Handler(inner)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		a := &answer{ResponseWriter: w, id: rand.Text()[:16], route: "-"}
		safeHeaders(w.Header(), a.id)
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
func (s *server) logged(a *answer, r *http.Request, start time.Time) {
	s.Log.Info("request", "method", r.Method, "route", a.route, "status", a.status,
		"ms", time.Since(start).Milliseconds(), "bytes", a.bytes, "account", a.account, "request", a.id)
	s.Metrics.answered(a, r, time.Since(start))
}

// caught turns a panic into an internal error. The stack goes to the log and not to the client.
func (s *server) caught(a *answer, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	s.Log.Error("panic", "route", a.route, "request", a.id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
	if a.status != 0 {
		panic(http.ErrAbortHandler) // half an answer must not look like a whole one
	}
	s.fail(a, r, fmt.Errorf("panic"))
}
