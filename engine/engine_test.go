package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/internal/testpractice"
	"satchel/storage"
)

var (
	here = testpractice.New(func(s *storage.Store) error {
		return s.AddBase(context.Background(), audittest.Event(audit.SettingChange), "https://here/fhir")
	})
	open   = here.Bulk
	put    = testpractice.Put
	remove = testpractice.Delete
)

// practice is a store with three patients, and with groups: g holds p1 and, nested, p2; p3 is inactive in it.
func practice(t testing.TB) *storage.Store {
	s := open(t)
	for _, p := range []string{"p1", "p2", "p3"} {
		put(t, s, `{"resourceType":"Patient","id":"`+p+`"}`,
			`{"resourceType":"Observation","id":"o-`+p+`","status":"final","code":{},"subject":{"reference":"Patient/`+p+`"}}`,
			`{"resourceType":"List","id":"l-`+p+`","status":"current","mode":"working","subject":{"reference":"Patient/`+p+`"}}`)
	}
	put(t, s, `{"resourceType":"Organization","id":"org","name":"x"}`,
		groupText("g", `{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Group/h"}},{"entity":{"reference":"Patient/p3"},"inactive":true}`),
		groupText("h", `{"entity":{"reference":"Patient/p2"}},{"entity":{"reference":"Group/g"}},{"entity":{"reference":"Group/gone"}}`),
		groupText("other", `{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p3"}}`),
		groupText("empty", ``))
	return s
}

func groupText(id, members string) string {
	return `{"resourceType":"Group","id":"` + id + `","type":"person","actual":true,"member":[` + members + `]}`
}

// engineOn makes an engine that works until the test ends.
func engineOn(t testing.TB, s *storage.Store, o Options) *Engine {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := New(s, root, o)
	start(t, e)
	return e
}

// start runs an engine until the test ends, or stop is called.
func start(t testing.TB, e *Engine) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Error("the engine does not stop")
		}
	}
	t.Cleanup(stop)
	return stop
}

// finish waits for a job to end.
func finish(t testing.TB, e *Engine, id string) storage.Job {
	t.Helper()
	return await.Value(t, "the job ends", func() (storage.Job, bool) {
		job, err := e.store.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return job, job.State.Over()
	})
}

// keys reads what is in the files of a job: Type/id of outputs, "-Type/id" of deletions, "!" of outcomes; sorted.
func keys(t testing.TB, e *Engine, job storage.Job) []string {
	t.Helper()
	keys := []string{}
	for _, info := range job.Files {
		data, err := e.folder.ReadFile(job.ID + "/" + info.Name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		if int64(len(lines)) != info.Count || int64(len(data)) != info.Bytes {
			t.Errorf("%s has %d lines and %d bytes, and not %d and %d", info.Name, len(lines), len(data), info.Count, info.Bytes)
		}
		for _, line := range lines {
			var r struct {
				ResourceType, ID string
				Entry            []struct{ Request struct{ Method, URL string } }
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			switch {
			case r.ResourceType != info.Type:
				t.Errorf("a %s in %s", r.ResourceType, info.Name)
			case info.List == listDeleted:
				keys = append(keys, "-"+r.Entry[0].Request.URL)
			case info.List == listError:
				keys = append(keys, "!")
			default:
				keys = append(keys, r.ResourceType+"/"+r.ID)
			}
		}
	}
	slices.Sort(keys)
	return keys
}

// export runs a request to its end and answers the keys of its files.
func export(t testing.TB, e *Engine, r Request) (storage.Job, []string) {
	t.Helper()
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "https://h/fhir/$export", r)
	if err != nil {
		t.Fatal(err)
	}
	if job = finish(t, e, job.ID); job.State != storage.Complete {
		t.Fatalf("job %s: %s", job.State, job.Error)
	}
	return job, keys(t, e, job)
}

func TestExportLevels(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{})
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
			job, got := export(t, e, tt.request)
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got  %v\nwant [%v]", got, tt.want)
			}
			if job.Expires.IsZero() || job.Done > job.Total {
				t.Errorf("job %+v", job)
			}
			m, err := e.Export(t.Context(), tt.request, rootDir(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, f := range m.Files { // the same bytes without a server
				if string(f.SHA256) != string(job.Files[i].SHA256) || f.Name != job.Files[i].Name {
					t.Errorf("Export has another %s", f.Name)
				}
			}
			if len(m.Files) != len(job.Files) {
				t.Errorf("Export has %d files, the job %d", len(m.Files), len(job.Files))
			}
		})
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	s := practice(t)
	put(t, s, `{"resourceType":"Patient","id":"gone"}`, groupText("gone", ""))
	remove(t, s, "Patient/gone", "Group/gone")
	e := engineOn(t, s, Options{})
	for _, tt := range []struct {
		name    string
		request Request
		want    fhir.Code
	}{
		{"unknown group", Request{Level: LevelGroup, Group: "nope"}, fhir.CodeNotFound},
		{"deleted group", Request{Level: LevelGroup, Group: "gone"}, fhir.CodeDeleted},
		{"unknown patient", Request{Level: LevelPatient, Patients: []string{"p1", "nope"}}, fhir.CodeNotFound},
		{"deleted patient", Request{Level: LevelPatient, Patients: []string{"gone"}}, fhir.CodeDeleted},
		{"not a member", Request{Level: LevelGroup, Group: "g", Patients: []string{"p3"}}, fhir.CodeNotFound},
	} {
		_, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", tt.request)
		if known := new(fhir.Error); !errors.As(err, &known) || known.Code != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if jobs, _ := s.Jobs(t.Context()); len(jobs) != 0 {
		t.Errorf("%d jobs", len(jobs))
	}
}

func TestStartThrottles(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := New(s, rootDir(t), Options{MaxJobs: 2}) // nobody works
	for i := range 4 {
		_, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", Request{Level: LevelSystem})
		if known := new(fhir.Error); i >= 2 && (!errors.As(err, &known) || known.Code != fhir.CodeThrottled) || i < 2 && err != nil {
			t.Errorf("job %d: %v", i, err)
		}
	}
	jobs, _ := s.Jobs(t.Context())
	if err := e.Cancel(t.Context(), audittest.Event(audit.ExportDelete), jobs[0].ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", Request{Level: LevelSystem}); err != nil {
		t.Errorf("after a cancel: %v", err)
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
	e := New(s, rootDir(t), Options{})
	for group, want := range map[string]string{"m": "[p1 p3]", "g": "[p1 p2]", "h": "[p1 p2]", "empty": "[]", "other": "[p1 p3]"} {
		got, err := e.Members(t.Context(), group)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%s: %v %v, want %s", group, got, err, want)
		}
	}
}

// A job that waits sees the group as it was when it was asked for.
func TestGroupAsOfSnapshot(t *testing.T) {
	t.Parallel()
	s := practice(t)
	e := New(s, rootDir(t), Options{})
	job, err := e.Start(t.Context(), audittest.Event(audit.ExportStart), "ann", "", Request{Level: LevelGroup, Group: "g"})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, groupText("g", `{"entity":{"reference":"Patient/p3"}}`), groupText("g", ``))
	remove(t, s, "Group/g", "Observation/o-p1")
	start(t, e)
	got := keys(t, e, finish(t, e, job.ID))
	if want := "Group/g List/l-p1 List/l-p2 Observation/o-p1 Observation/o-p2 Patient/p1 Patient/p2"; strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant [%v]", got, want)
	}
}

func TestIgnoredParametersAreInTheErrorFile(t *testing.T) {
	t.Parallel()
	e := engineOn(t, practice(t), Options{})
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
	e := engineOn(t, s, Options{})
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
