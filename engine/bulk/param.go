package bulk

import (
	"errors"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"satchel/fhir"
)

// ParamError says all that is wrong with the parameters of one kick-off. [errors.As] gives it as a [*fhir.Error] too,
// with the code of the first issue and the texts of all.
type ParamError struct{ Issues []fhir.Issue }

func (e *ParamError) Error() string {
	texts := make([]string, len(e.Issues))
	for i, issue := range e.Issues {
		texts[i] = issue.Diagnostics
	}
	return strings.Join(texts, "; ")
}

// As makes a [*fhir.Error] of it for callers that show one text.
func (e *ParamError) As(target any) bool {
	t, ok := target.(**fhir.Error)
	if ok {
		*t = &fhir.Error{Code: e.Issues[0].Code, Diagnostics: e.Error()}
	}
	return ok
}

// parser is one ParseRequest under way.
type parser struct {
	request Request
	own     fhir.Bases
	post    bool
	lenient bool
	path    bool // the patient came with the path
	issues  []fhir.Issue
}

// kickOffParams are the parameters that an export understands. A function gets all values of one parameter at once.
var kickOffParams = map[string]func(p *parser, name string, values []string){
	"_outputFormat": (*parser).outputFormat,
	"_type":         (*parser).types,
	"_since":        (*parser).since,
	"_until":        (*parser).until,
	"patient":       (*parser).patients,

	// About the body of the answer, not about the export.
	"_format": (*parser).pass,
	"_pretty": (*parser).pass,

	// What is written of the resources: param_shape.go.
	"_typeFilter":             (*parser).typeFilter,
	"_typePostFetchFilterUrl": (*parser).typeFilter,
	"_elements":               (*parser).elements,
	"includeAssociatedData":   (*parser).associated,
	"organizeOutputBy":        (*parser).organize,
	"allowPartialManifests":   (*parser).partial,
	"_includeHistory":         (*parser).history,
	"_exportId":               (*parser).exportID,
	"_mdm":                    (*parser).mdm,
}

// parse reads one parameter.
func (p *parser) parse(name string, values []string) {
	if f := kickOffParams[name]; f != nil {
		f(p, name, values)
		return
	}
	p.tolerate(name, "parameter %q is not known; leave it out, or send \"Prefer: handling=lenient\" to have it ignored", name)
}

func (p *parser) pass(string, []string) {}

// tolerate notes something that a lenient client wants ignored and others want to hear of.
func (p *parser) tolerate(name, format string, args ...any) {
	if !p.lenient {
		p.refuse(fhir.CodeNotSupported, format, args...)
		return
	}
	p.ignored(fhir.CodeNotSupported, "parameter %q was ignored: this server does not support it", name)
}

// ignored notes what lenient handling let pass.
func (p *parser) ignored(code fhir.Code, format string, args ...any) {
	p.request.Ignored = append(p.request.Ignored,
		fhir.Issue{Severity: fhir.SeverityWarning, Code: code, Diagnostics: fmt.Sprintf(format, args...)})
}

// refuse notes an error.
func (p *parser) refuse(code fhir.Code, format string, args ...any) {
	p.issues = append(p.issues,
		fhir.Issue{Severity: fhir.SeverityError, Code: code, Diagnostics: fmt.Sprintf(format, args...)})
}

// outputFormat accepts the three names of NDJSON.
func (p *parser) outputFormat(name string, values []string) {
	for _, value := range values {
		format, _, err := mime.ParseMediaType(value)
		if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
			format, _, _ = strings.Cut(value, ";")
		}
		// A plus that the client did not encode arrives as a space.
		format = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(format)), " ", "+")
		switch format {
		case "application/fhir+ndjson", "application/ndjson", "ndjson":
		default:
			p.refuse(fhir.CodeNotSupported, "%s %q is not supported; use \"application/fhir+ndjson\"", name, value)
		}
	}
}

