package requests_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"satchel/audit"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/requests"
)

// The same bytes can be given again while they are there, and no others.
func TestReissue(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	r := f.at(requests.Delivered)
	given, err := f.Disclosures(background, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	first := given[0]
	again := requests.Delivery{Way: "mail", To: "her lawyer"}
	r = must(t)(f.Reissue(background, by("nurse"), seen(r), first.ID, again))
	given, _ = f.Disclosures(background, r.ID)
	if len(given) != 2 {
		t.Fatal(given)
	}
	if g := given[1]; g.Again != first.ID || !bytes.Equal(g.SHA256, first.SHA256) || g.File != first.File || g.Recipient != "her lawyer" || g.Way != "mail" || g.Who != "nurse" {
		t.Errorf("%+v", g)
	}
	key := first.Job + "/" + first.File
	content := f.packs.files[key]
	f.packs.files[key] = append(bytes.Clone(content), 'x')
	if _, err := f.Reissue(background, by("nurse"), seen(r), first.ID, again); code(err) != fhir.CodeConflict || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("other bytes: %v", err)
	}
	delete(f.packs.files, key)
	if _, err := f.Reissue(background, by("nurse"), seen(r), first.ID, again); code(err) != fhir.CodeNotFound || !strings.Contains(err.Error(), "no longer there") {
		t.Errorf("no bytes: %v", err)
	}
	if _, err := f.Reissue(background, by("nurse"), seen(r), 99, again); code(err) != fhir.CodeNotFound {
		t.Errorf("no disclosure: %v", err)
	}
	if given, _ = f.Disclosures(background, r.ID); len(given) != 2 {
		t.Error("a refused one left a disclosure")
	}
}

// Several files are several disclosures; what was given on paper is one without a file; a form that was not made is refused.
func TestDeliverForms(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	f.packs.parts = 3
	r := f.at(requests.Ready)
	for _, d := range []requests.Delivery{{Way: "stick", Form: requests.FormAge}, {Way: "stick", Form: "tape"}, {Way: "owl"}} {
		if _, err := f.Deliver(background, by("front"), seen(r), d); code(err) != fhir.CodeConflict && code(err) != fhir.CodeValue {
			t.Errorf("%+v: %v", d, err)
		}
	}
	if _, _, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{}); code(err) != fhir.CodeNotSupported {
		t.Errorf("a link to three files: %v", err)
	}
	r = must(t)(f.Deliver(background, by("front"), seen(r), requests.Delivery{Way: "stick"}))
	if given, _ := f.Disclosures(background, r.ID); len(given) != 3 {
		t.Errorf("%d disclosures", len(given))
	}
	r = f.at(requests.Ready)
	r, files, passphrase, err := f.Protect(background, by("front"), seen(r), requests.FormAge)
	if err != nil || len(files) != 1 || len(strings.Split(passphrase, "-")) != 6 {
		t.Fatal(files, err)
	}
	r = must(t)(f.Deliver(background, by("front"), seen(r), requests.Delivery{Way: "stick", Form: requests.FormAge}))
	given, _ := f.Disclosures(background, r.ID)
	if len(given) != 1 || given[0].Form != "age" || given[0].Package != "package" {
		t.Errorf("%+v", given)
	}
	for _, e := range f.events(r.Number) {
		noWord(t, e.Detail, passphrase)
	}
	r = f.at(requests.Ready)
	r = must(t)(f.Deliver(background, by("front"), seen(r), requests.Delivery{Way: "hand", Form: requests.FormPrint}))
	given, _ = f.Disclosures(background, r.ID)
	if len(given) != 1 || len(given[0].SHA256) != 0 || given[0].File != "" {
		t.Errorf("%+v", given)
	}
	if _, err := f.Reissue(background, by("front"), seen(r), given[0].ID, requests.Delivery{Way: "hand"}); code(err) != fhir.CodeNotSupported {
		t.Errorf("paper again: %v", err)
	}
}

