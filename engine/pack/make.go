// Package pack makes packages: it gathers a record or counts the population, streams the versions into a [handover.Writer], and
// compares what was written with what the store counts.
package pack

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"satchel/engine/record"
	"satchel/fhir"
	"satchel/handover"
	"satchel/handover/view"
	"satchel/internal/durable"
	"satchel/storage"
)

// scopeRules is the version of the rules by which [record.Gather] chooses, as packages state it.
const scopeRules = "2026-11"

// Run is one making of a package: the order, and where and with what it is made.
type Run struct {
	handover.Order // with form folder or zip; "" is zip. Its Patient "" stands for everybody

	At storage.Snapshot // what the package shows; zero: now

	Dir      string        // folder in which the package shall stand; it is made if it is not there
	FileSize int64         // bytes of an NDJSON file; 0: 100 MB
	BagSize  int64         // bytes of payload after which a population goes on in a further bag; 0: one bag
	Key      *handover.Key // nil leaves the package unsigned
	Job      string        // names the job in the package; "": a random one

	Sender           handover.Practice
	Product          handover.Product
	DocumentationURL string // where the format is documented for everybody

	// Settings are the program's settings as JSON, without secrets, for a population; nil: left out.
	Settings []byte
	// Requests writes the ledger of requests for records as NDJSON of FHIR resources, for a population; nil: left out.
	Requests func(ctx context.Context, w io.Writer) error
}

// Made is a package that was made.
type Made struct {
	handover.Sealed
	Job         string
	Purpose     string
	Patients    []string // ids of those whose record it is; nil for a population
	Snapshot    storage.Snapshot
	Problems    []string                  // why it is INCOMPLETE
	Counts      map[string]handover.Count // by type
	Attachments handover.AttachmentSummary
	Exclusions  []handover.ExclusionSummary
	LeftOut     []handover.LinkedRecord // of one patient's record: linked Patients that are not in it
}

// Make makes a package as of a snapshot and seals it; what it holds is read back and compared with what the store counts.
// A package whose verdict is INCOMPLETE is made all the same, and says so itself. progress is told how many versions are
// written; it may be nil. An error leaves no package behind. Errors: those of [handover.Order.Check]; not-found if the patient was never stored.
//
// A population needs the same memory whatever its size, but for 16 bytes for each version and 8 for each attachment. The pages
// for reading one patient's record need some hundred bytes for each of its versions.
func Make(ctx context.Context, s *storage.Store, r Run, progress func(done, total int64)) (Made, error) {
	at, err := r.At, error(nil)
	if at == (storage.Snapshot{}) {
		at, err = s.Snapshot(ctx)
	}
	if err != nil {
		return Made{}, err
	}
	r.fill()
	if err := r.Check(); err != nil {
		return Made{}, err
	}
	h := &maker{ctx: ctx, store: s, request: r, at: at, began: time.Now(), progress: progress}
	if err := h.gather(); err != nil {
		return Made{}, err
	}
	if err := durable.MkdirAll(r.Dir, 0o700); err != nil {
		return Made{}, err
	}
	if h.w, err = handover.Create(h.options()); err != nil {
		return Made{}, err
	}
	done, err := h.run()
	if err != nil {
		return Made{}, errors.Join(err, h.w.Abort())
	}
	return done, nil
}

// fill gives what was left open its default.
func (r *Run) fill() {
	r.Population = r.Patient == ""
	if r.Purpose == "" {
		r.Purpose = "access"
		if r.Patient == "" {
			r.Purpose = "handover"
		}
	}
	if r.Job == "" {
		r.Job = strings.ToLower(rand.Text()[:8])
	}
	if r.Patient != "" {
		r.BagSize = 0
	}
}

// maker is one package on its way.
type maker struct {
	ctx      context.Context
	store    *storage.Store
	request  Run
	at       storage.Snapshot
	began    time.Time
	progress func(done, total int64)

	content  handed
	record   *record.Record // nil for a population
	about    string         // whose it is, in words
	total    int64          // versions that will be written
	w        *handover.Writer
	written  versionSet       // of one patient's record
	binaries map[string]int64 // its current Binaries: the version
	places   places           // of a population
	parts    []handover.Part  // of the record's exclusions, in their order
	recon    *handover.Reconciliation
}

