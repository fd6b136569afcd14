package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/auth"
	"satchel/exports"
	"satchel/fhir"
	"satchel/storage"
)

// trail is what one request leaves in the audit log. It begins as a refused access and learns on the way what was
// wanted, by whom, and about whom. A write's trail is stored in the write's transaction, any other before the answer is
// sent: what cannot be noted is not answered. It holds ids and names of parameters, never what else came or went.
// A nil trail leaves nothing; all methods take one.
type trail struct {
	audit.Event
	server  *server
	entries []audit.Event // beside the request's own: entries of a Bundle, members of a Group
	stored  bool          // the log has it, or it was tried
	part    bool          // of an entry: the request's trail stores it
	refused bool          // a refusal, whatever the status of the answer
	call    *call         // whose parameters are to be named
}

// follow begins the trail of a request.
func (s *server) follow(w http.ResponseWriter, r *http.Request) {
	if a, ok := w.(*answer); ok {
		a.trail = s.newTrail(audit.Event{Who: audit.Who{Kind: audit.Anonymous}, From: s.client(r).String(), Action: audit.AccessRefused, RequestID: a.id})
	}
}

func (s *server) newTrail(e audit.Event) *trail {
	return &trail{Event: e, server: s}
}

// along tells the trail which route the request takes. It ends where nothing is noted.
func (t *trail) along(rt *route) *trail {
	if t == nil || rt.action == audit.NoEvent {
		return nil
	}
	t.Action = rt.action
	return t
}

// by tells who asks.
func (t *trail) by(who auth.Principal) {
	if t == nil {
		return
	}
	t.Who = audit.Who{Name: who.Name, Kind: audit.User}
	if who.Service {
		t.Who.Kind = audit.Client
	}
}

// stranger tells of credentials that were not good, or missing. A name that belongs to an account is noted; any other
// may be a password that was typed in the wrong place.
func (t *trail) stranger(r *http.Request, who auth.Principal) {
	switch {
	case t == nil:
	case who.Name != "": // known, but something must be done first
		t.by(who)
	case r.Header.Get("Authorization") == "":
		t.Action = audit.AccessRefused
	default:
		name, _, _ := r.BasicAuth()
		t.failed(r.Context(), name)
	}
}

// failed tells of a sign-in that was not good.
func (t *trail) failed(ctx context.Context, name string) {
	if t == nil {
		return
	}
	t.Action = audit.SignInFailed
	if a, err := t.server.Store.Account(ctx, name); err == nil {
		t.Target = a.Name
	} else if c, err := t.server.Store.Client(ctx, name); err == nil {
		t.Target = c.Name
	}
}

// batch tells that the Bundle is one.
func (t *trail) batch() {
	if t != nil {
		t.Action = audit.Batch
	}
}

// on tells what it is about.
func (t *trail) on(target string) {
	if t != nil {
		t.Target = target
	}
}

// of tells of patients whose data it is about.
func (t *trail) of(patients ...string) {
	if t != nil {
		t.Patients = append(t.Patients, patients...)
	}
}

// words adds to the detail.
func (t *trail) words(format string, args ...any) {
	if t != nil {
		t.Detail = strings.TrimPrefix(t.Detail+"; "+fmt.Sprintf(format, args...), "; ")
	}
}

// signedIn tells who signed in.
func (t *trail) signedIn(who audit.Who) {
	if t != nil {
		t.Who, t.Target = who, who.Name
	}
}

// did takes over what a deed on an export or package leaves: nothing more is noted if its event is stored. A deed that was
// done was decided on.
func (a *answer) did(n exports.Note, err error) {
	if err == nil {
		a.decided = true
	}
	switch t := a.trail; {
	case t == nil:
	case n.Stored:
		a.trail = nil
	default:
		t.Target = n.Target
		if n.Action == audit.ExportStart {
			t.call = nil // it names the parameters itself
		}
		t.of(n.Patients...)
		if n.Detail != "" {
			t.words("%s", n.Detail)
		}
	}
}

// did is [answer.did].
func (c *call) did(n exports.Note, err error) { c.answer.did(n, err) }

// actor is who calls. status is what a success is answered with.
func (c *call) actor(status int) exports.Actor {
	return exports.Account(c.who, c.server.client(c.Request).String(), c.answer.id, status)
}

// saw tells of resources that are read for an answer.
func (c *call) saw(resources ...fhir.Resource) {
	if c.answer.trail == nil {
		return
	}
	for _, r := range resources {
		c.answer.trail.of(c.patientsOf(r)...)
	}
}

// patientsOf are the patients to whom a stored resource belongs.
func (c *call) patientsOf(r fhir.Resource) (ids []string) {
	var err error
	switch {
	case c.answer.trail == nil:
		return nil
	case r.Type == "Patient":
		return []string{r.ID}
	case r.Type == "Binary":
		ids, err = c.contextOwners(r)
	case r.Deleted || r.JSON == nil || !fhir.InPatientCompartment(r.Type) && r.Type != "Group":
		return nil
	default:
		ids, err = c.owners(r)
	}
	if err != nil {
		return nil // what is stored can be read; if not, the answer says so
	}
	return ids
}

