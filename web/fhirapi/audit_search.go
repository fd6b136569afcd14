package fhirapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"satchel/web"

	"satchel/audit"
	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// The audit log is read as AuditEvents at [base]/AuditEvent by those who hold VIEW_AUDIT_LOG. AuditEvents that somebody
// sent or imported are resources like any other: whoever may read those, and holds no VIEW_AUDIT_LOG, sees these alone.
// The two never mix: events of the log have ids of the form of [audit.ID], which no client may write, and meta.source
// [audit.Source].

// logDocumentation says so in the CapabilityStatement.
const logDocumentation = "Who holds VIEW_AUDIT_LOG reads the server's audit log here: ids log-[number]-[hash], meta.source " + audit.Source +
	", newest first, _sort=date and -date; a search for a patient also finds events about everybody, such as exports of all patients. " +
	"The log is never written through FHIR. AuditEvents that clients or imports store are resources of their own; they follow the log's events in " +
	"a search by somebody who may read them, and exports hold these alone."

// readsLog reports whether the call is about AuditEvents and the caller may see those of the log.
func readsLog(c *web.Call) bool {
	return c.Type == "AuditEvent" && c.Who.Decide(auth.Action{Verb: auth.VerbAudit}) == nil
}

// notInLog refuses to write what has the id of an event of the log, of this one or of another.
func notInLog(typ, id string) error {
	if _, ok := audit.SeqOf(id); !ok || typ != "AuditEvent" {
		return nil
	}
	return web.Problemf(http.StatusMethodNotAllowed, fhir.CodeNotSupported,
		"AuditEvent/%s has the id of an event of an audit log, and those are never written; store yours under another id", id).With("Allow", "GET, HEAD")
}

// logEvent is the event of the log that a read names. False: there is none, or it is not for the caller.
func logEvent(c *web.Call) (e audit.Event, ok bool, err error) {
	if c.Type != "AuditEvent" {
		return e, false, nil
	}
	seq, ok := audit.SeqOf(c.ID)
	if !ok || !readsLog(c) {
		return e, false, nil
	}
	events, _, err := c.Server.Store.AuditEvents(c.Context(), audit.Filter{Seqs: []int64{seq}}, audit.Page{Count: 1})
	if err != nil || len(events) == 0 || audit.ID(events[0]) != c.ID {
		return e, false, err
	}
	return events[0], true, viewsLog(c)
}

// viewsLog decides, and tells the trail that it is the log that is read.
func viewsLog(c *web.Call) error {
	c.Answer.Trail.Action = audit.AuditView
	return c.Decide(auth.Action{Verb: auth.VerbAudit})
}

// sendLogEvent answers one event.
func sendLogEvent(c *web.Call, w http.ResponseWriter, e audit.Event, err error) error {
	if err != nil {
		return err
	}
	return sendRead(c, w, logResource(e))
}

// logResource is an event as a resource.
func logResource(e audit.Event) fhir.Resource {
	return fhir.Resource{Type: "AuditEvent", ID: audit.ID(e), Version: 1, Updated: e.Time, JSON: audit.FHIR(e)}
}

// logSearch is one search of the log.
type logSearch struct {
	query  fhir.Query   // that an event must match
	whole  fhir.Query   // that an event about everybody must match: without what names patients
	named  bool         // the query names patients
	filter audit.Filter // holds every match
	sort   audit.Sort
	doc    fhir.Document // scratch
}

// Positions in the two parts of an answer begin with these.
const (
	inLog    = "log."
	inStored = "stored."
)

// searchLog answers events of the log, the newest first, and behind them the AuditEvents that were stored as resources, if
// the caller may read those: GET AuditEvent?….
func searchLog(c *web.Call, w http.ResponseWriter) error {
	order, sorted, err := takeLogSort(c)
	if err != nil {
		return err
	}
	s, err := readSearch(c)
	if err != nil {
		return err
	}
	if err := viewsLog(c); err != nil {
		return err
	}
	l, err := newLogSearch(s, order)
	if err != nil {
		return err
	}
	c.Answer.Trail.AddPatients(namedPatients(s.criteria, s.own)...)
	stored := maySearch(c, s) == nil
	if stored && sorted {
		if stored, err = false, onlyLog(c, s); err != nil {
			return err
		}
	}
	if sorted {
		s.kept = append(s.kept, fhir.Param{Name: "_sort", Value: map[bool]string{false: "date", true: "-date"}[order.Down]})
	}
	if s.position, err = c.Position(web.CursorParam, "/AuditEvent", s.kept); err != nil {
		return err
	}
	b := newBundle("searchset")
	if err := fillLog(c, b, s, l, stored); err != nil {
		return err
	}
	return b.send(w, c)
}