// An app gets files by themselves: one disclosure with the sum of all of them.
func TestFolder(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	f.packs.parts = 4
	must := must(t)
	in := wanted()
	in.Channel, in.Wish, in.App = requests.ChannelApp, "app", &requests.App{Account: "app", URL: "/x"}
	r := must(f.Record(background, by("app"), in))
	r = must(f.Check(background, by("front"), seen(r), "portal", ""))
	r = must(f.Approve(background, by("doctor"), seen(r), requests.Approval{}))
	r = must(f.Produce(background, by("front"), seen(r), ""))
	if f.packs.last.Form != handover.FormFolder {
		t.Error("not as files by themselves")
	}
	f.packs.work(t, "")
	f.advance()
	r = must(f.Deliver(background, by("app"), requests.Seen{ID: r.ID}, requests.Delivery{Way: requests.WayApp, Form: requests.FormFolder}))
	given, _ := f.Disclosures(background, r.ID)
	if len(given) != 1 || given[0].File != "all files" || given[0].Form != "folder" {
		t.Fatalf("%+v", given)
	}
	r = must(f.Reissue(background, by("front"), seen(r), given[0].ID, requests.Delivery{Way: requests.WayApp}))
	f.packs.files[r.Job+"/package2.zip"] = []byte("other")
	if _, err := f.Reissue(background, by("front"), seen(r), given[0].ID, requests.Delivery{Way: requests.WayApp}); code(err) != fhir.CodeConflict {
		t.Error(err)
	}
}

