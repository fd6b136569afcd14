package requests

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// Delivery is one handing over.
type Delivery struct {
	Way  Way
	Form Form   // zip, age, html, print; "": zip. Age and html must have been made with [Ledger.Protect]
	To   string // who got it; "": the requester
	Note string
}

// Protect makes a copy of the package that opens with a new passphrase, which is answered and kept nowhere: show it once.
// A copy of the form that was made before is gone then, and links to it end. Errors: too-costly if it is too large for html.
func (l *Ledger) Protect(ctx context.Context, by By, seen Seen, form Form) (r Request, files []MadeFile, passphrase string, err error) {
	passphrase = NewPassphrase()
	r, files, err = l.protect(ctx, by, seen, StepProtect, form, passphrase, nil)
	if err != nil {
		return Request{}, nil, "", err
	}
	return r, files, passphrase, nil
}

// protect makes a protected copy and notes it as a step, in whose transaction f is called.
func (l *Ledger) protect(ctx context.Context, by By, seen Seen, step Step, form Form, passphrase string, f func(c *change, files []MadeFile) error) (Request, []MadeFile, error) {
	p, err := l.packager()
	if err != nil {
		return Request{}, nil, err
	}
	if form != FormAge && form != FormHTML {
		return Request{}, nil, fhir.Errorf(fhir.CodeValue, "a package can be protected as age or html, not as %.40q", form)
	}
	r, err := l.ready(ctx, seen, step)
	if err != nil {
		return Request{}, nil, err
	}
	made, err := p.Protect(ctx, by, r.Job, form, passphrase)
	if err != nil {
		return Request{}, nil, err
	}
	var files []MadeFile
	for _, m := range made {
		files = append(files, madeFile(m, form))
	}
	// The old copy is gone, whoever was here meanwhile: what was made is noted at whatever version the request has now.
	r, err = l.change(context.WithoutCancel(ctx), by, Seen{ID: r.ID}, step, "", func(c *change) error {
		if c.Request.Package == nil || c.Job != r.Job {
			return fhir.Errorf(fhir.CodeConflict, "request %s has another package by now; look at it again", c.Number)
		}
		c.Request.Package.Files = append(slices.DeleteFunc(c.Request.Package.Files, func(f MadeFile) bool { return f.Form == form }), files...)
		c.event.Detail = string(form)
		if err := c.tx.RevokeLinksTo(c.ID, string(form)); err != nil || f == nil {
			return err
		}
		return f(c, files)
	})
	return r, files, err
}

// ready is the request with a package, if a step is possible.
func (l *Ledger) ready(ctx context.Context, seen Seen, step Step) (Request, error) {
	row, err := l.store.Request(ctx, seen.ID)
	if err != nil {
		return Request{}, err
	}
	r, err := requestOf(row)
	if err != nil {
		return Request{}, err
	}
	if _, err := next(r.Number, r.State, step); err != nil {
		return Request{}, err
	}
	if seen.Version != 0 && seen.Version != r.Version {
		return Request{}, fhir.Errorf(fhir.CodeConflict, "request %s was changed by somebody else meanwhile; look at it again, then repeat what you did", r.Number)
	}
	if r.Package == nil {
		return Request{}, fhir.Errorf(fhir.CodeConflict, "request %s has no package; make it first", r.Number)
	}
	return r, nil
}

// Deliver notes that the package was handed over: one disclosure for each of its files, with hash, recipient and way. What
// was given on paper has no file.
func (l *Ledger) Deliver(ctx context.Context, by By, seen Seen, d Delivery) (Request, error) {
	if err := d.check(); err != nil {
		return Request{}, err
	}
	return l.change(ctx, by, seen, StepDeliver, d.Note, func(c *change) error { return c.deliver(d, "", "") })
}

// check refuses what nobody can have been given.
func (d *Delivery) check() error {
	d.Form = cmp.Or(d.Form, FormZip)
	if err := checkCode(forms, string(d.Form), "the form"); err != nil {
		return err
	}
	if err := d.Way.check("the way of delivery"); err != nil {
		return err
	}
	return checkTexts(d.To, d.Note)
}

// deliver adds the disclosures of a handing over, and notes the answer. who gave it, if not who does this; link: its id.
func (c *change) deliver(d Delivery, who, link string) error {
	if c.Request.Package == nil {
		return fhir.Errorf(fhir.CodeConflict, "request %s has no package; make it first", c.Number)
	}
	to := cmp.Or(strings.TrimSpace(d.To), c.Requester.Name)
	row := storage.Disclosure{Who: who, Recipient: to, Way: string(d.Way), Form: string(d.Form), Job: c.Job, Verdict: c.Request.Package.Verdict, Link: link, Note: c.note}
	if d.Form == FormPrint {
		c.given = append(c.given, row)
	}
	for _, f := range c.Request.Package.Files {
		if f.Form != d.Form {
			continue
		}
		sum, err := hex.DecodeString(f.SHA256)
		if err != nil {
			return fmt.Errorf("read the hash of %q: %w", f.Name, err)
		}
		row.Package, row.File, row.SHA256, row.Bytes = packageName(f.Name), f.Name, sum, f.Bytes
		c.given = append(c.given, row)
	}
	if len(c.given) == 0 {
		return fhir.Errorf(fhir.CodeConflict, "request %s has no file in the form %s; make it first", c.Number, d.Form)
	}
	c.disclosed()
	if c.Answered == 0 {
		c.answered()
	}
	return nil
}

