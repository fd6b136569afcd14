package handover

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"satchel/fhir"
)

// A path that passes stays in its folder and can be told from others on every system.
func TestPathsStayInside(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-zA-Z./_\\:-]{0,20}`), rapid.StringMatching(`(con|com1|nul|a)(\.[a-z]{0,3})?(/\.{0,2})?`)).Draw(t, "path")
		if checkPath(p) != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(p)) || path.Clean(p) != p || strings.ContainsAny(p, "\\:*?\"<>|\x00") || len(p) > maxPath {
			t.Fatalf("%q passed", p)
		}
	})
}

// The longest path that the writer makes fits behind the longest name.
func TestLongestPath(t *testing.T) {
	t.Parallel()
	longest := 0
	for _, k := range contentKinds {
		longest = max(longest, len("/data/attachments/ab/")+64+1+len(k.extension))
	}
	for _, typ := range fhir.Types() {
		longest = max(longest, len("/data/fhir/directory/-00000.ndjson")+len(typ))
	}
	if n := maxName + len("_bag-001") + longest; n > maxPath {
		t.Errorf("the longest path has %d characters", n)
	}
}

func TestPackageNamesAreSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := PackageName(rapid.String().Draw(t, "practice"), Population, testTime, rapid.String().Draw(t, "job"))
		if err := checkPart(name); err != nil || len(name) > maxName {
			t.Fatal(name, err)
		}
	})
}

// A deletion that was written is read as it was.
func TestTombstoneRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := fhir.Resource{Type: rapid.SampledFrom(fhir.Types()).Draw(t, "type"), ID: rapid.StringMatching(`[A-Za-z0-9-]{1,64}`).Draw(t, "id"),
			Version: rapid.Int64Min(1).Draw(t, "version"), Updated: testTime, Deleted: true}
		got, err := readTombstone(appendTombstone(nil, r))
		if err != nil || got.Key() != r.Key() || got.Version != r.Version || !got.Updated.Equal(r.Updated) || !got.Deleted {
			t.Fatalf("%+v %+v %v", r, got, err)
		}
	})
}

// Lines come back as they were, whatever their lengths, and a line that was cut off is noticed.
func TestLines(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var text bytes.Buffer
		var want []int
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			n := rapid.OneOf(rapid.IntRange(0, 100), rapid.IntRange(chunkSize-2, chunkSize+2), rapid.IntRange(3*chunkSize, 3*chunkSize+9)).Draw(t, "length")
			want = append(want, n)
			text.WriteString(strings.Repeat("x", n) + "\n")
		}
		cut := text.Len() > 0 && rapid.Bool().Draw(t, "cut")
		all := text.Bytes()
		if cut {
			all = all[:len(all)-1]
		}
		var got []int
		l := newLineReader(bytes.NewReader(all))
		for {
			line, err := l.next()
			if err != nil {
				if (err == io.EOF) == (cut && want[len(want)-1] > 0) {
					t.Fatal(err)
				}
				break
			}
			got = append(got, len(line))
		}
		if cut {
			want = want[:len(want)-1]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

// The set gives the answers that a map gives.
func TestKeySet(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.Uint64Range(0, 50)).Draw(t, "keys")
		others := rapid.SliceOf(rapid.Uint64Range(0, 50)).Draw(t, "others")
		s, o, in := keySet{}, keySet{unique: true}, map[uint64]bool{}
		for _, k := range keys {
			s.add(k)
			in[k] = true
		}
		covered := true
		for _, k := range others {
			o.add(k)
			covered = covered && in[k]
		}
		s.sort()
		o.sort()
		for k := range uint64(51) {
			if s.has(k) != in[k] {
				t.Fatal(k)
			}
		}
		if s.covers(&o) != covered || s.repeated() != int64(len(keys)-len(in)) {
			t.Fatal(covered, s.repeated())
		}
	})
}

// Any content that goes into a container, in any pieces and beside other files, comes out of it: by our own reading
// before the end, and by the standard library's after.
func TestContainers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		name := fmt.Sprint("c", n)
		var c container
		var err error
		zipped := rapid.Bool().Draw(t, "zip")
		if zipped {
			c, err = newZip(dir, name, testTime)
		} else {
			c, err = newFolder(dir, name)
		}
		if err != nil {
			t.Fatal(err)
		}
		want := drawFiles(t, c)
		same := func(fsys func(string) (io.ReadCloser, error)) {
			for i := range want {
				r, err := fsys(fmt.Sprint(i))
				if err != nil {
					t.Fatal(err)
				}
				got, err := io.ReadAll(r)
				r.Close()
				if err != nil || !bytes.Equal(got, want[i]) {
					t.Fatalf("file %d: %d bytes, want %d: %v", i, len(got), len(want[i]), err)
				}
			}
		}
		same(c.open)
		if err := c.seal(); err != nil {
			t.Fatal(err)
		}
		if !zipped {
			defer os.RemoveAll(filepath.Join(dir, name))
			same(func(p string) (io.ReadCloser, error) { return os.Open(filepath.Join(dir, name, p)) })
			return
		}
		defer os.Remove(filepath.Join(dir, name+".zip"))
		back, err := zip.OpenReader(filepath.Join(dir, name+".zip"))
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		same(func(p string) (io.ReadCloser, error) { return back.Open(name + "/" + p) })
	})
}

// drawFiles writes up to three files at the same time and returns what is in them.
func drawFiles(t *rapid.T, c container) (want [][]byte) {
	var blobs []blob
	for i := range rapid.IntRange(1, 3).Draw(t, "files") {
		b, err := c.create(rapid.Bool().Draw(t, fmt.Sprint("tight", i)))
		if err != nil {
			t.Fatal(err)
		}
		blobs, want = append(blobs, b), append(want, nil)
	}
	for range rapid.IntRange(0, 8).Draw(t, "writes") {
		i := rapid.IntRange(0, len(blobs)-1).Draw(t, "file")
		size := rapid.SampledFrom([]int{1, 500, chunkSize - 1, chunkSize, chunkSize + 1, spoolSize, 3 * chunkSize}).Draw(t, "size")
		p := bytes.Repeat([]byte(rapid.StringN(1, 8, 30).Draw(t, "text")), size)[:size]
		if _, err := blobs[i].Write(p); err != nil {
			t.Fatal(err)
		}
		want[i] = append(want[i], p...)
	}
	for i, b := range blobs {
		if err := b.commit(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

// An attachment of more than 4 GiB, as a file with a hole, in a folder and in a ZIP.
func TestBeyond4GiB(t *testing.T) {
	t.Parallel()
	if os.Getenv("SATCHEL_LARGE") == "" {
		t.Skip("set SATCHEL_LARGE=1 to write 10 GB")
	}
	forms(t, func(t *testing.T, o Options) {
		w, err := Create(o)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		hole, err := os.Create(filepath.Join(t.TempDir(), "hole"))
		if err != nil {
			t.Fatal(err)
		}
		defer hole.Close()
		const size = 5<<30 + 7
		if err := hole.Truncate(size); err != nil {
			t.Fatal(err)
		}
		r := patient("a", 1, "")
		if _, err := w.Put(Current, r); err != nil {
			t.Fatal(err)
		}
		contentType := "application/dicom"
		if !o.Zip {
			contentType = "application/zip"
		}
		if _, err := w.Attach(Attachment{Resource: "Patient/a", Version: 1, Path: "Patient.photo[0]", ContentType: contentType}, hole); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Reconcile(context.Background(), &practice{current: []fhir.Resource{r}}); err != nil {
			t.Fatal(err)
		}
		s, err := w.Seal(context.Background(), testTime)
		if err != nil {
			t.Fatal(err)
		}
		res := verify(t, s.Paths[0], VerifyOptions{})
		wantOutcome(t, res, Good, "")
		if res.Bytes < size {
			t.Error(res.Bytes)
		}
	})
}
