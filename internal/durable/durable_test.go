package durable_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"satchel/internal/durable"
	"satchel/internal/durable/durabletest"
	"satchel/internal/durable/internal/seam"
)

// Each way of making a file leaves it on the disk, and says so if the disk fails.
func TestPowerCut(t *testing.T) {
	content := durable.Bytes([]byte("content"))
	deeds := map[string]durabletest.Deed{
		"new file": func(_ *testing.T, in string) (func() error, []string) {
			return func() error { return durable.Write(filepath.Join(in, "a"), durable.Options{}, content) }, []string{"a"}
		},
		"replaced file": func(t *testing.T, in string) (func() error, []string) {
			put(t, filepath.Join(in, "a"), "before")
			return func() error { return durable.Write(filepath.Join(in, "a"), durable.Options{}, content) }, []string{"a"}
		},
		"exclusive file": func(_ *testing.T, in string) (func() error, []string) {
			return func() error {
				return durable.Write(filepath.Join(in, "a"), durable.Options{Exclusive: true}, content)
			}, []string{"a"}
		},
		"many files of a folder": func(t *testing.T, in string) (func() error, []string) {
			return func() error { return many(in) }, []string{"a", "b"}
		},
		"line at the end": func(t *testing.T, in string) (func() error, []string) {
			put(t, filepath.Join(in, "a"), "before")
			return func() error { return durable.Append(filepath.Join(in, "a"), durable.Options{}, line) }, []string{"a"}
		},
		"first line": func(_ *testing.T, in string) (func() error, []string) {
			return func() error { return durable.Append(filepath.Join(in, "a"), durable.Options{}, line) }, []string{"a"}
		},
		"folders": func(_ *testing.T, in string) (func() error, []string) {
			return func() error { return durable.MkdirAll(filepath.Join(in, "a", "b", "c"), 0o700) }, []string{"a"}
		},
		"folder under another name elsewhere": func(t *testing.T, in string) (func() error, []string) {
			put(t, filepath.Join(in, "to", "keep"), "")
			put(t, filepath.Join(in, "from", "a", "b"), "text")
			return func() error {
				return durable.Rename(filepath.Join(in, "from", "a"), filepath.Join(in, "to", "a"))
			}, []string{"from", "to"}
		},
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { t.Parallel(); durabletest.Check(t, deed) })
	}
}

func line(f *os.File) error {
	_, err := f.WriteString("line\n")
	return err
}

// many makes two files with one sync of the folder.
func many(in string) error {
	root, err := os.OpenRoot(in)
	if err != nil {
		return err
	}
	defer root.Close()
	folder := durable.In(root)
	for _, name := range []string{"a", "b"} {
		f, err := folder.Begin(name, durable.Options{})
		if err != nil {
			return err
		}
		if _, err := f.Write([]byte(name)); err != nil {
			return err
		}
		if err := f.Place(); err != nil {
			return err
		}
	}
	return folder.Sync()
}

func TestPowerCutTree(t *testing.T) {
	t.Parallel()
	for _, files := range []int{3, 300} { // 300: by one sync of the disk, where the system has it
		durabletest.Check(t, func(t *testing.T, in string) (func() error, []string) {
			return func() error {
				for n := range files {
					put(t, filepath.Join(in, "tree", string(rune('a'+n%7)), "f"+strings.Repeat("x", n/7)), "text")
				}
				return errors.Join(durable.SyncTree(filepath.Join(in, "tree")), durable.SyncFolder(in))
			}, []string{"tree"}
		})
	}
}

