package pages_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/demo"
	"satchel/requests"
)

var (
	linkAddress = regexp.MustCompile(`<code>(http[^<]+)</code>`)
	secretWords = regexp.MustCompile(`<code>([a-z]+(?:-[a-z]+){5})</code>`)
)

// waiting takes a request to the point where a link is made.
func (v *visitor) waiting() (path string) {
	v.p.t.Helper()
	path = v.record("patient-id", demo.PatientID(0), "wish", "link", "name", "Wanda Wish")
	v.done(path, "check", "how", "id")
	v.done(path, "approve")
	v.done(path, "produce")
	v.want(v.ready(path), 200, path+"/do/link")
	return path
}

// link makes a link to the package of a request that is ready.
func (v *visitor) link(path string) (link, passphrase string) {
	v.p.t.Helper()
	page := v.want(v.step(path, "link", "form", "html"), 200, "shown only once")
	address, words := linkAddress.FindStringSubmatch(page.body), secretWords.FindStringSubmatch(page.body)
	if address == nil || words == nil {
		v.p.t.Fatal(page.body)
	}
	return strings.TrimPrefix(html.UnescapeString(address[1]), v.p.url), words[1]
}

// Whoever has a link loads the copy with the passphrase, without an account or a script. The page tells nothing of whom it
// is about; wrong passphrases, the time and the number of downloads end it.
func TestLinkPage(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(o *requests.Options) { o.LinkTries, o.LinkDownloads = 3, 2 })
	staff := d.as("apollo")
	path := staff.waiting()
	link, words := staff.link(path)
	staff.want(staff.get(path), 200, "The link waits", "3 tries left")
	v := d.visitor()
	page := v.want(v.get(link), 200, "Elm Street Family Practice", "You have 3 tries", "2 more times", "555-0100")
	if strings.Contains(page.body, `href="/help"`) || strings.Contains(page.body, `href="/"`) {
		t.Error("it leads a patient to the staff's pages")
	}
	for _, told := range []string{"Wanda", demo.PatientID(0), ".zip", "2026-0"} {
		if strings.Contains(page.body, told) {
			t.Errorf("the page tells %q", told)
		}
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "same-origin", "X-Robots-Tag": "noindex"} {
		if got := page.header.Get(name); !strings.Contains(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	v.want(v.post(link, "passphrase", ""), 422, "This is needed.")
	v.want(v.post(link, "passphrase", "wrong words"), 422, "not the passphrase", "2 tries")
	file := v.want(v.post(link, "passphrase", strings.ToUpper(strings.ReplaceAll(words, "-", " "))), 200)
	if !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") || !strings.Contains(file.body, "<html") || file.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", file.header)
	}
	staff.want(staff.get(path), 200, "Handed over", "by link", "downloaded once")
	v.want(v.post(link, "passphrase", words), 200)
	v.want(v.get(link), 410, "used as often as is allowed", "call the practice")
	v.want(v.post(link, "passphrase", words), 410)

	link, words = staff.link(path) // locked by tries
	for range 2 {
		v.want(v.post(link, "passphrase", "wrong"), 422)
	}
	v.want(v.post(link, "passphrase", "wrong"), 410, "wrong too often", "call the practice", "555-0100")
	v.want(v.post(link, "passphrase", words), 410)

	link, words = staff.link(path) // ended by staff
	end := regexp.MustCompile(`/do/revoke\?link=([^"]+)`).FindStringSubmatch(staff.get(path).body)
	if end == nil {
		t.Fatal("the link cannot be ended")
	}
	staff.want(staff.get(path+end[0]), 200, "stops working at once")
	staff.led(staff.post(path+"/do/revoke", "link", end[1], "version", "0"), path+"?done=revoke")
	v.want(v.post(link, "passphrase", words), 410, "the practice has ended it")

	link, words = staff.link(path) // over by time
	d.later.Add(int64(20 * 24 * time.Hour))
	v.want(v.get(link), 410, "its time is over")
	v.want(v.post(link, "passphrase", words), 410)
	v.want(v.get("/r/nothing"), 404, "nothing at this address")
	v.want(v.post("/r/nothing", "passphrase", words), 404)
	d.noted(audit.LinkOpen, audit.Refused, 4)
	d.noted(audit.Disclosure, "", 2)
}

// noted fails the test unless the audit log has at least so many events.
func (d *frontDesk) noted(action audit.Action, outcome audit.Outcome, least int) {
	d.t.Helper()
	n := 0
	for e, err := range d.store.AuditStream(d.t.Context(), audit.Filter{}, audit.Sort{}) {
		if err != nil {
			d.t.Fatal(err)
		}
		if e.Action == action && (outcome == "" || e.Outcome == outcome) {
			n++
		}
	}
	if n < least {
		d.t.Errorf("%d events of %s, want %d", n, action, least)
	}
}