// patientsIn are the patients to whom a resource belongs that is stored under this id.
func (c *call) patientsIn(d *fhir.Document, id string) []string {
	if d.Type() == "Patient" {
		return []string{id}
	}
	return c.ownersOf(d)
}

// found tells of a resource that is there already, so that a condition kept it from being made.
func (c *call) found(r fhir.Resource) {
	if r.ID != "" {
		c.wrote(effect{resource: r, existing: true}, c.patientsOf(r), nil)
	}
}

// aim names the target from the address of a call that is sound, and the parameters.
func (c *call) aim() {
	t := c.answer.trail
	if t == nil {
		return
	}
	target := c.Type
	if c.ID != "" {
		target += "/" + c.ID
	}
	if strings.Contains(c.route.pattern, "/_history/{version}") && len(c.Version) < 20 && strings.Trim(c.Version, "0123456789") == "" {
		target += "/_history/" + c.Version
	}
	if c.Name != "" {
		t.named(c.Context(), c.Name)
	}
	if target != "" && t.Target == "" {
		t.Target = target
	}
	if c.Type == "Patient" && c.ID != "" {
		t.of(c.ID)
	}
	t.call = c
}

// named aims at an account or client, if there is one of that name.
func (t *trail) named(ctx context.Context, name string) {
	if a, err := t.server.Store.Account(ctx, name); err == nil {
		t.Target = a.Name
	} else if c, err := t.server.Store.Client(ctx, name); err == nil {
		t.Target = c.Name
	}
}

// deed gives the trail's event, with the status that will be sent, to do: the storage method that does it takes the event and
// stores it in its transaction. If do returns nil, the event is stored. Without a trail there is no event, and storage
// refuses what is done without one.
func (t *trail) deed(status int, do func(e audit.Event) error) error {
	return t.deedIf(status, func(e audit.Event) (bool, error) {
		err := do(e)
		return err == nil, err
	})
}

// deedIf is deed for what may find that there is nothing to do: do says whether the event is stored.
func (t *trail) deedIf(status int, do func(e audit.Event) (stored bool, err error)) error {
	if t == nil {
		_, err := do(audit.Event{})
		return err
	}
	t.Status = status
	stored, err := do(t.events()[0])
	t.stored = t.stored || stored && err == nil
	return err
}

// write runs f in a transaction that stores the trail as f leaves it, if f changes something. f knows the status that will be
// sent, or it is the given one.
func (t *trail) write(ctx context.Context, s *storage.Store, status int, f func(tx *storage.Tx) error) error {
	stored, err := s.Write(ctx, func(tx *storage.Tx) ([]audit.Event, error) {
		if err := f(tx); err != nil || t == nil {
			return nil, err
		}
		t.Status = cmp.Or(t.Status, status)
		return t.events(), nil
	})
	if t != nil {
		t.stored = t.stored || stored != nil
	}
	return err
}

// deed is [trail.deed] of the call.
func (c *call) deed(status int, do func(e audit.Event) error) error {
	return c.answer.trail.deed(status, do)
}

