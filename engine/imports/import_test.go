package imports

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"satchel/fhir"
	"satchel/internal/testpractice"
)

const (
	p1 = `{"resourceType":"Patient","id":"1"}`
	p2 = `{"resourceType":"Patient","id":"2"}`
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// zipped makes an archive of names and contents; edit may change a header.
func zipped(t testing.TB, edit func(*zip.FileHeader), pairs ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(pairs); i += 2 {
		h := &zip.FileHeader{Name: pairs[i], Method: zip.Deflate}
		if edit != nil {
			edit(h)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, pairs[i+1])
	}
	z.Close()
	return b.String()
}

// run imports paths and returns sums, one line per finding as "file:line key refused|noted", and the error.
func run(t testing.TB, m Import, dir string, paths ...string) (Counts, []string, error) {
	t.Helper()
	var findings []string
	m.Finding = func(f Finding) {
		name, err := filepath.Rel(dir, f.File)
		if err != nil {
			t.Error(err)
		}
		what := "noted"
		if f.Refused {
			what = "refused"
		}
		t.Log(f.Issue.Diagnostics)
		findings = append(findings, fmt.Sprintf("%s:%d %s%s", filepath.ToSlash(name), f.Line, f.Key, what))
	}
	at := int64(0)
	m.Progress = func(read, total int64) {
		if read < at || read > total {
			t.Errorf("progress %d after %d, of %d", read, at, total)
		}
		at = read
	}
	paths = slices.Clone(paths)
	for i := range paths {
		paths[i] = filepath.Join(dir, paths[i])
	}
	counts, err := m.Run(t.Context(), paths...)
	return sum(counts), findings, err
}

func sum(counts map[string]Counts) (all Counts) {
	for _, c := range counts {
		all.Add(c)
	}
	return all
}

func bundleOf(typ string, entries ...string) string {
	return `{"resourceType":"Bundle","type":"` + typ + `","entry":[` + strings.Join(entries, ",") + `]}`
}

func TestImportKinds(t *testing.T) {
	bad := `{"resourceType":"Patient","id":"3",}`
	tests := []struct {
		name     string
		files    map[string]string
		paths    []string
		want     Counts
		findings string
	}{
		{"ndjson", map[string]string{"a.ndjson": p1 + "\n\n" + p2}, []string{"a.ndjson"}, Counts{Created: 2}, ""},
		{"crlf, mark, blanks", map[string]string{"a.ndjson": "\xef\xbb\xbf" + p1 + "\r\n  \r\n " + p2 + " \r\n"}, []string{"a.ndjson"}, Counts{Created: 2}, ""},
		{"empty", map[string]string{"a.ndjson": "", "b.ndjson.gz": gzipped("")}, []string{""}, Counts{}, ""},
		{"refused lines", map[string]string{"a.ndjson": strings.Join([]string{bad, p1, `{"resourceType":"Foo"}`, `{"id":"1"}`, `[]`, p1 + p2, p2}, "\n")},
			[]string{"a.ndjson"}, Counts{Created: 2, Refused: 5},
			"a.ndjson:1 refused; a.ndjson:3 refused; a.ndjson:4 refused; a.ndjson:5 refused; a.ndjson:6 refused"},
		{"findings", map[string]string{"a.ndjson": `{"resourceType":"Patient","id":"1","colour":"red"}`}, []string{"a.ndjson"}, Counts{Created: 1},
			"a.ndjson:1 Patient/1noted"},
		{"gzip by content", map[string]string{"a.ndjson": gzipped(p1), "b.ndjson.gz": p2}, []string{""}, Counts{Created: 2}, ""},
		{"one resource", map[string]string{"a.json": "{\n \"resourceType\" : \"Patient\" ,\n \"id\":\"1\"\n}\n"}, []string{"a.json"}, Counts{Created: 1}, ""},
		{"lines in .json", map[string]string{"a.json": p1 + "\n" + p2 + "\n"}, []string{"a.json"}, Counts{Created: 2}, ""},
		{"document in .ndjson", map[string]string{"a.ndjson": "{\n" + p1[1:]}, []string{"a.ndjson"}, Counts{Created: 1}, ""},
		{"bundle", map[string]string{"a.json": bundleOf("collection", `{"resource": `+p1+`}`, `{}`, `{"resource":`+bad[:len(bad)-2]+`,"id":"4"}}`, `{"resource":`+p2+`}`)},
			[]string{"a.json"}, Counts{Created: 2, Refused: 1}, "a.json:2 noted; a.json:3 refused"},
		{"bundle, deletion", map[string]string{"a.json": bundleOf("transaction", `{"request":{"method":"DELETE","url":"Patient/1"}}`)}, []string{"a.json"}, Counts{}, "a.json:1 Patient/1noted"},
		{"deletions as lines", map[string]string{"deleted.ndjson": bundleOf("transaction", `{"request":{"method":"DELETE","url":"Patient/1"}}`)}, []string{""}, Counts{}, "deleted.ndjson:1 Patient/1noted"},
		{"broken bundle", map[string]string{"a.json": bundleOf("batch", `{"resource":`+p1+`}`)[:60], "b.ndjson": p2}, []string{""}, Counts{Created: 1, Refused: 1}, "a.json:0 refused"},
		{"more after the bundle", map[string]string{"a.json": bundleOf("batch", `{"resource":`+p1+`}`) + "x"}, []string{"a.json"}, Counts{Refused: 1}, "a.json:0 refused"},
		{"other files in a folder", map[string]string{"manifest.json": `{"output":[]}`, "README": "x", "sub/b.ndjson": p1, "a.ndjson": p2},
			[]string{""}, Counts{Created: 2}, "README:0 noted; manifest.json:0 noted"},
		{"named file that is none", map[string]string{"a.json": `{"output":[]}`}, []string{"a.json"}, Counts{Refused: 1}, "a.json:1 refused"},
		{"zip", map[string]string{"a.zip": zipped(t, nil, "b/x.ndjson", p1, "a.json", bundleOf("batch", `{"resource":`+p2+`}`), "README", "", "c.ndjson.gz", gzipped(p1))},
			[]string{"a.zip"}, Counts{Created: 2, Unchanged: 1}, "a.zip!README:0 noted"},
		{"zip in a folder", map[string]string{"x/a.zip": zipped(t, nil, "x.ndjson", p1+"\n"+bad)}, []string{""}, Counts{Created: 1, Refused: 1}, "x/a.zip!x.ndjson:2 refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, dir := testpractice.Empty.Bulk(t), testpractice.Files(t, tt.files)
			got, findings, err := run(t, Import{Store: s}, dir, tt.paths...)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.want || strings.Join(findings, "; ") != tt.findings {
				t.Errorf("got  %+v %v\nwant %+v [%s]", got, findings, tt.want, tt.findings)
			}
			again, _, err := run(t, Import{Store: s}, dir, tt.paths...)
			if want := (Counts{Unchanged: got.Created + got.Unchanged, Refused: got.Refused}); err != nil || again != want {
				t.Errorf("again %+v %v, want %+v", again, err, want)
			}
		})
	}
}

