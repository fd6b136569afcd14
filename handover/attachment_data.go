package handover

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

// AttachData copies the bytes of every attachment that a resource carries inside it, and those of a Binary. d is the
// document of r. Data that is no base64 is left out and thus reported as missing by [Writer.Reconcile].
func (w *Writer) AttachData(r fhir.Resource, d *fhir.Document) error {
	if !bytes.Contains(d.JSON(), dataKey) {
		return nil
	}
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