// complete adds the names of the parameters to the detail, those that the server knows: all others might be values in a
// wrong place. The handler has read them all by now, also from a body.
func (t *trail) complete() {
	c := t.call
	if t.call = nil; c == nil {
		return
	}
	var names []string
	for _, p := range c.params {
		names = append(names, c.paramName(p.Name))
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 0 {
		t.words("parameters: %s", strings.Join(names, " "))
	}
}

// paramName is the name of a parameter without modifier and chain if it is known, and "?" otherwise.
func (c *call) paramName(name string) string {
	if i := strings.IndexAny(name, ":."); i >= 0 {
		name = name[:i]
	}
	if _, ok := resultParams[name]; ok || slices.Contains(plainParams, name) || slices.Contains(auditParams, name) && c.Type == "" {
		return name
	}
	for _, p := range fhir.SearchParams(c.Type) {
		if p.Name == name {
			return name
		}
	}
	return "?"
}

// plainParams are known besides those of searches and of the audit log.
var plainParams = []string{
	"_id", "_lastUpdated", "_has", "_since", "_until", "_type", "_typeFilter", "_elements", "_outputFormat", "patient", "includeAssociatedData",
	"organizeOutputBy", "_typePostFetchFilterUrl", "_exportId", "_jobId", "jobId", "_separate", "_cursor", "_count", "_security", "_tag", "_profile",
	"_source", "_list", "_at", "start", "end", "part", "requester", "role",
}

// wrote tells what a write did. It is called in the write's transaction, which by itself tells who joined and left a Group.
func (c *call) wrote(e effect, before, after []string) {
	t := c.answer.trail
	if t == nil {
		return
	}
	patients := slices.Concat(before, after)
	target := e.resource.Key()
	if e.resource.ID == "" {
		target = t.Target
	} else if !e.resource.Deleted && !e.existing {
		target = versionKey(e.resource)
	}
	var detail string
	if e.change == storage.Unchanged || e.existing {
		detail = "nothing was written"
	}
	if c.route.kind == bundle {
		t.entries = append(t.entries, t.beside(audit.Event{Action: writeAction(e), Target: target, Patients: patients, Status: e.status(), Detail: detail}))
		t.of(patients...)
	} else {
		t.Target, t.Status = target, c.effectStatus(e)
		t.of(patients...)
		if detail != "" {
			t.words("%s", detail)
		}
	}
}

// writeAction is the action of a write in a transaction.
func writeAction(e effect) audit.Action {
	switch {
	case e.resource.Deleted || e.resource.ID == "":
		return audit.Delete
	case e.change == storage.Created:
		return audit.Create
	}
	return audit.Update
}

// beside completes an event that comes with the request's own.
func (t *trail) beside(e audit.Event) audit.Event {
	e.Who, e.From, e.RequestID = t.Who, t.From, t.RequestID
	return e
}

// effectStatus is the status that [call.sendEffect] answers.
func (c *call) effectStatus(e effect) int {
	if status := e.status(); status != http.StatusNoContent || c.prefer("return") != "operationoutcome" {
		return status
	}
	return http.StatusOK
}

// events are what is stored if all goes well: the event itself, and those beside it.
func (t *trail) events() []audit.Event {
	t.complete()
	t.Outcome = audit.OutcomeOf(t.Status)
	return append([]audit.Event{t.Event}, t.entries...)
}

// entry is the trail of an entry of a Bundle.
func (t *trail) entry(rt *route) *trail {
	if t == nil {
		return nil
	}
	e := t.server.newTrail(audit.Event{Who: t.Who, From: t.From, RequestID: t.RequestID})
	e.part = true
	return e.along(rt)
}

// ended takes over what an entry left, unless that is stored already.
func (t *trail) ended(e *trail, status int, err error) {
	if t == nil || e == nil || e.stored {
		return
	}
	if err != nil {
		status = problemOf(err).status
		e.entries = nil
	}
	e.complete()
	e.Status, e.Outcome = status, audit.OutcomeOf(status)
	t.entries = append(append(t.entries, e.Event), e.entries...)
	t.of(e.Patients...)
}

// slowestNote is how long an answer may wait for the audit log.
const slowestNote = 15 * time.Second

// keep stores the trail before an answer with this status begins. An error means that the answer must not be given.
func (t *trail) keep(status int) (err error) {
	if t == nil || t.part || t.stored {
		return nil
	}
	t.stored = true // tried once
	defer func() {
		if cause := recover(); cause != nil { // perhaps the answer tells of the same one
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	t.complete()
	t.Status, t.Outcome = status, audit.OutcomeOf(status)
	if t.refused && status < 400 {
		t.Outcome = audit.Refused
	}
	if t.Action != audit.Batch && status >= 400 {
		t.entries = nil // they did not happen
	}
	ctx, cancel := context.WithTimeout(context.Background(), slowestNote)
	defer cancel()
	return t.server.Store.Audit(ctx, append([]audit.Event{t.Event}, t.entries...)...)
}

// noted stores the trail before an answer begins. If that fails, it sends 503 instead, and false; what the handler
// writes then goes nowhere. An answer that tells of a fault of the server goes out as it is: it holds nothing else.
func (a *answer) noted(status int) bool {
	if status < 200 {
		return true
	}
	err := a.trail.keep(status)
	if err == nil {
		return true
	}
	a.trail.server.Log.Error("audit log not written", "route", a.route, "request", a.id, "status", status, "err", err.Error())
	if status >= 500 {
		return true
	}
	h := a.Header()
	clear(h)
	safeHeaders(h, a.id)
	a.status, a.muted = http.StatusServiceUnavailable, true
	h.Set("Content-Type", mediaFHIR)
	h.Set("Retry-After", "5")
	a.extend()
	if a.visit != nil {
		h.Set("Content-Type", "text/plain; charset=utf-8")
		a.ResponseWriter.WriteHeader(a.status)
		_, _ = a.ResponseWriter.Write([]byte("The audit log cannot be written, and nothing is answered without it. Try again; if it stays so, look at the server's disk.\n"))
		return false
	}
	a.ResponseWriter.WriteHeader(a.status)
	_, _ = a.ResponseWriter.Write(fhir.Outcome(fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeTransient,
		Diagnostics: "the audit log cannot be written, and nothing is answered without it; try again, and if it stays so, look at the server's disk"}))
	return false
}