// A link from its making to its last download.
func TestLink(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	r := f.at(requests.Ready)
	r, link, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{Days: 3})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := f.store.DeliveryLinks(background, r.ID)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	if row := rows[0]; strings.Contains(string(row.Token[:]), link.Token) || strings.Contains(row.Passphrase, link.Passphrase) || row.ID != link.ID {
		t.Error("token or passphrase are stored")
	}
	if link.Form != requests.FormHTML || link.TriesLeft != 10 || link.Most != 5 || link.Ended != "" || !link.Expires.Equal((f.Today() + 3).End(eastern)) ||
		f.packs.kept.Before(link.Expires) {
		t.Errorf("%+v, kept until %s", link, f.packs.kept)
	}
	if string(f.packs.files[r.Job+"/package.zip.html"]) != "under "+link.Passphrase {
		t.Error("the file is not under the passphrase of the link")
	}
	if _, err := f.Unlock(background, link.Token+"x", link.Passphrase, "10.0.0.9"); code(err) != fhir.CodeNotFound {
		t.Error(err)
	}
	if _, err := f.Unlock(background, link.Token, "wrong", "10.0.0.9"); code(err) != fhir.CodeLogin || !strings.Contains(err.Error(), "9 tries") {
		t.Error(err)
	}
	for i := range 5 {
		typed := strings.ToUpper(strings.ReplaceAll(link.Passphrase, "-", "  ")) + " "
		o, err := f.Unlock(background, link.Token, typed, "10.0.0.9")
		if err != nil || o.Job != r.Job || o.File != "package.zip.html" || o.Downloads != i+1 || o.TriesLeft != 9 {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	if _, err := f.Unlock(background, link.Token, link.Passphrase, ""); code(err) != fhir.CodeDeleted || !strings.Contains(err.Error(), "as often") {
		t.Error(err)
	}
	r = must(t)(f.Request(background, r.ID))
	given, _ := f.Disclosures(background, r.ID)
	if r.State != requests.Delivered || r.Answered == 0 || len(given) != 5 || given[4].Link != link.ID || given[4].Who != "front" || given[4].Way != "link" {
		t.Errorf("%s, %+v", r.State, given)
	}
	refused, loaded := 0, 0
	for _, e := range f.events(r.Number) {
		noWord(t, e.Detail, link.Token, link.Passphrase)
		if e.Action == audit.LinkOpen && e.Outcome == audit.Refused && e.From == "10.0.0.9" {
			refused++
		}
		if e.Action == audit.Disclosure && e.Who.Kind == audit.Anonymous {
			loaded++
		}
	}
	if refused != 1 || loaded != 5 {
		t.Errorf("%d refused, %d loaded", refused, loaded)
	}
	if all, err := f.Accounting(background, "Patient/p1"); err != nil || len(all) != 5 {
		t.Errorf("%+v, %v", all, err)
	}
}

// Wrong tries lock a link for good and no other one, also if they come at once and with restarts between.
func TestLinkLocks(t *testing.T) {
	t.Parallel()
	f := newOffice(t, func(o *requests.Options) { o.LinkTries = 4 })
	r := f.at(requests.Ready)
	r, link, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{})
	if err != nil {
		t.Fatal(err)
	}
	other := f.at(requests.Ready)
	_, free, err := f.MakeLink(background, by("front"), seen(other), requests.LinkWish{Form: requests.FormAge})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	var mu sync.Mutex
	o := f.o
	o.Check = func(ctx context.Context, hash, passphrase string) (bool, error) {
		mu.Lock()
		tried++
		mu.Unlock()
		return cheapCheck(ctx, hash, passphrase)
	}
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			_, err := requests.New(f.store, o).Unlock(background, link.Token, "wrong", "")
			if code(err) != fhir.CodeLogin && code(err) != fhir.CodeDeleted {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if tried != 4 {
		t.Errorf("%d passphrases were looked at", tried)
	}
	if _, err := f.Unlock(background, link.Token, link.Passphrase, ""); code(err) != fhir.CodeDeleted || !strings.Contains(err.Error(), "too often") {
		t.Error(err)
	}
	if _, err := f.Unlock(background, free.Token, free.Passphrase, ""); err != nil {
		t.Error(err)
	}
	if links, err := f.Links(background, r.Number); err != nil || len(links) != 1 || links[0].TriesLeft != 0 || links[0].Ended == "" {
		t.Errorf("%+v, %v", links, err)
	}
}

// A wrong passphrase is noted although whoever sent it hangs up before the answer.
func TestLinkHungUp(t *testing.T) {
	t.Parallel()
	ctx, hangUp := context.WithCancel(background)
	f := newOffice(t, func(o *requests.Options) {
		o.Check = func(context.Context, string, string) (bool, error) { hangUp(); return false, nil }
	})
	r := f.at(requests.Ready)
	r, link, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Unlock(ctx, link.Token, "wrong", ""); code(err) != fhir.CodeLogin {
		t.Error(err)
	}
	if !slices.ContainsFunc(f.events(r.Number), func(e audit.Event) bool { return e.Action == audit.LinkOpen && e.Outcome == audit.Refused }) {
		t.Error("the try is not in the audit log")
	}
}

// linkEnds are ways in which a link ends.
var linkEnds = map[string]func(f *office, r requests.Request, link string) error{
	"time": func(f *office, _ requests.Request, _ string) error { f.days(20); return nil },
	"revoked": func(f *office, r requests.Request, link string) error {
		_, err := f.Revoke(background, by("front"), seen(r), link)
		return err
	},
	"replaced": func(f *office, r requests.Request, _ string) error {
		_, _, _, err := f.Protect(background, by("front"), seen(r), requests.FormHTML)
		return err
	},
	"made anew": func(f *office, r requests.Request, _ string) error {
		_, err := f.Remake(background, by("front"), seen(r), "corrected")
		return err
	},
	"file gone": func(f *office, r requests.Request, _ string) error {
		_, err := f.store.DeleteJob(background, audittest.Event(audit.ExportDelete), r.Job)
		return err
	},
	"another file": func(f *office, r requests.Request, _ string) error {
		_, err := f.packs.Protect(background, by("front"), r.Job, requests.FormHTML, "another one")
		return err
	},
	"withdrawn": func(f *office, r requests.Request, _ string) error {
		_, err := f.Withdraw(background, by("front"), seen(r), "")
		return err
	},
}

// A link ends with its time, by staff, with a new copy of its form, when the package is made anew and when the request is
// withdrawn.
func TestLinkEnds(t *testing.T) {
	t.Parallel()
	for name, end := range linkEnds {
		f := newOffice(t, nil)
		r := f.at(requests.Ready)
		r, link, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{})
		if err != nil {
			t.Fatal(err)
		}
		if err := end(f, r, link.ID); err != nil {
			t.Fatal(name, err)
		}
		if _, err := f.Unlock(background, link.Token, link.Passphrase, ""); code(err) != fhir.CodeDeleted {
			t.Errorf("%s: %v", name, err)
		}
		if k, err := f.Link(background, link.Token); err != nil || k.Ended == "" && !strings.Contains(name, "file") || k.TriesLeft != 10 {
			t.Errorf("%s: %+v, %v", name, k, err)
		}
		if given, _ := f.Disclosures(background, r.ID); len(given) != 0 {
			t.Errorf("%s: %+v", name, given)
		}
	}
}

