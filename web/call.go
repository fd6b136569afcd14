package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// Slowest is how long a call may take before it is stopped; bundles and files take as long as they take.
const Slowest = 60 * time.Second

// Call is one request that matched a route: an HTTP request, or an entry of a batch or transaction.
type Call struct {
	*http.Request
	Server  *Server
	Route   *Route
	Answer  *Answer // of the HTTP request that it came with
	Who     auth.Principal
	Base    string // FHIR base URL as the client sees it
	Type    string // values of the route's placeholders
	ID      string
	Version string
	Job     string
	File    string
	Name    string
	Params  []fhir.Param // query parameters in order, without _format and _pretty
	Format  string       // value of _format
	pretty  bool
	Entry   bool            // an entry of a batch or transaction
	Tx      *storage.Tx     // set for an entry of a transaction: what it reads and writes goes through it
	Whole   map[string]bool // types of which the caller may read everything, once asked
}

// serveFHIR answers everything under the base.
func (s *Server) serveFHIR(w http.ResponseWriter, r *http.Request) {
	if err := s.dispatch(w, r, s.FHIR, FHIRPath); err != nil {
		s.Fail(w, r, err)
	}
}

// serveBeside answers the addresses beside the base that work like those under it.
func (s *Server) serveBeside(w http.ResponseWriter, r *http.Request) {
	if err := s.dispatch(w, r, s.Beside, ""); err != nil {
		s.Fail(w, r, err)
	}
}

// dispatch finds the route in a table, knows who asks, and runs the handler.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, table []Route, prefix string) error {
	s.BeginTrail(w, r)
	escaped := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if escaped != "" && escaped[0] != '/' {
		return fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address; the FHIR base is %s", FHIRPath)
	}
	rt, values, err := FindRoute(table, r.Method, escaped)
	if err != nil {
		return err
	}
	a := w.(*Answer)
	a.Route = rt.Pattern
	a.Trail.takeRoute(rt)
	if a.Route == "" {
		a.Route = "[base]"
	}
	c := &Call{Request: r, Server: s, Route: rt, Answer: a, Base: s.BaseURL(r)}
	if rt.Kind != Public && rt.Kind != Discovery {
		if c.Who, err = s.signIn(r); err != nil {
			a.Trail.refuseStranger(r, c.Who)
			return err
		}
		a.Trail.setWho(c.Who)
		a.Account, a.service, a.Guarded = c.Who.Name, c.Who.Service, true
	}
	if rt.Kind == Bundle || rt.Kind == File || rt.Kind == Slow {
		return c.Run(w, values)
	}
	ctx, cancel := context.WithTimeout(r.Context(), Slowest)
	defer cancel()
	c.Request = r.WithContext(ctx)
	err = c.Run(w, values)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // what was interrupted reports it in words of its own
	}
	return err
}

// Run checks what all handlers rely on (the address, the query, what the client accepts) and runs the route's handler.
func (c *Call) Run(w http.ResponseWriter, values map[string]string) error {
	if err := c.address(values); err != nil {
		return err
	}
	c.setTarget()
	if err := c.query(); err != nil {
		return err
	}
	return c.Route.Run(w, c)
}

// address takes the placeholders' values; a type that does not exist or an id that cannot be one is an error.
func (c *Call) address(values map[string]string) error {
	c.Type, c.ID, c.Version, c.Job, c.File = values["type"], values["id"], values["version"], values["job"], values["file"]
	c.Name = values["name"]
	if typ, ok := values["type"]; ok {
		if err := CheckType(typ); err != nil {
			return err
		}
	}
	if id, ok := values["id"]; ok {
		if err := CheckID(id); err != nil {
			return err
		}
		if c.Type == "" && !strings.HasPrefix(c.Route.Pattern, "api/") {
			c.Type, _, _ = strings.Cut(c.Route.Pattern, "/")
		}
	}
	return nil
}

// CheckType refuses a name that is not an R4 resource type.
func CheckType(typ string) error {
	if fhir.IsType(typ) {
		return nil
	}
	for _, known := range fhir.Types() {
		if strings.EqualFold(known, typ) {
			return fhir.Errorf(fhir.CodeNotFound, "%q is not a resource type; names are case-sensitive: write %q", Printable(typ), known)
		}
	}
	return fhir.Errorf(fhir.CodeNotFound, "%q is not a resource type of FHIR R4 that can be stored", Printable(typ))
}

// CheckID refuses what cannot be a logical id.
func CheckID(id string) error {
	if fhir.IsID(id) {
		return nil
	}
	return fhir.Errorf(fhir.CodeValue, "%q is not an id: up to 64 letters, digits, \"-\" and \".\"", Printable(id))
}

// Decide asks auth whether the caller may do it. Every handler calls it before it answers; it is the one place where
// permissions and scopes are asked.
func (c *Call) Decide(do auth.Action) error {
	if err := c.Who.Decide(do); err != nil {
		return err
	}
	c.Answer.Decided = true
	return nil
}

// Native reports whether the call may answer a Binary as what it holds: R4 has a read answer the content itself, unless
// the client asks for FHIR. An entry of a Bundle is always the resource.
func (c *Call) Native() bool {
	return c.Type == "Binary" && !c.Entry && (c.Route.Interaction == "read" || c.Route.Interaction == "vread")
}
