package fhirapi

import (
	"net/http"
	"strings"

	"satchel/web"

	"satchel/engine/pack"
	"satchel/exports"
	"satchel/fhir"
	"satchel/handover"
	"satchel/storage"
)

// The lists of a package's files that a manifest has arrays for.
const (
	listOutput  = "output"
	listDeleted = "deleted"
)

// ehiIndex is the end of the path of a package's own list of its files, whose addresses are relative to it.
const ehiIndex = "/data/attachments/index.ndjson"

// listedEHI reports whether the manifest itself lists a file. All others are described, each once.
func listedEHI(f storage.JobFile) bool {
	return (f.List == listOutput || f.List == listDeleted) && !isEHIIndex(f)
}

func isEHIIndex(f storage.JobFile) bool { return strings.HasSuffix("/"+f.Path, ehiIndex) }

// sendEHIManifest answers the files of a complete EHI export.
func sendEHIManifest(c *web.Call, w http.ResponseWriter, e storage.EHIExport, job storage.Job) error {
	m, err := ehiManifest(c, e, job)
	if err != nil {
		return err
	}
	body, err := web.EncodeJSON(m)
	if err != nil {
		return err
	}
	if !job.Expires.IsZero() {
		w.Header().Set("Expires", job.Expires.UTC().Format(http.TimeFormat))
	}
	return c.SendJSON(w, http.StatusOK, web.MediaJSON, body)
}

// ehiManifest lists the FHIR files of a job, and the one that describes the others.
func ehiManifest(c *web.Call, e storage.EHIExport, job storage.Job) (jobManifest, error) {
	m := jobManifest{
		TransactionTime: fhir.FormatInstant(job.Snapshot.Time), Request: e.URL, RequiresAccessToken: true,
		Output: []manifestFile{}, Deleted: []manifestFile{}, Error: []manifestFile{},
		Extension: manifestExtra{EHIDocumentationURL: formatURL(c)},
	}
	described := int64(0)
	for _, f := range job.Files {
		switch one := (manifestFile{Type: f.Type, URL: ehiFileURL(c, e, f.Name), Count: f.Count}); {
		case !listedEHI(f):
			described++
		case f.List == listDeleted:
			m.Deleted = append(m.Deleted, one)
		default:
			m.Output = append(m.Output, one)
		}
	}
	if described > 0 {
		m.Output = append(m.Output, manifestFile{Type: "DocumentReference", URL: ehiFileURL(c, e, exports.AppDocuments), Count: described})
	}
	o, err := pack.OutcomeOf(job)
	if err != nil {
		return m, err
	}
	if n := int64(len(o.Problems)); n > 0 {
		m.Error = append(m.Error, manifestFile{Type: "OperationOutcome", URL: ehiFileURL(c, e, exports.AppErrors), Count: n})
	}
	m.Extension.AuditHead, err = c.HeadOf(job)
	return m, err
}

// ehiFileURL is the address of a file.
func ehiFileURL(c *web.Call, e storage.EHIExport, name string) string {
	return c.Base + pathEHIFile + e.ID + "/" + name
}

// formatURL is the page that documents what is in the files, for everybody.
func formatURL(c *web.Call) string {
	if url := c.Server.FormatURL; url != "" {
		return url
	}
	return strings.TrimSuffix(c.Base, web.FHIRPath) + web.FormatPath + "/" + handover.FormatVersion
}
