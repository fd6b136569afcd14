package faces_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/fhir"
)

// searchset is what a search answers, as far as these tests look.
type searchset struct {
	Total *int
	Link  []struct{ Relation, URL string }
	Entry []struct {
		FullURL  string
		Resource struct {
			ID      string
			Meta    struct{ Source string }
			Subtype []struct{ System, Code string }
			Entity  []struct {
				What struct{ Reference, Display string }
				Name string
			}
		}
	}
}

// auditSearch follows a search page by page and returns what every match tells: its own word for the action and its target.
func (p *practice) auditSearch(query string) (all []string, pages int) {
	p.t.Helper()
	for next := "/fhir/AuditEvent?" + query; next != ""; pages++ {
		r := p.want(p.do("GET", next, ""), 200)
		var set searchset
		if err := json.Unmarshal([]byte(r.body), &set); err != nil {
			p.t.Fatal(err)
		}
		for _, e := range set.Entry {
			what := e.Resource.ID
			if len(e.Resource.Subtype) > 0 && e.Resource.Subtype[len(e.Resource.Subtype)-1].Code == "audit-view" {
				continue // of these searches themselves
			}
			if e.Resource.Meta.Source == audit.Source {
				what = e.Resource.Subtype[len(e.Resource.Subtype)-1].Code
				if len(e.Resource.Entity) > 0 {
					what += " " + e.Resource.Entity[0].What.Reference + e.Resource.Entity[0].Name
				}
			}
			all = append(all, what)
		}
		next = ""
		for _, l := range set.Link {
			if l.Relation == "next" {
				next = strings.TrimPrefix(l.URL, p.url[:strings.LastIndex(p.url, "/fhir")])
			}
		}
	}
	return all, pages
}

const storedEvent = `{"resourceType":"AuditEvent","id":"%s","type":{"code":"rest"},"recorded":"2020-01-02T03:04:05Z","agent":[{"requestor":true,"name":"old"}],"source":{"observer":{"display":"elsewhere"}},"entity":[{"what":{"reference":"Patient/p1"}}]}`

// searched is a practice with a small log: what was done with p1 and p2, an export, and an imported AuditEvent about p1.
type searched struct {
	*practice
	job   string // of the export
	first string // id of the first event of a read
}

func openSearched(t *testing.T) searched {
	t.Helper()
	p := open(t, nil)
	p.account("auditor", "VIEW_AUDIT_LOG", "ROLE_FHIR_CLIENT")
	p.account("reader", "FHIR_ALL_READ")
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	p.want(p.do("PUT", "/fhir/Patient/p2", `{"resourceType":"Patient","id":"p2"}`), 201)
	p.want(p.do("GET", "/fhir/Patient/p1", ""), 200)
	p.want(p.do("PUT", "/fhir/AuditEvent/imported", fmt.Sprintf(storedEvent, "imported")), 201)
	p.as = "reader"
	p.want(p.do("GET", "/fhir/Patient/p2", ""), 200)
	p.want(p.do("PUT", "/fhir/Patient/p2", `{"resourceType":"Patient","id":"p2","active":true}`), 403)
	p.as = "ann"
	r := p.want(p.do("GET", "/fhir/$export?_type=Patient", "", "Prefer: respond-async"), 202)
	_, job, _ := strings.Cut(r.header.Get("Content-Location"), "_jobId=")
	p.want(p.ended(r.header.Get("Content-Location")), 200)
	events, _, err := p.store.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Read}}, audit.Page{Count: 1})
	if err != nil || len(events) != 1 {
		t.Fatal(err)
	}
	return searched{p, job, audit.ID(events[0])}
}

// otherEnds are two ids that differ from an id in its last hexadecimal digit alone.
func otherEnds(id string) (string, string) {
	last := strings.IndexByte("0123456789abcdef", id[len(id)-1])
	end := func(n int) string { return id[:len(id)-1] + fmt.Sprintf("%x", (last+n)%16) }
	return end(1), end(2)
}

