package handover

import (
	"encoding/json"
	"errors"
	"path"
	"strings"
)

// documentReference is a line of the index, in the shape that Argonaut's EHI export names EHIDocumentReference.
type documentReference struct {
	ResourceType string             `json:"resourceType"`
	ID           string             `json:"id"`
	Meta         documentMeta       `json:"meta"`
	Status       string             `json:"status"`
	Description  string             `json:"description"`
	Content      [1]documentContent `json:"content"`
	Context      *documentContext   `json:"context,omitempty"`
}

type documentMeta struct {
	Tag [1]coding `json:"tag"`
}

type coding struct {
	System  string `json:"system,omitempty"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type documentContent struct {
	Attachment contentAttachment `json:"attachment"`
	Format     coding            `json:"format"`
}

type contentAttachment struct {
	ContentType string `json:"contentType,omitempty"`
	URL         string `json:"url"`
	Size        int64  `json:"size"`
	Title       string `json:"title,omitempty"`
}

type documentContext struct {
	Related [1]relatedTo `json:"related"`
}

type relatedTo struct {
	Reference string `json:"reference"`
}

// fileTypes are the media types of files that were added as they are. The system's own table would differ by machine.
var fileTypes = map[string]string{".csv": "text/csv", ".json": "application/json", ".ndjson": "application/x-ndjson",
	".html": "text/html", ".txt": "text/plain", ".pdf": "application/pdf", ".xml": "application/xml"}

// putIndex writes the index of the files in bag n, from 0, that are not FHIR.
func (w *Writer) putIndex(n int) error {
	b := w.bags[n]
	out, err := b.create(false)
	if err != nil {
		return err
	}
	e := json.NewEncoder(out)
	add := func(d documentReference) error {
		out.lines++
		return e.Encode(d)
	}
	if err := errors.Join(w.indexAttachments(int32(n), add), w.indexOthers(b, add)); err != nil {
		out.blob.discard()
		return err
	}
	if out.lines == 0 {
		out.blob.discard()
		return nil
	}
	return out.commit(attachmentIndex)
}

func (w *Writer) indexAttachments(bag int32, add func(documentReference) error) error {
	for _, k := range w.attached.kept {
		if k.bag != bag {
			continue
		}
		d := w.describe(w.payload(k), k.contentType, "Bytes of an attachment as stored; attachments/sources-*.ndjson lists every place that has them.")
		d.Content[0].Attachment.Title = k.title
		d.Context = &documentContext{[1]relatedTo{{k.firstMention}}}
		if err := add(d); err != nil {
			return err
		}
	}
	return nil
}

// indexOthers describes what was added beside FHIR, attachments and pages.
func (w *Writer) indexOthers(b *bag, add func(documentReference) error) error {
	for _, f := range b.sorted() {
		folder, _, _ := strings.Cut(strings.TrimPrefix(f.Path, "data/"), "/")
		if folder == "fhir" || folder == "attachments" || folder == "report" || folder == "view" {
			continue
		}
		if err := add(w.describe(&f, fileTypes[path.Ext(f.Path)], "Content that is not FHIR; see the documentation of the format.")); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) describe(f *File, contentType, text string) documentReference {
	return documentReference{
		ResourceType: "DocumentReference", ID: f.SHA256, Status: "current", Description: text,
		Meta: documentMeta{[1]coding{{Code: "ehi-export", Display: "generated as part of an ehi-export request"}}},
		Content: [1]documentContent{{
			contentAttachment{ContentType: contentType, URL: relativeURL(f.Path), Size: f.Bytes},
			coding{System: w.head.DocumentationURL, Code: strings.TrimPrefix(path.Ext(f.Path), ".")},
		}},
	}
}

// relativeURL is the address of a payload file as seen from the index.
func relativeURL(file string) string {
	if inside, ok := strings.CutPrefix(file, "data/attachments/"); ok {
		return inside
	}
	return "../" + strings.TrimPrefix(file, "data/")
}
