package handover

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file beyond what 32 bits can count, all of zero bytes, so that it is a hole on the disk.
const (
	hugeSize   = 4<<30 + 7
	hugeSHA256 = "8bfc028943c6cd8d43e54f9b91c380e0ce43eea4b54c4c567b33069385c2c7b9"
)

// sparse writes nothing where there are only zeros.
type sparse struct{ *os.File }

func (s sparse) Write(p []byte) (int, error) {
	if len(bytes.TrimLeft(p, "\x00")) > 0 {
		return s.File.Write(p)
	}
	_, err := s.Seek(int64(len(p)), io.SeekCurrent)
	return len(p), err
}

// nothing reads as zero bytes without end.
type nothing struct{}

func (nothing) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// enlarge makes a small file of a package huge, and the manifest and the lists fit.
func enlarge(t *testing.T, root string) {
	t.Helper()
	const path = "data/native/ledger.csv"
	was := filesOf(t, root)[path]
	for _, size := range []int64{0, hugeSize} {
		if err := os.Truncate(filepath.Join(root, path), size); err != nil {
			t.Fatal(err)
		}
	}
	is := filesOf(t, root)[path]
	edit(t, root, manifestPath, func(s string) string {
		line := func(f File) string { return fmt.Sprintf("\"bytes\":%d,\"sha256\":%q", f.Bytes, f.SHA256) }
		if !strings.Contains(s, line(was)) {
			t.Fatalf("the manifest does not have %s", line(was))
		}
		return strings.Replace(s, line(was), line(is), 1)
	})
	relist(t, root)
}

// A package with a file of more than 4 GiB is checked as any other, as a folder and as a ZIP with sizes of 64 bits; what
// was cut off by as much as 32 bits do not see is named. On the disk the file is a hole. TestBeyond4GiB lets the writer make such
// packages, which takes the room.
func TestHugeFile(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("reads 4 GiB of nothing twice; not in short mode")
	}
	root := build(t, options(t.TempDir())).Paths[0]
	enlarge(t, root)
	zipped := root + ".zip"
	zipSparse(t, root, zipped)
	for _, path := range []string{root, zipped} {
		r := verify(t, path, VerifyOptions{})
		wantOutcome(t, r, Good, "whole")
		if r.Bytes < hugeSize {
			t.Errorf("%s: %d bytes", path, r.Bytes)
		}
	}
	// What is left has the same size in 32 bits.
	if err := os.Truncate(filepath.Join(root, "data/native/ledger.csv"), hugeSize-1<<32); err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, verify(t, root, VerifyOptions{}), Altered, "data/native/ledger.csv: was changed")
}

// zipSparse packs a folder without deflating it.
func zipSparse(t *testing.T, root, to string) {
	t.Helper()
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(sparse{f})
	for path, file := range filesOf(t, root) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: filepath.Base(root) + "/" + path, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if file.Bytes == hugeSize {
			_, err = io.Copy(w, io.LimitReader(nothing{}, hugeSize))
		} else {
			_, err = io.WriteString(w, read(t, root, path))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}
