package requests

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// Link is a link for somebody without an account.
type Link struct {
	ID        string // names it to staff; opens nothing
	Form      Form
	File      string
	Bytes     int64
	By        string // account that made it
	Created   time.Time
	Expires   time.Time
	Ended     string // why it no longer works, in plain words; "": it works
	TriesLeft int
	Downloads int
	Most      int // downloads allowed
}

// NewLink is a link with what opens it. Token and passphrase are kept nowhere: show them once, and tell the passphrase on
// another way than the link.
type NewLink struct {
	Link
	Token      string
	Passphrase string
}

// LinkWish says what link is wanted. Zero values mean the default.
type LinkWish struct {
	Form Form // age or html; "": html
	Days int
}

// MaxLinkDays is the longest time that a link can work.
const MaxLinkDays = 90

// MakeLink makes a protected copy of the package and a link to it. Links to earlier copies of the form end.
func (l *Ledger) MakeLink(ctx context.Context, by By, seen Seen, w LinkWish) (Request, NewLink, error) {
	w.Form, w.Days = cmp.Or(w.Form, FormHTML), cmp.Or(w.Days, l.options.LinkDays)
	if w.Days < 1 || w.Days > MaxLinkDays {
		return Request{}, NewLink{}, fhir.Errorf(fhir.CodeValue, "a link works for 1 to %d days, not %d", MaxLinkDays, w.Days)
	}
	if l.options.Hash == nil {
		return Request{}, NewLink{}, fhir.Errorf(fhir.CodeNotSupported, "links are made by the running server; do this on its pages")
	}
	r, err := l.ready(ctx, seen, StepLink)
	if err != nil {
		return Request{}, NewLink{}, err
	}
	if n := len(r.filesOf(FormZip)); n != 1 {
		return Request{}, NewLink{}, fhir.Errorf(fhir.CodeNotSupported, "a link is for one file, and this package has %d; hand it over on a disk", n)
	}
	made := NewLink{Token: rand.Text(), Passphrase: NewPassphrase()}
	hash, err := l.options.Hash(ctx, made.Passphrase)
	if err != nil {
		return Request{}, NewLink{}, err
	}
	row := storage.DeliveryLink{Request: r.ID, Token: sha256.Sum256([]byte(made.Token)), Passphrase: hash, Who: by.Who.Name, Job: r.Job,
		Form: string(w.Form), Tries: l.options.LinkTries, Most: l.options.LinkDownloads}
	r, _, err = l.protect(ctx, by, seen, StepLink, w.Form, made.Passphrase, func(c *change, files []MadeFile) error {
		f := files[0]
		row.File, row.Bytes, row.Expires = f.Name, f.Bytes, (c.today + Day(w.Days)).End(l.Zone())
		row.SHA256, err = hex.DecodeString(f.SHA256)
		if err != nil {
			return err
		}
		if err := c.tx.AddLink(&row); err != nil {
			return err
		}
		c.event.Detail = string(w.Form) + ", link " + row.ID
		return nil
	})
	if err == nil {
		err = l.options.Packager.Keep(ctx, r.Job, row.Expires.Add(24*time.Hour))
	}
	if err != nil {
		return Request{}, NewLink{}, err
	}
	made.Link = l.link(row)
	return r, made, nil
}

// filesOf are the files of a form.
func (r Request) filesOf(form Form) []MadeFile {
	var all []MadeFile
	if r.Package != nil {
		for _, f := range r.Package.Files {
			if f.Form == form {
				all = append(all, f)
			}
		}
	}
	return all
}

