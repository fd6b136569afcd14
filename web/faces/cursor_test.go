package faces_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"satchel/internal/testserver"
	"satchel/web"
	"satchel/web/faces"
)

// paged are answers that come page by page.
var paged = []string{
	"/fhir/Observation?_count=1",
	"/fhir/Observation?_count=1&_sort=-_lastUpdated",
	"/fhir/Observation?_count=1&_sort=_id",
	"/fhir/Observation?patient=Patient/p1&_count=1",
	"/fhir/Observation/o1/_history?_count=1",
	"/fhir/Observation/_history?_count=1",
	"/fhir/_history?_count=1",
	"/fhir/Patient/p1/$everything?_count=1",
	"/fhir/AuditEvent?_count=1",
	"/fhir/AuditEvent?_count=1&_sort=date&_source=urn:satchel:audit-log",
	"/api/audit?_count=1",
	"/api/audit?_count=1&_sort=who",
}

// openPaged is a practice with two patients of more than one page each, and accounts that may page.
func openPaged(t *testing.T) (*practice, *web.Options) {
	t.Helper()
	var options web.Options
	p := open(t, func(o *web.Options) { options = *o })
	p.account("bob", "ROLE_SUPERUSER")
	p.account("one", "FHIR_READ_ALL_IN_COMPARTMENT:Patient/p1", "FHIR_OP_PATIENT_EVERYTHING")
	for i := range 2 {
		for _, patient := range []string{"p1", "p2"} {
			p.want(p.do("PUT", "/fhir/Patient/"+patient, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"active":%v}`, patient, i == 0)), 201-i)
			for n := range 3 {
				id := fmt.Sprintf("o%d", n)
				if patient == "p2" {
					id += "x"
				}
				body := fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":%q,"code":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, id, []string{"final", "amended"}[i], patient)
				p.want(p.do("PUT", "/fhir/Observation/"+id, body), 201-i)
			}
		}
	}
	return p, &options
}

// next is the address of the page after one, below the server's.
func (p *practice) next(address string) string {
	p.t.Helper()
	r := p.want(p.do("GET", address, ""), 200)
	var page struct {
		Next string
		Link []struct{ Relation, URL string }
	}
	if err := json.Unmarshal([]byte(r.body), &page); err != nil {
		p.t.Fatal(err)
	}
	for _, l := range page.Link {
		if l.Relation == "next" {
			page.Next = l.URL
		}
	}
	if page.Next == "" {
		p.t.Fatalf("%s has no next page: %.500s", address, r.body)
	}
	return strings.TrimPrefix(page.Next, strings.TrimSuffix(p.url, "/fhir"))
}

// refusedPage fails the test unless an address is refused as one whose cursor is none, without a word of what it held.
func (p *practice) refusedPage(address, cursor string) {
	p.t.Helper()
	r := p.do("GET", address, "")
	if r.status != 400 || !strings.Contains(r.body, "start again from the first page") || cursor != "" && strings.Contains(r.body, cursor) {
		p.t.Errorf("%s as %s: %d %.300s", address, p.as, r.status, r.body)
	}
}

// A next link leads on for who got it, as it is; edited, cut, invented, moved to another question or used by another account it
// is a bad request.
func TestPageLinksAreNotSteered(t *testing.T) {
	t.Parallel()
	p, _ := openPaged(t)
	cursors := map[string]string{}
	for _, address := range paged {
		next := p.next(address)
		before, cursor, _ := strings.Cut(next, "_cursor=")
		cursors[before] = cursor
		p.want(p.do("GET", next, ""), 200)
		position, mac, _ := strings.Cut(cursor, ".")
		forged := base64.RawURLEncoding.EncodeToString([]byte("1 1 1"))
		for _, bad := range []string{"", "1", "%00", "%24", "log.1", "stored.", position, position + ".", "." + mac, forged + "." + mac, position + "x." + mac, cursor + "A", cursor[:len(cursor)-1], strings.ToUpper(cursor), strings.Repeat("A", 3000)} {
			p.refusedPage(before+"_cursor="+bad, bad)
		}
		p.refusedPage(strings.Replace(next, "_count=1", "_count=2", 1), cursor)
		p.as = "bob"
		p.refusedPage(next, cursor)
		p.want(p.do("GET", p.next(address), ""), 200)
		p.as = "ann"
	}
	for before := range cursors {
		for other, cursor := range cursors {
			if before != other {
				p.refusedPage(before+"_cursor="+cursor, cursor)
			}
		}
	}
}

// Who may read one patient pages through what is theirs, and no link of theirs, or of somebody who may read everything, leads them
// further.
func TestPageLinksOfOnePatient(t *testing.T) {
	t.Parallel()
	p, _ := openPaged(t)
	for _, address := range []string{"/fhir/Observation?patient=Patient/p1&_count=1", "/fhir/Patient/p1/$everything?_count=1", "/fhir/Observation/o1/_history?_count=1"} {
		theirs := p.next(address)
		p.as = "one"
		p.want(p.do("GET", p.next(address), ""), 200)
		p.refusedPage(theirs, "")
		moved := strings.NewReplacer("p1", "p2", "/o1/", "/o1x/").Replace(p.next(address))
		if r := p.do("GET", moved, ""); r.status != 400 && r.status != 403 {
			t.Errorf("%s: %d", moved, r.status)
		}
		p.as = "ann"
	}
}

// A search by a form and one in a batch lead to pages as others do, and so do parameters in another order.
func TestPageLinksOfForms(t *testing.T) {
	t.Parallel()
	p, _ := openPaged(t)
	form := p.want(p.do("POST", "/fhir/Observation/_search", "status=amended&_count=2", "Content-Type:", "Content-Type: application/x-www-form-urlencoded"), 200, `"next"`)
	batch := p.want(p.do("POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation?_count=2&status=amended"}}]}`), 200, `"next"`)
	direct := p.next("/fhir/Observation?_count=2&status=amended")
	_, cursor, _ := strings.Cut(direct, "_cursor=")
	for what, r := range map[string]reply{"form": form, "batch": batch} {
		if !strings.Contains(r.body, cursor) {
			t.Errorf("%s has another cursor: %s", what, r.body)
		}
	}
	p.want(p.do("GET", "/fhir/Observation?_cursor="+cursor+"&status=amended&_count=2&_format=json", ""), 200, "Observation/o2")
	p.want(p.do("POST", "/fhir/Observation/_search", "status=amended&_count=2&_cursor="+cursor, "Content-Type:", "Content-Type: application/x-www-form-urlencoded"), 200, "Observation/o2")
}

// Links that are in use outlive a restart of the server.
func TestPageLinksOutliveARestart(t *testing.T) {
	t.Parallel()
	p, options := openPaged(t)
	var links []string
	for _, address := range paged {
		links = append(links, p.next(address))
	}
	handler, err := faces.New(faces.Options{Options: *options})
	if err != nil {
		t.Fatal(err)
	}
	p.url = testserver.Listen(t, handler) + "/fhir"
	for _, link := range links {
		p.want(p.do("GET", link, ""), 200)
	}
}

// Following the links from the first page to the last gives everything once.
func TestPageLinksLeadToTheEnd(t *testing.T) {
	t.Parallel()
	p, _ := openPaged(t)
	for _, query := range []string{"_count=1", "_count=2&_sort=-_id", "_count=4&_sort=_lastUpdated"} {
		var ids []string
		for address := "/fhir/Observation?" + query; address != ""; {
			var page searchset
			if err := json.Unmarshal([]byte(p.want(p.do("GET", address, ""), 200).body), &page); err != nil {
				t.Fatal(err)
			}
			address = ""
			for _, e := range page.Entry {
				ids = append(ids, e.Resource.ID)
			}
			for _, l := range page.Link {
				if u, err := url.Parse(l.URL); err == nil && l.Relation == "next" {
					address = u.RequestURI()
				}
			}
		}
		slices.Sort(ids)
		if got := strings.Join(ids, " "); got != "o0 o0x o1 o1x o2 o2x" {
			t.Errorf("%s: %s", query, got)
		}
	}
}
