package bulk

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/demo"
	"satchel/internal/testpractice"
	"satchel/storage"
)

// written is an export that was read whole.
type written struct {
	storage.Snapshot
	files []storage.JobFile
	lines map[string][]string // by file name
}

// write exports and reads the files.
func write(t testing.TB, s *storage.Store, o Options, r Request) written {
	t.Helper()
	root := rootDir(t)
	m, err := New(s, o).Export(t.Context(), r, root, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := written{m.Snapshot, m.Files, map[string][]string{}}
	for _, f := range m.Files {
		data, err := root.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		w.lines[f.Name] = strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	}
	return w
}

// list reads what is in the files of one list, as maps, in order.
func (w written) list(t testing.TB, list string) (all []map[string]any) {
	t.Helper()
	for _, f := range w.files {
		for _, line := range w.lines[f.Name] {
			if f.List != list {
				continue
			}
			var r map[string]any
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
	}
	return all
}

// keysOf are "Type/id" of resources and "-Type/id" of deletions, sorted.
func (w written) keysOf(t testing.TB) []string {
	keys := []string{}
	for _, r := range w.list(t, ListOutput) {
		keys = append(keys, fmt.Sprint(r["resourceType"], "/", r["id"]))
	}
	for _, r := range w.list(t, ListDeleted) {
		keys = append(keys, fmt.Sprint("-", at(r, "entry.request.url")[0]))
	}
	slices.Sort(keys)
	return keys
}

// at walks plain JSON: the values under a path, lists flattened.
func at(v any, path string) []any {
	here := []any{v}
	if list, ok := v.([]any); ok {
		here = list
	}
	if path == "" {
		return here
	}
	name, rest, _ := strings.Cut(path, ".")
	var found []any
	for _, one := range here {
		if list, ok := one.([]any); ok {
			found = append(found, at(list, path)...)
		} else if object, ok := one.(map[string]any); ok && object[name] != nil {
			found = append(found, at(object[name], rest)...)
		}
	}
	return found
}

// memberOf is a string member of an object, "" if it has none.
func memberOf(v any, name string) string {
	object, _ := v.(map[string]any)
	s, _ := object[name].(string)
	return s
}

// The readers of plain JSON: what a search parameter of each type compares, as texts.
var plainly = map[string]func(v any) []string{
	"code":   func(v any) []string { return []string{fmt.Sprint(v)} },
	"coding": func(v any) []string { return []string{memberOf(v, "system") + "|" + memberOf(v, "code")} },
	"concept": func(v any) (all []string) {
		for _, c := range at(v, "coding") {
			all = append(all, memberOf(c, "system")+"|"+memberOf(c, "code"))
		}
		return all
	},
	"identifier": func(v any) []string { return []string{memberOf(v, "system") + "|" + memberOf(v, "value")} },
	"contact":    func(v any) []string { return []string{"|" + memberOf(v, "value")} },
	"reference": func(v any) []string {
		parts := strings.Split(memberOf(v, "reference"), "/")
		if len(parts) != 2 {
			return nil
		}
		return []string{strings.Join(parts, "/")}
	},
	"name": func(v any) (all []string) {
		for _, part := range []string{"family", "given", "prefix", "suffix", "text"} {
			for _, s := range at(v, part) {
				all = append(all, s.(string))
			}
		}
		return all
	},
	"address": func(v any) (all []string) {
		for _, part := range []string{"line", "city", "district", "state", "postalCode", "country", "text"} {
			for _, s := range at(v, part) {
				all = append(all, s.(string))
			}
		}
		return all
	},
}

// filterCases are search parameters with the elements that they read.
var filterCases = []struct{ typ, param, kind, paths string }{
	{"Patient", "gender", "code", "gender"}, {"Patient", "active", "code", "active"}, {"Patient", "identifier", "identifier", "identifier"},
	{"Patient", "birthdate", "date", "birthDate"}, {"Patient", "general-practitioner", "reference", "generalPractitioner"},
	{"Patient", "organization", "reference", "managingOrganization"}, {"Patient", "language", "concept", "communication.language"},
	{"Patient", "family:exact", "code", "name.family"}, {"Patient", "name:exact", "name", "name"}, {"Patient", "address:exact", "address", "address"},
	{"Patient", "address-city:exact", "code", "address.city"}, {"Patient", "_id", "code", "id"},
	{"Observation", "code", "concept", "code"}, {"Observation", "category", "concept", "category"}, {"Observation", "status", "code", "status"},
	{"Observation", "subject", "reference", "subject"}, {"Observation", "encounter", "reference", "encounter"}, {"Observation", "performer", "reference", "performer"},
	{"Observation", "value-concept", "concept", "valueCodeableConcept"}, {"Observation", "component-code", "concept", "component.code"},
	{"Observation", "combo-code", "concept", "code component.code"}, {"Observation", "date", "date", "effectiveDateTime effectivePeriod effectiveInstant"},
	{"Observation", "method", "concept", "method"}, {"Observation", "has-member", "reference", "hasMember"},
	{"Condition", "code", "concept", "code"}, {"Condition", "clinical-status", "concept", "clinicalStatus"}, {"Condition", "category", "concept", "category"},
	{"Condition", "encounter", "reference", "encounter"}, {"Condition", "recorded-date", "date", "recordedDate"}, {"Condition", "onset-date", "date", "onsetDateTime onsetPeriod"},
	{"Encounter", "status", "code", "status"}, {"Encounter", "class", "coding", "class"}, {"Encounter", "type", "concept", "type"},
	{"Encounter", "date", "date", "period"}, {"Encounter", "service-provider", "reference", "serviceProvider"}, {"Encounter", "participant", "reference", "participant.individual"},
	{"MedicationRequest", "status", "code", "status"}, {"MedicationRequest", "intent", "code", "intent"}, {"MedicationRequest", "code", "concept", "medicationCodeableConcept"},
	{"MedicationRequest", "medication", "reference", "medicationReference"}, {"MedicationRequest", "requester", "reference", "requester"}, {"MedicationRequest", "authoredon", "date", "authoredOn"},
	{"AllergyIntolerance", "criticality", "code", "criticality"}, {"AllergyIntolerance", "clinical-status", "concept", "clinicalStatus"}, {"AllergyIntolerance", "date", "date", "recordedDate"},
	{"Procedure", "code", "concept", "code"}, {"Procedure", "status", "code", "status"}, {"Procedure", "date", "date", "performedDateTime performedPeriod"},
	{"Immunization", "vaccine-code", "concept", "vaccineCode"}, {"Immunization", "lot-number:exact", "code", "lotNumber"}, {"Immunization", "date", "date", "occurrenceDateTime"},
	{"DiagnosticReport", "result", "reference", "result"}, {"DiagnosticReport", "issued", "date", "issued"}, {"DiagnosticReport", "category", "concept", "category"},
	{"DocumentReference", "type", "concept", "type"}, {"DocumentReference", "contenttype", "code", "content.attachment.contentType"}, {"DocumentReference", "author", "reference", "author"},
	{"Practitioner", "identifier", "identifier", "identifier"}, {"Practitioner", "name:exact", "name", "name"},
	{"Organization", "name:exact", "code", "name alias"}, {"Organization", "type", "concept", "type"}, {"Location", "status", "code", "status"},
	{"Appointment", "status", "code", "status"}, {"Appointment", "actor", "reference", "participant.actor"}, {"Appointment", "date", "date", "start"},
	{"Coverage", "payor", "reference", "payor"}, {"Claim", "status", "code", "status"}, {"ServiceRequest", "code", "concept", "code"},
	{"Group", "member", "reference", "member.entity"}, {"Provenance", "target", "reference", "target"}, {"Task", "status", "code", "status"},
	{"CarePlan", "status", "code", "status"}, {"Goal", "lifecycle-status", "code", "lifecycleStatus"},
}

// day is the span of a FHIR date, dateTime, instant or Period, in whole days where it is one.
func spanOf(v any) (from, to time.Time) {
	if _, ok := v.(map[string]any); ok {
		from, to = time.Time{}, time.Unix(1<<40, 0)
		if s := memberOf(v, "start"); s != "" {
			from, _ = spanOf(s)
		}
		if s := memberOf(v, "end"); s != "" {
			_, to = spanOf(s)
		}
		return from, to
	}
	for layout, step := range map[string][3]int{"2006": {1}, "2006-01": {0, 1}, "2006-01-02": {0, 0, 1}} {
		if t, err := time.Parse(layout, v.(string)); err == nil {
			return t, t.AddDate(step[0], step[1], step[2])
		}
	}
	t, err := time.Parse(time.RFC3339Nano, v.(string))
	if err != nil {
		panic(err)
	}
	return t, t.Add(time.Second)
}

// Each filter exports what walking the plain JSON finds.
func TestTypeFilterFindsWhatPlainWalkingFinds(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 3})
	byType := map[string][]map[string]any{}
	for _, r := range write(t, s, Options{}, Request{Level: LevelSystem}).list(t, ListOutput) {
		byType[r["resourceType"].(string)] = append(byType[r["resourceType"].(string)], r)
	}
	params, checked, narrowed := 0, 0, 0
	for _, c := range filterCases {
		values := func(r map[string]any) (all []any) {
			for path := range strings.FieldsSeq(c.paths) {
				all = append(all, at(r, path)...)
			}
			return all
		}
		var tests map[string]func(r map[string]any) bool
		if c.kind == "date" {
			tests = dateTests(c.param, byType[c.typ], values)
		} else {
			tests = textTests(c.param, c.kind, byType[c.typ], values)
		}
		if len(tests) > 0 {
			params++
		} else {
			t.Logf("%s has no value for %s", c.typ, c.param)
		}
		for query, holds := range tests {
			want := []string{}
			for _, r := range byType[c.typ] {
				if holds(r) {
					want = append(want, fmt.Sprint(c.typ, "/", r["id"]))
				}
			}
			slices.Sort(want)
			checked++
			if len(want) < len(byType[c.typ]) {
				narrowed++
			}
			for _, r := range []Request{{TypeFilters: []string{c.typ + "?" + query}}, {FetchedFilters: []string{c.typ + "?" + query}}} {
				r.Level, r.Types = LevelSystem, []string{c.typ}
				if got := write(t, s, Options{}, r).keysOf(t); !slices.Equal(got, want) {
					t.Errorf("%s?%s: %d exported, %d found\n%v\n%v", c.typ, query, len(got), len(want), got, want)
				}
			}
		}
	}
	t.Logf("%d parameters of %d types, %d filters, %d of which narrow", params, len(byType), checked, narrowed)
	if params < 60 || narrowed < 100 {
		t.Errorf("only %d parameters and %d filters that narrow", params, narrowed)
	}
}

