package handover

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"path"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

// attachmentIndex describes every file that is not FHIR, as DocumentReference.
const attachmentIndex = "data/attachments/index.ndjson"

// Attachment says where bytes come from.
type Attachment struct {
	Resource    string // reference of the resource, such as DocumentReference/12
	Version     int64  // of the resource
	Path        string // of the element, such as DocumentReference.content[0].attachment, or Binary.data
	ContentType string // as stored; "" if unknown
	Title       string // as stored; may be empty
}

// AttachmentSource is a line of data/attachments/sources-*.ndjson: one place whose bytes are in the package.
type AttachmentSource struct {
	Resource string `json:"resource" doc:"Reference of the resource."`
	Version  int64  `json:"version" doc:"Version of the resource."`
	Path     string `json:"path" doc:"Place in the resource."`
	File     string `json:"file" doc:"File with the bytes, from data/ on; in a package of several bags it may be in another bag."`
}

// attached are the attachments written so far.
type attached struct {
	files  map[[32]byte]int32 // index in kept, by hash
	kept   []keptAttachment
	copies int64
}

// keptAttachment is one file for the index.
type keptAttachment struct {
	bag          int // from 0
	path         string
	bytes        int64
	sum          string
	contentType  string
	title        string
	firstMention string // resource
}

// Attach copies the bytes of an attachment into the package, under their own hash, and answers their path. Bytes that are
// there already are not kept twice.
func (w *Writer) Attach(a Attachment, r io.Reader) (file string, err error) {
	if err := w.check(writing); err != nil {
		return "", err
	}
	if err := w.room(1); err != nil {
		return "", err
	}
	kind := kindOf(a.ContentType)
	f, err := w.bag().create(kind.tight)
	if err != nil {
		return "", w.fail(err)
	}
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, chunkSize)); err != nil {
		f.blob.discard()
		return "", w.fail(fmt.Errorf("copy attachment of %s: %w", a.Resource, err))
	}
	sum := hex.EncodeToString(f.sum())
	file = "data/attachments/" + sum[:2] + "/" + sum + "." + kind.extension
	if i, ok := w.attached.files[[32]byte(f.sum())]; ok {
		f.blob.discard()
		w.attached.copies++
		file = w.attached.kept[i].path // which has another extension if the bytes came under another type before
	} else if err := w.keep(f, file, sum, a); err != nil {
		return "", err
	}
	line, err := json.Marshal(AttachmentSource{a.Resource, a.Version, a.Path, file})
	if err != nil {
		return "", err
	}
	_, err = w.line(streamKey{"attachments", "sources"}, "", "", "", line)
	return file, err
}

// keep gives new bytes their place.
func (w *Writer) keep(f *file, path, sum string, a Attachment) error {
	w.bag().bytes += f.bytes
	if err := f.commit(path); err != nil {
		return w.fail(err)
	}
	w.attached.files[[32]byte(f.sum())] = int32(len(w.attached.kept))
	w.attached.kept = append(w.attached.kept, keptAttachment{
		len(w.bags) - 1, path, f.bytes, sum, a.ContentType, a.Title, a.Resource,
	})
	return nil
}

// contentKind is how a media type is kept.
type contentKind struct {
	extension string
	tight     bool // deflating does not make it smaller
}

// contentKinds are the media types that get an extension of their own. What a browser would run (HTML, SVG) gets one that
// opens as text: stored content is not to be trusted. What is not listed is "bin".
var contentKinds = map[string]contentKind{
	"application/pdf": {"pdf", true}, "image/jpeg": {"jpg", true}, "image/png": {"png", true}, "image/gif": {"gif", true},
	"image/tiff": {"tif", false}, "image/webp": {"webp", true}, "image/bmp": {"bmp", false}, "image/heic": {"heic", true},
	"audio/mpeg": {"mp3", true}, "audio/wav": {"wav", false}, "audio/mp4": {"m4a", true}, "video/mp4": {"mp4", true},
	"text/plain": {"txt", false}, "text/csv": {"csv.txt", false}, "text/rtf": {"rtf", false}, "application/rtf": {"rtf", false},
	"text/html": {"html.txt", false}, "application/xhtml+xml": {"html.txt", false}, "image/svg+xml": {"svg.txt", false},
	"text/xml": {"xml.txt", false}, "application/xml": {"xml.txt", false}, "application/hl7-v3+xml": {"xml.txt", false},
	"application/json": {"json", false}, "application/fhir+json": {"json", false}, "application/zip": {"zip", true},
	"application/dicom": {"dcm", false}, "application/edi-x12": {"edi.txt", false}, "application/msword": {"doc", false},
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document": {"docx", true},
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":       {"xlsx", true},
}

func kindOf(contentType string) contentKind {
	base, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		base = strings.ToLower(strings.TrimSpace(contentType))
	}
	if k, ok := contentKinds[base]; ok {
		return k
	}
	return contentKind{"bin", false}
}

