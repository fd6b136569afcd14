// Package exports is the one way to exports, packages and imports: whoever asks, by FHIR, by JSON, on a staff page, at the command
// line or through the ledger of requests, asks here. The faces parse and render; what may be done, and how, is decided here.
//
// Nouns:
//
//   - A deed is one thing that can be done with an export, a package or an import: start one, protect a package, look at a
//     job or list the jobs, open a file, end a job. Each is one method of [Service]. It looks at the switch, narrows what is asked for to
//     what may be read, asks package auth, applies the settings, and does it together with its event of the audit log, in
//     one transaction.
//   - An [auth.Actor] is who does a deed.
//   - An [audit.Note] is the event of a deed, and whether it is stored already.
//
// The switch (bulk_export.enabled) is about data of many: it stands for every Bulk Data export and for packages of
// everybody. Packages of one patient do not depend on it, since a patient has a right to them. What was made before it was
// switched off can still be read and removed.
//
// How a job is worked off is package engine's, and what an account may do package auth's.
package exports

import (
	"satchel/engine"
	"satchel/storage"
)

// Service does the deeds. Its fields are set before it is used, and do not change after that.
type Service struct {
	Store  *storage.Store
	Engine *engine.Engine

	Enabled    bool  // bulk_export.enabled
	Exclusive  bool  // only the account that started a job may have it (restrict_download_to_initiating_user)
	Supporting bool  // bulk_export.supporting_resources: exports of patients and groups hold what their resources point to
	InlineMost int64 // bulk_export.inline_attachment_max: bytes of attachment data (base64) that stay in an export; 0: all
}