// gather finds out what belongs into the package.
func (h *maker) gather() error {
	var counts map[string]*record.TypeCounts
	if h.request.Patient == "" {
		p, err := record.CountPopulation(h.ctx, h.store, h.at)
		if err != nil {
			return err
		}
		h.content, counts = p, p.Counts
	} else {
		if _, err := CheckLinked(h.ctx, h.store, h.at, h.request.Order); err != nil {
			return err // somebody may have changed a Patient since the order was given
		}
		o := record.Options{Linked: h.request.Linked}
		o.Withhold = append(slices.Clone(h.request.Withhold), record.PsychotherapyNotes) // not part of the record by law
		r, err := record.Gather(h.ctx, h.store, h.at, h.request.Patient, o)
		if err != nil {
			return err
		}
		if h.about, err = h.person(); err != nil {
			return err
		}
		h.content, h.record, counts = r, r, r.Counts
		h.written, h.binaries = versionSet{}, map[string]int64{}
	}
	for _, c := range counts {
		h.total += int64(c.StoredCurrent + c.StoredVersions)
		for _, n := range c.Excluded {
			h.total -= int64(n)
		}
	}
	return nil
}

// person says whose record it is, by the newest version that has content.
func (h *maker) person() (string, error) {
	rids, err := h.store.RIDs(h.ctx, "Patient", []string{h.request.Patient})
	if err != nil {
		return "", err
	}
	var d fhir.Document
	about := ""
	err = h.store.Versions(h.ctx, h.at, rids, func(row storage.Row) error {
		if row.JSON == nil {
			return nil
		}
		if err := d.Reset(row.JSON); err != nil {
			return fmt.Errorf("stored Patient/%s: %w", row.ID, err)
		}
		about = view.Person(d.Look())
		return nil
	})
	return cmp.Or(about, "Patient/"+h.request.Patient), err
}

// options are those of the package.
func (h *maker) options() handover.Options {
	r := h.request
	kind := handover.Population
	scope := handover.Scope{}
	about := ""
	if h.record != nil {
		kind, about = handover.Single, h.about
		scope.Patients = []string{"Patient/" + r.Patient}
		for _, id := range h.record.Patients {
			if id != r.Patient {
				scope.LinkedPatients = append(scope.LinkedPatients, "Patient/"+id)
			}
		}
		scope.LinkedLeftOut = leftOut(h.record.Linked)
	}
	return handover.Options{
		Dir: r.Dir, Name: handover.PackageName(r.Sender.Name, kind, h.at.Time, r.Job), Zip: r.Form != handover.FormFolder,
		FileSize: r.FileSize, BagSize: r.BagSize, Key: r.Key, Bases: h.store.Bases().URLs(), Sender: r.Sender, About: about,
		Head: handover.Head{
			DocumentationURL: r.DocumentationURL, Product: r.Product, Kind: kind, JobID: r.Job,
			RequestID: r.RequestID, RequestedBy: r.RequestedBy, ApprovedBy: r.ApprovedBy,
			Purpose: r.Purpose, TransactionTime: handover.Instant{Time: h.at.Time}, Started: handover.Instant{Time: h.began},
			DBSchemaVersion: fmt.Sprint(storage.Schema()), Scope: scope, AuditHead: h.auditHead(),
			Policy: handover.Policy{ScopeRules: scopeRules, History: true, Deleted: true, Audit: h.record == nil},
		},
	}
}

// auditHead is the newest event of the audit log; nil if there is none.
func (h *maker) auditHead() *handover.AuditHead {
	a, err := h.store.AuditHead(h.ctx)
	if err != nil || a.Seq == 0 {
		return nil
	}
	return &handover.AuditHead{Seq: a.Seq, SHA256: hex.EncodeToString(a.Hash[:])}
}

// run writes, reads back and seals.
func (h *maker) run() (Made, error) {
	if err := h.write(); err != nil {
		return Made{}, err
	}
	if h.record != nil {
		if err := h.exclude(); err != nil {
			return Made{}, err
		}
	} else {
		if err := h.patients(); err != nil {
			return Made{}, err
		}
		if err := h.practice(); err != nil {
			return Made{}, err
		}
	}
	var err error
	if h.recon, err = h.w.Reconcile(h.ctx, h); err != nil {
		return Made{}, err
	}
	if h.record != nil {
		if err := h.pages(); err != nil {
			return Made{}, fmt.Errorf("make the pages to read: %w", err)
		}
	}
	done := Made{Job: h.request.Job, Purpose: h.request.Purpose, Snapshot: h.at, Problems: h.recon.Problems, Counts: h.recon.Counts,
		Attachments: h.recon.Attachments, Exclusions: h.recon.Exclusions}
	if h.record != nil {
		done.LeftOut, done.Patients = leftOut(h.record.Linked), h.record.Patients
	}
	done.Sealed, err = h.w.Seal(h.ctx, time.Now())
	return done, err
}

// resourceOf is the item as packages take it.
func resourceOf(it record.Item) fhir.Resource {
	return fhir.Resource{Type: it.Type, ID: it.ID, Version: it.Version, Updated: it.Updated, JSON: it.JSON, Deleted: it.JSON == nil}
}
