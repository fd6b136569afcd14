package fhir

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Stamped appends to dst the text with id, meta.versionId and meta.lastUpdated set, and returns it.
// Stamping is stable: stamping a stamped text again with the same values gives the same bytes, so the hash of the
// stamped text tells whether content changed. A missing id goes right after resourceType, a missing meta right after id;
// an existing one keeps its place and its other members, which follow versionId and lastUpdated.
// t is written in UTC with milliseconds and a Z.
func (d *Document) Stamped(dst []byte, id string, version int64, t time.Time) []byte {
	root := d.root()
	hasID, hasMeta := root.field("id").ok(), root.field("meta").ok()
	dst = append(dst, '{')
	for member := root.first(); member.ok(); member = member.next() {
		switch name := member.knownName(); name {
		case "id":
			dst = appendID(appendLabel(dst, member), id)
		case "meta":
			dst = appendMeta(appendLabel(dst, member), member, version, t)
		default:
			dst = append(appendLabel(dst, member), member.raw()...)
		}
		name := member.knownName()
		if name == "resourceType" && !hasID {
			dst = appendID(append(dst, `,"id":`...), id)
		}
		if !hasMeta && (name == "id" || name == "resourceType" && !hasID) {
			dst = appendMeta(append(dst, `,"meta":`...), node{}, version, t)
		}
		dst = append(dst, ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}

// WithID returns the text of a document without an id with this one, right behind resourceType. Everything else stays byte for byte.
func (d *Document) WithID(id string) []byte {
	end := int(d.root().field("resourceType").cell().end)
	return edited(d.text, []edit{{end, end, appendID([]byte(`,"id":`), id)}})
}

// appendLabel writes the member's name as it was written, and the colon.
func appendLabel(dst []byte, member node) []byte {
	c := member.cell()
	return append(dst, member.d.text[c.label-1:c.start]...)
}

func appendID(dst []byte, id string) []byte {
	quoted, err := jsontext.AppendQuote(dst, id)
	if err != nil { // invalid UTF-8: not a legal id; the text stays sound JSON
		return append(dst, `""`...)
	}
	return quoted
}

// appendMeta writes a meta object; the old one may be nothing.
func appendMeta(dst []byte, old node, version int64, t time.Time) []byte {
	dst = append(dst, `{"versionId":"`...)
	dst = strconv.AppendInt(dst, version, 10)
	dst = append(dst, `","lastUpdated":"`...)
	dst = t.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
	dst = append(dst, '"')
	for member := old.first(); member.ok(); member = member.next() {
		if name := member.knownName(); name == "versionId" || name == "lastUpdated" {
			continue
		}
		dst = append(dst, ',')
		dst = append(appendLabel(dst, member), member.raw()...)
	}
	return append(dst, '}')
}

// knownName is name for comparison only: without a copy where the name is as written.
func (n node) knownName() string {
	if n.i != 0 && n.cell().odd {
		return n.name()
	}
	return n.label()
}
