package fhirapi

import (
	"fmt"
	"net/http"
	"strconv"

	"satchel/web"

	"satchel/engine/bulk"
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
	ExportID            string         `json:"exportId,omitempty"`
	EHIDocumentationURL string         `json:"ehiDocumentationUrl,omitempty"` // of an EHI export
	AuditHead           *web.AuditHead `json:"auditHead,omitempty"`
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

// manifestPage is how many output files a page of a manifest lists, for a client that takes pages.
const manifestPage = 100

// manifest lists the files of a job, or a page of them, from 1, to a client that takes pages.
func manifest(c *web.Call, job storage.Job, page int) (jobManifest, error) {
	r, err := bulk.RequestOf(job)
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
		folder := c.Base + pathFile + job.ID + "/"
		one := manifestFile{Type: f.Type, URL: folder + f.Name, Count: f.Count}
		if f.ContinuesIn != "" {
			one.ContinuesWith = folder + f.ContinuesIn
		}
		*list = append(*list, one)
	}
	if r.Pages {
		return m, m.turn(c, job.ID, page)
	}
	return m, nil
}

// turn leaves one page of the output, from 1, and links to the next. Deletions are on the first page; everything else is
// on each, as Bulk Data Access has it (M-14).
func (m *jobManifest) turn(c *web.Call, job string, page int) error {
	from := (page - 1) * manifestPage
	if from > 0 && from >= len(m.Output) {
		return fhir.Errorf(fhir.CodeNotFound, "the manifest has no page %d; begin at the address that the kick-off gave", page)
	}
	to := min(from+manifestPage, len(m.Output))
	if to < len(m.Output) {
		next := c.Cursor(pathStatus+job, nil, strconv.Itoa(page+1))
		m.Link = []manifestLink{{Relation: "next", URL: c.Base + pathStatus + job + "&" + pageParam + "=" + next}}
	}
	m.Output = m.Output[from:to]
	if page > 1 {
		m.Deleted = []manifestFile{}
	}
	return nil
}

// pageParam is the parameter of the status address that asks for a later page of the manifest.
const pageParam = "_page"

// askedPage is the page of a job's manifest that is asked for, from 1.
func askedPage(c *web.Call, job string) (int, error) {
	position, err := c.Position(pageParam, pathStatus+job, nil)
	if err != nil || position == "" {
		return 1, err
	}
	return strconv.Atoi(position)
}

// sendManifest answers the files of a complete job.
func sendManifest(c *web.Call, w http.ResponseWriter, job storage.Job) error {
	page, err := askedPage(c, job.ID)
	if err != nil {
		return err
	}
	m, err := manifest(c, job, page)
	if err != nil {
		return err
	}
	if m.Extension.AuditHead, err = c.HeadOf(job); err != nil {
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
