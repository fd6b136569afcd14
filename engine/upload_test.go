package engine

import (
	"context"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"satchel/audit"
	"satchel/storage"
)

// uploading is an engine with its folder.
func uploading(t *testing.T, o Options) (*Engine, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return New(open(t), root, o), dir
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

// runs runs an engine until stop is called.
func runs(t *testing.T, e *Engine) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func waitOver(t *testing.T, e *Engine, id string) ImportState {
	t.Helper()
	for range 1000 {
		if s, err := e.ImportState(id); err != nil {
			t.Fatal(err)
		} else if s.Over() {
			return s
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the import does not end")
	panic("unreachable")
}

// What waits when the server ends is told as interrupted after the next start, and its files are gone.
func TestUploadInterrupted(t *testing.T) {
	e, dir := uploading(t, Options{})
	who := audit.Who{Name: "ann", Kind: audit.User}
	id, err := e.StartImport(who, filled(t, e, "a.ndjson", `{"resourceType":"Patient","id":"1"}`), false)
	if err != nil {
		t.Fatal(err)
	}
	if got := entries(t, dir); len(got) != 2 {
		t.Fatalf("lies there: %q", got)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	next := New(e.store, root, Options{}) // the first one is gone without a word, as in a crash
	stop := runs(t, next)
	var s ImportState
	for range 500 {
		if s, err = next.ImportState(id); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if s.State != Interrupted || s.Account != "ann" || s.Begun.IsZero() {
		t.Errorf("%+v (%v)", s, err)
	}
	if got := entries(t, dir); len(got) != 1 || got[0] != id+importMark {
		t.Errorf("left: %q", got)
	}
	again, err := next.StartImport(who, filled(t, next, "a.ndjson", `{"resourceType":"Patient","id":"1"}`+"\nx\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	if s := waitOver(t, next, again); s.State != storage.Complete || s.Counts["Patient"].Created != 1 || s.Refusals != 1 {
		t.Errorf("%+v", s)
	}
	stop()
	if got := entries(t, dir); len(got) != 1 || got[0] != id+importMark {
		t.Errorf("left: %q", got)
	}
	late := New(e.store, root, Options{Retention: time.Nanosecond})
	late.interruptedImports()
	if got := entries(t, dir); len(got) != 0 || len(late.Imports()) != 0 {
		t.Errorf("kept for ever: %q", got)
	}
}

// An upload that cannot go on is refused in words that say what to do, and leaves nothing.
func TestUploadRefused(t *testing.T) {
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
