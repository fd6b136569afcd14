package pages

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"satchel/auth"
	"satchel/fhir"
	"satchel/handover/view"
)

// openable are the types that a browser shows and in which nothing runs. Everything else is handed out as a download, web
// pages and SVG above all.
var openable = []string{"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp"}

// chartFiles are the documents of a fact with the addresses under which they are handed out.
func (v *Request) chartFiles(patient string, f view.Fact) (files []chartFile) {
	for _, x := range f.Files {
		file := chartFile{File: x}
		if x.Held || binaryID(x.URL, v.Store.Bases()) != "" {
			file.Href = "/patients/" + url.PathEscape(patient) + "/file/" + f.Type + "/" + url.PathEscape(f.ID) + "?" + url.Values{"at": {x.At}}.Encode()
		}
		media, _, _ := mime.ParseMediaType(x.ContentType)
		file.Open = file.Href != "" && slices.Contains(openable, media)
		files = append(files, file)
	}
	return files
}

// binaryID is the id of the Binary of this server that an address means, or "".
func binaryID(address string, own fhir.Bases) string {
	r := fhir.ParseReference(address)
	if r.Type != "Binary" || !own.Owns(r) {
		return ""
	}
	return r.ID
}

// document is the content of an attachment.
type document struct {
	name, media string
	content     io.ReadSeeker
	tag         string
	resource    fhir.Resource
}

// sendDocument hands out a document of a patient as it was stored: as a download, or, if asked to open it and nothing in it
// can run, to be shown by the browser.
func sendDocument(v *Request) error {
	patient, typ, id := v.Value("id"), v.Value("type"), v.Value("entry")
	if !fhir.IsID(patient) || !fhir.CanBelong(typ) || !fhir.IsID(id) {
		return nothingHere()
	}
	if err := v.Decide(auth.Action{Verb: auth.VerbRead, Type: typ, ID: id, Owners: []string{patient}}); err != nil {
		return err
	}
	v.Target(typ + "/" + id)
	v.Saw(patient)
	r, found, err := v.stored(typ, id)
	if err != nil {
		return err
	} else if !found {
		return noDocument()
	}
	d, err := fhir.Parse(r.JSON)
	if err != nil {
		return fmt.Errorf("stored %s: %w", r.Key(), err)
	}
	owners, err := v.Store.Belonging(v.Context(), d)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(owners, func(o fhir.Owner) bool { return o.Patient == patient && o.Why.Whole() }) {
		return noDocument()
	}
	if err := v.concerns(r); err != nil {
		return err
	}
	doc, err := v.document(d, r, v.URL.Query().Get("at"))
	if err != nil {
		return err
	}
	return v.sendOriginal(doc, v.URL.Query().Get("open") != "")
}

func noDocument() error {
	return fhir.Errorf(fhir.CodeNotFound, "this document is not here any more; go back to the chart and look again")
}

// document finds an attachment by its place: its own bytes, or those of the Binary that it names.
func (v *Request) document(d *fhir.Document, r fhir.Resource, at string) (doc document, err error) {
	err = noDocument()
	d.Inlines(func(i fhir.Inline) {
		if i.Path == at {
			doc, err = documentOf(r, i)
		}
	})
	if err == nil || doc.content != nil {
		return doc, err
	}
	binary, media := "", ""
	d.Attachments(func(path, contentType, address string, _ bool) {
		if path == at {
			binary, media = binaryID(address, v.Store.Bases()), contentType
		}
	})
	if binary == "" {
		return doc, noDocument()
	}
	b, err := v.binary(binary)
	if err != nil {
		return doc, err
	}
	held, err := fhir.Parse(b.JSON)
	if err != nil {
		return doc, fmt.Errorf("stored %s: %w", b.Key(), err)
	}
	err = noDocument()
	held.Inlines(func(i fhir.Inline) {
		if i.Path == "Binary.data" {
			if media != "" {
				i.ContentType = media
			}
			doc, err = documentOf(b, i)
		}
	})
	return doc, err
}

// binary reads a Binary, for those who may read it.
func (v *Request) binary(id string) (fhir.Resource, error) {
	b, found, err := v.stored("Binary", id)
	if err == nil && !found {
		err = noDocument()
	}
	if err != nil {
		return b, err
	}
	guards, err := v.Store.Guards(v.Context(), b)
	if err != nil {
		return b, err
	}
	if err := v.Who.ReadBinary(id, guards); err != nil {
		return b, err
	}
	return b, v.concerns(b)
}

// concerns notes in the audit log whose data a resource holds that is handed out: perhaps not only that of the patient whose chart
// leads to it.
func (v *Request) concerns(r fhir.Resource) error {
	patients, err := v.Store.Concerned(v.Context(), r)
	v.Saw(patients...)
	return err
}

// documentOf makes an attachment ready to be handed out.
func documentOf(r fhir.Resource, i fhir.Inline) (document, error) {
	content, err := fhir.NewContent(bytes.Clone(i.Base64))
	if err != nil {
		return document{}, fhir.Errorf(fhir.CodeNotFound, "this document was stored damaged and cannot be opened; ask whoever sent it for it again")
	}
	media, _, err := mime.ParseMediaType(i.ContentType)
	if err != nil {
		media = "application/octet-stream"
	}
	return document{fileName(i.Title, media), media, content, fmt.Sprintf(`"%s-%d-%x"`, r.ID, r.Version, i.Path), r}, nil
}

// sendOriginal hands out a document. Nothing of it can run in this server's name, whatever it is.
func (v *Request) sendOriginal(doc document, open bool) error {
	h := v.W.Header()
	v.attachment(doc.name, "application/octet-stream")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	if open && slices.Contains(openable, doc.media) && looksLike(doc.content, doc.media) {
		h.Set("Content-Type", doc.media)
		h.Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": doc.name}))
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; object-src 'self'; frame-ancestors 'none'")
	}
	h.Set("ETag", doc.tag)
	h.Set("Cache-Control", "no-store")
	http.ServeContent(v.W, v.Request, "", doc.resource.Updated, doc.content)
	return nil
}

// looksLike reports whether bytes are what their type says, as far as their beginning tells.
func looksLike(r io.ReadSeeker, media string) bool {
	head := make([]byte, 512)
	n, _ := io.ReadFull(r, head)
	_, err := r.Seek(0, io.SeekStart)
	return err == nil && http.DetectContentType(head[:n]) == media
}

// fileName is a name for a download: the title without what a disk does not take, and an ending that fits the type.
func fileName(title, media string) string {
	name := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) || !unicode.IsPrint(r) {
			return '-'
		}
		return r
	}, title)
	name = strings.Trim(name, ". -")
	if len(name) > 80 {
		name = strings.ToValidUTF8(name[:80], "")
	}
	if name == "" {
		name = "document"
	}
	ending := map[string]string{"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/bmp": ".bmp",
		"text/plain": ".txt", "text/html": ".html", "image/svg+xml": ".svg", "text/xml": ".xml", "application/xml": ".xml", "application/dicom": ".dcm", "image/tiff": ".tif"}[media]
	if ending != "" && !strings.HasSuffix(strings.ToLower(name), ending) {
		name += ending
	}
	return name
}
