package exports_test

import (
	"fmt"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/requests"
	"satchel/storage"
)

// appURL is the kick-off.
const appURL = "/fhir/Patient/p1/$ehi-export"

// An app's export is decided on and noted by the same rules as everything else, at each of its deeds.
func TestDeedsOfApps(t *testing.T) {
	t.Parallel()
	p := open(t, settings{})
	for who, want := range map[string][4]string{ // kick-off, look, file and end
		"chief": {"ok", "ok", "gone", "ok"}, "peer": {"ok", "ok", "gone", "ok"}, "one": {"ok", "ok", "gone", "ok"}, "none": {"forbidden", "", "", ""},
	} {
		r := p.call(who, "POST", appURL, "")
		got := [4]string{decision(r)}
		at := strings.TrimPrefix(r.header.Get("Content-Location"), p.URL)
		id := at[strings.LastIndexByte(at, '/')+1:]
		if got[0] == "ok" {
			p.strangers(id)
			got[1] = decision(p.call(who, "GET", at, ""))
			got[2] = decision(p.call(who, "GET", "/fhir/$ehi-export-file/"+id+"/README.txt", ""))
			got[3] = decision(p.call(who, "DELETE", at, ""))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", who, got, want)
		}
		told := p.toldOf(who)
		if fmt.Sprint(told) != fmt.Sprint(toldWant(id)) {
			t.Errorf("%s: told\n%s\nwant\n%s", who, strings.Join(told, "\n"), strings.Join(toldWant(id), "\n"))
		}
	}
}

// toldWant are the events of a kick-off, a look, a file that is not there yet, and an end; without an id, of a refusal.
func toldWant(id string) []string {
	if id == "" {
		return []string{"export-start refused Patient/p1 [p1] 403"}
	}
	return []string{"export-start success " + id + " [p1] 202", "export-status success " + id + " [p1] 202", "export-file refused " + id + " [p1] 404", "export-delete success " + id + " [p1] 202"}
}

// toldOf are an account's events of exports, oldest first.
func (p *practice) toldOf(who string) (told []string) {
	for _, e := range p.events(audit.ExportStart, audit.ExportStatus, audit.ExportFile, audit.ExportDelete) {
		if e.Who.Name == who {
			told = append(told, fmt.Sprint(e.Action, " ", e.Outcome, " ", e.Target, " ", e.Patients, " ", e.Status))
		}
	}
	return told
}

// strangers look for an export that is not theirs: to them there is none.
func (p *practice) strangers(id string) {
	p.t.Helper()
	for _, at := range [][2]string{{"GET", "/fhir/$ehi-export-status/"}, {"GET", "/fhir/$ehi-export-file/"}, {"DELETE", "/fhir/$ehi-export-status/"}} {
		path := at[1] + id
		if strings.Contains(path, "file") {
			path += "/documents.ndjson"
		}
		if got := decision(p.call("ops", at[0], path, "")); got != "gone" {
			p.t.Errorf("%s %s by a stranger: %s", at[0], path, got)
		}
	}
}

// The first file that an app loads makes the package one that was handed over; who ends the export ends the job too.
func TestDeedsOfAppsFiles(t *testing.T) {
	t.Parallel()
	p := open(t, settings{})
	at := strings.TrimPrefix(p.call("chief", "POST", appURL, `{"resourceType":"Parameters","parameter":[{"name":"requester","valueString":"Mina"}]}`).header.Get("Content-Location"), p.URL)
	id := at[strings.LastIndexByte(at, '/')+1:]
	job := p.producedFor(id)
	file := "/fhir/$ehi-export-file/" + id + "/"
	for _, step := range []struct {
		method, name string
		want         string
		given        int
	}{{"HEAD", "documents.ndjson", "ok", 0}, {"GET", job.Files[0].Name, "ok", 1}, {"GET", "documents.ndjson", "ok", 1}, {"GET", "nothing", "gone", 1}} {
		if got := decision(p.call("chief", step.method, file+step.name, "")); got != step.want {
			t.Errorf("%s %s: %s", step.method, step.name, got)
		}
		if n := len(p.events(audit.Disclosure)); n != step.given {
			t.Errorf("after %s %s it was handed over %d times, want %d", step.method, step.name, n, step.given)
		}
	}
	if got := decision(p.call("chief", "DELETE", at, "")); got != "ok" {
		t.Error(got)
	}
	if _, err := p.Store.Job(t.Context(), job.ID); err == nil {
		t.Error("the files are still there")
	}
}

// producedFor lets people approve an app's export, and waits for its package.
func (p *practice) producedFor(id string) storage.Job {
	p.t.Helper()
	ctx, by := p.t.Context(), requests.By{Who: audit.Who{Name: "chief", Kind: audit.User}}
	e, err := p.Store.EHIExport(ctx, id)
	if err == nil {
		_, err = p.ledger.Check(ctx, by, requests.Seen{ID: e.Request}, "id", "")
	}
	if err == nil {
		_, err = p.ledger.Approve(ctx, by, requests.Seen{ID: e.Request}, requests.Approval{})
	}
	if err == nil {
		err = p.ledger.Advance(ctx)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
	if err := p.ledger.Advance(ctx); err != nil {
		p.t.Fatal(err)
	}
	r, err := p.ledger.Request(ctx, e.Request)
	if err != nil {
		p.t.Fatal(err)
	}
	job, err := p.Store.Job(ctx, r.Job)
	if err != nil || len(job.Files) == 0 {
		p.t.Fatal(job.State, job.Error, err)
	}
	return job
}
