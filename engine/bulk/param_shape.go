package bulk

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"satchel/fhir"
)

// excuse refuses a parameter for the reason in err, or notes that it is ignored if the client wants that.
func (p *parser) excuse(name string, err error) {
	code := fhir.CodeInvalid
	if known, ok := errors.AsType[*fhir.Error](err); ok {
		code = known.Code
	}
	if p.lenient {
		p.ignored(code, "parameter %q was ignored: %s", name, err)
		return
	}
	p.refuse(code, "%s: %s", name, err)
}

// typeFilter reads searches that narrow types. One wrong search spoils the parameter: of filters that are joined by OR,
// none may get lost.
func (p *parser) typeFilter(name string, values []string) {
	queries, err := fhir.ParseTypeFilter(values, p.own)
	for _, q := range queries {
		if problem := p.typeProblem(q.Type); problem != "" && err == nil {
			err = fhir.Errorf(fhir.CodeNotSupported, "%q cannot be exported: %s", q.Type, problem)
		}
	}
	switch {
	case err != nil:
		p.excuse(name, err)
	case len(queries) == 0:
	case name == "_typeFilter":
		p.request.TypeFilters = values
	default:
		p.request.FetchedFilters = values
	}
}

// elements reads what to keep of each resource.
func (p *parser) elements(name string, values []string) {
	elements, err := fhir.ParseElements(values)
	if err != nil {
		p.excuse(name, err)
		return
	}
	p.request.Elements = elements
}

// associated reads which Provenance to add. Of several values the one that adds most counts.
func (p *parser) associated(name string, values []string) {
	for _, value := range list(values) {
		switch known := Associated(value); known {
		case AssociatedLatest:
			if p.request.Associated == "" {
				p.request.Associated = known
			}
		case AssociatedRelevant:
			p.request.Associated = known
		default:
			p.excuse(name, fhir.Errorf(fhir.CodeNotSupported, "%q is not supported; use %q or %q", value, AssociatedLatest, AssociatedRelevant))
		}
	}
}

// organize reads by what the output is organised.
func (p *parser) organize(name string, values []string) {
	value, ok := p.once(name, values)
	switch {
	case !ok || value == "":
	case value != "Patient":
		p.excuse(name, fhir.Errorf(fhir.CodeNotSupported, "%q is not supported; use \"Patient\"", value))
	case p.request.Level == LevelSystem:
		p.excuse(name, fhir.Errorf(fhir.CodeNotSupported, "a system level export also holds what belongs to no patient; use Patient/$export or Group/[id]/$export"))
	default:
		p.request.OrganizeBy = value
	}
}

// partial reads whether the client takes a manifest in several pages.
func (p *parser) partial(name string, values []string) { p.request.Pages = p.truth(name, values) }

func (p *parser) history(name string, values []string) { p.request.History = p.truth(name, values) }

// mdm refuses what links people who are one.
func (p *parser) mdm(name string, values []string) {
	if p.truth(name, values) {
		p.excuse(name, fhir.Errorf(fhir.CodeNotSupported, "this server keeps no links between records of one person (MDM), so a group cannot be extended by them; name all members in the Group, and leave the parameter out"))
	}
}

// exportLabel is what a client may call an export.
var exportLabel = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

func (p *parser) exportID(name string, values []string) {
	value, ok := p.once(name, values)
	switch {
	case !ok || value == "":
	case !exportLabel.MatchString(value):
		p.excuse(name, fhir.Errorf(fhir.CodeValue, "%q is no label; use up to 100 letters, digits, hyphens, points and underscores", value))
	default:
		p.request.ExportID = value
	}
}

// once is the value of a parameter that may be there once.
func (p *parser) once(name string, values []string) (string, bool) {
	if len(slices.Compact(slices.Clone(values))) > 1 {
		p.refuse(fhir.CodeInvalid, "%s is given %d times; give it once", name, len(values))
		return "", false
	}
	return strings.TrimSpace(values[0]), true
}

// truth reads a boolean.
func (p *parser) truth(name string, values []string) bool {
	value, ok := p.once(name, values)
	if ok && value != "true" && value != "false" {
		p.excuse(name, fhir.Errorf(fhir.CodeValue, "%q is not a boolean; use true or false", value))
	}
	return value == "true"
}
