package pack

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"satchel/demo"
	"satchel/fhir"
	"satchel/handover"
	"satchel/internal/testpractice"
)

// The index of patients leads to every resource in a compartment, and to nothing else, across the bags of a package.
func TestPatientIndex(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 5})
	remove(t, s, "Patient/"+demo.ChildPatientID)
	h := packed(t, s, Run{BagSize: 400_000})
	want, lines := map[string]bool{}, map[string][]string{} // "patient key"; by bag and path
	var index []handover.PatientEntry
	for n, bag := range h.Paths {
		err := filepath.WalkDir(filepath.Join(bag, "data"), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".ndjson") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(bag, path)
			name = filepath.ToSlash(name)
			for line := range strings.Lines(string(text)) {
				switch {
				case strings.HasPrefix(name, "data/index/"):
					var e handover.PatientEntry
					if err := json.Unmarshal([]byte(line), &e); err != nil {
						return err
					}
					index = append(index, e)
				case strings.HasPrefix(name, "data/fhir/") && !strings.Contains(name, "/history/") && !strings.Contains(name, "/deleted"):
					lines[fmt.Sprint(n+1, name)] = append(lines[fmt.Sprint(n+1, name)], line)
					d, err := fhir.Parse([]byte(line))
					if err != nil {
						return err
					}
					for _, o := range d.Owners(fhir.Bases{}) {
						if o.Why.Named() {
							want["Patient/"+o.Patient+" "+d.Type()+"/"+d.ID()] = true
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var order []string
	got := map[string]bool{}
	for _, e := range index {
		order = append(order, e.Patient)
		for _, f := range e.Files {
			for _, n := range f.Lines {
				d, err := fhir.Parse([]byte(lines[fmt.Sprint(f.Bag, f.File)][n-1]))
				if err != nil {
					t.Fatal(err)
				}
				key := e.Patient + " " + d.Type() + "/" + d.ID()
				if !want[key] || got[key] {
					t.Errorf("%s is listed", key)
				}
				got[key] = true
			}
		}
	}
	if len(got) != len(want) || len(want) < 100 || !slices.IsSorted(order) || len(h.Paths) < 2 {
		t.Errorf("%d listed, want %d, in %d bags", len(got), len(want), len(h.Paths))
	}
}