func TestAuditEventSearch(t *testing.T) {
	t.Parallel()
	p := openSearched(t)
	p.as = "auditor" // reads the log, and no record: newest first
	almost, nearly := otherEnds(p.first)
	for _, c := range []struct{ query, want string }{
		{"patient=p1", "export-complete JOB,export-start JOB,update AuditEvent/imported/_history/1,read Patient/p1,update Patient/p1/_history/1"},
		{"patient=Patient/p2&agent-name=reader", "update Patient/p2,read Patient/p2"},
		{"patient=p1&subtype=read", "read Patient/p1"},
		{"patient=p9", "export-complete JOB,export-start JOB"},
		{"patient=p9&date=lt2020", ""},
		{"entity=Patient/p1&action=R", "read Patient/p1"},
		{"entity=Patient/p2&outcome=4", "update Patient/p2"},
		{"entity-name=JOB&subtype=urn:satchel:audit-action|export-start", "export-start JOB"},
		{"agent=reader&action=R,U", "update Patient/p2,read Patient/p2"},
		{"agent:identifier=reader&action=R", "read Patient/p2"},
		{"altid=reader&action=R", "read Patient/p2"},
		{"address=127.0.0.1&action=R&type=rest", "read Patient/p2,read Patient/p1"},
		{"address=10.0.0.1", ""},
		{"type=http://terminology.hl7.org/CodeSystem/audit-event-type|rest&subtype=read&_sort=date", "read Patient/p1,read Patient/p2"},
		{"subtype=read&_sort=-date", "read Patient/p2,read Patient/p1"},
		{"subtype=read&date=ge2020-01-01&date=le2100", "read Patient/p2,read Patient/p1"},
		{"subtype=read&_lastUpdated=gt2100", ""},
		{"subtype=nonsense", ""},
		{"_id=" + p.first, "read Patient/p1"},
		{"_id=imported", ""},
		{"_id=" + almost + "," + nearly, ""},
		{"subtype=read&_source=" + audit.Source, "read Patient/p2,read Patient/p1"},
		{"subtype=read&_source:missing=true", ""},
	} {
		p.wantFound(strings.ReplaceAll(c.query, "JOB", p.job), strings.ReplaceAll(c.want, "JOB", p.job))
	}
}

// wantFound fails the test unless a search finds exactly the events that want lists, in one page, in pages of one, and by POST.
func (p searched) wantFound(query, want string) {
	p.t.Helper()
	for _, count := range []string{"", "&_count=1"} {
		got, _ := p.auditSearch(query + count)
		if strings.Join(got, ",") != want {
			p.t.Errorf("%s: got %q, want %s", query+count, got, want)
		}
	}
	form := p.want(p.do("POST", "/fhir/AuditEvent/_search", query, "Content-Type:", "Content-Type: application/x-www-form-urlencoded"), 200)
	n := len(strings.FieldsFunc(want, func(r rune) bool { return r == ',' }))
	if got := strings.Count(form.body, `"fullUrl"`) - strings.Count(form.body, `"code":"audit-view"`); got != n {
		p.t.Errorf("_search %s: %d, want %d", query, got, n)
	}
}

// Whoever may view the log, and read no record, reads single events and is told of bad parameters.
func TestAuditEventForAuditor(t *testing.T) {
	t.Parallel()
	p := openSearched(t)
	p.as = "auditor"
	p.want(p.do("GET", "/fhir/AuditEvent/"+p.first, ""), 200, `"id":"`+p.first+`"`, audit.Source, `"agent":[`)
	p.want(p.do("GET", "/fhir/AuditEvent/"+p.first+"/_history/1", ""), 200, `"id":"`+p.first+`"`)
	almost, _ := otherEnds(p.first)
	p.want(p.do("GET", "/fhir/AuditEvent/"+almost, ""), 403) // not in the log, so it asks for a stored one
	p.want(p.do("GET", "/fhir/AuditEvent?patient=p1&_summary=count", ""), 200, `"total":`)
	p.want(p.do("GET", "/fhir/AuditEvent?subtype=read&outcome=0&_total=accurate&_count=1", ""), 200, `"total":2`, `"next"`)
	p.want(p.do("GET", "/fhir/AuditEvent/imported", ""), 403)
	p.want(p.do("GET", "/fhir/Patient/p1", ""), 403)
	for _, bad := range []string{"_sort=agent", "_sort=date&_sort=-date", "date=x", "_cursor=log.%24", "_count=x"} {
		p.want(p.do("GET", "/fhir/AuditEvent?"+bad, ""), 400)
	}
	p.want(p.do("GET", "/fhir/AuditEvent?nonsense=1", "", "Prefer: handling=strict"), 400)
	r := p.want(p.do("GET", "/fhir/AuditEvent?patient=p1", ""), 200)
	if told := p.told(r); !strings.HasPrefix(told, "auditor/user audit-view AuditEvent success 200 [p1] parameters: patient") {
		t.Errorf("noted as %s", told)
	}
}

