package pack

import (
	"encoding/json"
	"fmt"

	"satchel/handover"
	"satchel/storage"
)

// Kind is the kind of jobs that make packages.
const Kind = "ehi"

// The lists of a package's files, as in [storage.JobFile], besides those of a manifest.
const (
	ListPackage    = "package"    // a bag as a ZIP file
	ListProtected  = "protected"  // a copy for whoever knows the passphrase
	ListHistory    = "history"    // NDJSON of earlier versions
	ListAttachment = "attachment" // documents and pictures
	ListOther      = "other"      // everything else: pages, reports, documentation, lists, signature
)

// Outcome is how a package ended, as the job's row holds it as JSON.
type Outcome struct {
	Verdict     handover.Verdict            `json:"verdict"`
	Problems    []string                    `json:"problems,omitempty"` // why it is INCOMPLETE
	Counts      map[string]handover.Count   `json:"counts"`             // by type
	Attachments handover.AttachmentSummary  `json:"attachments"`
	Exclusions  []handover.ExclusionSummary `json:"exclusions,omitempty"`
	LeftOut     []handover.LinkedRecord     `json:"linkedLeftOut,omitempty"` // linked with the record, not in it
	Patients    []string                    `json:"patients,omitempty"`      // whose record it is, linked ones that staff included among them
	Job         string                      `json:"job"`                     // the job's name in the package
	Files       int64                       `json:"payloadFiles"`
	Bytes       int64                       `json:"payloadBytes"`
	Signer      string                      `json:"signer,omitempty"` // fingerprint of the key; "": not signed
}

// OrderOf is the request of a job of kind [Kind].
func OrderOf(job storage.Job) (r handover.Order, err error) {
	if err := json.Unmarshal(job.Request, &r); err != nil {
		return r, fmt.Errorf("read the request of package job %s: %w", job.ID, err)
	}
	return r, nil
}

// OutcomeOf is the outcome of a complete job of kind [Kind].
func OutcomeOf(job storage.Job) (o Outcome, err error) {
	if err := json.Unmarshal(job.Outcome, &o); err != nil {
		return o, fmt.Errorf("read the outcome of package job %s: %w", job.ID, err)
	}
	return o, nil
}

// OutcomeFrom sums up a package that was made.
func OutcomeFrom(h Made) Outcome {
	return Outcome{
		Verdict: h.Verdict, Problems: h.Problems, Counts: h.Counts, Attachments: h.Attachments, Exclusions: h.Exclusions,
		LeftOut: h.LeftOut, Patients: h.Patients, Job: h.Job, Files: h.Files, Bytes: h.Bytes, Signer: h.Signer,
	}
}

// Text tells the audit log what was made, for a request if requestID is not empty.
func Text(requestID string, h Made) string {
	text := fmt.Sprintf("%s, %s, %d payload files, %d bytes", h.Purpose, h.Verdict, h.Files, h.Bytes)
	if requestID != "" {
		text = "for " + requestID + ", " + text
	}
	return text
}
