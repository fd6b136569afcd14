package fhir

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestOutcome(t *testing.T) {
	for _, tt := range []struct {
		issues []Issue
		want   string
	}{
		{nil, `{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","diagnostics":"no issues"}]}`},
		{[]Issue{{SeverityError, CodeValue, `say "a"`, "Patient.name[0]"}, {Severity: SeverityWarning, Code: CodeInvalid}},
			`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","diagnostics":"say \"a\"","expression":["Patient.name[0]"]},{"severity":"warning","code":"invalid"}]}`},
		{[]Issue{{SeverityError, CodeValue, "a\x00\xffb\n", ""}}, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","diagnostics":"ab\n"}]}`},
	} {
		got := Outcome(tt.issues...)
		if string(got) != tt.want || !jsontext.Value(got).IsValid() {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if issues := parse(t, string(got)).Validate(); len(issues) > 0 {
			t.Errorf("not a sound resource: %v", issues)
		}
	}
}
