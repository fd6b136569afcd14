package handover

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

// AttachData copies the bytes of every attachment that a resource carries inside it, and those of a Binary. d is the
// document of r. Data that is no base64 is left out; [Writer.Reconcile] reports it as missing if the version is a
// current one.
func (w *Writer) AttachData(r fhir.Resource, d *fhir.Document) error {
	if !bytes.Contains(d.JSON(), dataKey) {
		return nil
	}
	var failed error
	d.Inlines(func(in fhir.Inline) {
		data, ok := decode(w.decoded, in.Base64)
		if w.decoded = data; !ok || failed != nil {
			return
		}
		a := Attachment{Resource: r.Key(), Version: r.Version, Path: in.Path, ContentType: in.ContentType, Title: in.Title}
		_, failed = w.Attach(a, bytes.NewReader(data))
	})
	return failed
}

// decode decodes base64, which may have white space in it, into the memory of buffer if there is enough.
func decode(buffer, text []byte) ([]byte, bool) {
	if bytes.ContainsAny(text, " \t\r\n") {
		text = bytes.Join(bytes.Fields(text), nil)
	}
	if n := base64.StdEncoding.DecodedLen(len(text)); cap(buffer) < n || cap(buffer) > 4<<20 && n < 1<<20 {
		buffer = make([]byte, n)
	}
	n, err := base64.StdEncoding.Decode(buffer[:cap(buffer)], text)
	return buffer[:n], err == nil
}

// members calls f with each member of an object until it returns false.
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
