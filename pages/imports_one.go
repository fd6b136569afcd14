package pages

import (
	"maps"
	"slices"

	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/storage"
)

// importRow is an import as the pages show it.
type importRow struct {
	storage.Job
	imports.Outcome
	Names   []string // of the files, as they were sent
	Percent int      // -1: not known
	Sum     imports.Counts
	Types   []typeCounts
	Refused []storage.JobFinding // the first of them; filled for the page of one import
	Remarks []storage.JobFinding // likewise
	More    int64                // findings that are not shown
	All     int64                // findings
	Persons []heldRow            // who was held back; filled for the page of one import
}

// typeCounts is what an import did to one type; Type is "" for what could not be read.
type typeCounts struct {
	Type string
	imports.Counts
}

// importRowOf tells what the job's row says, without its findings.
func importRowOf(job storage.Job) (r importRow, err error) {
	r = importRow{Job: job, Percent: stateOf(job).Percent}
	asked, err := imports.RequestOf(job)
	if err != nil {
		return r, err
	}
	for _, f := range asked.Files {
		r.Names = append(r.Names, f.Name)
	}
	if r.Outcome, err = imports.OutcomeOf(job); err != nil {
		return r, err
	}
	r.All = r.Outcome.Refused + r.Outcome.Remarks
	for _, typ := range slices.Sorted(maps.Keys(r.Counts)) {
		n := r.Counts[typ]
		r.Types = append(r.Types, typeCounts{typ, n})
		r.Sum.Add(n)
	}
	if len(r.Types) > 1 && r.Types[0].Type == "" { // what could not be read stands last
		r.Types = append(r.Types[1:], r.Types[0])
	}
	return r, nil
}

// UnassignedMore is how many more than those that are named say of nobody whose they are.
func (r importRow) UnassignedMore() int64 {
	if r.Unassigned == nil {
		return 0
	}
	return r.Unassigned.N - int64(len(r.Unassigned.First))
}

// Over reports whether the import has ended.
func (r importRow) Over() bool { return r.State.Over() }

// Running reports whether the import is being read.
func (r importRow) Running() bool { return r.State == storage.Running }

// Again reports whether the import began more than once, because the server ended meanwhile.
func (r importRow) Again() bool { return r.Runs > 1 }

// importOne is one import with the findings that are kept of it.
func (v *Request) importOne(id string) (importRow, error) {
	job, all, note, err := v.Exports.Import(v.Context(), v.Actor(0), id)
	v.Did(note, err)
	if err != nil {
		return importRow{}, err
	}
	r, err := importRowOf(job)
	if err != nil {
		return r, err
	}
	for _, f := range all {
		if f.Refused {
			r.Refused = append(r.Refused, f)
		} else {
			r.Remarks = append(r.Remarks, f)
		}
	}
	r.More = r.All - int64(len(all))
	r.Persons = v.heldRows(r.Held)
	return r, nil
}

// showImport tells how far an import is, or what came of it. One that is not known has expired: the page says what that
// means.
func showImport(v *Request) error {
	r, err := v.importOne(v.Value("id"))
	if isCode(err, fhir.CodeNotFound) {
		return v.RenderStatus(404, "imports-gone", nil)
	} else if err != nil {
		return err
	}
	return v.Render("imports-one", r)
}

// showImportProgress is the bar alone; once it is over, or not known any more, the script goes to the page.
func showImportProgress(v *Request) error {
	r, err := v.importOne(v.Value("id"))
	if err != nil && !isCode(err, fhir.CodeNotFound) {
		return err
	}
	over := err != nil || r.Over()
	if over && fhir.IsID(v.Value("id")) {
		v.W.Header().Set("Satchel-Go", importPath+"/"+v.Value("id"))
	}
	return v.Fragment("imports-one", "imports-progress", r, !over)
}
