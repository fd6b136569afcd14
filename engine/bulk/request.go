package bulk

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// Level says whose data an export holds.
type Level string

// The levels of export.
const (
	LevelSystem  Level = "system"  // [base]/$export
	LevelPatient Level = "patient" // [base]/Patient/$export, or with Patients set some of them
	LevelGroup   Level = "group"   // [base]/Group/[id]/$export
)

// Request is one export, parsed. The zero Since and Until mean everything.
type Request struct {
	Level    Level     `json:"level"`
	Group    string    `json:"group,omitempty"`   // id, for LevelGroup
	Patients []string  `json:"patients,omitzero"` // ids; for LevelPatient nil means all, for LevelGroup it narrows the members
	Types    []string  `json:"types,omitzero"`    // nil: every type of the level; empty: none
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`

	// Supporting are the types of which what the exported resources point to is added; of [SupportingTypes].
	Supporting []string `json:"supporting,omitzero"`

	TypeFilters    []string `json:"typeFilters,omitzero"`    // values of _typeFilter that [fhir.ParseTypeFilter] reads
	FetchedFilters []string `json:"fetchedFilters,omitzero"` // values of _typePostFetchFilterUrl, likewise
	Elements       []string `json:"elements,omitzero"`       // as of [fhir.ParseElements]; nil: whole resources
	// Associated is which Provenance is added to what is exported, whatever Types says.
	Associated Associated `json:"associated,omitempty"`
	// OrganizeBy is "Patient" for files of blocks, one block for each patient; else "".
	OrganizeBy string `json:"organizeBy,omitempty"`
	InlineMost int64  `json:"inlineMost,omitempty"` // bytes of attachment data (base64) that stay inline, more goes out by URL under Base; 0: all stays
	Pages      bool   `json:"pages,omitempty"`      // the manifest may come in pages (allowPartialManifests)
	History    bool   `json:"history,omitempty"`    // all versions of each resource instead of the current one
	ExportID   string `json:"exportId,omitempty"`   // a label of the client's, for the manifest
	Base       string `json:"base,omitempty"`       // FHIR base URL for relative addresses of attachments; "": they stay

	// Ignored holds what `Prefer: handling=lenient` let pass: one issue per parameter, written to an error file.
	Ignored []fhir.Issue `json:"ignored,omitempty"`
}

// Associated names values of includeAssociatedData.
type Associated string

// The values of includeAssociatedData. Without one, an export that holds Provenance holds all of the compartment and all
// that has a resource of the compartment for its target.
const (
	AssociatedLatest   Associated = "LatestProvenanceResources"   // of each exported resource the newest Provenance, and no other
	AssociatedRelevant Associated = "RelevantProvenanceResources" // of each exported resource every Provenance
)

// RequestOf is the request that a job of kind [Kind] came from.
func RequestOf(job storage.Job) (r Request, err error) {
	if err := json.Unmarshal(job.Request, &r); err != nil {
		return r, fmt.Errorf("read the request of job %s: %w", job.ID, err)
	}
	return r, nil
}

// Named lists the types that were asked for by name, those that other parameters than _type add included; nil without
// _type.
func (r Request) Named() []string {
	if r.Types != nil && r.Associated != "" && !slices.Contains(r.Types, "Provenance") {
		return append(slices.Clone(r.Types), "Provenance")
	}
	return r.Types
}

// ParamNames lists, sorted, the parameters of a kick-off that shaped the request, for the audit log.
func (r Request) ParamNames() []string {
	var names []string
	for name, is := range map[string]bool{
		"_type": r.Types != nil, "_since": !r.Since.IsZero(), "_until": !r.Until.IsZero(), "patient": r.Patients != nil && (r.Group != "" || len(r.Patients) > 1),
		"_typeFilter": r.TypeFilters != nil, "_typePostFetchFilterUrl": r.FetchedFilters != nil, "_elements": r.Elements != nil,
		"includeAssociatedData": r.Associated != "", "organizeOutputBy": r.OrganizeBy != "", "allowPartialManifests": r.Pages,
		"_includeHistory": r.History, "_exportId": r.ExportID != "",
	} {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Params are kick-off parameters as they came by query string or Parameters body: names with values, in order.
// For a Reference the value is its reference text.
type Params []fhir.Param

// ParseRequest turns kick-off parameters into a request. level, and group or patient (ids), come from the path; patient
// is set for [base]/Patient/[id]/$export. References below a base of own are relative ones. post says that the parameters came in a body, where alone `patient` is legal.
// lenient lets unknown and unsupported parameters pass into Ignored; otherwise they are an error that names them.
// Wrong values are always errors (except under lenient where the specification lets the server go on).
// Several problems are one [*ParamError]. It is pure: whether group and patients exist is Start's question.
func ParseRequest(level Level, group, patient string, params Params, own fhir.Bases, post, lenient bool) (Request, error) {
	p := parser{own: own, request: Request{Level: level}, post: post, lenient: lenient}
	if level == LevelGroup {
		p.request.Group = group
		p.checkID("Group", group)
	}
	if patient != "" {
		p.request.Patients = []string{patient}
		p.checkID("Patient", patient)
		p.path = true
	}
	for _, name := range params.names() {
		p.parse(name, params.values(name))
	}
	p.checkWindow()
	if len(p.issues) > 0 {
		return Request{}, &ParamError{Issues: p.issues}
	}
	return p.request, nil
}

// names lists the parameter names, each once, in order of first occurrence.
func (p Params) names() []string {
	var names []string
	for _, param := range p {
		if !slices.Contains(names, param.Name) {
			names = append(names, param.Name)
		}
	}
	return names
}

// values lists the values under a name.
func (p Params) values(name string) []string {
	var values []string
	for _, param := range p {
		if param.Name == name {
			values = append(values, param.Value)
		}
	}
	return values
}

// ExportTypes lists the types that an export of the level holds when none are asked for, sorted: those that can belong to a
// patient, by R4's compartment or by what they hang on ([fhir.CanBelong]). No Binary is among them at patient and group
// level, as Bulk Data Access has it: what is about a patient comes as DocumentReference. A patient level export holds neither
// Group nor List: both name other people. A group level export holds of the Groups the exported one alone.
func ExportTypes(level Level) []string {
	return slices.DeleteFunc(fhir.Types(), func(typ string) bool { return !exportable(level, typ) })
}

// exportable reports whether an export of the level can hold resources of a known type.
func exportable(level Level, typ string) bool {
	switch {
	case level == LevelSystem:
		return true
	case typ == "Binary", level == LevelPatient && (typ == "Group" || typ == "List"):
		return false
	}
	return fhir.CanBelong(typ)
}
