package pages

import (
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"satchel/engine"
	"satchel/engine/pack"
	"satchel/fhir"
	"satchel/handover"
	"satchel/handover/view"
	"satchel/storage"
)

// copyPage is the data of the pages of one copy.
type copyPage struct {
	Job           storage.Job
	State         jobState
	Request       handover.Order
	Name          string // of the patient
	Born          string
	Kind          string // good, warn or bad
	Outcome       pack.Outcome
	Counts        []typeCount
	Total         int
	Older         int64 // earlier versions
	Gone          int64 // deletions
	LeftOut       []leftOut
	Files         []copyFile // the ZIP files
	Protected     []copyFile
	LeftOutLinked []person // linked records that did not come along
	Base          string

	Form       *Form
	Passphrase string // of a protected copy, shown once
	TooLarge   bool   // for a page that opens itself
	Practice   string
	Account    string // who prints a receipt
	Now        time.Time
}

// copyFile is one file that can be downloaded.
type copyFile struct {
	storage.JobFile
	Href, Hash string
	HTML       bool
}

// leftOut is something that was left out on purpose.
type leftOut struct {
	What      string
	N         int64
	Part      handover.Part
	Why       string
	Authority string
	Statutory bool
}

// showCopy tells how far a copy is, or what it is.
func showCopy(v *Request) error {
	page, err := v.copyPage()
	if err != nil {
		return err
	}
	if page.State.State != storage.Complete {
		return v.Render("copies-progress", page)
	}
	return v.Render("copies-ready", page)
}

// copyPage reads the copy in the address, and decides.
func (v *Request) copyPage() (*copyPage, error) {
	job, err := v.job(v.Value("job"))
	if err != nil {
		return nil, err
	}
	if !isCopy(job) {
		return nil, nothingHere()
	}
	return v.copyPageOf(job)
}

// readyCopy is copyPage for a copy that is complete.
func (v *Request) readyCopy() (*copyPage, error) {
	page, err := v.copyPage()
	if err == nil && page.State.State != storage.Complete {
		err = fhir.Errorf(fhir.CodeConflict, "this copy is not ready yet; go back and wait until it is")
	}
	return page, err
}

// copyPageOf gathers what is told of a copy that the request may see.
func (v *Request) copyPageOf(job storage.Job) (*copyPage, error) {
	p := &copyPage{Job: job, State: stateOf(job), Form: NewForm("form", "html"), Practice: v.Practice.Now().Name, Account: v.Who.Name, Now: v.Store.Now(), Base: v.Base}
	var err error
	if p.Request, err = pack.OrderOf(job); err != nil {
		return nil, err
	}
	who, _, err := v.living(p.Request.Patient)
	if err != nil {
		return nil, err
	}
	p.Name, p.Born = who.Name, who.Born
	if p.Name == "" {
		p.Name = p.Request.Patient
	}
	if job.State == storage.Complete {
		return p, v.completed(p)
	}
	return p, nil
}

// completed adds how a copy ended.
func (v *Request) completed(p *copyPage) (err error) {
	if p.Outcome, err = pack.OutcomeOf(p.Job); err != nil {
		return err
	}
	p.Kind = map[handover.Verdict]string{handover.Complete: "good", handover.CompleteWithExclusions: "good"}[p.Outcome.Verdict]
	if p.Kind == "" {
		p.Kind = "bad"
	}
	p.count()
	for _, x := range p.Outcome.Exclusions {
		p.LeftOut = append(p.LeftOut, leftOut{view.TypeName(x.Type, max(x.Count, 1)), max(x.Count, 1), x.Part, view.Reason(x.Reason), x.Authority, x.Statutory})
	}
	for _, f := range p.Job.Files {
		file := copyFile{JobFile: f, Href: "/copies/" + p.Job.ID + "/file/" + f.Name, Hash: hex.EncodeToString(f.SHA256)}
		switch f.List {
		case pack.ListPackage:
			p.Files = append(p.Files, file)
			p.TooLarge = p.TooLarge || f.Bytes > handover.MaxSelfOpening
		case pack.ListProtected:
			file.HTML = strings.HasSuffix(f.Name, "."+engine.ProtectHTML)
			p.Protected = append(p.Protected, file)
		}
	}
	return v.leftOutLinked(p)
}

