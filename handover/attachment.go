package handover

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"strings"
)

// attachmentIndex describes every file that is not FHIR, as DocumentReference.
const attachmentIndex = "data/attachments/index.ndjson"

// sourceFiles is where the places of attachments stand, up to the number of the file.
const sourceFiles = "data/attachments/sources-"

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

// keptAttachment is one file for the index. There may be many: what the payload's list has is not repeated.
type keptAttachment struct {
	bag, file    int32 // from 0: the bag, and the place in its payload
	contentType  string
	title        string
	firstMention string // resource
}

// payload is what the bag says about a kept attachment.
func (w *Writer) payload(k keptAttachment) *File { return &w.bags[k.bag].payload[k.file] }

// Attach copies the bytes of an attachment into the package, under their own hash, and returns their path. Bytes that are
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
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, r, w.copying); err != nil {
		f.blob.discard()
		return "", w.fail(fmt.Errorf("copy attachment of %s: %w", a.Resource, err))
	}
	sum := hex.EncodeToString(f.sum())
	file = "data/attachments/" + sum[:2] + "/" + sum + "." + kind.extension
	if i, ok := w.attached.files[[32]byte(f.sum())]; ok {
		f.blob.discard()
		w.attached.copies++
		file = w.payload(w.attached.kept[i]).Path // which has another extension if the bytes came under another type before
	} else if err := w.keep(f, file, a); err != nil {
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
func (w *Writer) keep(f *file, path string, a Attachment) error {
	w.bag().bytes += f.bytes
	if err := f.commit(path); err != nil {
		return w.fail(err)
	}
	w.attached.files[[32]byte(f.sum())] = int32(len(w.attached.kept))
	bag := len(w.bags) - 1
	w.attached.kept = append(w.attached.kept, keptAttachment{
		int32(bag), int32(len(w.bags[bag].payload) - 1), a.ContentType, a.Title, a.Resource,
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