// Whoever may read records sees stored AuditEvents, and the log only with its own permission.
func TestAuditEventForReaders(t *testing.T) {
	t.Parallel()
	p := openSearched(t)
	p.as = "reader" // reads records, and not the log
	if got, _ := p.auditSearch("patient=p1"); !slices.Equal(got, []string{"imported"}) {
		t.Errorf("reader: %q", got)
	}
	p.want(p.do("GET", "/fhir/AuditEvent/imported", ""), 200, "elsewhere")
	p.want(p.do("GET", "/fhir/AuditEvent/"+p.first, ""), 404)

	p.as = "ann" // reads both: the log comes first
	got, pages := p.auditSearch("patient=p1&subtype:not=export-start&_count=2")
	if len(got) < 4 || got[len(got)-1] != "imported" || slices.Contains(got[:len(got)-1], "imported") || pages < 3 {
		t.Errorf("ann: %q in %d pages", got, pages)
	}
	for _, count := range []int{1, 2, 3, 4, 5, 7} {
		some, _ := p.auditSearch(fmt.Sprintf("patient=p1&subtype:not=export-start&_count=%d", count))
		if !slices.Equal(some, got) {
			t.Errorf("ann, %d to a page: %q, want %q", count, some, got)
		}
	}
	p.want(p.do("GET", "/fhir/AuditEvent?_sort=date", ""), 400, "_source="+audit.Source)
	p.want(p.do("GET", "/fhir/AuditEvent?_sort=date&_source="+audit.Source, ""), 200)
	p.want(p.do("GET", "/fhir/AuditEvent?_sort=date&patient=p2", ""), 200)
	if got, _ := p.auditSearch("_source:missing=true"); !slices.Equal(got, []string{"imported"}) {
		t.Errorf("without a source: %q", got)
	}
	p.want(p.do("GET", "/fhir/AuditEvent/imported", ""), 200)

	p.account("nothing", "ROLE_FHIR_CLIENT")
	p.as = "nothing"
	p.want(p.do("GET", "/fhir/AuditEvent?patient=p1", ""), 403)
	p.want(p.do("GET", "/fhir/AuditEvent/"+p.first, ""), 403)
}

