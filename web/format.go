package web

import (
	"net/http"
	"strings"

	"satchel/fhir"
	"satchel/handover"
)

// FormatPath is where the format of packages is documented, for everybody: packages name it.
const FormatPath = "/docs/format"

// format answers the documentation of a version of the packages' format, the newest unless the path names one, and the
// files that belong to it.
func (s *Server) format(w http.ResponseWriter, r *http.Request) {
	version := strings.Trim(strings.TrimPrefix(r.URL.Path, FormatPath), "/")
	if version == "" {
		version = handover.FormatVersion
	}
	version, name, file := strings.Cut(version, "/")
	if text, ok := handover.FormatFile(version, name, strings.TrimSuffix(s.BaseURL(r), FHIRPath)+FormatPath+"/"+version); file && ok {
		w.Header().Set("Content-Type", "application/json")
		if _, err := w.Write(text); err != nil {
			s.Log.Debug("documentation of the format", "err", err)
		}
		return
	} else if file {
		s.Fail(w, r, fhir.Errorf(fhir.CodeNotFound, "the documentation of the format has no file %q", name))
		return
	}
	page, err := handover.FormatHTML(version)
	if err != nil {
		s.Fail(w, r, fhir.Errorf(fhir.CodeNotFound, "there is no version %q of the format here; the newest is %s", version, handover.FormatVersion))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	if _, err := w.Write(page); err != nil {
		s.Log.Debug("documentation of the format", "err", err)
	}
}
