package pages_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/internal/await"
)

// sent is one file of an upload.
type sent struct{ name, text string }

// upload sends files as the browser's form does. fields are name, value, …
func (v *visitor) upload(files []sent, fields ...string) reply {
	v.p.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := m.WriteField(fields[i], fields[i+1]); err != nil {
			v.p.t.Fatal(err)
		}
	}
	for _, f := range files {
		w, err := m.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename="%s"`, strings.NewReplacer(`"`, `%22`, "\n", "%0A").Replace(f.name))}})
		if err != nil {
			v.p.t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			v.p.t.Fatal(err)
		}
	}
	m.Close()
	return v.send(v.request("POST", "/import", &b, "Content-Type: "+m.FormDataContentType()))
}

// imported waits until the page of an import says that it has ended.
func (v *visitor) imported(r reply, texts ...string) (reply, string) {
	v.p.t.Helper()
	v.want(r, 303)
	path := r.header.Get("Location")
	return v.want(v.ended(path), 200, texts...), path
}

// left are the files that lie in the folder of exports and uploads.
func (p *practice) left() (names []string) {
	p.t.Helper()
	err := filepath.WalkDir(p.exports, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(path))
			if info, err := d.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
				p.t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
		return nil
	})
	if err != nil && !os.IsNotExist(err) {
		p.t.Fatal(err)
	}
	return names
}

// leftAfter are the files that lie there once the worker has tidied up, which is just after the page tells the end.
func (p *practice) leftAfter() []string {
	p.t.Helper()
	return await.Value(p.t, "the worker has tidied up", func() ([]string, bool) {
		got := p.left()
		return got, len(got) <= 1
	})
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return b.String()
}

func zipped(t *testing.T, files ...sent) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.Create(f.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(f.text)); err != nil {
			t.Fatal(err)
		}
	}
	z.Close()
	return b.String()
}

const canary = "Canarybird"

func line(id, more string) string {
	return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"` + canary + `"}]` + more + "}\n"
}

// Files of every kind are read; what was refused is told by file, line and reason, and never what it holds. Again is safe.
func TestImport(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.as("ann")
	v.want(v.get("/import"), 200, `enctype="multipart/form-data"`, "No files were imported here lately")
	files := []sent{
		{"a.ndjson", line("i1", "") + "this is not JSON " + canary + "\n" + line("i2", "") + `{"resourceType":"Nonsense","id":"x"}` + "\n" + line("i3", `,"birthDate":"`+canary+`"`)},
		{"b.ndjson.gz", gzipped(t, line("i4", ""))},
		{"bundle.json", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":` + line("i5", "") + `}]}`},
		{"more.zip", zipped(t, sent{"in/c.ndjson", line("i6", "")}, sent{"readme.txt", "hello"})},
	}
	r, path := v.imported(v.upload(files), "2 entries were refused", "a.ndjson", "could not be read", "more.zip!readme.txt")
	for _, secret := range []string{canary, p.exports, "0000"} {
		if strings.Contains(r.body, secret) {
			t.Errorf("the page tells %q", secret)
		}
	}
	if !regexp.MustCompile(`<th scope="row">Patient</th><td[^>]*>6</td><td[^>]*>0</td><td[^>]*>0</td><td[^>]*>0</td><td[^>]*>0</td><td[^>]*>0</td>`).MatchString(r.body) {
		t.Errorf("counts are wrong\n%s", r.body)
	}
	for i := range 6 {
		p.stored("Patient", fmt.Sprint("i", i+1))
	}
	list := v.want(v.get(path+"/findings"), 200, "file,line,entry,refused,reason", "a.ndjson,2,,yes,", "a.ndjson,4,,yes,", "a.ndjson,5,Patient/i3,no,")
	if strings.Contains(list.body, canary) || !strings.HasPrefix(list.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%v\n%s", list.header, list.body)
	}
	if got := p.leftAfter(); len(got) != 1 || got[0] != "findings.csv" {
		t.Errorf("left %q", got)
	}
	r, again := v.imported(v.upload(files[:1], "strict", "1"), "3 entries were refused")
	if !regexp.MustCompile(`<th scope="row">Patient</th><td[^>]*>0</td><td[^>]*>0</td><td[^>]*>2</td><td[^>]*>0</td><td[^>]*>0</td><td[^>]*>1</td>`).MatchString(r.body) {
		t.Errorf("counts are wrong\n%s", r.body)
	}
	v.want(v.get("/import"), 200, path, again, "and 3 more")
	v.want(v.get(again+"/progress"), 200)
	v.led(v.get(again+"/stop"), again)
	v.led(v.post(again+"/stop"), again+"?done=stopped")
	noted := strings.Join(p.noted(audit.Import), "\n")
	id := strings.TrimPrefix(path, "/import/")
	for _, want := range []string{"ann import " + id + " success [] upload, 4 files, ", "ann import " + id + " success [] begins, 4 paths", "ann import " + id + " success [] ends, 6 created, 0 updated, 0 unchanged, 0 deleted, 0 older, 2 refused"} {
		if !strings.Contains(noted, want) {
			t.Errorf("the audit log lacks %q\n%s", want, noted)
		}
	}
	if strings.Contains(noted, ".ndjson") || strings.Contains(p.log.String(), ".ndjson") || strings.Contains(p.log.String(), canary) {
		t.Errorf("names of files are in a log\n%s\n%s", noted, p.log)
	}
}

