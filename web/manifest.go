package web

import (
	"fmt"
	"net/http"

	"satchel/fhir"
	"satchel/storage"
)

// jobManifest is the Bulk Data answer that lists a job's files. Nothing else knows its shape.
type jobManifest struct {
	TransactionTime     string         `json:"transactionTime"`
	Request             string         `json:"request"`
	RequiresAccessToken bool           `json:"requiresAccessToken"`
	OutputOrganizedBy   string         `json:"outputOrganizedBy,omitempty"`
	Output              []manifestFile `json:"output"`
	Deleted             []manifestFile `json:"deleted"`
	Error               []manifestFile `json:"error"`
	Link                []manifestLink `json:"link,omitempty"` // to the next manifest, if the client takes partial ones
	Extension           manifestExtra  `json:"extension,omitzero"`
}

// manifestExtra is what a client of Smile CDR may look for, its own label for the export, and the event of the audit log
// that tells of the export's end: whoever keeps the manifest holds an anchor of the log.
type manifestExtra struct {
	ExportID  string     `json:"exportId,omitempty"`
	AuditHead *auditHead `json:"auditHead,omitempty"`
}

// manifestFile is one file. Type is left out if the files are organised by resources.
type manifestFile struct {
	Type          string `json:"type,omitempty"`
	URL           string `json:"url"`
	Count         int64  `json:"count"`
	ContinuesWith string `json:"continuesInFile,omitempty"`
}

type manifestLink struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// manifest lists the files of a job; base is the FHIR base under which they are loaded.
func manifest(base string, job storage.Job) (jobManifest, error) {
	r, err := requestOf(job)
	if err != nil {
		return jobManifest{}, err
	}
	m := jobManifest{
		TransactionTime: fhir.FormatInstant(job.Snapshot.Time), Request: job.URL, RequiresAccessToken: true, OutputOrganizedBy: r.OrganizeBy,
		Extension: manifestExtra{ExportID: r.ExportID},
		Output:    []manifestFile{}, Deleted: []manifestFile{}, Error: []manifestFile{},
	}
	lists := map[string]*[]manifestFile{"output": &m.Output, "deleted": &m.Deleted, "error": &m.Error}
	for _, f := range job.Files {
		list := lists[f.List]
		if list == nil {
			return m, fmt.Errorf("job %s has a file in the unknown list %q", job.ID, f.List)
		}
		folder := base + pathFile + job.ID + "/"
		one := manifestFile{Type: f.Type, URL: folder + f.Name, Count: f.Count}
		if f.ContinuesIn != "" {
			one.ContinuesWith = folder + f.ContinuesIn
		}
		*list = append(*list, one)
	}
	return m, nil
}

// sendManifest answers the files of a complete job.
func (c *call) sendManifest(w http.ResponseWriter, job storage.Job) error {
	m, err := manifest(c.base, job)
	if err != nil {
		return err
	}
	if m.Extension.AuditHead, err = c.headOf(job); err != nil {
		return err
	}
	body, err := encode(m)
	if err != nil {
		return err
	}
	if !job.Expires.IsZero() {
		w.Header().Set("Expires", job.Expires.UTC().Format(http.TimeFormat))
	}
	return c.sendJSON(w, http.StatusOK, mediaJSON, body)
}
