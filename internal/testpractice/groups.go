package testpractice

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/demo"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/internal/storagetest"
	"satchel/storage"
)

// Here is a database of a server whose FHIR base is https://here/fhir, without any row of a practice.
var Here = New(base)

func base(s *storage.Store) error {
	return s.AddBase(background, audittest.Event(audit.SettingChange), "https://here/fhir")
}

// Groups is [Here] with three patients p1 to p3, each with an Observation o-… and a List l-…, and with groups: g holds p1 and,
// nested, p2; p3 is inactive in it.
var Groups = New(func(s *storage.Store) error {
	if err := base(s); err != nil {
		return err
	}
	var texts []string
	for _, p := range []string{"p1", "p2", "p3"} {
		texts = append(texts, `{"resourceType":"Patient","id":"`+p+`"}`,
			`{"resourceType":"Observation","id":"o-`+p+`","status":"final","code":{},"subject":{"reference":"Patient/`+p+`"}}`,
			`{"resourceType":"List","id":"l-`+p+`","status":"current","mode":"working","subject":{"reference":"Patient/`+p+`"}}`)
	}
	texts = append(texts, `{"resourceType":"Organization","id":"org","name":"x"}`,
		Group("g", `{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Group/h"}},{"entity":{"reference":"Patient/p3"},"inactive":true}`),
		Group("h", `{"entity":{"reference":"Patient/p2"}},{"entity":{"reference":"Group/g"}}`),
		Group("other", `{"entity":{"reference":"Patient/p1"}},{"entity":{"reference":"Patient/p3"}}`),
		Group("empty", ``))
	for _, text := range texts {
		d, err := fhir.Parse([]byte(text))
		if err != nil {
			return err
		}
		if err := storagetest.Write(background, s, func(tx *storage.Tx) error { _, _, err := tx.Put(d, ""); return err }); err != nil {
			return err
		}
	}
	return nil
})

// HereDemo is a copy of [Here] with a synthetic practice.
func HereDemo(t testing.TB, o demo.Options) *storage.Store {
	t.Helper()
	s := Here.Bulk(t)
	if err := FillDemo(s, o); err != nil {
		t.Fatal(err)
	}
	return s
}

// Group is the text of a group of persons; members is the content of the array.
func Group(id, members string) string {
	return `{"resourceType":"Group","id":"` + id + `","type":"person","actual":true,"member":[` + members + `]}`
}

// Folder opens a new folder, which is closed at the test's end.
func Folder(t interface {
	TempDir() string
	Cleanup(func())
	Fatal(...any)
}) *os.Root {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return root
}

// Names lists what is in a folder.
func Names(t interface{ Fatal(...any) }, root *os.Root) []string {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Keys reads what is in the files of an export that lie in a folder, sorted: Type/id of resources, "-Type/id" of deletions, "!"
// of outcomes. Files that are not as their list says are errors.
func Keys(t testing.TB, folder *os.Root, files []storage.JobFile) []string {
	t.Helper()
	keys := []string{}
	for _, info := range files {
		data, err := folder.ReadFile(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		if int64(len(lines)) != info.Count || int64(len(data)) != info.Bytes {
			t.Errorf("%s has %d lines and %d bytes, and not %d and %d", info.Name, len(lines), len(data), info.Count, info.Bytes)
		}
		for _, line := range lines {
			keys = append(keys, keyOf(t, info, line))
		}
	}
	slices.Sort(keys)
	return keys
}

// keyOf reads one line for [Keys].
func keyOf(t testing.TB, info storage.JobFile, line string) string {
	t.Helper()
	var r struct {
		ResourceType, ID string
		Entry            []struct{ Request struct{ Method, URL string } }
	}
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		t.Fatal(err)
	}
	if r.ResourceType != info.Type {
		t.Errorf("a %s in %s", r.ResourceType, info.Name)
	}
	switch info.List {
	case "deleted":
		return "-" + r.Entry[0].Request.URL
	case "error":
		return "!"
	}
	return r.ResourceType + "/" + r.ID
}

// Sequential skips a long test without concurrency in short mode, which is how the tests run under the race detector: it is
// slow there and has nothing to find.
func Sequential(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("long, and without concurrency: not in short mode")
	}
}