func TestImportStrict(t *testing.T) {
	s := testpractice.Empty.Bulk(t)
	dir := testpractice.Files(t, map[string]string{"a.ndjson": `{"resourceType":"Patient","id":"1","colour":"red"}` + "\n" + p2})
	got, findings, err := run(t, Import{Store: s, Choices: Choices{Strict: true}}, dir, "a.ndjson")
	if err != nil || got != (Counts{Created: 1, Refused: 1}) || fmt.Sprint(findings) != "[a.ndjson:1 Patient/1refused]" {
		t.Errorf("%+v %v %v", got, findings, err)
	}
}

// Links by urn:uuid become relative references, whatever comes first, and resources without an id get that of the
// fullUrl.
func TestImportRewritesLinks(t *testing.T) {
	const a, b = "urn:uuid:7d1e9c1e-0000-4000-8000-00000000000a", "urn:uuid:7d1e9c1e-0000-4000-8000-00000000000b"
	s, dir := testpractice.Empty.Bulk(t), testpractice.Files(t, map[string]string{"a.json": `{"entry":[
		{"resource":{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"` + a + `"},"performer":[{"reference":"` + b + `"},{"reference":"urn:uuid:7d1e9c1e-0000-4000-8000-00000000000c"}]}},
		{"resource":{"id":"p","resourceType":"Patient"},"fullUrl":"` + a + `","request":{"method":"POST","url":"Patient"}},
		{"fullUrl":"` + b + `","resource":{"resourceType":"Practitioner"}},
		{"fullUrl":"https://h/fhir/Organization/org","resource":{"resourceType":"Organization","name":"x"}}
		],"type":"transaction","resourceType":"Bundle"}`})
	got, findings, err := run(t, Import{Store: s}, dir, "a.json")
	if err != nil || got.Created != 4 || len(findings) != 0 {
		t.Fatalf("%+v %v %v", got, findings, err)
	}
	r, err := s.Resource(t.Context(), "Observation", "o")
	if err != nil {
		t.Fatal(err)
	}
	want := `"subject":{"reference":"Patient/p"},"performer":[{"reference":"Practitioner/7d1e9c1e-0000-4000-8000-00000000000b"},{"reference":"urn:uuid:7d1e9c1e-0000-4000-8000-00000000000c"}]`
	if !strings.Contains(string(r.JSON), want) {
		t.Errorf("got %s", r.JSON)
	}
	if _, err := s.Resource(t.Context(), "Organization", "org"); err != nil {
		t.Error(err)
	}
}