// disclosed makes the event of the step one of a disclosure, with what identifies the bytes.
func (c *change) disclosed() {
	first := c.given[0]
	c.event.Action = audit.Disclosure
	c.event.Detail = fmt.Sprintf("%s %s, %d files", first.Way, first.Form, len(c.given))
	for _, g := range c.given[:min(len(c.given), 8)] {
		if len(g.SHA256) > 0 {
			c.event.Detail += ", sha256 " + hex.EncodeToString(g.SHA256)
		}
	}
}

// packageName is the name of the package that a file is a form of.
func packageName(file string) string {
	for _, end := range []string{".age", ".html", ".zip"} {
		file = strings.TrimSuffix(file, end)
	}
	return file
}

// Reissue gives the same bytes again that a disclosure tells of: the file is read from its beginning to its end, and its hash
// must be that of the disclosure. Otherwise it is refused, as not-found if the file is no longer there and as conflict if it is
// another; a new request makes a new package then. What was given on paper cannot be compared, and is not given by this.
func (l *Ledger) Reissue(ctx context.Context, by By, seen Seen, disclosure int64, d Delivery) (Request, error) {
	if err := d.check(); err != nil {
		return Request{}, err
	}
	p, err := l.packager()
	if err != nil {
		return Request{}, err
	}
	old, err := l.disclosure(ctx, seen.ID, disclosure)
	if err != nil {
		return Request{}, err
	}
	if err := l.same(ctx, p, old); err != nil {
		return Request{}, err
	}
	return l.change(ctx, by, seen, StepReissue, d.Note, func(c *change) error {
		again := old
		again.ID, again.Who, again.Again, again.Way, again.Link, again.Note = 0, "", old.ID, string(d.Way), "", c.note
		again.Recipient = cmp.Or(strings.TrimSpace(d.To), c.Requester.Name)
		c.given = append(c.given, again)
		c.disclosed()
		return nil
	})
}

// disclosure is one disclosure of a request.
func (l *Ledger) disclosure(ctx context.Context, request string, id int64) (Disclosure, error) {
	row, err := l.store.Request(ctx, request)
	if err != nil {
		return Disclosure{}, err
	}
	all, err := l.store.Disclosures(ctx, row.ID)
	if err != nil {
		return Disclosure{}, err
	}
	if i := slices.IndexFunc(all, func(d Disclosure) bool { return d.ID == id }); i >= 0 {
		return all[i], nil
	}
	return Disclosure{}, fhir.Errorf(fhir.CodeNotFound, "request %s has no disclosure %d", row.Number, id)
}

// same refuses unless the file of a disclosure is there and still has its hash.
func (l *Ledger) same(ctx context.Context, p Packager, d Disclosure) error {
	if len(d.SHA256) == 0 {
		return fhir.Errorf(fhir.CodeNotSupported, "what was given on paper cannot be given again unchanged; print it again as a new request")
	}
	sum, err := l.digest(ctx, p, d)
	if missing(err) {
		return fhir.Errorf(fhir.CodeNotFound, "the file %q is no longer there, as its time was over; record a new request to make a new package", d.File)
	}
	if err != nil {
		return fmt.Errorf("read the package again: %w", err)
	}
	if !slices.Equal(sum, d.SHA256) {
		return fhir.Errorf(fhir.CodeConflict, "the file %q is no longer the one that was given: its SHA-256 differs; do not hand it over, and record a new request", d.File)
	}
	return nil
}

// digest reads the file of a disclosure from the disk, or all files of the job, and returns its hash.
func (l *Ledger) digest(ctx context.Context, p Packager, d Disclosure) ([]byte, error) {
	if Form(d.Form) != FormFolder {
		return hashOf(ctx, p, d.Job, d.File)
	}
	job, err := l.store.Job(ctx, d.Job)
	if err != nil {
		return nil, err
	}
	files, _, err := p.Made(job)
	if err != nil {
		return nil, err
	}
	for i := range files {
		if files[i].SHA256, err = hashOf(ctx, p, d.Job, files[i].Name); err != nil {
			return nil, err
		}
	}
	return hex.DecodeString(sumOf(files).SHA256)
}

func hashOf(ctx context.Context, p Packager, job, file string) ([]byte, error) {
	f, err := p.Open(ctx, job, file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// Disclosure is what was given to whom, how, when and by whom.
type Disclosure = storage.Disclosure

// Disclosures lists what was given by a request, oldest first.
func (l *Ledger) Disclosures(ctx context.Context, id string) ([]Disclosure, error) {
	row, err := l.store.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	return l.store.Disclosures(ctx, row.ID)
}

// Accounting lists what was given of a patient's record, oldest first, for whoever asks who got it (45 CFR 164.528).
func (l *Ledger) Accounting(ctx context.Context, patient string) ([]Disclosure, error) {
	return l.store.DisclosuresOf(ctx, fhir.BarePatient(patient))
}
