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

// slowest is how long a call may take before it is stopped; bundles and files take as long as they take.
const slowest = 60 * time.Second

// call is one request that matched a route: an HTTP request, or an entry of a batch or transaction.
type call struct {
	*http.Request
	server  *server
	route   *route
	answer  *answer // of the HTTP request that it came with
	who     auth.Principal
	base    string // FHIR base URL as the client sees it
	Type    string // values of the route's placeholders
	ID      string
	Version string
	Job     string
	File    string
	Name    string
	params  []fhir.Param // query parameters in order, without _format and _pretty
	format  string       // value of _format
	pretty  bool
	entry   bool            // an entry of a batch or transaction
	tx      *storage.Tx     // set for an entry of a transaction: what it reads and writes goes through it
	whole   map[string]bool // types of which the caller may read everything, once asked
}

// serveFHIR answers everything under the base.
func (s *server) serveFHIR(w http.ResponseWriter, r *http.Request) {
	if err := s.dispatch(w, r, s.routes, fhirPath); err != nil {
		s.fail(w, r, err)
	}
}

// serveBeside answers the addresses beside the base that work like those under it.
func (s *server) serveBeside(w http.ResponseWriter, r *http.Request) {
	if err := s.dispatch(w, r, s.besides, ""); err != nil {
		s.fail(w, r, err)
	}
}

// dispatch finds the route in a table, knows who asks, and runs the handler.
func (s *server) dispatch(w http.ResponseWriter, r *http.Request, table []route, prefix string) error {
	s.beginTrail(w, r)
	escaped := strings.TrimPrefix(r.URL.EscapedPath(), prefix)
	if escaped != "" && escaped[0] != '/' {
		return fhir.Errorf(fhir.CodeNotFound, "there is nothing at this address; the FHIR base is %s", fhirPath)
	}
	rt, values, err := find(table, r.Method, escaped)
	if err != nil {
		return err
	}
	a := w.(*answer)
	a.route, a.trail = rt.pattern, a.trail.takeRoute(rt)
	if a.route == "" {
		a.route = "[base]"
	}
	c := &call{Request: r, server: s, route: rt, answer: a, base: s.baseURL(r)}
	if rt.kind != public && rt.kind != discovery {
		if c.who, err = s.signIn(r); err != nil {
			a.trail.refuseStranger(r, c.who)
			return err
		}
		a.trail.setWho(c.who)
		a.account, a.service, a.guarded = c.who.Name, c.who.Service, true
	}
	if rt.kind == bundle || rt.kind == file || rt.kind == slow {
		return c.run(w, values)
	}
	ctx, cancel := context.WithTimeout(r.Context(), slowest)
	defer cancel()
	c.Request = r.WithContext(ctx)
	err = c.run(w, values)
	if err != nil && ctx.Err() != nil {
		return ctx.Err() // what was interrupted reports it in words of its own
	}
	return err
}

// run checks what all handlers rely on (the address, the query, what the client accepts) and runs the route's handler.
func (c *call) run(w http.ResponseWriter, values map[string]string) error {
	if err := c.address(values); err != nil {
		return err
	}
	c.setTarget()
	if err := c.query(); err != nil {
		return err
	}
	return c.route.run(w, c)
}

// address takes the placeholders' values; a type that does not exist or an id that cannot be one is an error.
func (c *call) address(values map[string]string) error {
	c.Type, c.ID, c.Version, c.Job, c.File = values["type"], values["id"], values["version"], values["job"], values["file"]
	c.Name = values["name"]
	if typ, ok := values["type"]; ok {
		if err := checkType(typ); err != nil {
			return err
		}
	}
	if id, ok := values["id"]; ok {
		if err := checkID(id); err != nil {
			return err
		}
		if c.Type == "" {
			c.Type, _, _ = strings.Cut(c.route.pattern, "/")
		}
	}
	return nil
}

// checkType refuses a name that is not an R4 resource type.
func checkType(typ string) error {
	if fhir.IsType(typ) {
		return nil
	}
	for _, known := range fhir.Types() {
		if strings.EqualFold(known, typ) {
			return fhir.Errorf(fhir.CodeNotFound, "%q is not a resource type; names are case-sensitive: write %q", printable(typ), known)
		}
	}
	return fhir.Errorf(fhir.CodeNotFound, "%q is not a resource type of FHIR R4 that can be stored", printable(typ))
}

// checkID refuses what cannot be a logical id.
func checkID(id string) error {
	if fhir.IsID(id) {
		return nil
	}
	return fhir.Errorf(fhir.CodeValue, "%q is not an id: up to 64 letters, digits, \"-\" and \".\"", printable(id))
}

// decide asks auth whether the caller may do it. Every handler calls it before it answers; it is the one place where
// permissions and scopes are asked.
func (c *call) decide(do auth.Action) error {
	if err := c.who.Decide(do); err != nil {
		return err
	}
	c.answer.decided = true
	return nil
}

// mayReadAll reports whether the caller may read every resource of the type. What a search or the history of a type
// shows needs a client's scope to search, or to read; everything else needs the scope to read.
func (c *call) mayReadAll(typ string) bool {
	may, known := c.whole[typ]
	if !known {
		may = c.who.Decide(auth.Action{Verb: auth.VerbRead, Type: typ}) == nil ||
			c.listing() && c.who.Decide(auth.Action{Verb: auth.VerbSearch, Type: typ}) == nil
		if c.whole == nil {
			c.whole = map[string]bool{}
		}
		c.whole[typ] = may
	}
	return may
}

// listing reports whether the call lists resources by type or system.
func (c *call) listing() bool {
	return strings.HasPrefix(c.route.interaction, "search-") || c.route.interaction == "history-type" || c.route.interaction == "history-system"
}

// mayRead answers nil if the account may read this version of a resource: all of its type, or by the patients it
// belongs to.
func (c *call) mayRead(r fhir.Resource) error {
	if c.mayReadAll(r.Type) {
		c.answer.decided = true
		return nil
	}
	owners, err := c.owners(r)
	if err == nil && r.Type == "Binary" {
		owners, err = c.contextOwners(r)
	}
	if err != nil {
		return err
	}
	denied := c.decide(auth.Action{Verb: auth.VerbRead, Type: r.Type, ID: r.ID, Owners: owners})
	if denied != nil && r.Type == "Binary" && !r.Deleted {
		return c.mayReadAttachment(r, denied)
	}
	return denied
}

// owners are the patients in whose compartment a stored resource is; none for a tombstone.
func (c *call) owners(r fhir.Resource) ([]string, error) {
	if r.Deleted {
		return nil, nil
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return nil, err
	}
	return c.ownersOf(d), nil
}

// ownersOf are the patients that a document belongs to; one that is only mentioned beside another patient's data
// does not count.
func (c *call) ownersOf(d *fhir.Document) []string {
	var ids []string
	for _, o := range d.Owners(c.server.Store.Bases()) {
		if o.Why != fhir.WhyOther {
			ids = append(ids, o.Patient)
		}
	}
	return ids
}

// resource is the current version, as the transaction sees it if the call is in one.
func (c *call) resource(typ, id string) (fhir.Resource, error) {
	if c.tx != nil {
		return c.tx.Resource(typ, id)
	}
	return c.server.Store.Resource(c.Context(), typ, id)
}

// find answers one page of matches, as the transaction sees them if the call is in one.
func (c *call) find(q fhir.Query, p storage.Page) (storage.Found, error) {
	if c.tx != nil {
		return c.tx.Search(q, p)
	}
	return c.server.Store.Search(c.Context(), q, p)
}