// Without any id, content and place make one: the same file again, also from elsewhere, changes nothing.
func TestImportMakesStableIDs(t *testing.T) {
	s := testpractice.Empty.Bulk(t)
	text := map[string]string{"a.ndjson": "{\"resourceType\":\"Basic\"}\n{\"resourceType\":\"Basic\"}\n", "b.json": bundleOf("batch", `{"resource":{"resourceType":"Basic"}}`)}
	for i, want := range []Counts{{Created: 3}, {Unchanged: 3}} {
		if got, _, err := run(t, Import{Store: s}, testpractice.Files(t, text), ""); err != nil || got != want {
			t.Errorf("run %d: %+v %v", i, got, err)
		}
	}
}

func TestImportUnsafeArchives(t *testing.T) {
	link := func(h *zip.FileHeader) { h.SetMode(fs.ModeSymlink | 0o777) }
	encrypted := func(h *zip.FileHeader) { h.Flags |= 1 }
	zeros := strings.Repeat("\n", 1<<20)
	tests := map[string]string{
		"up":        zipped(t, nil, "a.ndjson", p1, "../b.ndjson", p2),
		"deep up":   zipped(t, nil, "a.ndjson", p1, "x/../../b.ndjson", p2),
		"absolute":  zipped(t, nil, "a.ndjson", p1, "/b.ndjson", p2),
		"backslash": zipped(t, nil, "a.ndjson", p1, `..\b.ndjson`, p2),
		"drive":     zipped(t, nil, "a.ndjson", p1, `C:b.ndjson`, p2),
		"link":      zipped(t, link, "a.ndjson", p1),
		"encrypted": zipped(t, encrypted, "a.ndjson", p1),
		"not a zip": "PK\x03\x04 nonsense",
		"cut":       zipped(t, nil, "a.ndjson", p1)[:60],
		// The directory tells of 2 GB in a member of some bytes.
		"bomb": strings.ReplaceAll(zipped(t, nil, "a.ndjson", p1, "b.ndjson", zeros), le32(1<<20), le32(2<<30)),
	}
	for name, archive := range tests {
		t.Run(name, func(t *testing.T) {
			s, dir := testpractice.Empty.Bulk(t), testpractice.Files(t, map[string]string{"a.zip": archive, "z.ndjson": p2})
			got, _, err := run(t, Import{Store: s}, dir, "a.zip", "z.ndjson")
			if err == nil || !strings.Contains(err.Error(), "a.zip") {
				t.Errorf("error %v", err)
			}
			if got != (Counts{Created: 1}) { // the other file
				t.Errorf("counts %+v", got)
			}
			if _, err := s.Resource(t.Context(), "Patient", "1"); err == nil {
				t.Error("something was read from it")
			}
		})
	}
}

// le32 is a number as it stands in a ZIP directory.
func le32(n uint32) string {
	return string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)})
}

