package app

import (
	"net/http"

	"satchel/config"
)

// hsts tells browsers to come by HTTPS only from now on. Not for a local authority, whose certificate a browser may not
// know yet: there the warning could then not be passed.
func hsts(cfg *config.Config, next http.Handler) http.Handler {
	if cfg.TLS.Mode != config.TLSFiles && cfg.TLS.Mode != config.TLSACME {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}
