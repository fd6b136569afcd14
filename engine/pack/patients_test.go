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

// indexed is what the bags of a package hold for the index of patients.
type indexed struct {
	index []handover.PatientEntry
	lines map[string][]string // of current resources, by number of the bag and path
	want  map[string]bool     // "patient key" of what belongs to somebody
}

// read adds the lines of one file of a bag.
func (x *indexed) read(bag int, name, text string) error {
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(name, "data/index/"):
			var e handover.PatientEntry
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				return err
			}
			x.index = append(x.index, e)
		case strings.HasPrefix(name, "data/fhir/") && !strings.Contains(name, "/history/") && !strings.Contains(name, "/deleted"):
			x.lines[fmt.Sprint(bag, name)] = append(x.lines[fmt.Sprint(bag, name)], line)
			d, err := fhir.Parse([]byte(line))
			if err != nil {
				return err
			}
			for _, o := range d.Owners(fhir.Bases{}) {
				if o.Why.Named() {
					x.want["Patient/"+o.Patient+" "+d.Type()+"/"+d.ID()] = true
				}
			}
		}
	}
	return nil
}

// readIndexed reads all bags of a package.
func readIndexed(t *testing.T, bags []string) indexed {
	x := indexed{lines: map[string][]string{}, want: map[string]bool{}}
	for n, bag := range bags {
		err := filepath.WalkDir(filepath.Join(bag, "data"), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".ndjson") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, _ := filepath.Rel(bag, path)
			return x.read(n+1, filepath.ToSlash(name), string(text))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// The index of patients leads to every resource in a compartment, and to nothing else, across the bags of a package.
func TestPatientIndex(t *testing.T) {
	t.Parallel()
	testpractice.Sequential(t)
	s := demoStore(t, demo.Options{Patients: 5})
	remove(t, s, "Patient/"+demo.ChildPatientID)
	h := packed(t, s, Run{BagSize: 400_000})
	x := readIndexed(t, h.Paths)
	var order []string
	got := map[string]bool{}
	for _, e := range x.index {
		order = append(order, e.Patient)
		for _, f := range e.Files {
			for _, n := range f.Lines {
				d, err := fhir.Parse([]byte(x.lines[fmt.Sprint(f.Bag, f.File)][n-1]))
				if err != nil {
					t.Fatal(err)
				}
				key := e.Patient + " " + d.Type() + "/" + d.ID()
				if !x.want[key] || got[key] {
					t.Errorf("%s is listed", key)
				}
				got[key] = true
			}
		}
	}
	if len(got) != len(x.want) || len(x.want) < 100 || !slices.IsSorted(order) || len(h.Paths) < 2 {
		t.Errorf("%d listed, want %d, in %d bags", len(got), len(x.want), len(h.Paths))
	}
}