// A member that is more than its directory says stops there.
func TestImportLyingArchive(t *testing.T) {
	text := p1 + strings.Repeat("\n", 5000) + p2
	archive := strings.ReplaceAll(zipped(t, nil, "a.ndjson", text), le32(uint32(len(text))), le32(100))
	dir := testpractice.Files(t, map[string]string{"a.zip": archive})
	got, _, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "a.zip")
	if err == nil || !strings.Contains(err.Error(), "damaged") || got.Created > 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestImportGzipBomb(t *testing.T) {
	defer func(was int64) { bombSize = was }(bombSize)
	bombSize = 4 << 20
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	io.WriteString(w, p1+"\n")
	chunk := bytes.Repeat([]byte("\n"), 1<<20)
	for range 12 {
		w.Write(chunk)
	}
	w.Close()
	dir := testpractice.Files(t, map[string]string{"a.ndjson.gz": b.String()})
	got, _, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "a.ndjson.gz")
	if !errors.Is(err, errBomb) || got.Created != 1 {
		t.Errorf("%+v %v", got, err)
	}
	if isBomb(50<<30, 2<<30) || isBomb(3<<20, 1<<10) {
		t.Error("a sound file counts as a bomb")
	}
}

// A line of 200 MB is refused by its number, is not held in memory, and the import goes on.
func TestImportLongLine(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "a.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(f, p1+"\n")
	chunk := bytes.Repeat([]byte("x"), 1<<20)
	for range 200 {
		f.Write(chunk)
	}
	big := `{"resourceType":"Binary","id":"b","contentType":"text/plain","data":"` + strings.Repeat("QUJD", 5<<20) + `"}`
	io.WriteString(f, "\n"+p2+"\n"+big+"\n"+string(chunk)) // the last line is not JSON
	f.Close()
	got, findings, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "a.ndjson")
	if err != nil || got != (Counts{Created: 3, Refused: 2}) || fmt.Sprint(findings) != "[a.ndjson:2 refused a.ndjson:5 refused]" {
		t.Errorf("%+v %v %v", got, findings, err)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d MB from the system", m.Sys>>20)
}

// A text larger than any resource ends the reading of a Bundle; a large entry of small parts is refused alone.
func TestImportBigBundleEntries(t *testing.T) {
	testpractice.Sequential(t)
	parts := `{"resource":{"resourceType":"Patient","id":"x","name":[` + strings.Repeat(`{"text":"`+strings.Repeat("n", 100)+`"},`, 350_000) + `{}]}}`
	dir := testpractice.Files(t, map[string]string{
		"a.json": bundleOf("batch", `{"resource":`+p1+`}`, parts, `{"resource":`+p2+`}`),
		"b.json": bundleOf("batch", `{"resource":{"resourceType":"Binary","data":"`+strings.Repeat("x", 70<<20)+`"}}`),
	})
	got, findings, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "")
	if err != nil || got != (Counts{Created: 2, Refused: 2}) || fmt.Sprint(findings) != "[a.json:2 refused b.json:0 refused]" {
		t.Errorf("%+v %v %v", got, findings, err)
	}
}

func TestImportSymlinks(t *testing.T) {
	outside, dir := testpractice.Files(t, map[string]string{"p.ndjson": p1, "d/q.ndjson": p1}), testpractice.Files(t, map[string]string{"a.ndjson": p2})
	if os.Symlink(filepath.Join(outside, "p.ndjson"), filepath.Join(dir, "l.ndjson")) != nil || os.Symlink(filepath.Join(outside, "d"), filepath.Join(dir, "m")) != nil {
		t.Skip("no symbolic links here")
	}
	got, findings, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "")
	if err != nil || got.Created != 1 || fmt.Sprint(findings) != "[l.ndjson:0 noted m:0 noted]" {
		t.Errorf("%+v %v %v", got, findings, err)
	}
	os.Symlink(outside, filepath.Join(dir, "named")) // what is named is followed
	if got, _, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "named"); err != nil || got.Created != 1 {
		t.Errorf("%+v %v", got, err)
	}
}

