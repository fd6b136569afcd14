package handover

import (
	"bytes"
	"embed"
	"encoding/json"
	"io/fs"
	"reflect"
	"strings"
)

// schemaFiles are the JSON Schemas of the files that are not FHIR. A test keeps them in step with the types.
//
//go:embed schema/*.json
var schemaFiles embed.FS

// shape is a file or line whose form is a Go type here: the source of its schema and of its documentation.
type shape struct {
	name  string // of the schema
	file  string // where it occurs
	title string
	value any
}

// shapes are all of them.
var shapes = []shape{
	{"ehi-manifest", "data/ehi-manifest.json", "What the package is, what is in it, what is not and why", Manifest{}},
	{"bulk-manifest", "data/fhir/bulk-manifest.json", "The same files for programs that know FHIR Bulk Data", bulkManifest{}},
	{"reconciliation", "data/report/reconciliation.json", "What was written compared with what the store holds", Reconciliation{}},
	{"exclusions", "data/report/exclusions.json", "What was left out on purpose, one by one", Exclusions{}},
	{"attachment-source", "data/attachments/sources-0001.ndjson and following, each line", "Which place in which version of which resource has which bytes", AttachmentSource{}},
	{"patient-entry", "data/index/patients-0001.ndjson and following, each line", "Where the resources of one patient stand, in a package of everybody", PatientEntry{}},
	{"account", "data/practice/users.ndjson, each line", "An account of the program, in a package of everybody", Account{}},
	{"client", "data/practice/clients.ndjson, each line", "A program that may sign in, in a package of everybody", Client{}},
	{"settings", "data/practice/settings.json", "The program's settings, in a package of everybody", []Setting{}},
}

// property is one field of a shape.
type property struct {
	name, doc string
	enum      []string
	optional  bool
	typ       reflect.Type
}

// properties lists the fields of a struct type as JSON has them, those of embedded structs in their place.
func properties(t reflect.Type) []property {
	var out []property
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			out = append(out, properties(f.Type)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := property{name: name, doc: f.Tag.Get("doc"), optional: options == "omitempty" || options == "omitzero", typ: f.Type}
		if e := f.Tag.Get("enum"); e != "" {
			p.enum = strings.Split(e, ",")
		}
		out = append(out, p)
	}
	return out
}

var instantType = reflect.TypeFor[Instant]()

// object is a JSON object with its keys in order.
type object []any

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := 0; i < len(o); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(o[i])
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(o[i+1])
		if err != nil {
			return nil, err
		}
		b.Write(append(append(key, ':'), value...))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// schema makes the JSON Schema of a shape.
func (s shape) schema() ([]byte, error) {
	o := object{"$schema", "https://json-schema.org/draft/2020-12/schema", "title", s.title, "$comment", "Format " + FormatVersion + ": " + s.file}
	return indented(append(o, schemaOf(reflect.TypeOf(s.value), nil)...))
}

// schemaOf makes the keywords for a type.
func schemaOf(t reflect.Type, enum []string) object {
	switch {
	case t == instantType:
		return object{"type", "string", "format", "date-time"}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem(), enum)
	case len(enum) > 0:
		return object{"type", "string", "enum", enum}
	}
	switch t.Kind() {
	case reflect.Slice:
		return object{"type", "array", "items", schemaOf(t.Elem(), nil)}
	case reflect.Map:
		return object{"type", "object", "additionalProperties", schemaOf(t.Elem(), nil)}
	case reflect.Struct:
		return schemaOfStruct(t)
	case reflect.Int, reflect.Int64:
		return object{"type", "integer", "minimum", 0}
	case reflect.Bool:
		return object{"type", "boolean"}
	case reflect.Interface:
		return object{}
	}
	return object{"type", "string"}
}

func schemaOfStruct(t reflect.Type) object {
	fields, required := object{}, []string{}
	for _, p := range properties(t) {
		fields = append(fields, p.name, append(object{"description", p.doc}, schemaOf(p.typ, p.enum)...))
		if !p.optional {
			required = append(required, p.name)
		}
	}
	return object{"type", "object", "properties", fields, "required", required, "additionalProperties", false}
}

// putDocs writes the documentation into a bag: the page, the changes, the BagIt profile, the schemas. documentation is where
// they stand for everybody.
func putDocs(b *bag, documentation string) error {
	page, err := FormatHTML(FormatVersion)
	if err != nil {
		return err
	}
	changes, err := changelogPage()
	if err != nil {
		return err
	}
	if err := b.put("data/docs/format-"+FormatVersion+".html", bytes.NewReader(page)); err != nil {
		return err
	}
	if err := b.put("data/docs/CHANGELOG.html", bytes.NewReader(changes)); err != nil {
		return err
	}
	rules, err := profile(documentation)
	if err != nil {
		return err
	}
	if err := b.put("data/docs/"+profileName, bytes.NewReader(rules)); err != nil {
		return err
	}
	entries, err := fs.ReadDir(schemaFiles, "schema")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := schemaFiles.ReadFile("schema/" + e.Name())
		if err != nil {
			return err
		}
		if err := b.put("data/docs/"+e.Name(), bytes.NewReader(text)); err != nil {
			return err
		}
	}
	return nil
}
