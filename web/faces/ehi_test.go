package faces_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/requests"
	"satchel/storage"
	"satchel/web"
)

// ehiOffice is a practice with a ledger, one patient, and a clock that the test moves on.
type ehiOffice struct {
	*practice
	ledger *requests.Ledger
	later  atomic.Int64
}

func openEHI(t *testing.T) *ehiOffice {
	o := &ehiOffice{}
	o.practice = open(t, func(w *web.Options) {
		w.Store.Now = func() time.Time { return time.Now().Add(time.Duration(o.later.Load())) }
		o.ledger = requests.New(w.Store, requests.Options{})
		w.Requests, w.FormatURL = o.ledger, "https://format.example/"
		w.CORSOrigins = []string{"https://app.example"}
	})
	o.want(o.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	o.account("desk", "SATCHEL_RECORD_REQUESTS")
	o.account("app", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT:Patient/p1")
	return o
}

// ask kicks off as an account.
func (o *ehiOffice) ask(as, body string) (reply, string) {
	o.t.Helper()
	o.as = as
	r := o.want(o.do("POST", "/fhir/Patient/p1/$ehi-export", body), 202)
	return r, strings.TrimPrefix(r.header.Get("Content-Location"), strings.TrimSuffix(o.url, "/fhir"))
}

// Staff who say in whose name they ask need no form; others may not say it.
func TestEHIByStaff(t *testing.T) {
	t.Parallel()
	o := openEHI(t)
	const body = `{"resourceType":"Parameters","parameter":[{"name":"requester","valueString":"Mina"},{"name":"role","valueCode":"parent"}]}`
	r, status := o.ask("desk", body)
	if r.header.Get("Link") != "" {
		t.Error(r.header)
	}
	r = o.want(o.do("GET", status, ""), 202)
	if r.header.Get("Link") != "" || !strings.Contains(r.header.Get("X-Progress"), "practice") {
		t.Error(r.header)
	}
	list, _, err := o.ledger.Requests(t.Context(), requests.Filter{}, requests.Page{})
	if err != nil || len(list) != 1 || list[0].Requester.Name != "Mina" || list[0].Requester.Role != "parent" || list[0].RecordedBy != "desk" {
		t.Errorf("%+v %v", list, err)
	}
	o.want(o.do("POST", "/fhir/Patient/p1/$ehi-export", strings.Replace(body, "parent", "aunt", 1)), 202) // it is the one that is open
	o.want(o.do("DELETE", status, ""), 202)
	o.want(o.do("POST", "/fhir/Patient/p1/$ehi-export", strings.Replace(body, "parent", "aunt", 1)), 400, "role")
	o.as = "app"
	o.want(o.do("POST", "/fhir/Patient/p1/$ehi-export", body), 403, "SATCHEL_RECORD_REQUESTS")
}

// A form that nobody sends ends, and with it the export; so does what was denied long ago.
func TestEHIEndsInTime(t *testing.T) {
	t.Parallel()
	o := openEHI(t)
	r, status := o.ask("app", "")
	form := strings.TrimPrefix(strings.Split(r.header.Get("Link"), ">")[0], "<"+strings.TrimSuffix(o.url, "/fhir"))
	o.later.Add(int64(8 * 24 * time.Hour))
	o.want(o.do("GET", status, ""), 404)
	o.as = ""
	o.want(o.do("GET", form, "", "Accept: text/html"), 404)
	_, next := o.ask("app", "")
	if next == status {
		t.Fatal("it is the same")
	}
	o.deny(t)
	o.want(o.do("GET", next, ""), 403, "did not approve")
	o.later.Add(int64(31 * 24 * time.Hour))
	o.want(o.do("GET", next, ""), 404)
}

// deny files the export that is open and denies it.
func (o *ehiOffice) deny(t *testing.T) {
	t.Helper()
	e, fresh, err := o.ledger.AskApp(t.Context(), audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "app", Patient: "p1"})
	if err != nil || fresh {
		t.Fatal(fresh, err)
	}
	by := requests.By{Who: audit.Who{Name: "ann", Kind: audit.User}}
	r, err := o.ledger.FileApp(t.Context(), by, e, requests.AppForm{Requester: requests.Requester{Name: "Mina", Role: "patient"}})
	if err == nil {
		r, err = o.ledger.Check(t.Context(), by, requests.Seen{ID: r.ID}, "id", "")
	}
	if err == nil {
		_, err = o.ledger.Deny(t.Context(), by, requests.Seen{ID: r.ID}, []requests.Ground{"identity"}, "")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Pages of an allowed origin read the two headers that lead on; others read nothing.
func TestEHIAcrossOrigins(t *testing.T) {
	t.Parallel()
	o := openEHI(t)
	o.as = ""
	for _, path := range []string{"/fhir/Patient/p1/$ehi-export", "/fhir/$ehi-export-status/x", "/fhir/$ehi-export-file/x/y"} {
		r := o.want(o.do("OPTIONS", path, "", "Origin: https://app.example", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: authorization"), 204)
		if r.header.Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.Contains(r.header.Get("Access-Control-Allow-Methods"), "DELETE") {
			t.Errorf("%s: %v", path, r.header)
		}
		if r := o.do("OPTIONS", path, "", "Origin: https://evil.example", "Access-Control-Request-Method: POST"); r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, r.header)
		}
	}
	o.as = "app"
	r := o.want(o.do("POST", "/fhir/Patient/p1/$ehi-export", "", "Origin: https://app.example", "Sec-Fetch-Site: cross-site"), 202)
	see := r.header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Content-Location", "Link", "Retry-After", "X-Progress"} {
		if !strings.Contains(see, name) {
			t.Errorf("%s is not in %q", name, see)
		}
	}
	o.want(o.do("POST", "/fhir/Patient/p1/$ehi-export", "", "Origin: https://evil.example", "Sec-Fetch-Site: cross-site"), 403)
}

// Discovery names the operation only where it is offered.
func TestEHIDiscovery(t *testing.T) {
	t.Parallel()
	o := openEHI(t)
	if r := o.do("GET", "/fhir/metadata", ""); !strings.Contains(r.body, `{"name":"ehi-export","definition":"http://fhir.org/argonaut/ehi-api"}`) {
		t.Error("the operation is not stated")
	}
	without := open(t, nil)
	if r := without.do("GET", "/fhir/metadata", ""); strings.Contains(r.body, "ehi-export") {
		t.Error("an operation is stated that is not offered")
	}
	without.want(without.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`), 201)
	without.want(without.do("POST", "/fhir/Patient/p1/$ehi-export", ""), 403)
	without.want(without.do("GET", "/fhir/$ehi-export-status/x", ""), 404)
}

// A record that is not complete says so in the manifest, by a file that tells why.
func TestEHIProblems(t *testing.T) {
	t.Parallel()
	o := openEHI(t)
	_, status := o.ask("app", "")
	by := requests.By{Who: audit.Who{Name: "ann", Kind: audit.User}}
	e, _, err := o.ledger.AskApp(t.Context(), audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "app", Patient: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	r, err := o.ledger.FileApp(t.Context(), by, e, requests.AppForm{Requester: requests.Requester{Name: "Mina", Role: "patient"}})
	if err != nil {
		t.Fatal(err)
	}
	o.ready(t, r.ID, `{"verdict":"INCOMPLETE","problems":["an attachment is missing","\"<b>\" is unreadable"]}`)
	var m struct{ Error []struct{ Type, URL string } }
	o.as = "app"
	if err := json.Unmarshal([]byte(o.want(o.do("GET", status, ""), 200, "https://format.example/").body), &m); err != nil || len(m.Error) != 1 || m.Error[0].Type != "OperationOutcome" {
		t.Fatalf("%+v %v", m, err)
	}
	body := o.want(o.do("GET", strings.TrimPrefix(m.Error[0].URL, strings.TrimSuffix(o.url, "/fhir")), ""), 200, "an attachment is missing").body
	if strings.Count(body, "\n") != 2 {
		t.Error(body)
	}
	o.want(o.do("GET", strings.Replace(status, "-status/", "-file/", 1)+"/..%2Fsecret", ""), 404)
}

// ready makes a request one with a package whose outcome is given.
func (o *ehiOffice) ready(t *testing.T, request, outcome string) {
	t.Helper()
	ctx := context.Background()
	job, err := o.store.AddJob(ctx, audittest.Event(audit.ExportStart), storage.Job{Kind: "ehi", Account: "ann", Request: []byte(`{"patient":"p1","form":"folder"}`)}, 0)
	if err == nil {
		_, err = o.store.FinishJob(ctx, audittest.Event(audit.ExportComplete), job.ID, []storage.JobFile{{Name: "README.txt", Path: "bag/README.txt", List: "other", Bytes: 1, SHA256: []byte{1}}}, []byte(outcome), time.Now().Add(time.Hour))
	}
	if err == nil {
		_, err = o.store.ChangeRequest(ctx, request, 0, func(_ *storage.Tx, r *storage.Request) (storage.RequestStep, error) {
			r.State, r.Job = "delivered", job.ID
			return storage.RequestStep{Event: storage.RequestEvent{Who: audit.Who{Kind: audit.System}, Step: "deliver"}, Audit: audit.Event{Action: audit.RequestStep, Who: audit.Who{Kind: audit.System}}}, nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}
