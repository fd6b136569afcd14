package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"satchel/auth"
)

// FHIRPath is where the FHIR base lies under the public URL.
const FHIRPath = "/fhir"

// Server is the handler's state. Nothing in it changes after New but the cached documents.
type Server struct {
	Options
	proxies []netip.Prefix
	Faces
	pages   []Route // of the staff
	Polls   polls
	Started time.Time

	cursorKey []byte // of the page links that this server gives
	ready     readiness
}

// New makes the handler of a server with these faces. It fails on options that cannot be right, naming the setting, and on a
// route without an action for the audit log.
func New(o Options, f Faces) (http.Handler, error) {
	s := &Server{Options: o, Faces: f, Started: time.Now()}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := s.loadCursorKey(); err != nil {
		return nil, err
	}
	s.pages = pageTable(f.Pages.Rows)
	if err := checkRoutes(s.FHIR, s.Beside, s.pages); err != nil {
		return nil, err
	}
	return s.outer(s.router()), nil
}

// check reads the settings that can be wrong.
func (s *Server) check() error {
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
	return auth.CheckOrigins(s.CORSOrigins)
}
