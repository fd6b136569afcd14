package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// syntaxError turns an error of jsontext into one that names the element.
func syntaxError(data []byte, err error) error {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return Errorf(CodeStructure, "broken JSON: %v", err)
	}
	parent, last := splitPointer(syntax.JSONPointer)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		path := pathOf(rootName(data), parent)
		return &Error{CodeStructure, fmt.Sprintf("%s: duplicate property %s at byte %d; keep one of them", path, quoted(last), syntax.ByteOffset), path}
	}
	path := pathOf(rootName(data), syntax.JSONPointer)
	what := syntax.Err.Error()
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		what = "the text ends inside the resource"
	case path == "" || strings.Contains(what, "after top-level value"):
		path = ""
	}
	if path == "" {
		return Errorf(CodeStructure, "broken JSON at byte %d: %s", syntax.ByteOffset, what)
	}
	return &Error{CodeStructure, fmt.Sprintf("%s: broken JSON at byte %d: %s", path, syntax.ByteOffset, what), path}
}

// splitPointer cuts the last step off a JSON pointer.
func splitPointer(p jsontext.Pointer) (parent jsontext.Pointer, last string) {
	if p == "" {
		return "", ""
	}
	return p.Parent(), p.LastToken()
}

// pathOf writes a JSON pointer below a root as an element path: /name/0/family is Patient.name[0].family.
func pathOf(root string, p jsontext.Pointer) string {
	var path strings.Builder
	path.WriteString(root)
	for step := range p.Tokens() {
		if path.Len() > 200 {
			path.WriteString("…")
			break
		}
		if _, err := strconv.Atoi(step); err == nil {
			path.WriteString("[" + step + "]")
			continue
		}
		path.WriteString("." + clipped(step))
	}
	return strings.TrimPrefix(path.String(), ".")
}

// rootName finds the resourceType in a text that may be broken further on; "" if it cannot.
func rootName(data []byte) string {
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return ""
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return ""
		}
		if name.String() == "resourceType" {
			if t, err := d.ReadToken(); err == nil && t.Kind() == '"' && isResourceType(t.String()) {
				return t.String()
			}
			return ""
		}
		if d.SkipValue() != nil {
			return ""
		}
	}
	return ""
}

// tooDeep is the error for a container at byte i (of the compact text) below too many others.
func (d *Document) tooDeep(maxDepth, i int) error {
	return Errorf(CodeStructure, "nesting goes deeper than %d levels at byte %d of the compact text", maxDepth, i)
}

// hasZero is the error for a zero character in the string at byte i (of the compact text).
func (d *Document) hasZero(i int) error {
	return Errorf(CodeStructure, `\u0000 in the string at byte %d of the compact text; a FHIR string cannot hold a zero character`, i)
}

// quoted shows a name from outside in an error, at a bounded length.
func quoted(s string) string { return strconv.Quote(clipped(s)) }

// clipped shortens a name from outside to 64 bytes.
func clipped(s string) string {
	if len(s) <= 64 {
		return s
	}
	return strings.ToValidUTF8(s[:64], "") + "…"
}