// A try that could not be checked is given back; a link that would be too long open, or is not there, is refused.
func TestLinkTries(t *testing.T) {
	t.Parallel()
	f := newOffice(t, func(o *requests.Options) {
		o.Check = func(context.Context, string, string) (bool, error) {
			return false, fhir.Errorf(fhir.CodeThrottled, "too many at once")
		}
	})
	r := f.at(requests.Ready)
	_, link, err := f.MakeLink(background, by("front"), seen(r), requests.LinkWish{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Unlock(background, link.Token, link.Passphrase, ""); code(err) != fhir.CodeThrottled {
		t.Error(err)
	}
	if k, _ := f.Link(background, link.Token); k.TriesLeft != 10 {
		t.Errorf("%d tries left", k.TriesLeft)
	}
	if _, _, err := f.MakeLink(background, by("front"), requests.Seen{ID: r.ID}, requests.LinkWish{Days: 91}); code(err) != fhir.CodeValue {
		t.Error(err)
	}
	if _, err := f.Revoke(background, by("front"), requests.Seen{ID: r.ID}, "x"); code(err) != fhir.CodeNotFound {
		t.Error(err)
	}
}

// Passphrases are six words of a long list of words that can be told apart, and may be typed in any way.
func TestPassphrase(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 200 {
		p := requests.NewPassphrase()
		if seen[p] || len(strings.Split(p, "-")) != 6 || requests.Passphrase(p) != p || len(p) < 12 {
			t.Error(p)
		}
		seen[p] = true
	}
	for typed, want := range map[string]string{"  One two-THREE ": "one-two-three", "one – two": "one-two", "": "", "one.two,": "one-two"} {
		if got := requests.Passphrase(typed); got != want {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

// Run notices the end of a job by itself, and ends with its context.
func TestRun(t *testing.T) {
	t.Parallel()
	f := newOffice(t, nil)
	r := f.at(requests.Producing)
	ctx, cancel := context.WithCancel(background)
	done := make(chan struct{})
	go func() { f.Run(ctx); close(done) }()
	f.packs.work(t, "")
	f.Wake()
	await.Until(t, "it is ready", func() bool { return must(t)(f.Request(background, r.ID)).State == requests.Ready })
	cancel()
	<-done
}

// The list of words gives a passphrase at least 60 bits, and is in order so that a twin would be seen.
func TestWords(t *testing.T) {
	t.Parallel()
	if len(requests.Words) < 1024 {
		t.Errorf("%d words", len(requests.Words))
	}
	for i, w := range requests.Words {
		if len(w) < 3 || len(w) > 8 || strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" || i > 0 && w <= requests.Words[i-1] {
			t.Errorf("%q", w)
		}
	}
}