// The log cannot be written through FHIR: neither what is in it nor what looks as if it were.
func TestAuditEventsOfTheLogAreNotWritten(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.want(p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	events, _, err := p.store.AuditEvents(t.Context(), audit.Filter{Actions: []audit.Action{audit.Update}}, audit.Page{Count: 1})
	if err != nil || len(events) != 1 {
		t.Fatal(err)
	}
	before := p.want(p.do("GET", "/fhir/AuditEvent/"+audit.ID(events[0]), ""), 200).body
	for _, id := range []string{audit.ID(events[0]), "log-99-0123456789abcdef"} {
		body := fmt.Sprintf(storedEvent, id)
		r := p.want(p.do("PUT", "/fhir/AuditEvent/"+id, body), 405, "never written")
		if r.header.Get("Allow") != "GET, HEAD" {
			t.Errorf("Allow: %s", r.header.Get("Allow"))
		}
		p.want(p.do("DELETE", "/fhir/AuditEvent/"+id, ""), 405)
		p.want(p.do("PUT", "/fhir/AuditEvent?_id="+id, body), 405)
		for _, kind := range []string{"batch", "transaction"} {
			for _, request := range []string{`{"request":{"method":"PUT","url":"AuditEvent/` + id + `"},"resource":` + body + `}`, `{"request":{"method":"DELETE","url":"AuditEvent/` + id + `"}}`} {
				r := p.do("POST", "/fhir", `{"resourceType":"Bundle","type":"`+kind+`","entry":[`+request+`]}`)
				if !strings.Contains(r.body, "never written") {
					t.Errorf("%s: %d %s", kind, r.status, r.body)
				}
			}
		}
	}
	if after := p.want(p.do("GET", "/fhir/AuditEvent/"+audit.ID(events[0]), ""), 200).body; after != before {
		t.Errorf("was %s\nis  %s", before, after)
	}
	r := p.want(p.do("POST", "/fhir/AuditEvent", fmt.Sprintf(storedEvent, audit.ID(events[0]))), 201) // gets an id of its own
	if strings.Contains(r.header.Get("Location"), "log-") {
		t.Error(r.header.Get("Location"))
	}
	p.sound()
}

// Whatever is searched for, the log answers what the evaluator finds among all its events: narrowing loses nothing.
func TestAuditEventNarrowingLosesNothing(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	for i := range 12 {
		id := fmt.Sprintf("p%d", i%3)
		p.do("PUT", "/fhir/Patient/"+id, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"multipleBirthInteger":%d}`, id, i+1))
		p.do("GET", "/fhir/Patient/"+id, "")
		p.do("GET", "/fhir/Patient/"+id+"x", "")
	}
	var all []audit.Event
	for e, err := range p.store.AuditStream(context.Background(), audit.Filter{}, audit.Sort{Down: true}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	last := all[0].Seq // what comes now is the searches' own
	for _, query := range []string{
		"action=R", "action=R,U", "action:not=R", "action=R&action=U", "type=rest", "type:not=rest", "subtype=update", "subtype=operation", "subtype:not=update,read",
		"subtype=http://hl7.org/fhir/restful-interaction|read", "subtype=urn:satchel:audit-action|", "subtype:missing=true", "outcome=0", "outcome=4", "outcome:not=0",
		"date=2026", "date=ge2000", "date=lt2000", "date=" + fhir.FormatInstant(all[2].Time), "date=gt" + fhir.FormatInstant(all[3].Time), "date=le" + fhir.FormatInstant(all[3].Time),
		"date=ne" + fhir.FormatInstant(all[3].Time), "_lastUpdated=ge" + fhir.FormatInstant(all[5].Time), "date:missing=false", "date=2000,ge2020",
		"patient=p1", "patient=p1,p2", "patient=p1&patient=p2", "patient:missing=true", "entity=Patient/p1", "entity=p1", "entity=Patient/p1,Patient/p2&action=R",
		"_id=" + audit.ID(all[1]), "_id=" + audit.ID(all[1]) + "," + audit.ID(all[4]), "_id=x", "agent-name=ann", "agent-name:exact=ann", "address=127", "_source=" + audit.Source,
	} {
		want := found(t, query, all)
		r := p.want(p.do("GET", "/fhir/AuditEvent?_count=1000&"+query, ""), 200)
		var set searchset
		if err := json.Unmarshal([]byte(r.body), &set); err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, e := range set.Entry {
			if seq, ok := audit.SeqOf(e.Resource.ID); ok && seq <= last {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d, want %d", query, got, want)
		}
	}
}

// found is how many of the events the evaluator finds by a query.
func found(t *testing.T, query string, all []audit.Event) (want int) {
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	var params []fhir.Param
	for name, some := range values {
		for _, v := range some {
			params = append(params, fhir.Param{Name: name, Value: v})
		}
	}
	q, unknown, err := fhir.ParseQuery("AuditEvent", params, fhir.Bases{})
	if err != nil || len(unknown) > 0 {
		t.Fatal(query, err, unknown)
	}
	for _, e := range all {
		d, err := fhir.Parse(audit.FHIR(e))
		if err != nil {
			t.Fatal(err)
		}
		if q.Match(d) {
			want++
		}
	}
	return want
}
