package bulk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"satchel/internal/fault"
	"satchel/storage"

	"pgregory.net/rapid"
)

// soundFile returns the lines of a file, which is as it is stated and keeps its caps.
func soundFile(t *rapid.T, root *os.Root, o Options, f storage.JobFile) (lines []string) {
	data, err := root.ReadFile(f.Name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	sum := sha256.Sum256(data)
	if int64(len(lines)) != f.Count || int64(len(data)) != f.Bytes || !bytes.Equal(sum[:], f.SHA256) || !bytes.HasSuffix(data, []byte("\n")) {
		t.Fatalf("%s is not as stated", f.Name)
	}
	if f.Count < 1 || f.Count > o.FileCount || f.Bytes > o.FileSize && f.Count > 1 {
		t.Fatalf("%s breaks its caps: %d lines, %d bytes", f.Name, f.Count, f.Bytes)
	}
	return lines
}

func TestOutputProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		o := Options{
			FileCount: rapid.Int64Range(1, 20).Draw(rt, "count"),
			FileSize:  rapid.SampledFrom([]int64{1, 30, 100, 1000, bufferSize, 3 * bufferSize}).Draw(rt, "size"),
		}.withDefaults()
		out := newOutput(context.Background(), root, o)
		want := map[string][]string{}
		for i := range rapid.IntRange(0, 40).Draw(rt, "lines") {
			typ := rapid.SampledFrom([]string{"Patient", "Observation", "Group"}).Draw(rt, "type")
			size := rapid.SampledFrom([]int{0, 1, 20, 90, 900, bufferSize - 20, bufferSize, 2 * bufferSize}).Draw(rt, "bytes")
			line := fmt.Sprintf(`{"n":%d,"s":"%s"}`, i, strings.Repeat("x", size))
			want[typ] = append(want[typ], line)
			if err := out.resource(typ, "1", []byte(line)); err != nil {
				rt.Fatal(err)
			}
		}
		files, err := out.close()
		if err != nil {
			rt.Fatal(err)
		}
		got, number := map[string][]string{}, map[string]int{}
		for _, f := range files {
			if number[f.Type]++; f.Name != fmt.Sprintf("%s.%04d.ndjson", f.Type, number[f.Type]) || f.List != ListOutput {
				rt.Fatalf("file %d of %s is %+v", number[f.Type], f.Type, f)
			}
			got[f.Type] = append(got[f.Type], soundFile(rt, root, o, f)...)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			rt.Fatal("lines are missing, split or out of order")
		}
		if n := len(names(t, root)); n != len(files) {
			rt.Fatalf("%d files in the folder, %d listed", n, len(files))
		}
	})
}

// A file is full when the next line would cross the cap, not before.
func TestOutputPacksTightly(t *testing.T) {
	t.Parallel()
	root := rootDir(t)
	out := newOutput(context.Background(), root, Options{FileSize: 20, FileCount: 3}.withDefaults())
	for _, line := range []string{`{"a":4567}`, `{"a":456}`, `{}`, `{}`, `{}`, `{}`} { // 11+10 > 20; 10+3+3 by count; 3+3
		if err := out.resource("Basic", "1", []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := out.close()
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int64
	for _, f := range files {
		sizes = append(sizes, f.Bytes)
	}
	if fmt.Sprint(sizes) != "[11 16 6]" {
		t.Errorf("sizes %v", sizes)
	}
}

func TestOutputLeavesOutDamage(t *testing.T) {
	t.Parallel()
	root := rootDir(t)
	out := newOutput(context.Background(), root, Options{}.withDefaults())
	for _, text := range []string{"", "{", "{\n}", "{}"} {
		if err := out.resource("Basic", "b", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.deletion("Basic", "c"); err != nil {
		t.Fatal(err)
	}
	files, err := out.close()
	if err != nil {
		t.Fatal(err)
	}
	var text string
	for _, f := range files {
		text += fmt.Sprintf("%s %s %s %d\n", f.Name, f.List, f.Type, f.Count)
	}
	want := "Basic.0001.ndjson output Basic 1\ndeleted.0001.ndjson deleted Bundle 1\nerror.0001.ndjson error OperationOutcome 3\n"
	if text != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	deleted, _ := root.ReadFile("deleted.0001.ndjson")
	if string(deleted) != `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Basic/c"}}]}`+"\n" {
		t.Errorf("deleted line %s", deleted)
	}
	outcome, _ := root.ReadFile("error.0001.ndjson")
	if !strings.Contains(string(outcome), `"severity":"error"`) || !strings.Contains(string(outcome), "Basic/b") {
		t.Errorf("outcome %s", outcome)
	}
}

func TestOutputRemovesItsFilesOnly(t *testing.T) {
	t.Parallel()
	root := rootDir(t)
	if err := root.WriteFile("Patient.0002.ndjson", []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := newOutput(context.Background(), root, Options{FileCount: 1}.withDefaults())
	var err error
	for range 10 {
		if err = out.resource("Patient", "1", []byte("{}")); err != nil {
			break
		}
	}
	if err != nil {
		out.discard(err)
	} else {
		_, err = out.close()
	}
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("error %v", err)
	}
	if left := names(t, root); fmt.Sprint(left) != "[Patient.0002.ndjson]" {
		t.Errorf("left %v", left)
	}
	if data, _ := root.ReadFile("Patient.0002.ndjson"); string(data) != "mine" {
		t.Errorf("a file that was there is now %q", data)
	}
}

// A panic while something is written is an error of that export alone, and tells nothing.
func TestOutputPanic(t *testing.T) {
	out := newOutput(context.Background(), rootDir(t), Options{}.withDefaults())
	out.guard(func() error { panic("secret") })
	if _, err := out.close(); !errors.Is(err, fault.ErrPanic) || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
