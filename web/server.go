package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/julienschmidt/httprouter"

	"satchel/desk"
	"satchel/fhir"
)

// fhirPath is where the FHIR base lies under the public URL.
const fhirPath = "/fhir"

// server is the handler's state. Nothing in it changes after New but the cached documents.
type server struct {
	Options
	proxies []netip.Prefix
	routes  []route // under the FHIR base
	besides []route // beside it
	pages   []route // of the staff
	desk    *desk.Desk
	polls   polls
	started time.Time
	heavy   chan struct{}            // a token per large Bundle in memory; each takes a multiple of its size
	caps    atomic.Pointer[document] // the CapabilityStatement for the base URL asked for last

	ready readiness
}

// New makes the handler of the whole server. It fails on options that cannot be right, naming the setting.
func New(o Options) (http.Handler, error) {
	s := &server{Options: o, routes: routes(), besides: besides(), started: time.Now(), heavy: make(chan struct{}, 2)}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.newDesk(); err != nil {
		return nil, err
	}
	if err := checkActions(s.routes, s.besides, s.pages); err != nil {
		return nil, err
	}
	return s.outer(s.router()), nil
}

// check reads the settings that can be wrong.
func (s *server) check() error {
	if s.Exports == nil {
		return errors.New("web: Options.Exports is missing")
	}
	switch s.Basic {
	case "":
		s.Basic = "loopback"
	case "loopback", "on", "off":
	default:
		return fmt.Errorf("auth.basic is %q: write \"loopback\", \"on\" or \"off\"", s.Basic)
	}
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if s.PublicURL != "" && !strings.HasPrefix(s.PublicURL, "http://") && !strings.HasPrefix(s.PublicURL, "https://") {
		return fmt.Errorf("http.public_url is %q: write it with its scheme, such as \"https://records.example.org\"", s.PublicURL)
	}
	for _, text := range s.TrustedProxies {
		prefix, err := parseProxy(text)
		if err != nil {
			return fmt.Errorf("http.trusted_proxies has %q: write an address such as \"10.0.0.5\" or a range such as \"10.0.0.0/24\"", text)
		}
		s.proxies = append(s.proxies, prefix)
	}
	return CheckOrigins(s.CORSOrigins)
}

// router holds every address of the server. What lies under /fhir is in [routes], because httprouter cannot hold
// [base]/[type] beside [base]/$export.
func (s *server) router() http.Handler {
	r := httprouter.New()
	r.RedirectTrailingSlash, r.RedirectFixedPath = false, false // else "GET //elsewhere/" answers a redirect to there
	r.HandleMethodNotAllowed, r.HandleOPTIONS = false, false
	methods := []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
	for _, method := range methods {
		r.HandlerFunc(method, fhirPath, s.serveFHIR)
		r.HandlerFunc(method, fhirPath+"/*rest", s.serveFHIR)
	}
	paths := map[string]bool{}
	for _, rt := range s.besides {
		path := "/" + strings.NewReplacer("{", ":", "}", "").Replace(rt.pattern)
		if strings.HasPrefix(path, pathPackages+"/") {
			path = pathPackages + "/*rest" // a word beside a placeholder, which httprouter cannot hold either
		}
		paths[path] = true
	}
	for path := range paths {
		for _, method := range methods {
			r.HandlerFunc(method, path, s.serveBeside)
		}
	}
	if s.Tokens != nil {
		for _, method := range methods {
			r.HandlerFunc(method, tokenPath, s.token)
		}
	}
	for path, f := range map[string]http.HandlerFunc{
		"/healthz": s.healthz, "/readyz": s.readyz, "/metrics": s.metrics, "/api/openapi.json": s.openapi,
		formatPath: s.format, formatPath + "/:version": s.format, formatPath + "/:version/:file": s.format,
	} {
		r.HandlerFunc("GET", path, f)
		r.HandlerFunc("HEAD", path, f)
	}
	r.NotFound = http.HandlerFunc(s.notFound)
	return r
}

// notFound answers what no route holds: also odd methods under /fhir.
func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == fhirPath || strings.HasPrefix(r.URL.Path, fhirPath+"/") {
		s.serveFHIR(w, r)
		return
	}
	if s.isPage(r) {
		s.servePage(w, r)
		return
	}
	if r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		s.front(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/oauth/") {
		s.beginTrail(w, r)
	}
	s.fail(w, r, fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address; the FHIR base is %s", fhirPath))
}

// plain writes a line of text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
