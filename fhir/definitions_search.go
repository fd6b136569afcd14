package fhir

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// searchParam is one R4 SearchParameter as it applies to one type.
type searchParam struct {
	Code       string   // "birthdate"
	Type       string   // token, reference, date, string, number, quantity, uri, composite, special
	Expression string   // FHIRPath, only the part of a union that applies to the type
	Targets    []string // types that a reference may name, empty for any
	URL        string
}

//go:embed definitions/search.txt
var searchFile string

//go:embed definitions/compartment.txt
var compartmentFile string

// searchSections maps a base type to its lines in search.txt.
var searchSections = sync.OnceValue(func() map[string]string {
	sections := make(map[string]string, 160)
	for rest := searchFile; rest != ""; {
		base, lines, _ := strings.Cut(rest, "\n")
		end := 0
		for end < len(lines) && lines[end] == '\t' {
			end += strings.IndexByte(lines[end:], '\n') + 1
		}
		sections[base] = lines[:end]
		rest = lines[end:]
	}
	return sections
})

// borrowed are search parameters that R4 lacks and Bulk Data Access asks for, with R5's definition.
var borrowed = map[string][]searchParam{
	"Group": {{Code: "name", Type: "string", Expression: "Group.name", URL: "http://hl7.org/fhir/SearchParameter/Group-name"}},
}

// searchLists keeps the lists of searchParamsOf that were asked for.
var searchLists sync.Map // type name → []searchParam

// searchParamsOf lists the search parameters of a type with those of Resource and DomainResource, sorted by code;
// nil for an unknown type. The caller must not change the list.
func searchParamsOf(typ string) []searchParam {
	if list, ok := searchLists.Load(typ); ok {
		return list.([]searchParam)
	}
	t := tables()[typ]
	if t == nil || t.kind != "resource" {
		return nil
	}
	var list []searchParam
	for base := t; base != nil; base = tables()[base.base] {
		list = appendSearchParams(list, searchSections()[base.name])
	}
	list = append(list, borrowed[typ]...)
	slices.SortFunc(list, func(a, b searchParam) int { return strings.Compare(a.Code, b.Code) })
	searchLists.Store(typ, list)
	return list
}

// appendSearchParams reads lines of code, type, expression, targets and URL, separated by tabs.
func appendSearchParams(to []searchParam, lines string) []searchParam {
	for line := range strings.Lines(lines) {
		field := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		to = append(to, searchParam{
			Code: field[1], Type: field[2], Expression: field[3], Targets: strings.Fields(field[4]),
			URL: "http://hl7.org/fhir/SearchParameter/" + field[5],
		})
	}
	return to
}

// compartments maps a type to its parameters of the patient compartment.
var compartments = sync.OnceValue(func() map[string][]string {
	all := make(map[string][]string, 70)
	for line := range strings.Lines(compartmentFile) {
		fields := strings.Fields(line)
		all[fields[0]] = fields[1:]
	}
	return all
})

// compartmentParams lists the search parameter codes through which a type is in the patient compartment; nil if it is not in it.
func compartmentParams(typ string) []string { return compartments()[typ] }
