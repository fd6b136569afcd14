package engine

import (
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/iotest"
)

// uploading is an engine that does not run, with its folder.
func uploading(t *testing.T, o Options) (*Engine, string) {
	t.Helper()
	root := rootDir(t)
	return New(open(t), root, o), root.Name()
}

// entries are the names of what lies in a folder.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func filled(t *testing.T, e *Engine, name, text string) *Upload {
	t.Helper()
	u, err := e.NewUpload(0)
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Add(name, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return u
}

// An upload that cannot go on is refused in words that say what to do, and leaves nothing.
func TestUploadRefused(t *testing.T) {
	t.Parallel()
	free := int64(100)
	e, dir := uploading(t, Options{FreeDisk: func() (int64, int64) { return free, 50 }})
	for want, r := range map[string]io.Reader{
		"did not arrive whole": iotest.TimeoutReader(iotest.HalfReader(strings.NewReader(strings.Repeat("x", 100_000)))),
		"too little":           &drain{strings.NewReader(strings.Repeat("y\n", uploadPiece)), &free},
	} {
		free = 100
		u, err := e.NewUpload(0)
		if err != nil {
			t.Fatal(err)
		}
		if err := u.Add("a.ndjson", r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		u.Discard()
	}
	free = 10
	if _, err := e.NewUpload(0); err == nil || !strings.Contains(err.Error(), "too little") {
		t.Error(err)
	}
	if got := entries(t, dir); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// drain lets the disk fill up while it is read.
type drain struct {
	r    io.Reader
	free *int64
}

func (d *drain) Read(p []byte) (int, error) {
	*d.free = 10
	return d.r.Read(p)
}

func TestStoredName(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		`..\..\x.ndjson`: "x.ndjson", "/etc/passwd.json": "passwd.json", "CON.ndjson": "_CON.ndjson", "com1.json": "_com1.json", ".x.json": "_.x.json",
		"Müller Ärzte.ndjson": "M_ller__rzte.ndjson", "a\x00b\n.json": "ab.json", "\u202eexe.json": "exe.json", "Patient.0001.ndjson": "Patient.0001.ndjson",
	} {
		if got := storedName(shownName(sent)); got != want {
			t.Errorf("%q: got %q, want %q", sent, got, want)
		}
	}
	for _, end := range []string{".ndjson.gz", ".zip"} {
		if got := shownName(strings.Repeat("ä", 300) + end); len(got) > uploadNameMax || !strings.HasSuffix(got, end) || !fs.ValidPath(got) {
			t.Errorf("%q", got)
		}
	}
}
