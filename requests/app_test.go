package requests_test

import (
	"sync"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/requests"
	"satchel/storage"
)

// ask is a kick-off of the app "app" for p1.
func (f *office) ask(part string) (storage.EHIExport, bool) {
	f.t.Helper()
	e, fresh, err := f.AskApp(background, audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "app", Client: true, Patient: "p1", URL: "https://p.example/fhir/Patient/p1/$ehi-export", Part: part})
	if err != nil {
		f.t.Fatal(err)
	}
	return e, fresh
}

func byApp() requests.By {
	return requests.By{Who: audit.Who{Name: "app", Kind: audit.Client}, From: "10.0.0.9", RequestID: "r-2"}
}

var appForm = requests.AppForm{Requester: requests.Requester{Name: "Mina Ödegård", Role: requests.RolePatient, Phone: "555-0101"}, Subject: requests.Subject{Name: "Mina Ödegård"}}

// file brings an app's request into the ledger.
func (f *office) file(form requests.AppForm) (storage.EHIExport, requests.Request) {
	f.t.Helper()
	e, _ := f.ask("")
	r, err := f.FileApp(background, byApp(), e, form)
	if err != nil {
		f.t.Fatal(err)
	}
	return e, r
}

// An app that asks again is given what it has, as long as that is open.
func TestAppAsksOnce(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	first, fresh := f.ask("")
	if again, more := f.ask("labs"); !fresh || more || again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
	other, _, err := f.AskApp(background, audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "app", Patient: "p1"}) // an account of that name is somebody else
	if err != nil || other.ID == first.ID {
		t.Error(other, err)
	}
	r, err := f.FileApp(background, byApp(), first, appForm)
	if err != nil {
		t.Fatal(err)
	}
	if again, more := f.ask(""); more || again.Request != r.ID {
		t.Errorf("%+v", again)
	}
	must(t)(f.Withdraw(background, by("front"), seen(r), ""))
	if next, more := f.ask(""); !more || next.ID == first.ID {
		t.Errorf("%+v", next)
	}
}

// What is left out, and what the app asked for, is one text that people read.
func TestAppForm(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	_, r := f.file(appForm)
	if r.Channel != requests.ChannelApp || r.Scope != requests.ScopeRecord || r.Wish != requests.WishApp || r.Patient != "p1" || r.RecordedBy != "app" || r.App.Account != "app" {
		t.Errorf("%+v", r)
	}
	must(t)(f.Withdraw(background, by("front"), seen(r), ""))
	e, _ := f.ask("labs of 2024")
	form := appForm
	form.LeaveOut, form.Note = "my uncle", "call me"
	r = must(t)(f.FileApp(background, byApp(), e, form))
	if r.Scope != requests.ScopeNarrowed || r.Asked != "labs of 2024; without: my uncle" || len(r.Notes) != 1 {
		t.Errorf("%+v", r)
	}
	form.Requester.Name = ""
	if _, err := f.FileApp(background, byApp(), e, form); code(err) != fhir.CodeRequired {
		t.Error(err)
	}
}

// However often and however late a form is sent, it is filed once or not at all.
func TestAppFormOnce(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	e, _ := f.ask("")
	var wg sync.WaitGroup
	results := make(chan error, 8)
	for range cap(results) {
		wg.Go(func() { _, err := f.FileApp(background, byApp(), e, appForm); results <- err })
	}
	wg.Wait()
	close(results)
	filed := 0
	for err := range results {
		if err == nil {
			filed++
		} else if code(err) != fhir.CodeConflict {
			t.Error(err)
		}
	}
	if filed != 1 {
		t.Errorf("filed %d times", filed)
	}
	if list, _, err := f.Requests(background, requests.Filter{}, requests.Page{}); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
	late, _, err := f.AskApp(background, audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "other", Client: true, Patient: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	f.days(8)
	if _, err := f.FileApp(background, byApp(), late, appForm); code(err) != fhir.CodeNotFound {
		t.Error(err)
	}
	if _, err := f.AppByForm(background, late.Form); code(err) != fhir.CodeNotFound || !f.AppOver(late) {
		t.Error(err)
	}
	if again, err := f.AppByForm(background, e.Form); err != nil || again.Request == "" { // one that was sent stays
		t.Error(again, err)
	}
}

// An approved request of an app starts by itself, with the files one by one; what people asked for does not.
func TestAppStartsItself(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	paper := f.at(requests.Approved)
	_, r := f.file(appForm)
	r = must(t)(f.Check(background, by("front"), seen(r), "callback", ""))
	f.advance()
	r = must(t)(f.Approve(background, by("doctor"), seen(r), requests.Approval{}))
	f.packs.fail = fhir.Errorf(fhir.CodeThrottled, "too many jobs")
	f.advance()
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Approved || r.Failures != 1 {
		t.Fatalf("%s after %d failures", r.State, r.Failures)
	}
	f.packs.fail = nil
	f.advance() // too early
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Approved {
		t.Fatal(r.State)
	}
	f.days(1)
	f.advance()
	r = must(t)(f.Request(background, r.ID))
	job, err := f.store.Job(background, r.Job)
	if err != nil || r.State != requests.Producing || f.packs.last.Form != handover.FormFolder || f.packs.last.ApprovedBy != "doctor" || job.Account != "doctor" {
		t.Fatalf("%s, %+v, %+v, %v", r.State, f.packs.last, job, err)
	}
	f.packs.work(t, "")
	f.advance()
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Ready {
		t.Fatal(r.State)
	}
	r = must(t)(f.Deliver(background, byApp(), requests.Seen{ID: r.ID}, requests.Delivery{Way: requests.WayApp, Form: requests.FormFolder}))
	if given, err := f.Disclosures(background, r.ID); err != nil || len(given) != 1 || given[0].Way != "app" || given[0].Recipient != "Mina Ödegård" {
		t.Errorf("%+v %v", given, err)
	}
	if paper = must(t)(f.Request(background, paper.ID)); paper.State != requests.Approved {
		t.Error(paper.State)
	}
}

// What keeps failing waits for people, and what was made once is not made again because nobody came for it.
func TestAppStops(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	_, r := f.file(appForm)
	r = must(t)(f.Check(background, by("front"), seen(r), "callback", ""))
	r = must(t)(f.Approve(background, by("doctor"), seen(r), requests.Approval{}))
	f.packs.fail = fhir.Errorf(fhir.CodeNoStore, "the disk is full")
	for range 10 {
		f.advance()
		f.days(1)
	}
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Approved || r.Failures != 5 {
		t.Fatalf("%s after %d failures", r.State, r.Failures)
	}
	f.packs.fail = nil
	r = must(t)(f.Produce(background, by("front"), seen(r), ""))
	f.packs.work(t, "")
	f.advance()
	if _, err := f.store.DeleteJob(background, audittest.Event(audit.ExportDelete), r.Job); err != nil {
		t.Fatal(err)
	}
	f.advance()
	f.days(1)
	f.advance()
	if r = must(t)(f.Request(background, r.ID)); r.State != requests.Approved || r.Package == nil {
		t.Errorf("%s", r.State)
	}
}