// Links lists the links of a request, oldest first.
func (l *Ledger) Links(ctx context.Context, id string) ([]Link, error) {
	r, err := l.store.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	rows, err := l.store.DeliveryLinks(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	var all []Link
	for _, row := range rows {
		all = append(all, l.link(row))
	}
	return all, nil
}

// Revoke ends a link of a request for good.
func (l *Ledger) Revoke(ctx context.Context, by By, seen Seen, link string) (Request, error) {
	return l.change(ctx, by, seen, StepRevoke, "", func(c *change) error {
		c.event.Detail = "link " + link
		return c.tx.RevokeLink(c.ID, link)
	})
}

// link is a row as it is shown.
func (l *Ledger) link(row storage.DeliveryLink) Link {
	k := Link{ID: row.ID, Form: Form(row.Form), File: row.File, Bytes: row.Bytes, By: row.Who, Created: row.Created, Expires: row.Expires,
		TriesLeft: max(0, row.Tries-row.Wrong), Downloads: row.Downloads, Most: row.Most}
	switch {
	case !row.Revoked.IsZero():
		k.Ended = "the practice has ended it"
	case !l.store.Now().Before(row.Expires):
		k.Ended = "its time is over"
	case row.Downloads >= row.Most:
		k.Ended = "it was used as often as is allowed"
	case row.Wrong >= row.Tries:
		k.Ended = "the passphrase was wrong too often"
	}
	return k
}

// Link is the link that a token opens, also if it has ended; not-found otherwise. It tells nothing about the request.
func (l *Ledger) Link(ctx context.Context, token string) (Link, error) {
	row, err := l.store.DeliveryLink(ctx, sha256.Sum256([]byte(token)))
	if err != nil {
		return Link{}, err
	}
	return l.link(row), nil
}

// Opened is a file that somebody may load now.
type Opened struct {
	Link
	Job    string
	SHA256 []byte
}

// Unlock checks the passphrase of a link and returns the file that may be loaded now: once for each call. It counts the
// download, adds a disclosure, and makes the request delivered if it was ready. A try is counted before the passphrase is
// looked at, so that neither a restart nor many tries at once give more of them. Errors: not-found for an unknown token; deleted
// for a link that has ended; login for a wrong passphrase, with the tries that are left. from is the address that asks.
func (l *Ledger) Unlock(ctx context.Context, token, passphrase, from string) (Opened, error) {
	if l.options.Check == nil {
		return Opened{}, fhir.Errorf(fhir.CodeNotSupported, "links are opened by the running server")
	}
	row, taken, err := l.store.TakeTry(ctx, sha256.Sum256([]byte(token)))
	if err != nil {
		return Opened{}, err
	}
	if !taken {
		return Opened{}, l.over(row)
	}
	right, err := l.options.Check(ctx, row.Passphrase, Passphrase(passphrase))
	if err != nil { // such as too many at once
		return Opened{}, errors.Join(err, l.store.ReturnTry(context.WithoutCancel(ctx), row.ID))
	}
	by := By{Who: audit.Who{Kind: audit.Anonymous}, From: from, link: true}
	if !right {
		return Opened{}, l.refuse(ctx, by, row)
	}
	if err := l.there(ctx, row); err != nil {
		return Opened{}, errors.Join(err, l.store.ReturnTry(context.WithoutCancel(ctx), row.ID))
	}
	if err := l.load(ctx, by, row); err != nil {
		return Opened{}, err
	}
	row.Wrong, row.Downloads = row.Wrong-1, row.Downloads+1
	return Opened{Link: l.link(row), Job: row.Job, SHA256: row.SHA256}, nil
}

// over is the error for a link that has ended.
func (l *Ledger) over(row storage.DeliveryLink) error {
	return fhir.Errorf(fhir.CodeDeleted, "this link no longer works: %s; ask the practice for a new one", cmp.Or(l.link(row).Ended, "it was just used"))
}

// refuse notes a wrong passphrase.
func (l *Ledger) refuse(ctx context.Context, by By, row storage.DeliveryLink) error {
	ctx = context.WithoutCancel(ctx) // who hangs up is noted as well
	r, err := l.store.Request(ctx, row.Request)
	if err != nil {
		return err
	}
	e := eventOf(by, audit.Event{Action: audit.LinkOpen, Target: r.Number, Outcome: audit.Refused, Detail: "wrong passphrase, link " + row.ID}, r.Patient)
	if err := l.store.Audit(ctx, e); err != nil {
		return err
	}
	if left := row.Tries - row.Wrong; left > 0 {
		return fhir.Errorf(fhir.CodeLogin, "this is not the passphrase; %d tries are left", left)
	}
	return l.over(row)
}

// there refuses if the file of a link is gone, or another one has taken its name.
func (l *Ledger) there(ctx context.Context, row storage.DeliveryLink) error {
	job, err := l.store.Job(ctx, row.Job)
	if err != nil && !missing(err) {
		return err
	}
	if slices.ContainsFunc(job.Files, func(f storage.JobFile) bool { return f.Name == row.File && slices.Equal(f.SHA256, row.SHA256) }) {
		return nil
	}
	return fhir.Errorf(fhir.CodeDeleted, "this link no longer works: its file is no longer there; ask the practice for a new one")
}

// load notes a download in the ledger.
func (l *Ledger) load(ctx context.Context, by By, row storage.DeliveryLink) error {
	_, err := l.change(context.WithoutCancel(ctx), by, Seen{ID: row.Request}, StepLoad, "", func(c *change) error {
		ok, err := c.tx.UseLink(row.ID)
		if err != nil {
			return err
		}
		if !ok {
			return l.over(row)
		}
		return c.deliver(Delivery{Way: WayLink, Form: Form(row.Form)}, row.Who, row.ID)
	})
	return err
}
