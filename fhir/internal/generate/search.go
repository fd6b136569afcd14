package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// searchParameter is what is used of a SearchParameter.
type searchParameter struct {
	URL        string   `json:"url"`
	Version    string   `json:"version"`
	Code       string   `json:"code"`
	Base       []string `json:"base"`
	Type       string   `json:"type"`
	Expression string   `json:"expression"`
	Target     []string `json:"target"`
}

// searchesOf lists the parameters per base type.
func searchesOf(params bundle, structures map[string]structure) (map[string][]searchParameter, error) {
	found := map[string][]searchParameter{}
	for _, e := range params.Entry {
		var p searchParameter
		if err := json.Unmarshal(e.Resource, &p); err != nil {
			return nil, err
		}
		if p.Version != fhirVersion || !strings.HasPrefix(p.URL, "http://hl7.org/fhir/SearchParameter/") {
			fmt.Printf("left out: %s version %s\n", p.URL, p.Version)
			continue
		}
		for _, base := range p.Base {
			if _, known := structures[base]; !known {
				return nil, fmt.Errorf("%s has the unknown base %q", p.URL, base)
			}
			q := p
			q.Expression = part(p.Expression, base)
			q.Target = targets(p.Target, structures)
			if q.Expression == "" && p.Expression != "" {
				return nil, fmt.Errorf("%s: no part of %q is for %s", p.URL, p.Expression, base)
			}
			found[base] = append(found[base], q)
		}
	}
	return found, nil
}

// targets keeps the known types; none stands for any.
func targets(all []string, structures map[string]structure) []string {
	known := slices.DeleteFunc(slices.Clone(all), func(t string) bool { _, ok := structures[t]; return !ok })
	concrete := 0
	for _, s := range structures {
		if s.Kind == "resource" && !s.Abstract {
			concrete++
		}
	}
	if len(known) >= concrete-1 { // R4 leaves Parameters out of "any"
		return nil
	}
	return known
}

var leadingName = regexp.MustCompile(`^\(*\s*([A-Za-z]+)`)

// part keeps of a union the members that start at base.
// A member that starts with an element (R4's InsurancePlan-name) gets the base in front.
func part(expression, base string) string {
	var kept []string
	for _, member := range union(expression) {
		m := leadingName.FindStringSubmatch(member)
		switch {
		case m == nil:
		case m[1] == base:
			kept = append(kept, member)
		case strings.ToLower(m[1][:1]) == m[1][:1]:
			kept = append(kept, base+"."+member)
		}
	}
	return strings.Join(kept, " | ")
}

// union splits an expression at the "|" that stand outside brackets.
func union(expression string) []string {
	var members []string
	depth, start := 0, 0
	for i, c := range expression {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			members = append(members, strings.TrimSpace(expression[start:i]))
			start = i + 1
		}
	}
	return append(members, strings.TrimSpace(expression[start:]))
}

// searchText writes "type" lines followed by one tab-separated line per parameter: code, type, expression, targets, url.
func searchText(searches map[string][]searchParameter) []byte {
	var out bytes.Buffer
	for _, base := range sortedKeys(searches) {
		fmt.Fprintln(&out, base)
		params := searches[base]
		slices.SortFunc(params, func(a, b searchParameter) int { return strings.Compare(a.Code, b.Code) })
		for _, p := range params {
			slices.Sort(p.Target)
			name := strings.TrimPrefix(p.URL, "http://hl7.org/fhir/SearchParameter/")
			fmt.Fprintf(&out, "\t%s\t%s\t%s\t%s\t%s\n", p.Code, p.Type, p.Expression, strings.Join(p.Target, " "), name)
		}
	}
	return out.Bytes()
}

// compartment is what is used of a CompartmentDefinition.
type compartment struct {
	Version  string `json:"version"`
	Resource []struct {
		Code  string   `json:"code"`
		Param []string `json:"param"`
	} `json:"resource"`
}

// compartmentText writes one line per type that is in the compartment: the type and its search parameters.
func compartmentText(c compartment) []byte {
	var out bytes.Buffer
	for _, r := range c.Resource {
		if len(r.Param) > 0 {
			fmt.Fprintf(&out, "%s %s\n", r.Code, strings.Join(r.Param, " "))
		}
	}
	return out.Bytes()
}
