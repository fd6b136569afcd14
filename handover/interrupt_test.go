package handover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/internal/browser"
)

// TestMain lets the test program be the writer that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("HANDOVER_WRITE_INTO"); dir != "" {
		writeUntilKilled(dir)
		return
	}
	os.Exit(browser.Main(m))
}

// writeUntilKilled makes one package after the other: folders, ZIP files, groups of bags.
func writeUntilKilled(dir string) {
	for i := 0; ; i++ {
		o := options(dir)
		o.Name = fmt.Sprintf("EHI_%03d", i)
		o.Zip = i%2 == 1
		if i%3 == 0 {
			o.BagSize = 300_000
		}
		w, err := Create(o)
		if err == nil {
			_, err = finish(w, demoPractice())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// Whatever moment a writer is killed at: what has a final name is whole, or one bag of a package whose others are missing;
// what has not never passes for a package, whatever name it is given.
func TestKilledWriter(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	var sealed, broken int
	for range rounds {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "HANDOVER_WRITE_INTO="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(100+rand.IntN(1200)) * time.Millisecond) // any moment: what must hold afterwards does not depend on it
		cmd.Process.Kill()
		cmd.Wait()
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if path := filepath.Join(dir, e.Name()); strings.HasPrefix(e.Name(), ".") {
				broken++
				checkBroken(t, path)
			} else {
				sealed++
				checkSealed(t, path)
			}
		}
	}
	t.Logf("%d sealed, %d interrupted", sealed, broken)
	if broken == 0 {
		t.Error("no writer was interrupted at its work")
	}
}

func checkSealed(t *testing.T, path string) {
	r := verify(t, path, VerifyOptions{Alone: true})
	wantOutcome(t, r, Good, "")
	if g := r.Manifests[0].Group; g != nil {
		whole := verify(t, path, VerifyOptions{})
		if whole.Outcome != Good && (whole.Outcome != Partial || !strings.Contains(whole.Sentence, "is missing beside it")) {
			t.Errorf("%s: %v %s", path, whole.Outcome, whole.Sentence)
		}
	}
}

func checkBroken(t *testing.T, path string) {
	if r := verify(t, path, VerifyOptions{}); r.Outcome != Partial {
		t.Errorf("%s is %v: %s", path, r.Outcome, r.Sentence)
	}
	name := filepath.Join(filepath.Dir(path), "renamed")
	defer os.RemoveAll(name)
	if strings.HasSuffix(path, ".zip.partial") {
		name += ".zip"
		if os.Rename(filepath.Join(path, "unsealed"), name) != nil {
			return // not begun, or renamed before the folder went
		}
		defer os.Remove(name)
	} else if err := os.Rename(path, name); err != nil {
		t.Fatal(err)
	}
	r := verify(t, name, VerifyOptions{Alone: true})
	if r.Outcome != Good {
		return
	}
	// Killed between the last byte and the name: it is whole.
	if _, err := os.Stat(filepath.Join(name, incompleteMarker)); err == nil {
		t.Errorf("%s is good with its marker", path)
	}
	t.Log("killed between the last byte and the name")
}

// failing is a container whose disk fails after some operations.
type failing struct {
	container
	left *int
}

var errDisk = errors.New("no space left on device")

func (f failing) spend() error {
	if *f.left--; *f.left < 0 {
		return errDisk
	}
	return nil
}

func (f failing) create(tight bool) (blob, error) {
	if err := f.spend(); err != nil {
		return nil, err
	}
	b, err := f.container.create(tight)
	return failingBlob{b, f}, err
}

func (f failing) seal() error {
	if err := f.spend(); err != nil {
		return err
	}
	return f.container.seal()
}

type failingBlob struct {
	blob
	in failing
}

func (b failingBlob) Write(p []byte) (int, error) {
	if err := b.in.spend(); err != nil {
		return 0, err
	}
	return b.blob.Write(p)
}

func (b failingBlob) commit(path string) error {
	if err := b.in.spend(); err != nil {
		return err
	}
	return b.blob.commit(path)
}

// A disk that fails at any operation leaves no package, and the writer does not go on after it.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		p := &practice{current: []fhir.Resource{patient("a", 1, `,"photo":[{"data":"aGk="}]`), patient("b", 1, "")}}
		for n := 0; ; n++ {
			left := n
			o.Name = fmt.Sprint("EHI_", n)
			w, err := Create(o)
			if err != nil {
				t.Fatal(err)
			}
			w.bags[0].container = failing{w.bags[0].container, &left}
			_, err = finish(w, p)
			if err == nil {
				if n < 40 {
					t.Errorf("only %d operations", n)
				}
				return
			}
			if !errors.Is(err, errDisk) {
				t.Fatal(n, err)
			}
			if _, err := w.Seal(context.Background(), testTime); err == nil {
				t.Error("sealed after a failure")
			}
			if found, _ := filepath.Glob(filepath.Join(o.Dir, "[^.]*")); len(found) > 0 {
				t.Errorf("after failure %d: %v", n, found)
			}
			if err := w.Abort(); err != nil {
				t.Error(err)
			}
			if found, _ := os.ReadDir(o.Dir); len(found) > 0 {
				t.Errorf("after abort %d: %v", n, found)
			}
		}
	})
}

// An interrupted attempt does not stand in the way of the next.
func TestNextAttempt(t *testing.T) {
	t.Parallel()
	forms(t, func(t *testing.T, o Options) {
		w, err := Create(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := demoPractice().fill(w); err != nil {
			t.Fatal(err)
		}
		want := content(t, build(t, options(t.TempDir())).Paths[0])
		again := build(t, o)
		if !maps.Equal(content(t, again.Paths[0]), want) {
			t.Error("the second attempt has other content")
		}
	})
}