// count sums up by kind what a copy holds.
func (p *copyPage) count() {
	for _, typ := range slices.Sorted(maps.Keys(p.Outcome.Counts)) {
		c := p.Outcome.Counts[typ]
		p.Older += c.ExportedVersions - c.ExportedCurrent
		p.Gone += c.ExportedDeleted
		if c.ExportedCurrent == 0 {
			continue
		}
		n := int(c.ExportedCurrent)
		p.Total += n
		p.Counts = append(p.Counts, typeCount{view.TypeName(typ, c.ExportedCurrent), n})
	}
	slices.SortStableFunc(p.Counts, func(a, b typeCount) int { return b.N - a.N })
}

// leftOutLinked names the linked records that are not in a copy, as far as the account may read them.
func (v *Request) leftOutLinked(p *copyPage) error {
	var ids []string
	for _, l := range p.Outcome.LeftOut {
		ids = append(ids, fhir.ParseReference(l.Patient).ID)
	}
	all, _, err := v.readable(ids)
	if err != nil {
		return err
	}
	for _, r := range all {
		v.Saw(r.ID)
	}
	p.LeftOutLinked, err = v.personsOf(all)
	return err
}

// showCopyProgress answers the script of the page that waits.
func showCopyProgress(v *Request) error {
	job, err := v.job(v.Value("job"))
	if err != nil {
		return err
	}
	return v.jobProgress("copies-progress", job, jobPath(job))
}

// downloadCopy hands out a file of a copy.
func downloadCopy(v *Request) error {
	if _, err := v.readyCopy(); err != nil {
		return err
	}
	return v.sendJobFile(v.Actor(0), v.Value("job"), v.Value("file"))
}

// showReceipt answers a receipt to print.
func showReceipt(v *Request) error {
	page, err := v.readyCopy()
	if err != nil {
		return err
	}
	return v.Render("copies-receipt", page)
}

// showProtect asks how a protected copy shall be.
func showProtect(v *Request) error {
	page, err := v.readyCopy()
	if err != nil {
		return err
	}
	if page.TooLarge {
		page.Form.Values.Set("form", engine.ProtectAge)
	}
	return v.Render("copies-protect", page)
}

// protectCopy makes a protected copy and shows its passphrase, once: it is kept nowhere.
func protectCopy(v *Request) error {
	page, err := v.readyCopy()
	if err != nil {
		return err
	}
	if page.Form, err = v.Form(); err != nil {
		return err
	}
	form := page.Form.Get("form")
	protected, note, err := v.Exports.Protect(v.Context(), v.Actor(http.StatusOK), page.Job.ID, form, "")
	if v.Did(note, err); err != nil {
		if err := page.Form.Refuse("form", err); err != nil {
			return err
		}
		return v.Invalid("copies-protect", page)
	}
	job, err := v.job(page.Job.ID)
	if err != nil {
		return err
	}
	made, err := v.copyPageOf(job)
	if err != nil {
		return err
	}
	made.Passphrase = protected.Made
	made.Protected = slices.DeleteFunc(made.Protected, func(f copyFile) bool { return f.HTML != (form == engine.ProtectHTML) })
	return v.Render("copies-protected", made)
}

// askDeleteCopy asks before a copy is gone.
func askDeleteCopy(v *Request) error {
	job, err := v.jobToEnd(v.Value("job"))
	if err != nil {
		return err
	}
	if !isCopy(job) {
		return nothingHere()
	}
	return v.Render("copies-delete", map[string]any{"Job": job, "State": stateOf(job)})
}

// deleteCopy cancels a copy or removes its files.
func deleteCopy(v *Request) error {
	job, err := v.jobToEnd(v.Value("job"))
	if err != nil {
		return err
	}
	if !isCopy(job) {
		return nothingHere()
	}
	if err := v.endJob(job.ID); err != nil {
		return err
	}
	return v.Done("/copies", "deleted")
}
