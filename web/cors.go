package web

import (
	"net/http"
	"slices"
	"strings"
)

// What pages of an allowed origin may send and see. There is no Allow-Credentials: they bring their own token.
const (
	corsMethods = "GET, HEAD, POST, PUT, DELETE"
	corsSend    = "Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, If-Range, Prefer, Range"
	corsSee     = "Accept-Ranges, Content-Disposition, Content-Location, Content-Range, ETag, Expires, Last-Modified, Link, Location, " +
		"Preference-Applied, Retry-After, WWW-Authenticate, X-Export-Status, X-Progress, X-Request-Id"
)

// FromAllowedOrigin reports whether a page of an allowed origin sends the request.
func (s *Server) FromAllowedOrigin(r *http.Request) bool {
	return slices.Contains(s.CORSOrigins, r.Header.Get("Origin"))
}

// cors lets pages of the allowed origins call FHIR and the token endpoint, not the administration. True: the request was
// a browser's question, and is answered.
func (s *Server) cors(w *Answer, r *http.Request) bool {
	path := r.URL.Path
	open := path == FHIRPath || strings.HasPrefix(path, FHIRPath+"/") || path == TokenPath || strings.HasPrefix(path, "/.well-known/")
	if len(s.CORSOrigins) == 0 || !open {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if !s.FromAllowedOrigin(r) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Access-Control-Expose-Headers", corsSee)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	w.Route = "preflight"
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsSend)
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
