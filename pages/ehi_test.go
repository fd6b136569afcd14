package pages_test

import (
	"net/http"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/demo"
	"satchel/internal/audittest"
	"satchel/internal/browser"
	"satchel/internal/testserver"
	"satchel/requests"
	"satchel/storage"
)

// openApp is a practice of which an app has asked for a record, and where its people come back to.
func openApp(t *testing.T) (p *practice, form, back string) {
	t.Helper()
	app := testserver.Listen(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>App</title><h1>Back in the app</h1></html>`))
	}))
	var ledger *requests.Ledger
	p = open(t, func(s *settings) {
		s.Still = true
		ledger = requests.New(s.Store, requests.Options{})
		s.Requests = ledger
	})
	if err := p.store.AddClient(t.Context(), audittest.Event(audit.ClientCreate), storage.Client{Name: "Health Pocket", Scopes: "system/$ehi-export", RedirectURI: app + "/back"}); err != nil {
		t.Fatal(err)
	}
	e, _, err := ledger.AskApp(t.Context(), audittest.Event(audit.ExportStart), storage.EHIExport{Owner: "Health Pocket", Client: true, Patient: demo.PatientID(0), URL: p.url})
	if err != nil {
		t.Fatal(err)
	}
	return p, p.url + "/ehi/" + e.Form, app + "/back"
}

// Somebody on a phone fills the form in, is told what is missing, and ends where the app wants its people: the browser
// holds the page's policy against that address, too.
func TestEHIFormBrowser(t *testing.T) {
	t.Parallel()
	p, form, back := openApp(t)
	b := browser.Start(t)
	b.Open(form)
	b.Wait("A copy of your health record")
	p.looks(b, "ehi")
	b.Fill("Your name", "Mina Example")
	b.Fill("Name of the patient", "Mina Example")
	b.Fill("Date of birth of the patient", "1980-02-29")
	b.Click("Send to the practice")
	b.Wait("Please look at this again")
	b.Forget() // the console tells of status 422
	p.looks(b, "ehi-wrong")
	b.Phone()
	b.Fill("Telephone", "555-0111")
	b.Click("I ask for this copy")
	b.Click("Send to the practice")
	b.Wait("Back in the app")
	if b.Address() != back {
		t.Errorf("led to %s, want %s", b.Address(), back)
	}
	b.Forget()
	b.Window(1280, 900)
	b.Open(form)
	b.Wait("Thank you")
	p.looks(b, "ehi-sent")
}

// The form works without script, and names nobody of the practice's patients.
func TestEHIFormWithoutScript(t *testing.T) {
	t.Parallel()
	p, form, back := openApp(t)
	path := strings.TrimPrefix(form, p.url)
	v := p.visitor()
	page := v.want(v.get(path), 200, "Health Pocket", "Elm Street Family Practice").body
	r, err := p.store.Resource(t.Context(), "Patient", demo.PatientID(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.FieldsFunc(string(r.JSON), func(r rune) bool { return strings.ContainsRune(`"{}[],:`, r) }) {
		if len(word) > 8 && strings.ContainsAny(word, "0123456789") && strings.Contains(page, word) {
			t.Errorf("the form tells %q", word)
		}
	}
	v.want(v.post(path, "name", "<script>x</script>"), 422, "&lt;script&gt;x&lt;/script&gt;")
	v.led(v.post(path, "name", "M", "role", "patient", "patient", "M", "born", "1980-02-29", "email", "m@example.org", "agree", "yes"), back)
	v.led(v.post(path, "name", "again"), back)
	v.want(v.get(path), 200, "Thank you")
	v.want(v.get("/ehi/nothing"), 404)
	v.want(v.post("/ehi/nothing", "name", "M"), 404)
}
