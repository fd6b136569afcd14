package storage

import (
	"context"
	"time"
)

// Disclosure is what was given to whom, how, when and by whom.
type Disclosure struct {
	ID        int64 // rises with time
	Request   string
	Time      time.Time
	Who       string // account that gave it
	Patient   string // logical id; "": everybody
	Recipient string
	Way       string // stick, link, …
	Form      string // zip, age, html, print
	Job       string
	Package   string // name of the package
	File      string // name of the file in the job
	SHA256    []byte // of the file; empty for paper
	Bytes     int64
	Verdict   string // what the package says of its completeness
	Again     int64  // ID of the disclosure whose bytes were given again; 0: a first one
	Link      string // ID of the link that was used; ""
	Note      string
}

func (tx *Tx) addDisclosure(d Disclosure) error {
	if d.SHA256 == nil {
		d.SHA256 = []byte{}
	}
	return tx.exec(`INSERT INTO disclosure (request, time, who, patient, recipient, way, form, job, package, file, sha256, bytes, verdict, again, link, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, d.Request, millis(d.Time), d.Who, d.Patient, d.Recipient, d.Way, d.Form,
		d.Job, d.Package, d.File, d.SHA256, d.Bytes, d.Verdict, d.Again, d.Link, d.Note)
}

const disclosureColumns = `id, request, time, who, patient, recipient, way, form, job, package, file, sha256, bytes, verdict, again, link, note`

// Disclosures lists what was given by a request, oldest first.
func (s *Store) Disclosures(ctx context.Context, request string) ([]Disclosure, error) {
	return s.disclosures(ctx, `request = ? ORDER BY id`, request)
}

// DisclosuresOf lists what was given of a patient's record, oldest first: the ground of an accounting of disclosures.
func (s *Store) DisclosuresOf(ctx context.Context, patient string) ([]Disclosure, error) {
	return s.disclosures(ctx, `patient = ? ORDER BY id`, patient)
}

func (s *Store) disclosures(ctx context.Context, where string, args ...any) ([]Disclosure, error) {
	rows, err := query(ctx, s.reads, `SELECT `+disclosureColumns+` FROM disclosure WHERE `+where, args...)
	all, err := collect(rows, err, disclosureOf)
	return all, wrap("read the disclosures of a request", err)
}

// disclosureOf reads the disclosureColumns.
func disclosureOf(scan row) (d Disclosure, err error) {
	var at int64
	err = scan(&d.ID, &d.Request, &at, &d.Who, &d.Patient, &d.Recipient, &d.Way, &d.Form, &d.Job, &d.Package, &d.File, &d.SHA256, &d.Bytes,
		&d.Verdict, &d.Again, &d.Link, &d.Note)
	d.Time = instant(at)
	return d, err
}
