package fhir

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// filterBorder is where one filter ends and the next begins: a comma before a type and its question mark. Other commas
// belong to values. A client that encoded each query for itself has %3F for the question mark.
var filterBorder = regexp.MustCompile(`,\s*[A-Z][A-Za-z]+(?:\?|%3[Ff])`)

// resultParams shape the answer of a search and so have no place in a filter.
var resultParams = []string{
	"_contained", "_containedType", "_count", "_elements", "_format", "_graph", "_include", "_maxresults", "_offset", "_page", "_pretty",
	"_revinclude", "_score", "_sort", "_summary", "_total",
}

// ParseTypeFilter reads values of the parameter _typeFilter of a Bulk Data export, URL-decoded once: each holds one or
// more searches such as "Patient?active=true", with commas between them. Names and values of a search are percent-decoded
// once more, as "%2C" is how clients keep a comma inside a filter; a plus stays a plus. Each search is one [Query].
//
// The [*Error] names the filter or the parameter at fault: a text that is no search, an unknown type, an unknown or
// chained parameter, a parameter that shapes results (_sort, _include …), a wrong value. References below a base of own are
// relative ones.
func ParseTypeFilter(values []string, own Bases) ([]Query, error) {
	var all []Query
	for _, value := range values {
		for _, text := range splitFilters(value) {
			q, err := parseFilter(text, own)
			if err != nil {
				return nil, err
			}
			all = append(all, q)
		}
	}
	return all, nil
}

// splitFilters takes a value apart at the borders. Empty parts go.
func splitFilters(value string) []string {
	var parts []string
	from := 0
	for _, border := range filterBorder.FindAllStringIndex(value, -1) {
		parts = append(parts, value[from:border[0]])
		from = border[0] + 1
	}
	parts = append(parts, value[from:])
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return slices.DeleteFunc(parts, func(s string) bool { return s == "" })
}

// parseFilter reads one search.
func parseFilter(text string, own Bases) (Query, error) {
	search := text
	if !strings.Contains(search, "?") {
		if decoded, err := url.PathUnescape(search); err == nil {
			search = decoded
		}
	}
	typ, query, ok := strings.Cut(search, "?")
	if !ok || strings.Trim(query, "&") == "" {
		return Query{}, Errorf(CodeInvalid, "filter %q is no search on a type; write it as \"Observation?category=laboratory\"", text)
	}
	if !IsType(typ) {
		return Query{}, Errorf(CodeNotSupported, "filter %q: %q is not a FHIR R4 resource type", text, typ)
	}
	params, err := filterParams(text, query)
	if err != nil {
		return Query{}, err
	}
	q, unknown, err := ParseQuery(typ, params, own)
	if err != nil {
		return Query{}, err
	}
	if len(unknown) == 0 {
		return q, nil
	}
	name := unknown[0]
	if base, _, _ := strings.Cut(name, ":"); slices.Contains(resultParams, base) {
		return Query{}, Errorf(CodeInvalid, "filter %q: %q shapes the result of a search and cannot be in a filter; leave it out", text, name)
	}
	return Query{}, Errorf(CodeNotSupported, "filter %q: %s has no search parameter %q; the CapabilityStatement lists those it has", text, typ, name)
}

// filterParams takes the search of a filter apart.
func filterParams(text, query string) ([]Param, error) {
	var params []Param
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.PathUnescape(name)
		if err == nil {
			value, err = url.PathUnescape(value)
		}
		if err != nil {
			return nil, Errorf(CodeInvalid, "filter %q has a percent sign that no two hexadecimal digits follow; write it as %%25", text)
		}
		params = append(params, Param{name, value})
	}
	return params, nil
}
