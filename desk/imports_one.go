package desk

import (
	"maps"
	"slices"

	"satchel/engine"
	"satchel/fhir"
	"satchel/storage"
)

// importRow is an import as the pages show it.
type importRow struct {
	engine.ImportState
	Percent int // -1: not known
	Sum     engine.Counts
	Types   []typeCounts
	More    int64 // findings that are not shown
	All     int64 // findings
}

// typeCounts is what an import did to one type; Type is "" for what could not be read.
type typeCounts struct {
	Type string
	engine.Counts
}

func importRowOf(s engine.ImportState) importRow {
	r := importRow{ImportState: s, Percent: -1, All: s.Refusals + s.Noted}
	if s.Total > 0 {
		r.Percent = int(100 * s.Read / s.Total)
	}
	if !s.Over() {
		r.Percent = min(r.Percent, 99)
	}
	for _, typ := range slices.Sorted(maps.Keys(s.Counts)) {
		n := s.Counts[typ]
		r.Types = append(r.Types, typeCounts{typ, n})
		r.Sum.Created += n.Created
		r.Sum.Updated += n.Updated
		r.Sum.Unchanged += n.Unchanged
		r.Sum.Refused += n.Refused
	}
	if len(r.Types) > 1 && r.Types[0].Type == "" { // what could not be read stands last
		r.Types = append(r.Types[1:], r.Types[0])
	}
	r.More = r.All - int64(len(s.Refused)+len(s.Remarks))
	return r
}

// Running reports whether the import is being read.
func (r importRow) Running() bool { return r.State == storage.Running }

// showImport tells how far an import is, or what came of it. One that is not known may have been forgotten by a restart:
// the page says what that means.
func showImport(v *Visit) error {
	s, err := v.Engine.ImportState(v.Value("id"))
	if isCode(err, fhir.CodeNotFound) {
		return v.RenderStatus(404, "imports-gone", nil)
	} else if err != nil {
		return err
	}
	return v.Render("imports-one", importRowOf(s))
}

// showImportProgress is the bar alone; once it is over, or not known any more, the script goes to the page.
func showImportProgress(v *Visit) error {
	s, err := v.Engine.ImportState(v.Value("id"))
	if err != nil && !isCode(err, fhir.CodeNotFound) {
		return err
	}
	over := err != nil || s.Over()
	if over && fhir.IsID(v.Value("id")) {
		v.W.Header().Set("Satchel-Go", importPath+"/"+v.Value("id"))
	}
	return v.Fragment("imports-one", "imports-progress", importRowOf(s), !over)
}