// textTests makes filters for some of the values that occur.
func textTests(param, kind string, resources []map[string]any, values func(map[string]any) []any) map[string]func(map[string]any) bool {
	read := func(r map[string]any) (all []string) {
		for _, v := range values(r) {
			all = append(all, plainly[kind](v)...)
		}
		return all
	}
	var known []string
	for _, r := range resources {
		known = append(known, read(r)...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	tests := map[string]func(map[string]any) bool{}
	quote := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`)
	for i := 0; i < len(known); i += max(len(known)/2, 1) {
		value := known[i]
		tests[param+"="+url.PathEscape(quote.Replace(value))] = func(r map[string]any) bool { return slices.Contains(read(r), value) }
	}
	if len(known) > 2 {
		a, b := known[0], known[len(known)/2]
		tests[param+"="+url.PathEscape(quote.Replace(a))+","+url.PathEscape(quote.Replace(b))] = func(r map[string]any) bool {
			return slices.Contains(read(r), a) || slices.Contains(read(r), b)
		}
	}
	return tests
}

// dateTests makes filters around a day that occurs.
func dateTests(param string, resources []map[string]any, values func(map[string]any) []any) map[string]func(map[string]any) bool {
	var days []time.Time
	for _, r := range resources {
		for _, v := range values(r) {
			if from, _ := spanOf(v); !from.IsZero() {
				days = append(days, from.UTC().Truncate(24*time.Hour))
			}
		}
	}
	if len(days) == 0 {
		return nil
	}
	slices.SortFunc(days, time.Time.Compare)
	day := days[len(days)/2]
	some := func(f func(from, to time.Time) bool) func(map[string]any) bool {
		return func(r map[string]any) bool {
			return slices.ContainsFunc(values(r), func(v any) bool { return f(spanOf(v)) })
		}
	}
	text, after := day.Format("2006-01-02"), day.AddDate(0, 0, 1)
	return map[string]func(map[string]any) bool{
		param + "=ge" + text: some(func(_, to time.Time) bool { return to.After(day) }),
		param + "=lt" + text: some(func(from, _ time.Time) bool { return from.Before(day) }),
		param + "=" + text:   some(func(from, to time.Time) bool { return !from.Before(day) && !to.After(after) }),
	}
}

func TestTypeFilterNarrowsEachTypeForItself(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := practice(t)
	put(t, s, `{"resourceType":"Patient","id":"p1","active":true}`, `{"resourceType":"Patient","id":"p2","active":false,"gender":"male"}`,
		`{"resourceType":"Provenance","id":"pr","target":[{"reference":"Observation/o-p1"}],"recorded":"2024-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`)
	for _, tt := range []struct {
		name    string
		request Request
		want    string
	}{
		{"others stay whole", Request{Level: LevelPatient, TypeFilters: []string{"Patient?active=true"}}, "Observation/o-p1 Observation/o-p2 Observation/o-p3 Patient/p1 Provenance/pr"},
		{"several are joined by OR", Request{Level: LevelPatient, Types: []string{"Patient"}, TypeFilters: []string{"Patient?active=true,Patient?gender=male"}}, "Patient/p1 Patient/p2"},
		{"terms by AND", Request{Level: LevelPatient, Types: []string{"Patient"}, TypeFilters: []string{"Patient?active=true&gender=male"}}, ""},
		{"both kinds by AND", Request{Level: LevelPatient, Types: []string{"Patient"}, TypeFilters: []string{"Patient?active=false"}, FetchedFilters: []string{"Patient?gender=male,Patient?active=true"}}, "Patient/p2"},
		{"associated data comes after", Request{Level: LevelPatient, Types: []string{"Observation"}, TypeFilters: []string{"Provenance?recorded=gt2030", "Observation?subject=Patient/p1"}, Associated: AssociatedRelevant},
			"Observation/o-p1 Provenance/pr"},
		{"and only for what is left", Request{Level: LevelPatient, Types: []string{"Observation"}, TypeFilters: []string{"Observation?subject=Patient/p2"}, Associated: AssociatedLatest}, "Observation/o-p2"},
		{"the group itself", Request{Level: LevelGroup, Group: "g", Types: []string{"Group", "Patient"}, TypeFilters: []string{"Group?type=device"}}, "Patient/p1 Patient/p2"},
	} {
		if got := write(t, s, Options{}, tt.request).keysOf(t); strings.Join(got, " ") != tt.want {
			t.Errorf("%s\ngot  %v\nwant [%s]", tt.name, got, tt.want)
		}
	}
}

// An export of elements holds for each resource what plain walking keeps.
func TestElements(t *testing.T) {
	t.Parallel()
	s := demoStore(t, demo.Options{Patients: 1})
	all := write(t, s, Options{}, Request{Level: LevelSystem}).list(t, ListOutput)
	some := write(t, s, Options{}, Request{Level: LevelSystem, Elements: []string{"Patient.name", "status", "Observation.value", "identifier"}}).list(t, ListOutput)
	if len(all) != len(some) || len(all) < 100 {
		t.Fatalf("%d of %d resources", len(some), len(all))
	}
	for i, r := range some {
		if whole := all[i]; whole["id"] != r["id"] || fmt.Sprint(whole["status"]) != fmt.Sprint(r["status"]) || fmt.Sprint(whole["identifier"]) != fmt.Sprint(r["identifier"]) {
			t.Fatalf("%v instead of %v", r, whole)
		} else if r["resourceType"] == "Patient" && (len(r) > 5 || fmt.Sprint(r["name"]) != fmt.Sprint(whole["name"])) ||
			r["resourceType"] == "Observation" && (fmt.Sprint(r["valueQuantity"]) != fmt.Sprint(whole["valueQuantity"]) || r["code"] == nil || r["subject"] != nil) {
			t.Errorf("got %v\nof %v", r, whole)
		}
		tags := at(r, "meta.tag.code")
		if !slices.Contains(tags, any("SUBSETTED")) || len(at(r, "meta.lastUpdated")) != 1 {
			t.Errorf("meta %v", r["meta"])
		}
	}
}

func TestAttachmentsBecomeAbsolute(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, `{"resourceType":"Patient","id":"p","photo":[{"url":"Binary/b"},{"url":"https://o/Binary/c"}]}`, `{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"eA=="}`)
	for base, want := range map[string]string{"": "Binary/b", "https://h/fhir": "https://h/fhir/Binary/b"} {
		for _, elements := range [][]string{nil, {"photo"}} {
			got := write(t, s, Options{}, Request{Level: LevelPatient, Base: base, Elements: elements}).list(t, ListOutput)
			if urls := at(got[0], "photo.url"); fmt.Sprint(urls) != fmt.Sprint([]any{want, "https://o/Binary/c"}) {
				t.Errorf("base %q: %v", base, urls)
			}
		}
	}
}