// AttachData copies the bytes of every attachment that a resource carries inside it, and those of a Binary. d is the
// document of r. Data that is no base64 is left out and thus reported as missing by [Writer.Reconcile].
func (w *Writer) AttachData(r fhir.Resource, d *fhir.Document) error {
	var failed error
	attach := func(at, contentType string, object jsontext.Value) {
		data, ok := decodeBase64(member(object, "data"))
		if !ok || failed != nil {
			return
		}
		title, _ := textOf(member(object, "title"))
		a := Attachment{Resource: r.Key(), Version: r.Version, Path: at, ContentType: contentType, Title: title}
		_, failed = w.Attach(a, bytes.NewReader(data))
	}
	d.Attachments(func(at, contentType, _ string, hasData bool) {
		if !hasData {
			return
		}
		_, inside, _ := strings.Cut(at, ".")
		attach(at, contentType, lookUp(d.JSON(), inside))
	})
	if d.Type() == "Binary" {
		contentType, _ := textOf(member(d.JSON(), "contentType"))
		attach("Binary.data", contentType, d.JSON())
	}
	return failed
}

// lookUp finds the object at an element path below a resource, such as content[0].attachment. A choice element goes by
// the name that FHIRPath gives it, and an extension of a primitive stands under "_name".
func lookUp(object jsontext.Value, at string) jsontext.Value {
	if at == "" {
		return object
	}
	step, rest, _ := strings.Cut(at, ".")
	name, index, listed := strings.Cut(strings.TrimSuffix(step, "]"), "[")
	var found jsontext.Value
	members(object, func(key string, value jsontext.Value) bool {
		if !isElement(key, name) {
			return true
		}
		if listed {
			value = item(value, index)
		}
		if value.Kind() == '{' {
			found = lookUp(value, rest)
		}
		return found == nil
	})
	return found
}

// isElement reports whether a JSON key is an element's: itself, with a type behind, or with the mark of a primitive.
func isElement(key, name string) bool {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(key, "_"), name)
	return ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z')
}

// members calls f with each member of an object until it answers false.
func members(object jsontext.Value, f func(key string, value jsontext.Value) bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return
	}
	for d.PeekKind() == '"' {
		key, err := d.ReadToken()
		if err != nil {
			return
		}
		name := key.String()
		value, err := d.ReadValue()
		if err != nil || !f(name, value) {
			return
		}
	}
}

// member is the value of a key; nil if there is none.
func member(object jsontext.Value, name string) (found jsontext.Value) {
	members(object, func(key string, value jsontext.Value) bool {
		if key == name {
			found = value
		}
		return found == nil
	})
	return found
}

// item is the i-th value of a list, i in decimal.
func item(list jsontext.Value, i string) jsontext.Value {
	d := jsontext.NewDecoder(bytes.NewBuffer(list))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
		return nil
	}
	for n := 0; d.PeekKind() != ']'; n++ {
		value, err := d.ReadValue()
		if err != nil {
			return nil
		}
		if fmt.Sprint(n) == i {
			return value
		}
	}
	return nil
}

// textOf reads a JSON string.
func textOf(value jsontext.Value) (string, bool) {
	if value.Kind() != '"' {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err == nil
}

// decodeBase64 reads a JSON string of base64, which may have white space in it.
func decodeBase64(value jsontext.Value) ([]byte, bool) {
	text, ok := textOf(value)
	if !ok {
		return nil, false
	}
	if strings.ContainsAny(text, " \t\r\n") {
		text = strings.Join(strings.Fields(text), "")
	}
	data, err := base64.StdEncoding.DecodeString(text)
	return data, err == nil
}

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
	var out bytes.Buffer
	b := w.bags[n]
	e := json.NewEncoder(&out)
	for _, k := range w.attached.kept {
		if k.bag != n {
			continue
		}
		d := w.describe(k.path, k.sum, k.contentType, k.bytes, "Bytes of an attachment as stored; attachments/sources-*.ndjson lists every place that has them.")
		d.Content[0].Attachment.Title = k.title
		d.Context = &documentContext{[1]relatedTo{{k.firstMention}}}
		if err := e.Encode(d); err != nil {
			return err
		}
	}
	for _, f := range b.sorted() {
		folder, _, _ := strings.Cut(strings.TrimPrefix(f.Path, "data/"), "/")
		if folder == "fhir" || folder == "attachments" || folder == "report" || folder == "view" {
			continue
		}
		d := w.describe(f.Path, f.SHA256, fileTypes[path.Ext(f.Path)], f.Bytes, "Content that is not FHIR; see the documentation of the format.")
		if err := e.Encode(d); err != nil {
			return err
		}
	}
	if out.Len() == 0 {
		return nil
	}
	return b.put(attachmentIndex, &out)
}

func (w *Writer) describe(file, sum, contentType string, size int64, text string) documentReference {
	return documentReference{
		ResourceType: "DocumentReference", ID: sum, Status: "current", Description: text,
		Meta: documentMeta{[1]coding{{Code: "ehi-export", Display: "generated as part of an ehi-export request"}}},
		Content: [1]documentContent{{
			contentAttachment{ContentType: contentType, URL: relativeURL(file), Size: size},
			coding{System: w.head.DocumentationURL, Code: strings.TrimPrefix(path.Ext(file), ".")},
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
