package web

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"satchel/fhir"
)

// Limits of request bodies, in bytes after inflation.
const (
	MaxBundle = 64 << 20
	MaxForm   = 1 << 20
)

// slowestBody is how long a client may take to send a body.
const slowestBody = 5 * time.Minute

// ReadBody reads the request's body, at most limit bytes also after inflation, if its media type is one of kinds.
func (c *Call) ReadBody(limit int64, kinds ...string) ([]byte, error) {
	if err := c.checkMedia(kinds); err != nil {
		return nil, err
	}
	if c.ContentLength > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	control := http.NewResponseController(c.Answer)
	if control.SetReadDeadline(time.Now().Add(slowestBody)) == nil {
		defer control.SetReadDeadline(time.Time{}) // else it would end the call itself
	}
	reader := http.MaxBytesReader(c.Answer, c.Body, limit)
	switch encoding := strings.ToLower(strings.TrimSpace(c.Header.Get("Content-Encoding"))); encoding {
	case "", "identity":
		return readBody(reader, max(c.ContentLength, 0))
	case "gzip":
		return inflate(reader, limit)
	default:
		return nil, Problemf(http.StatusUnsupportedMediaType, fhir.CodeNotSupported, "Content-Encoding %q is not read; send the body plain or with gzip", Printable(encoding))
	}
}

// readBody reads to the end; a client that stops in the middle is no fault of the server.
// size is what it will have, if known.
func readBody(r io.Reader, size int64) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := b.ReadFrom(r)
	if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLong
	}
	if err != nil {
		return nil, fhir.Errorf(fhir.CodeStructure, "the body could not be read to its end; send it again")
	}
	return b.Bytes(), nil
}

// inflate reads a gzip body. The limit counts what comes out, so that a small body cannot fill the memory.
func inflate(r io.Reader, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fhir.Errorf(fhir.CodeStructure, "the body is not gzip although Content-Encoding says so")
	}
	data, err := readBody(io.LimitReader(z, limit+1), 0)
	if err == nil && int64(len(data)) > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	return data, err
}

// Media types of request bodies.
const (
	MediaForm   = "application/x-www-form-urlencoded"
	MediaJSON   = "application/json"
	MediaFamily = "json" // application/fhir+json and its other names
)

// checkMedia refuses a body of another kind (415). FHIR JSON is UTF-8 by definition.
func (c *Call) checkMedia(kinds []string) error {
	media, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err == nil {
		plain := media
		switch media {
		case "application/fhir+json", "application/json", "application/json+fhir":
			media = MediaFamily
		}
		for _, kind := range kinds {
			if kind == media || kind == plain {
				if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
					return Problemf(http.StatusUnsupportedMediaType, fhir.CodeNotSupported, "charset %q is not read; send UTF-8", Printable(charset))
				}
				return nil
			}
		}
	}
	want := MediaFHIR
	if len(kinds) > 0 && kinds[0] != MediaFamily {
		want = kinds[0]
	}
	return Problemf(http.StatusUnsupportedMediaType, fhir.CodeNotSupported, "Content-Type %q is not read here; send %s", Printable(c.Header.Get("Content-Type")), want)
}

// Document reads the body as one sound resource of the call's type.
func (c *Call) Document() (*fhir.Document, error) {
	data, err := c.ReadBody(fhir.MaxResourceSize, MediaFamily)
	if err != nil {
		return nil, err
	}
	return sound(data, c.Type)
}

// ParseAs reads a resource that is about to be stored as typ.
func ParseAs(data []byte, typ string) (*fhir.Document, error) {
	d, err := fhir.Parse(data)
	if err == nil && d.Type() != typ {
		err = fhir.Errorf(fhir.CodeInvalid, "the body is a %s and the address says %s; send it to /%s", d.Type(), typ, d.Type())
	}
	return d, err
}

// sound is parse that validates too. All findings are told at once (422).
func sound(data []byte, typ string) (*fhir.Document, error) {
	d, err := ParseAs(data, typ)
	if err != nil {
		return nil, err
	}
	if wrong := Findings(d); len(wrong) > 0 {
		return nil, &Problem{Status: http.StatusUnprocessableEntity, Issues: wrong}
	}
	return d, nil
}

// Findings are the structural errors of a document.
func Findings(d *fhir.Document) []fhir.Issue {
	return slices.DeleteFunc(d.Validate(), func(i fhir.Issue) bool {
		return i.Severity != fhir.SeverityError && i.Severity != fhir.SeverityFatal
	})
}
