package requests

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// Packager makes packages in the background.
type Packager interface {
	// StartPackage stores a job that makes the package and returns it at once. The job belongs to who starts it.
	StartPackage(ctx context.Context, by By, url string, order handover.Order) (storage.Job, error)
	// Check refuses an order that cannot become a package: one that includes a linked patient who contradicts the patient, and does
	// not confirm it, among others.
	Check(ctx context.Context, order handover.Order) error
	// Made returns the files of a complete job, and what the package says of its completeness.
	Made(job storage.Job) (files []storage.JobFile, verdict string, err error)
	// Protect makes a copy of each file of a complete package that opens with the passphrase; they replace earlier ones of
	// that form. There is at least one.
	Protect(ctx context.Context, by By, job string, form Form, passphrase string) ([]storage.JobFile, error)
	// Keep keeps the job's files until then at least.
	Keep(ctx context.Context, job string, until time.Time) error
	// Open opens a file of a job; not-found if it is no longer there.
	Open(ctx context.Context, job, file string) (io.ReadCloser, error)
}

// keepFor is how long a package stays beyond the due date, or from now if that has passed.
const keepFor = 30 * 24 * time.Hour

// packager is the packager, or the error that there is none.
func (l *Ledger) packager() (Packager, error) {
	if l.options.Packager == nil {
		return nil, fhir.Errorf(fhir.CodeNotSupported, "packages are made by the running server; do this on its pages")
	}
	return l.options.Packager, nil
}

// Produce starts the making of the package of an approved request. If it cannot be started, the request is approved again,
// with the reason, and the error is answered.
func (l *Ledger) Produce(ctx context.Context, by By, seen Seen, url string) (Request, error) {
	p, err := l.packager()
	if err != nil {
		return Request{}, err
	}
	row, err := l.store.Request(ctx, seen.ID)
	if err != nil {
		return Request{}, err
	}
	l.hold(row.ID, true)
	defer l.hold(row.ID, false)
	r, err := l.change(ctx, by, seen, StepProduce, "", func(c *change) error {
		c.Job, c.Request.Package, c.Failure = "", nil, ""
		return nil
	})
	if err != nil {
		return Request{}, err
	}
	ctx = context.WithoutCancel(ctx) // the request must not be left between two states
	job, err := p.StartPackage(ctx, by, url, r.order())
	if err != nil {
		_, failed := l.fail(ctx, by, r, plainly(err))
		return Request{}, errors.Join(err, failed)
	}
	r, err = l.change(ctx, by, Seen{ID: r.ID}, StepStarted, "", func(c *change) error {
		c.Job = job.ID
		c.event.Detail = "job " + job.ID
		return nil
	})
	l.Wake()
	return r, err
}

// order is the package that the request asks for.
func (r Request) order() handover.Order {
	o := handover.Order{Patient: r.Patient, Population: r.Patient == "", Linked: r.Linked, Confirmed: r.Confirmed, Withhold: r.Withhold, Purpose: "access", RequestID: r.Number, RequestedBy: r.RecordedBy}
	if r.App != nil {
		o.Form = handover.FormFolder
	}
	if r.Scope == ScopePopulation {
		o.Purpose = "handover"
	}
	if d, ok := r.Decided(); ok {
		o.ApprovedBy = d.By
	}
	return o
}

// hold keeps Advance away from a request whose package is just being started.
func (l *Ledger) hold(id string, on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if on {
		l.starting[id] = true
	} else {
		delete(l.starting, id)
	}
}

func (l *Ledger) held(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.starting[id]
}

// fail gives a request back for another try, with the reason.
func (l *Ledger) fail(ctx context.Context, by By, r Request, reason string) (Request, error) {
	return l.change(ctx, by, Seen{ID: r.ID}, StepFail, reason, func(c *change) error {
		if c.Job != r.Job {
			return fhir.Errorf(fhir.CodeConflict, "request %s has another job already", c.Number)
		}
		c.Failures++
		c.Failure = c.note
		return nil
	})
}

// Remake gives a request whose package is ready back for making another one, such as after the record was corrected. Links
// to the package end.
func (l *Ledger) Remake(ctx context.Context, by By, seen Seen, reason string) (Request, error) {
	if err := needs(reason, "say why the package is made anew"); err != nil {
		return Request{}, err
	}
	return l.change(ctx, by, seen, StepRemake, reason, func(c *change) error { return c.tx.RevokeLinks(c.ID) })
}

// plainly is the reason of an error in words that may be shown.
func plainly(err error) string {
	if known, ok := errors.AsType[*fhir.Error](err); ok {
		return known.Diagnostics
	}
	return "the package could not be started by an internal error; the server's log says more"
}

// made is a complete job as the ledger keeps it. Of files by themselves it keeps one sum.
func made(p Packager, job storage.Job, folder bool) (*Made, error) {
	files, verdict, err := p.Made(job)
	if err != nil {
		return nil, err
	}
	m := &Made{Job: job.ID, Verdict: verdict, At: job.Ended}
	if folder {
		m.Files = []MadeFile{sumOf(files)}
		return m, nil
	}
	for _, f := range files {
		m.Files = append(m.Files, madeFile(f, FormZip))
	}
	return m, nil
}

func madeFile(f storage.JobFile, form Form) MadeFile {
	return MadeFile{Name: f.Name, Form: form, Bytes: f.Bytes, SHA256: hex.EncodeToString(f.SHA256)}
}

// sumOf stands for many files: its hash is that of the lines which sha256sum writes for them in order of their names.
func sumOf(files []storage.JobFile) MadeFile {
	files = slices.SortedFunc(slices.Values(files), func(a, b storage.JobFile) int { return cmp.Compare(a.Name, b.Name) })
	all, sum := MadeFile{Name: allFiles, Form: FormFolder}, sha256.New()
	for _, f := range files {
		fmt.Fprintf(sum, "%x  %s\n", f.SHA256, f.Name)
		all.Bytes += f.Bytes
	}
	all.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return all
}

// allFiles names the files of a job together.
const allFiles = "all files"