// What the recorder is for: it tells each sync that is missing.
func TestMissingSyncIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		deed func(t *testing.T, path string)
		want string
	}{
		"file": {func(t *testing.T, path string) {
			put(t, path, "text")
			if err := durable.SyncFolder(filepath.Dir(path)); err != nil {
				t.Error(err)
			}
		}, "never synced"},
		"folder": {func(t *testing.T, path string) {
			f, err := os.Create(path)
			if err = errors.Join(err, durable.Close(f)); err != nil {
				t.Error(err)
			}
		}, "its folder was not synced"},
		"write after the sync": {func(t *testing.T, path string) {
			if err := durable.Write(path, durable.Options{}, durable.Bytes(nil)); err != nil {
				t.Error(err)
			}
			put(t, path, "more")
		}, "not synced after its last write"},
		"rename before the sync": {func(t *testing.T, path string) {
			put(t, path+".tmp", "text")
			if err := durable.Rename(path+".tmp", path); err != nil {
				t.Error(err)
			}
		}, "too early"},
	} {
		in := t.TempDir()
		r := durabletest.Record(t, in)
		c.deed(t, filepath.Join(in, "a"))
		seen := &failures{TB: t}
		r.Survives(seen, filepath.Join(in, "a"))
		if !strings.Contains(seen.text, c.want) {
			t.Errorf("%s: %q does not say %q", name, seen.text, c.want)
		}
	}
}

// An exclusive file never replaces another, also on a disk without links; what fails leaves nothing behind.
func TestExclusive(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	path := filepath.Join(in, "a")
	write := func(o durable.Options, text string) error {
		return durable.Write(path, o, func(f *durable.File) error {
			if _, err := os.Lstat(f.Path()); err != nil {
				t.Error(err)
			}
			if text == "meanwhile" {
				put(t, path, text)
			}
			_, err := f.Write([]byte(text))
			return err
		})
	}
	for _, text := range []string{"meanwhile", "later"} {
		if err := write(durable.Options{Exclusive: true}, text); !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if text := get(t, path); text != "meanwhile" {
		t.Errorf("the file holds %q", text)
	}
	if err := durable.Write(path, durable.Options{}, func(*durable.File) error { return fs.ErrInvalid }); !errors.Is(err, fs.ErrInvalid) {
		t.Error(err)
	}
	if err := write(durable.Options{Mode: 0o640}, "replaced"); err != nil {
		t.Error(err)
	}
	if names := names(t, in); !slices.Equal(names, []string{"a"}) || get(t, path) != "replaced" {
		t.Errorf("%v %q", names, get(t, path))
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o640 {
		t.Error(info.Mode(), err)
	}
}

func TestTemporary(t *testing.T) {
	t.Parallel()
	in := t.TempDir()
	err := durable.Write(filepath.Join(in, "a.txt"), durable.Options{}, func(f *durable.File) error {
		if name := filepath.Base(f.Path()); !durable.Temporary(name) || !strings.HasPrefix(name, ".a.txt.") {
			t.Errorf("temporary name %q", name)
		}
		return nil
	})
	if err != nil || durable.Temporary("a.txt") || durable.Temporary("a.tmp") {
		t.Error(err)
	}
}

// failures keeps what a judge says instead of failing the test.
type failures struct {
	testing.TB
	text string
}

func (f *failures) Helper() {}

func (f *failures) Errorf(format string, args ...any) {
	for _, a := range args {
		if err, ok := a.(error); ok {
			f.text += err.Error()
		}
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err = errors.Join(err, os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// On a disk without links a file still never replaces another.
func TestExclusiveWithoutLinks(t *testing.T) {
	in := t.TempDir()
	t.Cleanup(seam.Observe(func(op seam.Op, do func() error) error {
		if op.Kind == seam.Link && strings.HasPrefix(op.Path, in) {
			return errors.ErrUnsupported
		}
		return do()
	}))
	path := filepath.Join(in, "a")
	if err := durable.Write(path, durable.Options{Exclusive: true}, durable.Bytes([]byte("first"))); err != nil {
		t.Fatal(err)
	}
	if err := durable.Write(path, durable.Options{Exclusive: true}, durable.Bytes([]byte("second"))); !errors.Is(err, fs.ErrExist) {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "first" {
		t.Errorf("%q, %v", text, err)
	}
}

// A folder that cannot be made is an error.
func TestMkdirAllRefused(t *testing.T) {
	in := t.TempDir()
	put(t, filepath.Join(in, "file"), "")
	for _, path := range []string{filepath.Join(in, "file"), filepath.Join(in, "file", "below")} {
		if err := durable.MkdirAll(path, 0o700); err == nil {
			t.Errorf("made %s", path)
		}
	}
}
