package engine

import (
	"context"
	"time"

	"satchel/fhir"
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
	Group    string    `json:"group,omitempty"`    // id, for LevelGroup
	Patients []string  `json:"patients,omitempty"` // ids; for LevelPatient nil means all, for LevelGroup it narrows the members
	Types    []string  `json:"types,omitempty"`    // nil: every type of the level
	Since    time.Time `json:"since,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	// Ignored holds what `Prefer: handling=lenient` let pass: one issue per parameter, written to an error file.
	Ignored []fhir.Issue `json:"ignored,omitempty"`
}

// Params are kick-off parameters as they came by query string or Parameters body: names with values, in order.
// For a Reference the value is its reference text.
type Params []fhir.Param

// ParseRequest turns kick-off parameters into a request. level, and group or patient (ids), come from the path; patient
// is set for [base]/Patient/[id]/$export. post says that the parameters came in a body, where alone `patient` is legal.
// lenient lets unknown and unsupported parameters pass into Ignored; otherwise they are an error that names them.
// Wrong values are always errors (except under lenient where the specification lets the server go on).
// It is pure: whether group and patients exist is Start's question.
func ParseRequest(level Level, group, patient string, params Params, post, lenient bool) (Request, error) {
	panic("todo")
}

// Members resolves a group to the ids of its patients, nested groups included, inactive and expired members left out.
// Not-found if there is no such group.
func (e *Engine) Members(ctx context.Context, group string) ([]string, error) { panic("todo") }

// ExportTypes lists the types that an export of the level holds when none are asked for.
func ExportTypes(level Level) []string { panic("todo") }
