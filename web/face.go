package web

import "net/http"

// Faces are what the packages above add to the server: their addresses.
type Faces struct {
	FHIR   []Route // under the FHIR base, most special first
	Beside []Route // beside it, and served like those under it
	Plain  []Plain // what is served in another way
	Pages  Pages
}

// Plain is an address that is served without a route: no sign-in, no audit event but its own.
type Plain struct {
	Path    string
	Any     bool // it takes every method; otherwise GET and HEAD
	Serve   func(s *Server, w http.ResponseWriter, r *http.Request)
	Foreign func(s *Server, w http.ResponseWriter, r *http.Request) // refuses what a page of another site sends; nil: as everywhere
}

func (p Plain) methods() []string {
	if p.Any {
		return methods
	}
	return []string{http.MethodGet, http.MethodHead}
}

// plainAt is the plain row at a path, or nil.
func (s *Server) plainAt(path string) *Plain {
	for i := range s.Plain {
		if s.Plain[i].Path == path {
			return &s.Plain[i]
		}
	}
	return nil
}
