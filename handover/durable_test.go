package handover

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"satchel/fhir"
	"satchel/internal/durable/durabletest"
)

// What has its final name survives a power cut, and the writer of what could not be synced says so.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	deeds := map[string]durabletest.Deed{
		"a folder":     sealing(func(*Options) {}),
		"a ZIP file":   sealing(func(o *Options) { o.Zip = true }),
		"several bags": sealing(func(o *Options) { o.BagSize = 1000 }),
		"an encrypted file": func(t *testing.T, in string) (func() error, []string) {
			return func() error { return wrap(os.Args[0], filepath.Join(in, "a.age"), copied) }, []string{"."}
		},
		"a key to sign by": func(t *testing.T, in string) (func() error, []string) {
			return func() error {
				_, err := NewKey(filepath.Join(in, "key"), "practice")
				return err
			}, []string{"."}
		},
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { t.Parallel(); durabletest.Check(t, deed) })
	}
}

// sealing makes a package.
func sealing(change func(*Options)) durabletest.Deed {
	return func(t *testing.T, in string) (func() error, []string) {
		o := options(in)
		change(&o)
		p := &practice{current: []fhir.Resource{patient("a", 1, `,"photo":[{"data":"aGk="}]`), patient("b", 1, "")}}
		return func() error {
			w, err := Create(o)
			if err == nil {
				_, err = finish(w, p)
			}
			return err
		}, []string{"."}
	}
}

// copied stands in for encrypting, which takes its time.
func copied(out io.Writer, in *os.File, _ int64) error {
	_, err := io.CopyN(out, in, 3*chunkSize+1)
	return err
}
