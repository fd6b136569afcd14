package web

import (
	"fmt"
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

// CheckOrigins refuses what a browser would never send as Origin, and "*": health records are not for any page.
func CheckOrigins(origins []string) error {
	for _, origin := range origins {
		if err := http.NewCrossOriginProtection().AddTrustedOrigin(origin); err != nil || strings.ContainsAny(origin, "* ") {
			return fmt.Errorf("http.cors_origins has %q: write an origin such as \"https://app.example.org\", without a path", origin)
		}
	}
	return nil
}

// fromAllowedOrigin reports whether a page of an allowed origin sends the request.
func (s *server) fromAllowedOrigin(r *http.Request) bool {
	return slices.Contains(s.CORSOrigins, r.Header.Get("Origin"))
}

// cors lets pages of the allowed origins call FHIR and the token endpoint, not the administration. True: the request was
// a browser's question, and is answered.
func (s *server) cors(w *answer, r *http.Request) bool {
	path := r.URL.Path
	open := path == fhirPath || strings.HasPrefix(path, fhirPath+"/") || path == tokenPath || strings.HasPrefix(path, "/.well-known/")
	if len(s.CORSOrigins) == 0 || !open {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	if !s.fromAllowedOrigin(r) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	h.Set("Access-Control-Expose-Headers", corsSee)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	w.route = "preflight"
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsSend)
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}
