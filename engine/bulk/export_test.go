package bulk

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"satchel/fhir"
	"satchel/internal/testpractice"
)

var (
	open      = testpractice.Here.Bulk
	practice  = testpractice.Groups.Bulk
	put       = testpractice.Put
	remove    = testpractice.Delete
	groupText = testpractice.Group
	demoStore = testpractice.HereDemo
)

// rootDir opens a new folder.
func rootDir(t testing.TB) *os.Root { return testpractice.Folder(t) }

// names lists the files of a folder.
func names(t testing.TB, root *os.Root) []string { return testpractice.Names(t, root) }

// export runs a request and returns the keys of its files; see [testpractice.Keys].
func export(t testing.TB, e *Exporter, r Request) (Manifest, []string) {
	t.Helper()
	folder := rootDir(t)
	m, err := e.Export(t.Context(), r, folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m, testpractice.Keys(t, folder, m.Files)
}

func TestExportLevels(t *testing.T) {
	t.Parallel()
	e := New(practice(t), Options{})
	all := "Group/empty Group/g Group/h Group/other List/l-p1 List/l-p2 List/l-p3 Observation/o-p1 Observation/o-p2 Observation/o-p3 " +
		"Organization/org Patient/p1 Patient/p2 Patient/p3"
	tests := []struct {
		name    string
		request Request
		want    string
	}{
		{"system", Request{Level: LevelSystem}, all},
		{"system, types", Request{Level: LevelSystem, Types: []string{"Patient", "Organization"}}, "Organization/org Patient/p1 Patient/p2 Patient/p3"},
		{"system, no type", Request{Level: LevelSystem, Types: []string{}}, ""},
		{"all patients", Request{Level: LevelPatient}, "Observation/o-p1 Observation/o-p2 Observation/o-p3 Patient/p1 Patient/p2 Patient/p3"},
		{"some patients", Request{Level: LevelPatient, Patients: []string{"p2"}}, "Observation/o-p2 Patient/p2"},
		{"no patient", Request{Level: LevelPatient, Patients: []string{}}, ""},
		{"group", Request{Level: LevelGroup, Group: "g"}, "Group/g List/l-p1 List/l-p2 Observation/o-p1 Observation/o-p2 Patient/p1 Patient/p2"},
		{"group, types", Request{Level: LevelGroup, Group: "g", Types: []string{"Patient"}}, "Patient/p1 Patient/p2"},
		{"group itself", Request{Level: LevelGroup, Group: "g", Types: []string{"Group"}}, "Group/g"},
		{"group, one member", Request{Level: LevelGroup, Group: "g", Patients: []string{"p2"}, Types: []string{"Patient"}}, "Patient/p2"},
		{"empty group", Request{Level: LevelGroup, Group: "empty"}, "Group/empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, got := export(t, e, tt.request); strings.Join(got, " ") != tt.want {
				t.Errorf("got  %v\nwant [%v]", got, tt.want)
			}
		})
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, groupText("m", strings.Join([]string{
		`{"entity":{"reference":"https://here/fhir/Patient/p1/_history/1"}}`,
		`{"entity":{"reference":"Patient/p2"},"period":{"end":"2020"}}`,
		`{"entity":{"reference":"Patient/p3"},"period":{"start":"2020-02-30","end":"9999-12-31"}}`,
		`{"entity":{"reference":"Patient/p4"},"period":{"start":"9999-12"}}`,
		`{"entity":{"reference":"Practitioner/p5"}}`, `{"entity":{"reference":"Group/m"}}`,
		`{"entity":{"reference":"a/b/Patient/p6"}}`, `{"entity":{"display":"somebody"}}`, `{"entity":{"reference":"Group/g"},"inactive":true}`,
	}, ",")))
	e := New(s, Options{})
	for group, want := range map[string]string{"m": "[p1 p3]", "g": "[p1 p2]", "h": "[p1 p2]", "empty": "[]", "other": "[p1 p3]"} {
		got, err := e.Members(t.Context(), group)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v %v, want %s", group, got, err, want)
		}
	}
}

func TestIgnoredParametersAreInTheErrorFile(t *testing.T) {
	t.Parallel()
	e := New(practice(t), Options{})
	r, err := ParseRequest(LevelSystem, "", "", params("_type=Patient", "foo=1", "_elements=nope"), fhir.Bases{}, false, true)
	if err != nil {
		t.Fatal(err)
	}
	_, got := export(t, e, r)
	if strings.Join(got, " ") != "! ! Patient/p1 Patient/p2 Patient/p3" {
		t.Errorf("got %v", got)
	}
}

