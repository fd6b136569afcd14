package bulk

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/fhir"
)

// params makes Params of "name=value" texts.
func params(pairs ...string) Params {
	var p Params
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		p = append(p, fhir.Param{Name: name, Value: value})
	}
	return p
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestParseRequest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		level          Level
		group, patient string
		params         Params
		post, lenient  bool
		want           Request
	}{
		{name: "nothing asked", level: LevelSystem, want: Request{Level: LevelSystem}},
		{name: "formats", level: LevelSystem, want: Request{Level: LevelSystem}, params: params(
			"_outputFormat=application/fhir+ndjson", "_outputFormat=application/fhir ndjson", "_outputFormat=ndjson",
			"_outputFormat=Application/NDJSON; charset=utf-8", "_outputFormat=application/fhir+ndjson;fhirVersion=4.0")},
		{name: "types", level: LevelSystem, params: params("_type=Patient, Observation,,", "_type=", "_type=Patient,Binary"),
			want: Request{Level: LevelSystem, Types: []string{"Patient", "Observation", "Binary"}}},
		{name: "empty types are no types", level: LevelSystem, params: params("_type=", "_type= ,"), want: Request{Level: LevelSystem}},
		{name: "list in a group", level: LevelGroup, group: "g", params: params("_type=List,Group"),
			want: Request{Level: LevelGroup, Group: "g", Types: []string{"List", "Group"}}},
		{name: "window", level: LevelSystem, params: params("_since=2024-01-01T00:00:00+02:00", "_until=2024-01-02T00:00:00.5Z"),
			want: Request{Level: LevelSystem, Since: instant(t, "2023-12-31T22:00:00Z"), Until: instant(t, "2024-01-02T00:00:00.5Z")}},
		{name: "same since twice", level: LevelSystem, params: params("_since=2024-01-01T00:00:00Z", "_since=2024-01-01T00:00:00Z"),
			want: Request{Level: LevelSystem, Since: instant(t, "2024-01-01T00:00:00Z")}},
		{name: "patients", level: LevelPatient, post: true,
			params: params("patient=Patient/1", "patient=2", "patient=https://here/fhir/Patient/3", "patient=Patient/1/_history/4"),
			want:   Request{Level: LevelPatient, Patients: []string{"1", "2", "3"}}},
		{name: "patients by GET, lenient", level: LevelPatient, lenient: true, params: params("patient=1"),
			want: Request{Level: LevelPatient, Patients: []string{"1"}}},
		{name: "one patient by path", level: LevelPatient, patient: "p", want: Request{Level: LevelPatient, Patients: []string{"p"}}},
		{name: "the same by parameter", level: LevelPatient, patient: "p", post: true, params: params("patient=Patient/p"),
			want: Request{Level: LevelPatient, Patients: []string{"p"}}},
		{name: "shape", level: LevelGroup, group: "g", params: params("_typeFilter=Patient?active=true,Observation?status=final", "_typeFilter=Patient?gender=male",
			"_typePostFetchFilterUrl=Condition?clinical-status=active", "_elements=id,Patient.name", "_elements=id", "includeAssociatedData=RelevantProvenanceResources,LatestProvenanceResources",
			"organizeOutputBy=Patient", "_includeHistory=true", "_exportId=a.b-1", "allowPartialManifests=true", "_mdm=false"),
			want: Request{Level: LevelGroup, Group: "g", TypeFilters: []string{"Patient?active=true,Observation?status=final", "Patient?gender=male"},
				FetchedFilters: []string{"Condition?clinical-status=active"}, Elements: []string{"id", "Patient.name"}, Associated: AssociatedRelevant,
				OrganizeBy: "Patient", Pages: true, History: true, ExportID: "a.b-1"}},
		{name: "empty shape", level: LevelSystem, params: params("_typeFilter=", "_elements=", "includeAssociatedData=", "organizeOutputBy=", "_exportId="), want: Request{Level: LevelSystem}},
		{name: "answer format", level: LevelSystem, params: params("_format=json", "_pretty=true"), want: Request{Level: LevelSystem}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseRequest(tt.level, tt.group, tt.patient, tt.params, fhir.NewBases("https://here/fhir"), tt.post, tt.lenient)
			if err != nil {
				t.Fatal(err)
			}
			got.Since, got.Until = got.Since.UTC(), got.Until.UTC()
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		level  Level
		params Params
		post   bool
		want   []string // parts of the text
	}{
		{"format", LevelSystem, params("_outputFormat=text/csv"), false, []string{`"text/csv"`, "application/fhir+ndjson"}},
		{"empty format", LevelSystem, params("_outputFormat="), false, []string{"_outputFormat"}},
		{"unknown type", LevelSystem, params("_type=Patient,Foo,patient"), false, []string{`"Foo"`, `"patient"`}},
		{"outside the compartment", LevelPatient, params("_type=ValueSet,Patient,Binary"), false, []string{`"ValueSet"`, `"Binary"`}},
		{"group at patient level", LevelPatient, params("_type=Group,List"), false, []string{`"Group"`, `"List"`}},
		{"outside, group", LevelGroup, params("_type=StructureDefinition,Patient"), false, []string{`"StructureDefinition"`}},
		{"plus as space", LevelSystem, params("_since=2024-01-01T00:00:00 02:00"), false, []string{"%2B"}},
		{"day", LevelSystem, params("_since=2024-01-01"), false, []string{"_since", "2024-01-01", "seconds and zone"}},
		{"no zone", LevelSystem, params("_until=2024-01-01T00:00:00"), false, []string{"_until"}},
		{"empty", LevelSystem, params("_since="), false, []string{"_since"}},
		{"two different", LevelSystem, params("_since=2024-01-01T00:00:00Z", "_since=2025-01-01T00:00:00Z"), false, []string{"2 times"}},
		{"empty window", LevelSystem, params("_since=2024-01-01T00:00:00Z", "_until=2024-01-01T00:00:00Z"), false, []string{"between"}},
		{"patient by GET", LevelPatient, params("patient=1"), false, []string{"patient", "POST"}},
		{"patient at system level", LevelSystem, params("patient=1"), true, []string{"system level"}},
		{"not a patient", LevelPatient, params("patient=Practitioner/1"), true, []string{"Practitioner/1"}},
		{"no patient", LevelPatient, params("patient="), true, []string{"names nobody"}},
		{"filters", LevelSystem, params("_typeFilter=Patient?x=1", "_typePostFetchFilterUrl=Patient"), false, []string{"_typeFilter", `"x"`, "_typePostFetchFilterUrl"}},
		{"filter that sorts", LevelSystem, params("_typeFilter=Patient?_sort=birthdate"), false, []string{`"_sort"`}},
		{"filter outside the compartment", LevelPatient, params("_typeFilter=ValueSet?status=active"), false, []string{`"ValueSet"`}},
		{"elements", LevelSystem, params("_elements=id,Patient.name.family"), false, []string{"_elements", "Patient.name.family"}},
		{"associated data", LevelPatient, params("includeAssociatedData=_x"), false, []string{`"_x"`, "RelevantProvenanceResources"}},
		{"organised by another type", LevelPatient, params("organizeOutputBy=Encounter"), false, []string{`"Encounter"`}},
		{"organised at system level", LevelSystem, params("organizeOutputBy=Patient"), false, []string{"organizeOutputBy", "Group/[id]/$export"}},
		{"MDM", LevelGroup, params("_mdm=true"), false, []string{"_mdm", "MDM"}},
		{"no booleans", LevelSystem, params("allowPartialManifests=1", "_includeHistory=yes"), false, []string{"allowPartialManifests", "_includeHistory"}},
		{"no label", LevelSystem, params("_exportId=a/b"), false, []string{`"a/b"`}},
		{"unknown", LevelSystem, params("foo=1", "Foo=2"), false, []string{`"foo"`, `"Foo"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseRequest(tt.level, "g", "", tt.params, fhir.Bases{}, tt.post, false)
			if err == nil {
				t.Fatal("accepted")
			}
			var known *fhir.Error
			if !errors.As(err, &known) || known.Diagnostics != err.Error() {
				t.Errorf("not a fhir.Error with the whole text: %#v", err)
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not hold %q", err, part)
				}
			}
		})
	}
}

func TestParseRequestLenient(t *testing.T) {
	t.Parallel()
	got, err := ParseRequest(LevelPatient, "", "", params("foo=1", "_elements=id.x", "_type=Foo,Patient,Group", "_typeFilter=Patient?active=true,Patient?x=1",
		"_mdm=true", "organizeOutputBy=Encounter", "includeAssociatedData=_x,LatestProvenanceResources", "_exportId=a b"), fhir.Bases{}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Types, []string{"Patient"}) || len(got.Ignored) != 9 || got.Elements != nil || got.TypeFilters != nil || got.Associated != AssociatedLatest {
		t.Errorf("got %+v", got)
	}
	for _, issue := range got.Ignored {
		if issue.Severity != fhir.SeverityWarning {
			t.Errorf("severity %s of %q", issue.Severity, issue.Diagnostics)
		}
	}
	// What cannot be ignored without exporting more than was asked for stays an error.
	for _, p := range []Params{params("_type=Foo"), params("_since=x"), params("patient=")} {
		if _, err := ParseRequest(LevelPatient, "", "", p, fhir.Bases{}, false, true); err == nil {
			t.Errorf("%v accepted", p)
		}
	}
	if _, err := ParseRequest(LevelSystem, "", "", params("patient=1"), fhir.Bases{}, true, true); err == nil {
		t.Error("patient at system level accepted")
	}
}

func TestExportTypes(t *testing.T) {
	t.Parallel()
	for level, want := range map[Level][3]bool{ // Observation, Group, Organization
		LevelSystem: {true, true, true}, LevelGroup: {true, true, false}, LevelPatient: {true, false, false},
	} {
		types := ExportTypes(level)
		got := [3]bool{slices.Contains(types, "Observation"), slices.Contains(types, "Group"), slices.Contains(types, "Organization")}
		if got != want || !slices.IsSorted(types) {
			t.Errorf("%s: %v, want %v; %v", level, got, want, types)
		}
	}
}
