package handover

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/fhir"
)

// meddler is a ledger that changes a file after it was written and before it is read back.
type meddler struct {
	practice
	path   string
	change func(text []byte) []byte
}

func (m *meddler) Stored(ctx context.Context) (map[string]Stored, error) {
	text, err := os.ReadFile(m.path)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(m.path, m.change(text), 0o600); err != nil {
		return nil, err
	}
	return m.practice.Stored(ctx)
}

// Whatever happens to a file on the disk between writing and reading back ends the package, although each line that is left
// may be a sound resource.
func TestReadingBackFindsEveryChange(t *testing.T) {
	t.Parallel()
	resources := []fhir.Resource{patient("a", 1, ""), patient("b", 1, `,"name":[{"family":"Hill"}]`), patient("c", 1, "")}
	first := func(text []byte) []byte { return text[:bytes.IndexByte(text, '\n')+1] }
	for name, change := range map[string]func(text []byte) []byte{
		"letter in a name": func(text []byte) []byte { return bytes.Replace(text, []byte("Hill"), []byte("Mill"), 1) },
		"broken JSON":      func(text []byte) []byte { return bytes.Replace(text, []byte("}]"), []byte("]}"), 1) },
		"missing line":     func(text []byte) []byte { return text[len(first(text)):] },
		"doubled line":     func(text []byte) []byte { return append(bytes.Clone(first(text)), text...) },
		"end cut off":      func(text []byte) []byte { return text[:len(text)-1] },
		"more at the end":  func(text []byte) []byte { return append(text, '\n') },
		"nothing":          bytes.Clone,
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t.TempDir())
			w, err := Create(o)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			for _, r := range resources {
				if _, err := w.Put(Current, r); err != nil {
					t.Fatal(err)
				}
			}
			m := &meddler{practice{current: resources}, filepath.Join(o.Dir, "."+o.Name+".partial", somePatients), change}
			r, err := w.Reconcile(t.Context(), m)
			if name == "nothing" {
				if err != nil || r.Verdict != Complete {
					t.Fatalf("%v: %v", err, r)
				}
			} else if err == nil || !strings.Contains(err.Error(), somePatients) {
				t.Errorf("got %v and %v", r, err)
			}
		})
	}
}

// What was wrong before it was written is found by reading back, too: the writer itself looks at neither.
func TestReadingBackReadsTheLines(t *testing.T) {
	t.Parallel()
	a := patient("a", 1, "")
	text := func(s string) fhir.Resource {
		return fhir.Resource{Type: "Patient", ID: "b", Version: 1, Updated: testTime, JSON: []byte(s)}
	}
	stamped := string(patient("b", 1, `,"active":true`).JSON)
	for name, c := range map[string]struct {
		second  fhir.Resource
		mention string
	}{
		"the same twice":    {a, "more than once"},
		"broken JSON":       {text(strings.Replace(stamped, "true", "tru", 1)), "no sound resource"},
		"half a character":  {text(strings.Replace(stamped, "true", "\"\xc3\"", 1)), "no sound resource"},
		"no version":        {text(`{"resourceType":"Patient","id":"b"}`), "no version"},
		"another type":      {text(strings.Replace(stamped, "Patient", "Group", 1)), "in a file of type Patient"},
		"another text":      {text(stamped[:len(stamped)-1] + `} {"id":"x"}`), "no sound resource"},
		"a member twice":    {text(strings.Replace(stamped, `"id":"b"`, `"id":"b","id":"b"`, 1)), "no sound resource"},
		"no id of FHIR":     {text(strings.Replace(stamped, `"id":"b"`, `"id":"b_"`, 1)), "no sound resource"},
		"nothing but space": {text(`{ }`), "no sound resource"},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := Create(options(t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			defer w.Abort()
			for _, r := range []fhir.Resource{a, c.second} {
				if _, err := w.Put(Current, r); err != nil {
					t.Fatal(err)
				}
			}
			r, err := w.Reconcile(t.Context(), &practice{current: []fhir.Resource{a, c.second}})
			if err != nil || r.Verdict != Incomplete || !strings.Contains(strings.Join(r.Problems, "\n"), c.mention) {
				t.Errorf("%v %+v, want %q", err, r, c.mention)
			}
		})
	}
}
