package pages_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"satchel/demo"
	"satchel/internal/browser"
	"satchel/requests"
)

// The front desk's whole story in a browser: somebody asks, is found, checked, approved; the copy is made, given by a link to
// a phone and by a stick; the letter is printed. Every page on the way is looked at.
func TestRequestsBrowser(t *testing.T) {
	t.Parallel()
	d := openDesk(t, nil)
	v := d.as("apollo")
	for i, name := range []string{"Overdue Olga", "Nearly Ned", "Soon Sue", "Calm Carl"} { // a board as it is on a working day
		day := time.Now().AddDate(0, 0, []int{-35, -28, -22, -3}[i]).Format(time.DateOnly)
		v.record("name", name, "received", day, "channel", "phone")
	}
	b := d.signed(t, "apollo")
	d.looks(b, "requests-today")
	b.Click("Requests")
	b.Wait("Overdue Olga")
	d.looks(b, "requests")
	d.takesIn(b)
	path := strings.TrimPrefix(strings.Split(b.Address(), "?")[0], d.url)
	b.Click("Check who is asking")
	b.Wait("Write down how you made sure")
	b.Fill("#f-how", "callback")
	b.Fill("#f-note", "Called back on the number in the chart.")
	d.looks(b, "requests-check")
	b.Click("Identity is checked")
	b.Wait("The identity check is noted.")
	b.Click("Approve")
	b.Wait("What goes out with the copy")
	d.looks(b, "requests-approve")
	b.Click("Approve the copy")
	b.Wait("It is approved.")
	b.Click("Make the copy")
	b.Wait("The copy is ready.")
	d.looks(b, "requests-ready")
	b.Click("Make a link")
	b.Wait("What kind of file")
	d.looks(b, "requests-link")
	b.Click("Make the link")
	b.Wait("shown only once")
	address, words := b.Text(".secret code"), b.Text(".passphrase code")
	d.looks(b, "requests-secret")
	d.load(browser.Start(t), address, words)
	b.Open(d.url + path)
	b.Wait("Downloaded by link")
	d.looks(b, "requests-given")
	b.Click("Receipt of what was handed over")
	b.Wait("Received by, date")
	d.looks(b, "requests-letter")
	if dir := os.Getenv("SATCHEL_SHOTS"); dir != "" {
		_ = os.WriteFile(dir+"/requests-letter.pdf", b.PDF(), 0o600)
	}
	b.Open(d.url + path)
	b.Click("Close the request")
	b.Wait("takes it off the list")
	b.Click("Close it")
	b.Wait("The request is closed.")
	d.decline(b)
}

// takesIn takes in a request for the first patient, who is found.
func (d *frontDesk) takesIn(b *browser.Browser) {
	family, born := d.patient(0)
	b.Click("Take in a request")
	b.Fill("#f-name", "Wanda Wish")
	b.Fill("#f-phone", "555-0133")
	b.Fill("#f-address", "7 Hill Road\nSpringfield")
	b.Fill("#f-patient", family)
	b.Fill("#f-born", born)
	b.Fill("#f-wish", "link")
	b.Click("Look for the patient")
	b.Wait("Who is meant?")
	b.Forget()
	d.looks(b, "requests-new")
	b.Click("Take it in")
	b.Wait("The request is taken in.")
	d.looks(b, "requests-one")
}

// load loads the copy on a phone, as whoever has the link does.
func (d *frontDesk) load(b *browser.Browser, address, words string) {
	b.Open(address)
	b.Wait("has made a copy of a health record ready")
	d.looks(b, "links-patient")
	b.Phone()
	b.Fill("Passphrase", "not the words")
	b.Click("Download the copy")
	b.Wait("That is not the passphrase")
	b.Forget()
	d.looks(b, "links-patient-wrong")
	b.Phone()
	b.Fill("Passphrase", words)
	file := b.Download(func() { b.Click("Download the copy") })
	if !strings.HasSuffix(file, ".html") {
		d.t.Errorf("loaded %q", file)
	}
	b.Open(d.url + "/r/nothing")
	b.Wait("This link does not work")
	b.Forget()
	d.looks(b, "links-patient-over")
}

// decline looks at the pages of a request that is denied, extended or withdrawn, and of a colleague who may not approve.
func (d *frontDesk) decline(b *browser.Browser) {
	v := d.as("apollo")
	path := v.record("patient-id", demo.PatientID(1), "name", "Denied Dan")
	v.done(path, "verify")
	for _, step := range []string{"patient", "extend", "deny", "withdraw", "amend"} {
		b.Open(d.url + path + "/do/" + step)
		d.looks(b, "requests-"+step)
	}
	stale, err := d.ledger.Request(d.t.Context(), strings.TrimPrefix(path, "/requests/"))
	if err != nil {
		d.t.Fatal(err)
	}
	b.Open(d.url + path + "/do/deny")
	b.Click("We hold no record of this person")
	v.done(path, "note", "note", "Dan called.")
	b.Click("Deny the request")
	b.Wait("Somebody else worked on this request")
	b.Forget()
	d.looks(b, "requests-meanwhile")
	b.Click("Deny the request")
	b.Wait("The request is denied.")
	d.looks(b, "requests-denied")
	if now, err := d.ledger.Request(d.t.Context(), stale.ID); err != nil || now.State != requests.Denied {
		d.t.Errorf("%s %v", now.State, err)
	}
	b.Click("We cannot give it, or not all of it")
	b.Wait("If you want to complain")
	d.looks(b, "requests-denial")
}
