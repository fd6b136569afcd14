package fhirapi

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"satchel/web"

	"github.com/go-json-experiment/json"

	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/storage"
)

// ehiProfile is the profile of the DocumentReferences that describe files of an EHI export.
const ehiProfile = "http://fhir.org/argonaut/ehi-api/StructureDefinition/ehi-document-reference"

// ehiDocument is an EHIDocumentReference: it describes one file that is not in the manifest.
type ehiDocument struct {
	ResourceType string        `json:"resourceType"`
	ID           string        `json:"id"`
	Meta         ehiMeta       `json:"meta"`
	Status       string        `json:"status"`
	Subject      reference     `json:"subject"`
	Date         string        `json:"date"`
	Description  string        `json:"description"`
	Content      [1]ehiContent `json:"content"`
	Context      *ehiContext   `json:"context,omitempty"`
}

type ehiMeta struct {
	Profile [1]string `json:"profile"`
	Tag     [1]ehiTag `json:"tag"`
}

type ehiTag struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type ehiContent struct {
	Attachment ehiAttachment `json:"attachment"`
	Format     ehiTag        `json:"format"`
}

type ehiAttachment struct {
	ContentType string `json:"contentType,omitempty"`
	URL         string `json:"url"`
	Size        int64  `json:"size"`
	Title       string `json:"title,omitempty"`
}

type ehiContext struct {
	Related []reference `json:"related"`
}

type reference struct {
	Reference string `json:"reference"`
}

// writeDocuments describes every file of a job that its manifest does not list, each once: first what the package's own
// index describes, with addresses that can be loaded in the place of relative ones, then the rest of the package.
func writeDocuments(c *web.Call, w io.Writer, e storage.EHIExport, job storage.Job) error {
	left := map[string]storage.JobFile{} // by path in the job's folder
	index := ""
	for _, f := range job.Files {
		if !listedEHI(f) {
			left[f.Path] = f
		}
		if isEHIIndex(f) {
			index = f.Name
		}
	}
	if index != "" {
		if err := indexed(c, w, e, job, index, left); err != nil {
			return err
		}
	}
	for _, f := range job.Files {
		if _, ok := left[f.Path]; ok {
			if err := writeLine(w, describe(c, e, job, f)); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeLine(w io.Writer, d ehiDocument) error {
	line, err := web.EncodeJSON(d)
	if err == nil {
		_, err = w.Write(append(line, '\n'))
	}
	return err
}

// indexed describes what the package's index does, and takes it out of what is left.
func indexed(c *web.Call, w io.Writer, e storage.EHIExport, job storage.Job, index string, left map[string]storage.JobFile) error {
	_, f, _, err := apps(c).Open(c.Context(), c.Actor(0), e.ID, index, false)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		var d ehiDocument
		if err := json.Unmarshal(line, &d); err != nil {
			return fmt.Errorf("read the index of package %s: %w", job.ID, err)
		}
		at := path.Join(path.Dir(f.Info.Path), d.Content[0].Attachment.URL)
		file, ok := left[at]
		if !ok {
			return fmt.Errorf("the index of package %s names a file that is not there, or twice", job.ID)
		}
		delete(left, at)
		described := describe(c, e, job, file)
		described.ID, described.Description, described.Context = d.ID, d.Description+" See "+formatURL(c)+".", d.Context
		described.Content[0].Attachment.ContentType, described.Content[0].Attachment.Title = d.Content[0].Attachment.ContentType, d.Content[0].Attachment.Title
		if err := writeLine(w, described); err != nil {
			return err
		}
	}
}

// describe is what can be said of any file of a package.
func describe(c *web.Call, e storage.EHIExport, job storage.Job, f storage.JobFile) ehiDocument {
	_, in, _ := strings.Cut(f.Path, "/")
	sum := sha256.Sum256([]byte(in))
	text, media, display := ehiText(f, in)
	code := strings.TrimPrefix(path.Ext(in), ".")
	if code == "" {
		code = "file"
	}
	return ehiDocument{
		ResourceType: "DocumentReference", ID: "file-" + hex.EncodeToString(sum[:20]), Status: "current", Date: fhir.FormatInstant(job.Ended),
		Meta:    ehiMeta{[1]string{ehiProfile}, [1]ehiTag{{Code: "ehi-export", Display: "generated as part of an ehi-export request"}}},
		Subject: reference{"Patient/" + e.Patient}, Description: text + " See " + formatURL(c) + ".",
		Content: [1]ehiContent{{
			ehiAttachment{ContentType: media, URL: ehiFileURL(c, e, f.Name), Size: f.Bytes, Title: in},
			ehiTag{System: formatURL(c), Code: code, Display: display},
		}},
	}
}

// ehiText says how to process a file by its place in the package, its media type, and what format that is.
func ehiText(f storage.JobFile, in string) (text, media, display string) {
	media = ehiTypes[path.Ext(in)]
	if media == "" {
		media = "application/octet-stream"
	}
	switch {
	case f.List == pack.ListAttachment:
		return "Bytes of a document or picture as they were stored.", media, "Document or picture"
	case f.List == pack.ListHistory:
		return "Earlier versions of resources, FHIR R4, one per line; their newest versions are in the manifest's output.", web.MediaNDJSON, "FHIR history, NDJSON"
	case isEHIIndex(f):
		return "The list of the files that are not FHIR, with addresses relative to its own place in the package.", web.MediaNDJSON, "File of the package"
	case strings.HasPrefix(in, "data/view/"):
		return "The record as pages to read: keep the folders that the title names, and open data/view/index.html.", media, "Page of the readable view"
	case strings.HasPrefix(in, "data/report/"):
		return "What was checked, counted and left out.", media, "Report on completeness"
	case strings.HasPrefix(in, "data/docs/"):
		return "Documentation of the format.", media, "Documentation"
	}
	return "Part of the package: with all files in the folders that their titles name, it can be checked as a whole.", media, "File of the package"
}

// ehiTypes are the media types of files in a package; the system's own table would differ by machine.
var ehiTypes = map[string]string{".json": web.MediaJSON, ".ndjson": web.MediaNDJSON, ".html": "text/html", ".txt": "text/plain", ".css": "text/css", ".csv": "text/csv",
	".pdf": "application/pdf", ".jpg": "image/jpeg", ".png": "image/png", ".svg": "image/svg+xml", ".sig": "text/plain", ".pub": "text/plain"}