// types reads lists of resource types.
func (p *parser) types(name string, values []string) {
	asked := list(values)
	for _, typ := range asked {
		problem := p.typeProblem(typ)
		switch {
		case problem == "":
			if !slices.Contains(p.request.Types, typ) {
				p.request.Types = append(p.request.Types, typ)
			}
		case p.lenient:
			p.ignored(fhir.CodeNotSupported, "%s %q was ignored: %s", name, typ, problem)
		default:
			p.refuse(fhir.CodeNotSupported, "%s %q cannot be exported: %s", name, typ, problem)
		}
	}
	// Without a type the request would be for everything, which nobody asked for.
	if len(asked) > 0 && p.request.Types == nil && p.lenient {
		p.refuse(fhir.CodeNotSupported, "%s names no type that can be exported at %s level", name, p.request.Level)
	}
}

// typeProblem says why a type cannot be exported at the level; "" if it can.
func (p *parser) typeProblem(typ string) string {
	switch {
	case !fhir.IsType(typ):
		return "it is not a FHIR R4 resource type"
	case exportable(p.request.Level, typ), slices.Contains(supportingTypes, typ):
		return ""
	case typ == "Group" || typ == "List":
		return "it may name other patients; ask for a group or a system level export"
	default:
		return "resources of this type belong to no patient, or have no place in such an export; ask for a system level export"
	}
}

func (p *parser) since(name string, values []string) { p.request.Since = p.instant(name, values) }

func (p *parser) until(name string, values []string) { p.request.Until = p.instant(name, values) }

// instant reads a parameter that may be there once.
func (p *parser) instant(name string, values []string) time.Time {
	value, ok := p.once(name, values)
	if !ok {
		return time.Time{}
	}
	t, err := fhir.ParseInstant(value)
	switch {
	case err != nil:
		p.refuse(fhir.CodeValue, "%s %q is not an instant; write it as 2024-12-31T23:59:59Z, with seconds and zone", name, value)
	case strings.Contains(value, " "): // fhir reads it as a plus; here a guess would choose what is exported
		p.refuse(fhir.CodeValue, "%s %q has a space before its zone; encode the plus in the URL as %%2B", name, value)
	default:
		return t
	}
	return time.Time{}
}

// checkWindow refuses a window in which nothing can be.
func (p *parser) checkWindow() {
	since, until := p.request.Since, p.request.Until
	if !since.IsZero() && !until.IsZero() && !since.Before(until) {
		p.refuse(fhir.CodeInvalid, "_since is not before _until; nothing can lie between them")
	}
}

// patients reads the patients that narrow an export. They are never ignored: that would export everybody else too.
func (p *parser) patients(name string, values []string) {
	if p.request.Level == LevelSystem {
		p.refuse(fhir.CodeNotSupported, "%s is not possible at system level; use Patient/$export or Group/[id]/$export", name)
		return
	}
	if !p.post && !p.lenient {
		p.refuse(fhir.CodeNotSupported, "%s is only possible with POST, in a Parameters body", name)
		return
	}
	ids := p.patientIDs(name, values)
	if p.path && len(ids) > 0 && !slices.Equal(ids, p.request.Patients) {
		p.refuse(fhir.CodeInvalid, "%s differs from the patient in the path", name)
		return
	}
	p.request.Patients = ids
}

// patientIDs reads references to patients; each id comes once.
func (p *parser) patientIDs(name string, values []string) []string {
	ids := []string{}
	for _, value := range list(values) {
		id, ok := p.own.PatientID(value)
		if !ok {
			p.refuse(fhir.CodeValue, "%s %q is not a reference to a patient of this server; write it as \"Patient/123\"", name, value)
			continue
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 && len(p.issues) == 0 {
		p.refuse(fhir.CodeValue, "%s names nobody; leave it out to export all patients", name)
	}
	return ids
}

// checkID refuses an id of the path that no resource can have.
func (p *parser) checkID(typ, id string) {
	if !fhir.IsID(id) {
		p.refuse(fhir.CodeValue, "%q is not an id of a %s", id, typ)
	}
}

// list splits values at commas, trims spaces and drops what is empty.
func list(values []string) []string {
	var parts []string
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			if part = strings.TrimSpace(part); part != "" {
				parts = append(parts, part)
			}
		}
	}
	return parts
}
