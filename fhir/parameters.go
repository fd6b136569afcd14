package fhir

// Parameter is one parameter of a Parameters resource, or one part of such a parameter.
type Parameter struct {
	Name     string
	Type     string // type of value[x], such as "string", "instant", "Reference"; "" if it has a resource or parts
	Value    string // a primitive's text, the reference of a Reference, or compact JSON for other types
	Resource []byte // compact JSON of resource, or nil
	Parts    []Parameter
}

// Parameters lists the parameters of a Parameters document (see [ParseParameters]) in order. It returns an [*Error] that
// names the place for another type and for a parameter without a name.
func Parameters(d *Document) ([]Parameter, error) {
	if d.typ != "Parameters" {
		return nil, Errorf(CodeInvalid, "expected a Parameters resource, got %q", d.typ)
	}
	return readParameters(d.root().field("parameter"), "Parameters.parameter")
}

// readParameters reads a list of parameters or parts.
func readParameters(list node, path string) ([]Parameter, error) {
	if list.ok() && list.kind() != '[' {
		return nil, wrongShape(path, "array")
	}
	var found []Parameter
	for i, item := range list.each() {
		at := path + index(i)
		name := item.field("name")
		if name.kind() != '"' || name.text() == "" {
			return nil, &Error{CodeRequired, at + ": a parameter needs a name", at}
		}
		p := Parameter{Name: name.text(), Resource: item.field("resource").raw()}
		p.Type, p.Value = readValue(item)
		var err error
		if p.Parts, err = readParameters(item.field("part"), at+".part"); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

// readValue finds value[x] of a parameter.
func readValue(item node) (typ, value string) {
	for member := range item.children {
		e := tables()["Parameters.parameter"].byName[member.knownName()]
		switch {
		case e == nil || e.Choice != "value":
		case e.Type == "Reference":
			return e.Type, member.field("reference").text()
		case e.format != nil:
			return e.Type, member.text()
		default:
			return e.Type, string(member.raw())
		}
	}
	return "", ""
}