func TestDeletedFiles(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := New(s, Options{})
	first, _ := export(t, e, Request{Level: LevelSystem})
	remove(t, s, "Observation/o-p1", "Observation/o-p3", "Organization/org")
	put(t, s, `{"resourceType":"Patient","id":"p2","active":true}`)
	since := first.Snapshot.Time
	for _, tt := range []struct {
		request Request
		want    string
	}{
		{Request{Level: LevelSystem}, "-Observation/o-p1 -Observation/o-p3 -Organization/org Patient/p2"},
		{Request{Level: LevelSystem, Types: []string{"Observation"}}, "-Observation/o-p1 -Observation/o-p3"},
		{Request{Level: LevelPatient}, "-Observation/o-p1 -Observation/o-p3 Patient/p2"},
		{Request{Level: LevelPatient, Patients: []string{"p1"}}, "-Observation/o-p1"},
		{Request{Level: LevelGroup, Group: "g"}, "-Observation/o-p1 Patient/p2"},
	} {
		tt.request.Since = since
		if _, got := export(t, e, tt.request); strings.Join(got, " ") != tt.want {
			t.Errorf("%+v\ngot  %v\nwant [%v]", tt.request, got, tt.want)
		}
	}
	if _, got := export(t, e, Request{Level: LevelSystem}); strings.Contains(fmt.Sprint(got), "-") && strings.Contains(fmt.Sprint(got), "-Obs") {
		t.Errorf("deletions without _since: %v", got)
	}
}

// A chain of exports, each since the last, tells a reader everything, whatever was written meanwhile.
func TestSinceChain(t *testing.T) {
	t.Parallel()
	s := open(t)
	e, check := New(s, Options{FileCount: 3}), 0
	rapid.Check(t, func(rt *rapid.T) {
		begin, err := s.Snapshot(t.Context())
		if err != nil {
			rt.Fatal(err)
		}
		check++ // its own resources
		truth, copied, since := map[string]bool{}, map[string]bool{}, begin.Time
		for range rapid.IntRange(1, 6).Draw(rt, "exports") {
			for range rapid.IntRange(0, 8).Draw(rt, "writes") {
				id := fmt.Sprintf("%d%s", check, rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "id"))
				if rapid.Bool().Draw(rt, "delete") {
					remove(t, s, "Patient/"+id)
					delete(truth, "Patient/"+id)
				} else {
					put(t, s, fmt.Sprintf(`{"resourceType":"Patient","id":%q,"active":%t}`, id, rapid.Bool().Draw(rt, "active")))
					truth["Patient/"+id] = true
				}
			}
			root := rootDir(t)
			m, err := e.Export(t.Context(), Request{Level: LevelSystem, Since: since}, root, nil)
			if err != nil {
				rt.Fatal(err)
			}
			since = m.Snapshot.Time
			seen := map[string]bool{}
			for _, key := range testpractice.Keys(t, root, m.Files) {
				gone, deletion := strings.CutPrefix(key, "-")
				if seen[gone] {
					rt.Fatalf("%s is there twice", gone)
				}
				seen[gone] = true
				if deletion {
					delete(copied, gone)
				} else {
					copied[key] = true
				}
			}
			if fmt.Sprint(copied) != fmt.Sprint(truth) {
				rt.Fatalf("copy %v, store %v", copied, truth)
			}
		}
	})
}

// Strictly after and strictly before, to the millisecond.
func TestWindowBounds(t *testing.T) {
	t.Parallel()
	s := open(t)
	put(t, s, `{"resourceType":"Patient","id":"p"}`)
	r, err := s.Resource(t.Context(), "Patient", "p")
	if err != nil {
		t.Fatal(err)
	}
	e, ms := New(s, Options{}), time.Millisecond
	for _, tt := range []struct {
		request Request
		want    int
	}{
		{Request{Since: r.Updated.Add(-ms)}, 1}, {Request{Since: r.Updated}, 0},
		{Request{Until: r.Updated.Add(ms)}, 1}, {Request{Until: r.Updated}, 0},
		{Request{Since: r.Updated.Add(-ms), Until: r.Updated.Add(ms)}, 1},
	} {
		tt.request.Level = LevelSystem
		if _, got := export(t, e, tt.request); len(got) != tt.want {
			t.Errorf("%+v: %v", tt.request, got)
		}
	}
}
