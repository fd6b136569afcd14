package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/julienschmidt/httprouter"

	"satchel/fhir"
)

// methods are those that the router knows; a request with any other one is for no address.
var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// router holds every address of the server. Tables whose addresses have a word beside a placeholder, such as [base]/[type]
// beside [base]/$export, are one address here and matched by [find], because httprouter cannot hold them.
func (s *Server) router() http.Handler {
	r := httprouter.New()
	r.RedirectTrailingSlash, r.RedirectFixedPath = false, false // else "GET //elsewhere/" answers a redirect to there
	r.HandleMethodNotAllowed, r.HandleOPTIONS = false, false
	add := func(f http.HandlerFunc, methods []string, paths ...string) {
		for _, path := range paths {
			for _, method := range methods {
				r.HandlerFunc(method, path, f)
			}
		}
	}
	add(s.serveFHIR, methods, FHIRPath, FHIRPath+"/*rest")
	add(s.serveBeside, methods, addresses(s.Beside)...)
	for _, p := range s.Plain {
		add(func(w http.ResponseWriter, r *http.Request) { p.Serve(s, w, r) }, p.methods(), p.Path)
	}
	get := []string{"GET", "HEAD"}
	add(s.healthz, get, "/healthz")
	add(s.readyz, get, "/readyz")
	add(s.metrics, get, "/metrics")
	add(s.format, get, FormatPath, FormatPath+"/:version", FormatPath+"/:version/:file")
	add(s.servePage, methods, withSlash(addresses(s.pages))...)
	r.NotFound = http.HandlerFunc(s.notFound)
	return r
}

// addresses are where the router sends to a table. Below the first words of an address with a placeholder it is the table that
// knows what is there; all others are as they are.
func addresses(table []Route) []string {
	var paths []string
	for _, rt := range table {
		path := "/" + rt.Pattern
		if i := strings.Index(path, "/{"); i >= 0 {
			path = path[:i] + "/*rest"
		}
		paths = append(paths, path)
	}
	for _, path := range paths { // what lies below such words belongs to them
		if above, ok := strings.CutSuffix(path, "*rest"); ok {
			paths = slices.DeleteFunc(paths, func(p string) bool { return p != path && strings.HasPrefix(p, above) })
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// withSlash adds to each address the one with a slash at its end, which people type: it is the same page.
func withSlash(paths []string) []string {
	all := slices.Clone(paths)
	for _, path := range paths {
		path = strings.TrimSuffix(path, "/") + "/"
		if !strings.Contains(path, "*") && !slices.Contains(all, path) && !slices.Contains(all, path+"*rest") {
			all = append(all, path)
		}
	}
	return all
}

// notFound answers what no route holds: also odd methods under /fhir.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == FHIRPath || strings.HasPrefix(r.URL.Path, FHIRPath+"/") {
		s.serveFHIR(w, r)
		return
	}
	if wantsPage(r) && !forPrograms(r.URL.Path) {
		s.showNoPage(w, r)
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/oauth/") {
		s.BeginTrail(w, r)
	}
	s.Fail(w, r, fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address; the FHIR base is %s", FHIRPath))
}

// forPrograms reports whether an address lies where there are no pages.
func forPrograms(path string) bool {
	for _, other := range []string{FHIRPath, "/api", "/oauth", "/.well-known"} {
		if path == other || strings.HasPrefix(path, other+"/") {
			return true
		}
	}
	return false
}

// plain writes a line of text.
func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
