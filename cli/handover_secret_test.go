package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"satchel/engine/pack"
)

// What a handover that was killed left unencrypted is gone at the next one in that folder; what another is at work on, and
// whatever else there is, stays.
func TestUnencryptedLeftovers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	busy := pack.Run{Dir: dir}
	done, err := hide(&busy)
	if err != nil {
		t.Fatal(err)
	}
	killed := pack.Run{Dir: dir}
	unlock, err := hide(&killed)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	unlock() // as the end of a process does, and what it wrote is there again
	write(filepath.Join(killed.Dir, "EHI_x.zip"))
	write(filepath.Join(busy.Dir, "EHI_y.zip"))
	write(filepath.Join(dir, ".EHI_z.partial", "z"))
	write(filepath.Join(dir, "EHI_z.zip"))
	tidyLeftovers(dir)
	list := func() (names []string) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, e.Name())
		}
		slices.Sort(names)
		return names
	}
	if want := []string{".EHI_z.partial", "EHI_z.zip", filepath.Base(busy.Dir)}; len(list()) != 3 || slices.ContainsFunc(want, func(n string) bool { return !slices.Contains(list(), n) }) {
		t.Errorf("left are %q", list())
	}
	done()
	if slices.Contains(list(), filepath.Base(busy.Dir)) {
		t.Error("a handover that ended leaves what is not encrypted")
	}
}

// An encrypted package never takes the place of another, and after a failure none of its parts stands there.
func TestEncryptKeepsWhatIsThere(t *testing.T) {
	t.Parallel()
	hidden, dir := t.TempDir(), t.TempDir()
	var paths []string
	for _, name := range []string{"EHI_a.zip", "EHI_b.zip"} {
		paths = append(paths, filepath.Join(hidden, name))
		if err := os.WriteFile(filepath.Join(hidden, name), []byte("PK"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	there := filepath.Join(dir, "EHI_b.zip.html")
	if err := os.WriteFile(there, []byte("earlier"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := encrypt(paths, "a passphrase of some words", true, dir); err == nil {
		t.Error("a package took the place of another")
	}
	text, err := os.ReadFile(there)
	entries, _ := os.ReadDir(dir)
	if err != nil || string(text) != "earlier" || len(entries) != 1 {
		t.Errorf("%q, %v; %d files", text, err, len(entries))
	}
}
