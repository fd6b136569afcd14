package fhirapi

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"satchel/web"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// sendRead answers a read: a Binary as the client wants it, all else as the resource.
func sendRead(c *web.Call, w http.ResponseWriter, r fhir.Resource) error {
	if !c.Native() {
		return c.SendResource(w, r)
	}
	content, data, err := binaryParts(r.JSON)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	w.Header().Add("Vary", "Accept")
	raw, err := wantsRaw(content, c.Format, c.Header.Values("Accept"))
	if err != nil {
		return err
	}
	if !raw {
		return c.SendResource(w, r)
	}
	reader, err := fhir.NewContent(data)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.Key(), err)
	}
	sendContent(c, w, r, content, reader)
	return nil
}

// sendContent answers the bytes of a Binary: whole, in ranges, or not at all if the client has them. Whatever they are,
// a browser shall save and not run them; the sandboxing headers are on every answer.
func sendContent(c *web.Call, w http.ResponseWriter, r fhir.Resource, content string, data io.ReadSeeker) {
	h := w.Header()
	if _, _, err := mime.ParseMediaType(content); err != nil {
		content = "application/octet-stream"
	}
	h.Set("Content-Type", content)
	h.Set("Content-Disposition", "attachment")
	// Strong, for ranges, and not the resource's own tag, which belongs to the other form of the answer.
	h.Set("ETag", `"`+strconv.FormatInt(r.Version, 10)+`-content"`)
	http.ServeContent(w, c.Request, "", r.Updated, data)
}

// binaryParts finds a Binary's contentType and data without copying the data, which is still a JSON string in base64.
func binaryParts(text []byte) (content string, data jsontext.Value, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(text))
	if _, err := d.ReadToken(); err != nil {
		return "", nil, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return "", nil, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return "", nil, err
		}
		switch key {
		case "contentType":
			b, err := jsontext.AppendUnquote(nil, value)
			if err != nil {
				return "", nil, err
			}
			content = string(b)
		case "data":
			data = value
		}
	}
	return content, data, nil
}

// wantsRaw reports whether a client wants a Binary's content rather than the resource. What it names first counts, named
// types before wildcards of the same weight. The Binary's own type, wildcards and silence are its content, FHIR's JSON is
// the resource, FHIR's XML is not offered; anything else is the content too, which is what there is.
func wantsRaw(content, format string, accept []string) (bool, error) {
	if format != "" {
		accept = []string{strings.ReplaceAll(format, " ", "+")}
	}
	own, _, err := mime.ParseMediaType(content)
	if err != nil {
		own = content
	}
	xml := false
	list := web.AcceptList(accept)
	for _, w := range list {
		switch {
		case w.Media == own && own != web.MediaFHIR, w.Any:
			return true, nil
		case w.JSON:
			return false, nil
		case w.Media == "application/fhir+xml" || w.Media == "application/xml+fhir" || format != "" && strings.Contains(w.Media, "xml"):
			xml = true
		}
	}
	if xml {
		return false, web.Acceptable(format, accept)
	}
	return true, nil
}

// guards are what stands for a Binary, as the transaction sees things if the call is in one.
func guards(c *web.Call, r fhir.Resource) ([]storage.Guard, error) {
	if c.Tx != nil {
		return c.Tx.Guards(r)
	}
	return c.Server.Store.Guards(c.Context(), r)
}

// mayReadBinary returns nil if the caller may read a Binary.
func mayReadBinary(c *web.Call, r fhir.Resource) error {
	all, err := guards(c, r)
	if err != nil {
		return err
	}
	if err := c.Who.ReadBinary(r.ID, all); err != nil {
		return err
	}
	c.Answer.Decided = true
	return nil
}

// mayShow refuses a write that newly makes a document show a Binary which its writer may neither read nor write: whoever
// may read the document could then read the Binary. One that is not there yet may be named.
func mayShow(c *web.Call, d *fhir.Document, old fhir.Resource) error {
	shown := shownBy(d)
	if len(shown) == 0 || c.Who.Decide(auth.Action{Verb: auth.VerbRead, Type: "Binary"}) == nil {
		return nil
	}
	before := map[string]bool{}
	if !old.Deleted && old.JSON != nil {
		if was, err := fhir.Parse(old.JSON); err != nil {
			return err
		} else {
			before = shownBy(was)
		}
	}
	for id := range shown {
		if before[id] {
			continue
		}
		if err := mayShowBinary(c, id); err != nil {
			return err
		}
	}
	return nil
}

// shownBy are the ids of the Binaries that a document shows. Whatever the server: an address may become this server's.
func shownBy(d *fhir.Document) map[string]bool {
	shown := map[string]bool{}
	d.Shows(func(r fhir.Reference) { shown[r.ID] = true })
	return shown
}

func mayShowBinary(c *web.Call, id string) error {
	r, err := resource(c, "Binary", id)
	if fhir.IsCode(err, fhir.CodeNotFound) || err == nil && r.Deleted {
		return nil
	} else if err != nil {
		return err
	}
	all, err := guards(c, r)
	if err != nil || c.Who.ReadBinary(id, all) == nil {
		return err
	}
	do := auth.Action{Verb: auth.VerbWrite, Type: "Binary", ID: id}
	for _, g := range all {
		do.Owners = append(do.Owners, g.Owners...)
	}
	if c.Who.Decide(do) == nil {
		return nil
	}
	return fhir.Errorf(fhir.CodeForbidden, "the document would show Binary/%s, which you may not read; leave it out, or ask for the right to read it", id)
}