// The choices of the form reach the import: deletions are carried out, and what was changed here gives way.
func TestImportChoices(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	v := p.as("ann")
	gone := sent{"gone.ndjson", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Patient/i1"}}]}`}
	v.imported(v.upload([]sent{{"a.ndjson", `{"resourceType":"Patient","id":"i1"}`}}), "Everything in the files is stored")
	v.imported(v.upload([]sent{gone}), "Patient/i1", "not carried out")
	p.stored("Patient", "i1")
	r, _ := v.imported(v.upload([]sent{gone}, "deletions", "1"))
	if !regexp.MustCompile(`data-label="Deleted">1</td>`).MatchString(r.body) {
		t.Errorf("nothing was deleted\n%s", r.body)
	}
	r, _ = v.imported(v.upload([]sent{{"a.ndjson", `{"resourceType":"Patient","id":"i1"}`}}, "overwrite", "1"))
	if !regexp.MustCompile(`data-label="New">1</td>`).MatchString(r.body) {
		t.Errorf("it stays deleted\n%s", r.body)
	}
}

// What cannot be imported is refused beside the field, and nothing of it stays.
func TestImportRefused(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Pages.MostUpload = 3_000_000 })
	v := p.as("ann")
	bag := zipped(t, sent{"EHI_x/bagit.txt", "BagIt-Version: 1.0\n"}, sent{"EHI_x/data/x.ndjson", line("i1", "")})
	for what, c := range map[string]struct {
		files []sent
		want  string
	}{
		"wrong kind":       {[]sent{{"a.ndjson", line("i1", "")}, {"report.pdf", "%PDF"}}, "not a file of records by its name"},
		"no name":          {[]sent{{"..", "x"}}, "not a file of records by its name"},
		"package":          {[]sent{{"EHI_x.zip", bag}}, "satchel import PACKAGE"},
		"too large":        {[]sent{{"big.ndjson", strings.Repeat(line("i1", ""), 40_000)}, {"b.ndjson", strings.Repeat(line("i1", ""), 40_000)}}, "the most that is taken at once"},
		"nothing":          {nil, "No file was chosen"},
		"a hostile name":   {[]sent{{`<img src=x onerror=alert(1)>.exe`, "x"}}, "&lt;img src=x"},
		"an ending hidden": {[]sent{{"a.ndjson\u202efdp.exe", "x"}}, "not a file of records"},
	} {
		r := v.want(v.upload(c.files), 422, c.want)
		if strings.Contains(r.body, "<img src=x") {
			t.Errorf("%s: the name is not inert", what)
		}
		if got := p.left(); len(got) > 0 {
			t.Errorf("%s: left %q", what, got)
		}
	}
	v.want(v.post("/import", "file", "x"), 422, "did not arrive whole")
	cut := v.request("POST", "/import", strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.ndjson\"\r\n\r\n{}"), "Content-Type: multipart/form-data; boundary=x")
	v.want(v.send(cut), 422, "did not arrive whole")
	if got := p.left(); len(got) > 0 {
		t.Errorf("left %q", got)
	}
	// Names that lead elsewhere lead nowhere, and formulas are none in the list.
	for _, name := range []string{"../../../etc/x.ndjson", `C:\con.ndjson`, "/abs.ndjson", ".hidden.ndjson", "=cmd().ndjson", "ä ö\n.ndjson", strings.Repeat("n", 400) + ".ndjson.gz"} {
		r, path := v.imported(v.upload([]sent{{name, "not JSON\n"}}), "One entry was refused")
		if strings.Contains(r.body, "../") || strings.Contains(r.body, "C:") {
			t.Errorf("%s: folders are shown", name)
		}
		list := v.get(path + "/findings").body
		if name[0] == '=' && !strings.Contains(list, "\n'=cmd()") {
			t.Errorf("a formula is in the list\n%s", list)
		}
	}
	// A damaged archive and one that is unsafe say so.
	v.imported(v.upload([]sent{{"bad.zip", "PK not a zip"}}), "not everything could be read", "bad.zip: ")
	v.imported(v.upload([]sent{{"slip.zip", zipped(t, sent{"../../x.ndjson", line("i1", "")})}}), "slip.zip: ", "unsafe archive")
}