// takeLogSort takes _sort from the parameters: the log is sorted by its time alone.
func takeLogSort(c *web.Call) (order audit.Sort, sorted bool, err error) {
	order.Down = true
	for _, p := range c.Params {
		if p.Name != "_sort" {
			continue
		}
		name, down := strings.CutPrefix(p.Value, "-")
		if sorted || name != "date" && name != "_lastUpdated" {
			return order, false, fhir.Errorf(fhir.CodeNotSupported, "_sort=%s is not offered for the audit log; date and -date are", web.Printable(p.Value))
		}
		order.Down, sorted = down, true
	}
	c.Params = web.Without(c.Params, "_sort")
	return order, sorted, nil
}

// onlyLog refuses an order that would have to hold for stored AuditEvents, too.
func onlyLog(c *web.Call, s *searching) error {
	one := *s
	one.ReadCount, one.position, one.total, one.only = 1, "", false, false
	found, err := page(c, &one)
	if err == nil && len(found.Resources) > 0 {
		err = fhir.Errorf(fhir.CodeNotSupported,
			"stored AuditEvents match, too, and _sort is offered for the audit log alone; add _source=%s, or leave _sort out", audit.Source)
	}
	return err
}

// fillLog puts a page into the Bundle.
func fillLog(c *web.Call, b *answerBundle, s *searching, l *logSearch, stored bool) error {
	path := "/AuditEvent"
	b.link("self", link(c, path, s.kept))
	next := func(position string) { b.link("next", nextLink(c, path, s.kept, position)) }
	if err := countLog(c, b, s, l, stored); err != nil || s.only {
		return err
	}
	behind, inRest := strings.CutPrefix(s.position, inStored)
	left := s.ReadCount
	if !inRest {
		behind = ""
		events, cursor, err := logPage(c, l, strings.TrimPrefix(s.position, inLog), s.ReadCount)
		if err != nil {
			return err
		}
		if err := addLog(c, b, s, events); err != nil {
			return err
		}
		if left -= len(events); cursor != "" {
			next(inLog + cursor)
			return nil
		}
	}
	if !stored {
		return nil
	}
	rest := *s
	rest.ReadCount, rest.position, rest.total = max(left, 1), behind, false
	found, err := page(c, &rest)
	if err != nil {
		return err
	}
	if left <= 0 {
		if len(found.Resources) > 0 {
			next(inStored)
		}
		return nil
	}
	if found.Next != "" {
		next(inStored + found.Next)
	}
	b.add(c, "match", found.Resources...)
	return include(c, b, s, found.Resources)
}

// addLog adds events, and what goes with them. Their patients are not those of the request: it reads no record.
func addLog(c *web.Call, b *answerBundle, s *searching, events []audit.Event) error {
	var all []fhir.Resource
	for _, e := range events {
		r := logResource(e)
		all = append(all, r)
		b.Entry = append(b.Entry, bundleEntry{FullURL: c.Address(r.Key()), Resource: r.JSON, Search: &entrySearch{"match"}})
	}
	return include(c, b, s, all)
}

// countLog counts all matches, if that is asked for.
func countLog(c *web.Call, b *answerBundle, s *searching, l *logSearch, stored bool) error {
	if !s.total {
		return nil
	}
	total := 0
	for e, err := range c.Server.Store.AuditStream(c.Context(), l.filter, audit.Sort{}) {
		if err != nil {
			return err
		}
		if match, err := l.matches(e); err != nil {
			return err
		} else if match {
			total++
		}
	}
	if stored {
		number := *s
		number.only, number.total, number.position = true, true, ""
		found, err := page(c, &number)
		if err != nil {
			return err
		}
		total += max(found.Total, 0)
	}
	b.Total = &total
	return nil
}

// mostWalked is how many events one page walks over; behind them it ends, also if it is not full.
const mostWalked = 200_000

// logPage finds the events of a page. The cursor is "" at the end of the log.
func logPage(c *web.Call, l *logSearch, cursor string, count int) (events []audit.Event, next string, err error) {
	batch := count + 1
	for walked := 0; ; walked += batch {
		page, more, err := c.Server.Store.AuditEvents(c.Context(), l.filter, audit.Page{Sort: l.sort, Count: batch, Cursor: cursor})
		if err != nil {
			return nil, "", err
		}
		for _, e := range page {
			match, err := l.matches(e)
			if err != nil {
				return nil, "", err
			}
			if match && len(events) == count {
				return events, storage.AuditCursor(events[count-1]), nil
			}
			if match {
				events = append(events, e)
			}
		}
		if more == "" || walked > mostWalked {
			return events, more, nil
		}
		cursor, batch = more, min(2*batch, 1000)
	}
}

