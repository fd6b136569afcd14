package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Code is a FHIR IssueType (http://hl7.org/fhir/R4/valueset-issue-type.html).
type Code string

// The issue types that Satchel uses.
const (
	CodeInvalid       Code = "invalid"       // content does not follow the specification
	CodeStructure     Code = "structure"     // broken JSON, wrong shape
	CodeRequired      Code = "required"      // a required element is missing
	CodeValue         Code = "value"         // an element value is not legal
	CodeNotSupported  Code = "not-supported" // parameter, type or operation this server does not offer
	CodeNotFound      Code = "not-found"
	CodeDeleted       Code = "deleted"
	CodeDuplicate     Code = "duplicate"
	CodeMultiple      Code = "multiple-matches"
	CodeConflict      Code = "conflict" // If-Match did not match, edit lost
	CodeTooLong       Code = "too-long" // body or line over a limit
	CodeTooCostly     Code = "too-costly"
	CodeLogin         Code = "login"     // no or wrong credentials
	CodeForbidden     Code = "forbidden" // credentials are right, the permission is missing
	CodeThrottled     Code = "throttled"
	CodeTransient     Code = "transient"
	CodeNoStore       Code = "no-store" // disk full
	CodeException     Code = "exception"
	CodeProcessing    Code = "processing"
	CodeInvariant     Code = "invariant" // a rule of the specification beyond structure
	CodeInformational Code = "informational"
)

// Error is a failure whose text may be shown to the caller. Diagnostics says what, where and what to do next,
// and never carries health data. Expression is the FHIRPath of the element at fault, if one is known.
type Error struct {
	Code        Code
	Diagnostics string
	Expression  string
}

func (e *Error) Error() string { return e.Diagnostics }

// Errorf returns an [*Error] with a formatted diagnostics text.
func Errorf(code Code, format string, args ...any) error {
	return &Error{Code: code, Diagnostics: fmt.Sprintf(format, args...)}
}

// IsCode reports whether an error is an [*Error] of this code, or wraps one.
func IsCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}

// Severity is a FHIR IssueSeverity.
type Severity string

// The issue severities.
const (
	SeverityFatal       Severity = "fatal"
	SeverityError       Severity = "error"
	SeverityWarning     Severity = "warning"
	SeverityInformation Severity = "information"
)

// Issue is one finding about a resource: an entry of OperationOutcome.issue.
type Issue struct {
	Severity    Severity
	Code        Code
	Diagnostics string
	Expression  string // FHIRPath of the element, such as "Patient.name[0].family"
}

// Outcome renders issues as one compact OperationOutcome resource. Without issues it says that all is well,
// as an OperationOutcome needs at least one.
func Outcome(issues ...Issue) []byte {
	if len(issues) == 0 {
		issues = []Issue{{SeverityInformation, CodeInformational, "no issues", ""}}
	}
	var out bytes.Buffer
	out.WriteString(`{"resourceType":"OperationOutcome","issue":[`)
	for i, issue := range issues {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"severity":%s,"code":%s`, quote(string(issue.Severity)), quote(string(issue.Code)))
		if issue.Diagnostics != "" {
			fmt.Fprintf(&out, `,"diagnostics":%s`, quote(issue.Diagnostics))
		}
		if issue.Expression != "" {
			fmt.Fprintf(&out, `,"expression":[%s]`, quote(issue.Expression))
		}
		out.WriteByte('}')
	}
	out.WriteString(`]}`)
	return out.Bytes()
}

// quote writes s as a JSON string; bytes that are not UTF-8 and zero characters, which FHIR forbids, go.
func quote(s string) []byte {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	b, _ := jsontext.AppendQuote(nil, s) // fails on invalid UTF-8 only
	return b
}