// A form with fields without end is not held in memory.
func TestImportFields(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	v := p.as("ann")
	var fields []string
	for i := range 100 {
		fields = append(fields, fmt.Sprint("field", i), "x")
	}
	v.want(v.upload([]sent{{"a.ndjson", line("i1", "")}}, fields...), 422)
	if left := p.left(); len(left) > 0 {
		t.Error(left)
	}
}

// Only who may write everything may import, and nobody else learns of imports.
func TestImportPermissions(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still = true })
	p.account("walt", "ACCESS_ADMIN_WEB", "FHIR_ALL_WRITE")
	path := p.as("ann").upload([]sent{{"a.ndjson", line("i1", "")}}).header.Get("Location")
	for _, who := range []string{"fred", "rita", "ike", "nora"} {
		v := p.as(who)
		if strings.Contains(v.get("/help").body, `href="/import"`) {
			t.Errorf("%s is led to the import", who)
		}
		for _, page := range []string{"/import", path, path + "/progress", path + "/findings", path + "/stop"} {
			v.want(v.get(page), 403)
		}
		v.want(v.upload([]sent{{"a.ndjson", line("i9", "")}}), 403)
		v.want(v.post(path+"/stop"), 403)
	}
	// Who may see and cancel everybody's exports does not find it among them, and does not delete it as one.
	p.account("jobs", "ACCESS_ADMIN_WEB", "VIEW_BATCH_JOBS", "MANAGE_BATCH_JOBS", "FHIR_ALL_READ")
	export := strings.Replace(path, "/import/", "/exports/", 1)
	for _, who := range []string{"jobs", "ann"} {
		v := p.as(who)
		if strings.Contains(v.get("/exports").body, strings.TrimPrefix(path, "/import/")) {
			t.Errorf("%s finds the import among exports", who)
		}
		for _, page := range []string{export, export + "/progress", export + "/files/findings.csv", export + "/delete"} {
			v.want(v.get(page), 404)
		}
		v.want(v.post(export+"/delete"), 404)
	}
	v := p.as("walt")
	v.want(v.get("/import"), 200, path, "Waiting for its turn")
	v.want(v.get(path), 200, "data-poll", "Waiting for its turn")
	v.want(v.get(path+"/findings"), 404)
	v.want(v.get(path+"/stop"), 200, "Stop this import?")
	v.led(v.post(path+"/stop"), path+"?done=stopped")
	v.want(v.get(path), 200, "It was stopped.")
	if got := p.left(); len(got) > 0 {
		t.Errorf("left %q", got)
	}
	v.want(v.get("/import/unknown"), 404, "not known any more", "again is safe")
	r := v.want(v.get("/import/unknown/progress"), 200)
	if r.header.Get("Satchel-Go") != "/import/unknown" || r.header.Get("Satchel-Poll") != "done" {
		t.Errorf("%v", r.header)
	}
	for range 5 {
		v.want(v.upload([]sent{{"a.ndjson", line("i1", "")}}), 303)
	}
	v.want(v.upload([]sent{{"a.ndjson", line("i1", "")}}), 422, "queued or running")
}

// In a browser files are chosen, sent, followed, and their errors read.
func TestImportInBrowser(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	dir := t.TempDir()
	good, bad, wrong := filepath.Join(dir, "patients.ndjson"), filepath.Join(dir, "laboratory of 2026.ndjson"), filepath.Join(dir, "letter.pdf")
	for name, text := range map[string]string{good: line("i1", "") + line("i2", ""), wrong: "%PDF",
		bad: line("i3", "") + "oops\n" + `{"resourceType":"Observation","id":"o1","code":{"text":"x"}}` + "\n" + `{"resourceType":"Observation","status":"final"` + "\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := p.signed(t, "ann")
	b.Click("Import")
	b.Wait("Records from another program")
	p.looks(b, "import")
	b.Upload("#f-file", wrong)
	b.Click("main button.primary")
	b.Wait("is not a file of records by its name")
	b.Forget()
	p.looks(b, "import-wrong")
	b.Upload("#f-file", good, bad)
	b.Click("main button.primary")
	b.Wait("2 entries were refused")
	p.looks(b, "import-one")
	b.Click("All imports")
	b.Wait("Last imports")
	p.looks(b, "import-list")
}