// newLogSearch makes the search of the log from one of resources.
func newLogSearch(s *searching, order audit.Sort) (*logSearch, error) {
	l := &logSearch{sort: order}
	criteria := slices.Clone(s.criteria)
	var rest []fhir.Param
	for i, p := range criteria {
		if p.Name == "agent" && !strings.Contains(p.Value, "/") {
			criteria[i].Name = "agent:identifier" // who acts is no resource here, but has a name
		}
		if namedPatients(criteria[i:i+1], s.own) == nil {
			rest = append(rest, criteria[i])
		}
	}
	var err error
	if l.query, _, err = fhir.ParseQuery("AuditEvent", criteria, s.own); err != nil {
		return nil, err
	}
	if l.whole, _, err = fhir.ParseQuery("AuditEvent", rest, s.own); err != nil {
		return nil, err
	}
	l.named = len(rest) < len(criteria)
	l.filter, err = narrow(criteria, s.own)
	return l, err
}

// matches reports whether an event is among the answers. One that is about everybody is about each patient that is named.
func (l *logSearch) matches(e audit.Event) (bool, error) {
	if len(l.query.Criteria) == 0 {
		return true, nil
	}
	if err := l.doc.Reset(audit.FHIR(e)); err != nil {
		return false, err
	}
	everybody := l.named && len(e.Patients) > 0 && e.Patients[0] == audit.Everybody
	return l.query.Match(&l.doc) || everybody && l.whole.Match(&l.doc), nil
}

// namedPatients are the ids of patients that one criterion names, nil if none does so and nothing else.
func namedPatients(criteria []fhir.Param, own fhir.Bases) []string {
	for _, p := range criteria {
		name, modifier, _ := strings.Cut(p.Name, ":")
		if name != "patient" && name != "entity" || modifier != "" && modifier != "Patient" {
			continue
		}
		var ids []string
		for value := range strings.SplitSeq(p.Value, ",") {
			id, ok := own.PatientID(value)
			if !ok || value == id && p.Name == "entity" {
				return nil
			}
			ids = append(ids, id)
		}
		return ids
	}
	return nil
}

// narrow is a filter that lets all matches pass, and as little else as is easily told: the documents decide.
func narrow(criteria []fhir.Param, own fhir.Bases) (f audit.Filter, err error) {
	var kinds []fhir.Param
	for _, p := range criteria {
		switch name, _, _ := strings.Cut(p.Name, ":"); name {
		case "_id":
			if p.Name == name {
				f.Seqs = seqsOf(p.Value)
			}
		case "date", "_lastUpdated":
			if err := narrowTime(&f, p); err != nil {
				return f, err
			}
		case "patient", "entity":
			if ids := namedPatients([]fhir.Param{p}, own); len(ids) == 1 {
				f.Patient = ids[0]
			}
		case "type", "subtype", "action", "_source":
			kinds = append(kinds, p)
		}
	}
	if len(kinds) > 0 {
		f.Actions, err = actionsThat(kinds, own)
	}
	if err == nil && kinds != nil && len(f.Actions) == 0 {
		f.Seqs = []int64{} // none
	}
	return f, err
}

// seqsOf are the seqs of the ids that name events.
func seqsOf(ids string) []int64 {
	seqs := []int64{}
	for id := range strings.SplitSeq(ids, ",") {
		if seq, ok := audit.SeqOf(id); ok {
			seqs = append(seqs, seq)
		}
	}
	return seqs
}

// actionsThat are the actions whose AuditEvents meet criteria on what follows from the action, or is the same in all.
func actionsThat(criteria []fhir.Param, own fhir.Bases) ([]audit.Action, error) {
	q, _, err := fhir.ParseQuery("AuditEvent", criteria, own)
	if err != nil {
		return nil, err
	}
	var some []audit.Action
	for _, a := range audit.Actions() {
		d, err := fhir.Parse(audit.FHIR(audit.Event{Action: a, Who: audit.Who{Kind: audit.System}, Time: time.Unix(0, 0)}))
		if err != nil {
			return nil, err
		}
		if q.Match(d) {
			some = append(some, a)
		}
	}
	return some, nil
}

// narrowTime confines the filter to the days that a date names, as the index would. Both parameters name the same time.
func narrowTime(f *audit.Filter, p fhir.Param) error {
	q, _, err := fhir.ParseQuery("AuditEvent", []fhir.Param{{Name: "date", Value: p.Value}}, fhir.Bases{})
	if err != nil || strings.Contains(p.Name, ":") {
		return nil // the whole query says so, if it is a fault
	}
	const limit = 1 << 20 // days: beyond them there is no bound
	for _, ranges := range q.Ranges() {
		from, to := int64(limit), int64(-limit)
		for _, r := range ranges {
			from, to = min(from, r.From), max(to, r.To)
		}
		if since := time.Unix(from*24*60*60, 0).UTC(); from > -limit && since.After(f.Since) {
			f.Since = since
		}
		if until := time.Unix((to+1)*24*60*60, 0).UTC(); to < limit && (f.Until.IsZero() || until.Before(f.Until)) {
			f.Until = until
		}
	}
	return nil
}
