package pages

import (
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"satchel/audit"
	"satchel/engine"
	"satchel/exports"
	"satchel/fhir"
)

const (
	importPath  = "/import"
	slowestSend = 2 * time.Minute // how long a browser may take to send the next piece of an upload
	mostChoices = 20              // fields beside the files
	mostBody    = 1 << 50         // the disk and Options.MostUpload bound an upload
)

// importRoutes are the pages of uploads into the store.
func importRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "import", Kind: Staff, Action: audit.NoEvent, Needs: exports.MayImport, Nav: "nav.import", Summary: "The form for files to import, and the last imports", Run: showImports},
		{Method: "POST", Pattern: "import", Kind: Staff, Action: audit.Import, Needs: exports.MayImport, Long: true, Most: mostBody, Summary: "Send files and import them", Run: startImport},
		{Method: "GET", Pattern: "import/{id}", Kind: Staff, Action: audit.Import, Needs: exports.MayImport, Summary: "One import: how far it is, what came of it", Run: showImport},
		{Method: "GET", Pattern: "import/{id}/progress", Kind: Staff, Action: audit.NoEvent, Quiet: true, Needs: exports.MayImport, Summary: "For scripts: how far an import is", Run: showImportProgress},
		{Method: "GET", Pattern: "import/{id}/findings", Kind: Staff, Action: audit.Import, Needs: exports.MayImport, Long: true, Summary: "Download all findings of an import", Run: sendFindings},
		{Method: "GET", Pattern: "import/{id}/stop", Kind: Staff, Action: audit.NoEvent, Needs: exports.MayImport, Summary: "Ask whether an import is to be stopped", Run: askStopImport},
		{Method: "POST", Pattern: "import/{id}/stop", Kind: Staff, Action: audit.Import, Needs: exports.MayImport, Summary: "Stop an import", Run: stopImport},
	}
}

// importsPage is the data of the form.
type importsPage struct {
	Form *Form
	All  []importRow
}

// importsMost is how many imports the list shows.
const importsMost = 50

func (v *Request) importsPage(f *Form) (importsPage, error) {
	page := importsPage{Form: f}
	jobs, note, err := v.Exports.Imports(v.Context(), v.Actor(0))
	v.Did(note, err)
	if err != nil {
		return page, err
	}
	for _, job := range jobs[:min(len(jobs), importsMost)] {
		row, err := importRowOf(job)
		if err != nil {
			return page, err
		}
		page.All = append(page.All, row)
	}
	return page, nil
}

func showImports(v *Request) error {
	page, err := v.importsPage(NewForm())
	if err != nil {
		return err
	}
	return v.Render("imports", page)
}

// startImport takes the files as they come and leads to the page of the import. What is refused is said in the form, and
// nothing of it stays.
func startImport(v *Request) error {
	f := NewForm()
	id, err := v.receive(f)
	if err != nil {
		if err := f.Refuse("file", err); err != nil {
			return err
		}
	}
	if f.Bad() {
		// The rest of an upload is not waited for; the connection ends with the answer.
		v.W.Header().Set("Connection", "close")
		page, err := v.importsPage(f)
		if err != nil {
			return err
		}
		return v.Invalid("imports", page)
	}
	return v.Redirect(importPath + "/" + id)
}

// receive reads the form piece by piece: choices first, then files.
func (v *Request) receive(f *Form) (id string, err error) {
	parts, err := v.MultipartReader()
	if err != nil {
		return "", broken()
	}
	u, note, err := v.Exports.NewUpload(v.Actor(0), v.MostUpload)
	if err != nil {
		v.Did(note, err)
		return "", err
	}
	taken := false
	defer func() {
		if !taken {
			u.Discard()
		}
	}()
	control := http.NewResponseController(v.W)
	defer control.SetReadDeadline(time.Time{})
	for {
		_ = control.SetReadDeadline(time.Now().Add(slowestSend)) // a recorder has no deadlines
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		} else if err != nil {
			return "", broken()
		}
		if err := f.part(part, u, func() { _ = control.SetReadDeadline(time.Now().Add(slowestSend)) }); err != nil {
			return "", err
		}
	}
	if n, _ := u.Files(); n == 0 {
		f.Fail("file", "file.needed")
		return "", nil
	}
	taken = true // by the import, or discarded there
	job, note, err := v.Exports.StartImport(v.Context(), v.Actor(http.StatusSeeOther), u, f.choices())
	v.Did(note, err)
	return job.ID, err
}

// part takes one part of the form.
func (f *Form) part(part *multipart.Part, u *engine.Upload, alive func()) error {
	if part.FormName() == "file" {
		if part.FileName() == "" {
			return nil // no file was chosen
		}
		return u.Add(part.FileName(), lively{part, alive})
	}
	if len(f.Values) >= mostChoices {
		return broken()
	}
	value, err := io.ReadAll(io.LimitReader(part, 1000))
	if err != nil {
		return broken()
	}
	f.Values.Set(part.FormName(), string(value))
	return nil
}

// lively tells of every piece that is read.
type lively struct {
	io.Reader
	alive func()
}

func (l lively) Read(p []byte) (int, error) {
	l.alive()
	return l.Reader.Read(p)
}

func broken() error {
	return fhir.Errorf(fhir.CodeStructure, "the files did not arrive whole; send them again")
}

// sendFindings hands out every finding of an import as CSV.
func sendFindings(v *Request) error {
	file, note, err := v.Exports.ImportFindings(v.Context(), v.Actor(0), v.Value("id"))
	v.Did(note, err)
	if err != nil {
		return err
	}
	defer file.Close()
	v.attachment("import-findings.csv", "text/csv; charset=utf-8")
	v.W.WriteHeader(http.StatusOK)
	_, err = io.Copy(v.W, file)
	if err != nil {
		v.Log.Warn("findings not sent to their end", "request", v.ID)
		panic(http.ErrAbortHandler) // an answer cut off must not look like a whole one
	}
	return nil
}

func askStopImport(v *Request) error {
	job, _, note, err := v.Exports.Import(v.Context(), v.Actor(0), v.Value("id"))
	v.Did(note, err)
	if err != nil {
		return err
	}
	if job.State.Over() {
		return v.Redirect(importPath + "/" + job.ID)
	}
	return v.Render("imports-stop", job)
}

// stopImport ends an import. What it stored stays.
func stopImport(v *Request) error {
	note, err := v.Exports.StopImport(v.Context(), v.Actor(http.StatusSeeOther), v.Value("id"))
	v.Did(note, err)
	if err != nil {
		return err
	}
	return v.Done(importPath+"/"+v.Value("id"), "stopped")
}
