package handover

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

// maxLine is the longest line that is read: the largest resource there can be, and its stamps.
const maxLine = fhir.MaxResourceSize + 1<<20

// lineReader reads NDJSON with one line in memory.
type lineReader struct {
	r    *bufio.Reader
	long []byte
	n    int64 // of the last line
}

func newLineReader(r io.Reader) *lineReader { return &lineReader{r: bufio.NewReaderSize(r, chunkSize)} }

// next is the next line without its line feed, valid until the call after; io.EOF ends the file. A last line without a
// line feed was cut off and is an error.
func (l *lineReader) next() ([]byte, error) {
	l.long = l.long[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		switch {
		case err == nil && len(l.long) == 0:
			l.n++
			return part[:len(part)-1], nil
		case err == nil:
			l.n++
			l.long = append(l.long, part[:len(part)-1]...)
			return l.long, nil
		case errors.Is(err, bufio.ErrBufferFull):
			if l.long = append(l.long, part...); len(l.long) > maxLine {
				return nil, fmt.Errorf("line %d has more than %d bytes", l.n+1, maxLine)
			}
		case err == io.EOF && len(part) == 0 && len(l.long) == 0:
			return nil, io.EOF
		case err == io.EOF:
			return nil, fmt.Errorf("line %d is cut off: it has no line feed", l.n+1)
		default:
			return nil, err
		}
	}
}

// readHead reads type, id, version and time of a stored resource, and leaves its JSON as it is. These stand in front, and
// it stops when it has them: whether the rest is sound JSON, fhir.Parse says.
func readHead(line []byte) (r fhir.Resource, err error) {
	var updated, version string
	d := jsontext.NewDecoder(bytes.NewBuffer(line), jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return r, errors.New("is not a JSON object")
	}
	for d.PeekKind() == '"' && (r.Type == "" || r.ID == "" || version == "") {
		key, err := d.ReadToken()
		if err != nil {
			return r, err
		}
		switch key.String() {
		case "resourceType":
			r.Type, err = readText(d)
		case "id":
			r.ID, err = readText(d)
		case "meta":
			version, updated, err = readMeta(d)
		default:
			err = d.SkipValue()
		}
		if err != nil {
			return r, err
		}
	}
	r.JSON = line
	return r, finishHead(&r, version, updated)
}

func finishHead(r *fhir.Resource, version, updated string) (err error) {
	if !fhir.IsType(r.Type) || !fhir.IsID(r.ID) {
		return fmt.Errorf("%.80q is no resource type and id of FHIR R4", r.Key())
	}
	if r.Version, err = strconv.ParseInt(version, 10, 64); err != nil || r.Version < 1 {
		return fmt.Errorf("%s has no version number in meta.versionId", r.Key())
	}
	if r.Updated, err = fhir.ParseInstant(updated); err != nil {
		return fmt.Errorf("%s: meta.lastUpdated: %w", r.Key(), err)
	}
	return nil
}

func readText(d *jsontext.Decoder) (string, error) {
	t, err := d.ReadToken()
	if err != nil {
		return "", err
	}
	if t.Kind() != '"' {
		return "", errors.New("has a key that should be a text and is not")
	}
	return t.String(), nil
}

func readMeta(d *jsontext.Decoder) (version, updated string, err error) {
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return "", "", errors.New("has a meta that is no object")
	}
	for d.PeekKind() == '"' && err == nil {
		var key jsontext.Token
		if key, err = d.ReadToken(); err != nil {
			break
		}
		switch key.String() {
		case "versionId":
			version, err = readText(d)
		case "lastUpdated":
			updated, err = readText(d)
		default:
			err = d.SkipValue()
		}
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return version, updated, err
}

// readTombstone reads a line that appendTombstone wrote.
func readTombstone(line []byte) (r fhir.Resource, err error) {
	version, updated, err := "", "", error(nil)
	members(line, func(key string, value jsontext.Value) bool {
		if key == "meta" {
			version, updated, err = readMeta(jsontext.NewDecoder(bytes.NewBuffer(value)))
		}
		return true
	})
	if err != nil {
		return r, err
	}
	request := member(item(member(line, "entry"), "0"), "request")
	if method, _ := textOf(member(request, "method")); method != "DELETE" {
		return r, errors.New("is not the deletion of one resource")
	}
	url, _ := textOf(member(request, "url"))
	deleted := fhir.ParseReference(url)
	if deleted.Form != fhir.FormRelative {
		return r, errors.New("does not name the resource that was deleted")
	}
	r.Type, r.ID = deleted.Type, deleted.ID
	r.Deleted = true
	return r, finishHead(&r, version, updated)
}
