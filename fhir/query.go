package fhir

import (
	"net/url"
	"slices"
	"strings"
)

// Param is one name=value pair of a search as it came, already URL-decoded, in order.
type Param struct{ Name, Value string }

// Query is a search on one type: criteria joined by AND, each with values joined by OR.
type Query struct {
	Type     string
	Criteria []Criterion
}

// ParseQuery reads search parameters of a type from the R4 SearchParameter definitions (those of the type, and _id,
// _lastUpdated, _tag, _profile, _security, _source of Resource). It returns the names that it does not know in unknown,
// and an [*Error] that names the parameter for a value, modifier or prefix that is wrong or not supported, for chained
// parameters and _has. Result parameters (_count, _sort, _summary, _total, _elements, _include …) are the caller's
// and count as unknown here.
//
// What R4 leaves open: times without a zone are UTC; codes are compared as they are written; an element of type code
// meets every system, as its own is not in the tables; an absolute reference below a base of own is the same as the
// relative one, in resources and in searches.
func ParseQuery(typ string, params []Param, own Bases) (q Query, unknown []string, err error) {
	t := searchOf(typ)
	if t == nil {
		return Query{}, nil, Errorf(CodeNotSupported, "resource type %q cannot be searched; use a type of FHIR R4", typ)
	}
	q.Type = typ
	for _, one := range params {
		name, modifier, _ := strings.Cut(one.Name, ":")
		name, chain, chained := strings.Cut(name, ".")
		p := t.param(name)
		switch {
		case p == nil && strings.HasPrefix(name, "_") && refusals[name] != "":
			return Query{}, nil, unsupported(one.Name, refusals[name])
		case p == nil:
			unknown = append(unknown, one.Name)
			continue
		case p.refusal != "":
			return Query{}, nil, unsupported(one.Name, p.refusal)
		case chained || strings.Contains(modifier, "."):
			return Query{}, nil, unsupportedChain(one.Name, p, chain)
		}
		c, err := parseCriterion(p, one, modifier, own)
		if err != nil {
			return Query{}, nil, err
		}
		q.Criteria = append(q.Criteria, c)
	}
	return q, unknown, nil
}

// ParseConditional reads the criteria of a conditional reference as a search. False if they are no search of this server.
func ParseConditional(r Reference, own Bases) (Query, bool) {
	values, err := url.ParseQuery(r.Query)
	if r.Form != FormConditional || err != nil {
		return Query{}, false
	}
	var params []Param
	for name, list := range values {
		for _, value := range list {
			params = append(params, Param{name, value})
		}
	}
	q, unknown, err := ParseQuery(r.Type, params, own)
	return q, err == nil && len(unknown) == 0 && len(q.Criteria) > 0
}

// escapeValue writes a text so that a search takes it as it is.
func escapeValue(text string) string { return valueEscapes.Replace(text) }

var valueEscapes = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`)

// IdentifierQuery is the search for the resources of a type with an identifier.
func IdentifierQuery(typ, system, value string) (Query, error) {
	q, _, err := ParseQuery(typ, []Param{{"identifier", escapeValue(system) + "|" + escapeValue(value)}}, Bases{})
	return q, err
}

func unsupported(name, instead string) error {
	return Errorf(CodeNotSupported, "search parameter %q is not supported; %s", name, instead)
}

// unsupportedChain refuses "subject:Patient.name" and "patient.name".
func unsupportedChain(name string, p *param, chain string) error {
	if p.Type != "reference" {
		return Errorf(CodeInvalid, "search parameter %q: %q is no reference, so nothing can follow it; drop %q", name, p.Code, "."+chain)
	}
	return unsupported(name, `chained search does not exist here; search the other type first and name the results with "`+p.Code+`"`)
}

// Match reports whether the document meets every criterion. The document must be of the query's type.
// _id and _lastUpdated read the stamped text.
func (q Query) Match(d *Document) bool {
	for i := range q.Criteria {
		if !q.Criteria[i].match(d) {
			return false
		}
	}
	return true
}

// Ranges are, per criterion that an index can narrow, the ranges whose union holds every match.
// A criterion that cannot be narrowed is left out; with no entry at all the whole type must be read.
func (q Query) Ranges() [][]Range {
	var all [][]Range
	for i := range q.Criteria {
		if ranges := q.Criteria[i].ranges(); ranges != nil {
			all = append(all, ranges)
		}
	}
	return all
}

// IDs are the logical ids that every _id criterion names, or nil without one. A list that is empty but not nil
// says that nothing can match.
func (q Query) IDs() []string {
	var ids []string
	for _, c := range q.Criteria {
		if c.param.Code != "_id" || c.negated || c.presence != 0 {
			continue
		}
		named := []string{}
		for _, t := range c.tests {
			if code := t.(tokenTest).code; code != "" && !slices.Contains(named, code) {
				named = append(named, code)
			}
		}
		if ids != nil {
			named = slices.DeleteFunc(named, func(id string) bool { return !slices.Contains(ids, id) })
		}
		ids = named
	}
	return ids
}