func TestImportMissingFile(t *testing.T) {
	dir := testpractice.Files(t, map[string]string{"a.ndjson": p1, "b.ndjson.gz": gzipped(p2 + "\n" + strings.Repeat(p1+"\n", 99))[:60]})
	got, _, err := run(t, Import{Store: testpractice.Empty.Bulk(t)}, dir, "nope.ndjson", "b.ndjson.gz", "a.ndjson")
	if err == nil || !strings.Contains(err.Error(), "nope.ndjson") || !strings.Contains(err.Error(), "b.ndjson.gz") {
		t.Errorf("error %v", err)
	}
	if got.Created+got.Updated == 0 {
		t.Errorf("the other file was not read: %+v", got)
	}
}

// What was counted is in the store, wherever the import stops; running it again completes it.
func TestImportInterrupted(t *testing.T) {
	var text strings.Builder
	const n = 12 * batchCount // at half of them more batches have been read than can be under way
	for i := range n {
		fmt.Fprintf(&text, `{"resourceType":"Patient","id":"%d"}`+"\n", i)
	}
	s, dir := testpractice.Empty.Bulk(t), testpractice.Files(t, map[string]string{"a.ndjson": text.String()})
	ctx, stop := context.WithCancel(t.Context())
	m := Import{Store: s, Progress: func(read, total int64) {
		if read > total/2 {
			stop()
		}
	}}
	counts, err := m.Run(ctx, filepath.Join(dir, "a.ndjson"))
	stored, terr := s.Types(t.Context())
	if !errors.Is(err, context.Canceled) || terr != nil {
		t.Fatal(err, terr)
	}
	got := int(counts["Patient"].Created)
	if stored["Patient"] != got || got%batchCount != 0 || got == 0 || got == n {
		t.Errorf("counted %d, stored %d", got, stored["Patient"])
	}
	again, err := (&Import{Store: s}).Run(t.Context(), filepath.Join(dir, "a.ndjson"))
	if err != nil || again["Patient"] != (Counts{Created: int64(n - got), Unchanged: int64(got)}) {
		t.Errorf("again %+v %v", again, err)
	}
}

// A store that fails ends the import with its error, and does not hang it.
func TestImportStoreFails(t *testing.T) {
	s, dir := testpractice.Empty.Bulk(t), testpractice.Files(t, map[string]string{"a.ndjson": strings.Repeat(p1+"\n", 9000)})
	s.Close()
	done := make(chan error, 1)
	go func() {
		_, err := (&Import{Store: s}).Run(context.Background(), filepath.Join(dir, "a.ndjson"))
		done <- err
	}()
	if err := <-done; err == nil {
		t.Error("no error")
	}
}

func TestIssueOf(t *testing.T) {
	issue := issueOf(fmt.Errorf("x: %w", &fhir.Error{Code: fhir.CodeValue, Expression: "Patient.id"}))
	if issue.Code != fhir.CodeValue || issue.Expression != "Patient.id" || issue.Severity != fhir.SeverityError {
		t.Errorf("%+v", issue)
	}
}

// The limit of a line is exact, and what is beyond it is not returned in part.
func TestLineReader(t *testing.T) {
	sizes := []int{5, 0, textBuffer - 1, textBuffer, textBuffer + 1, fhir.MaxResourceSize, fhir.MaxResourceSize + 3, 3 * fhir.MaxResourceSize, 7}
	pieces := make([]io.Reader, 0, 2*len(sizes))
	for i, n := range sizes {
		pieces = append(pieces, strings.NewReader(strings.Repeat(string(rune('a'+i)), n)), strings.NewReader("\n"))
	}
	l := lineReader{r: bufio.NewReaderSize(io.MultiReader(pieces[:len(pieces)-1]...), textBuffer)} // no line feed at the end
	for i, n := range sizes {
		line, err := l.next()
		switch {
		case n > fhir.MaxResourceSize:
			if err != errLong || line != nil {
				t.Errorf("%d bytes: %d bytes, %v", n, len(line), err)
			}
		case err != nil || len(line) != n || n > 0 && (line[0] != byte('a'+i) || line[n-1] != byte('a'+i)):
			t.Errorf("%d bytes: %d bytes, %v", n, len(line), err)
		}
	}
	if _, err := l.next(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}
