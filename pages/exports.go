package pages

import (
	"satchel/audit"
	"satchel/engine/bulk"
	"satchel/engine/pack"
	"satchel/exports"
	"satchel/storage"
)

const exportsPath = "/exports"

// exportRoutes are the pages of exports and packages that run or have ended.
func exportRoutes() []Route {
	return []Route{
		{Method: "GET", Pattern: "exports", Kind: Staff, Action: audit.NoEvent, Needs: nothingElse, Summary: "Exports and sealed copies of all records, the newest first", Run: showExports, Nav: "nav.exports"},
		{Method: "GET", Pattern: "exports/list", Kind: Staff, Action: audit.NoEvent, Quiet: true, Needs: nothingElse, Summary: "For scripts: the list of exports", Run: showExportList},
		{Method: "GET", Pattern: "exports/new", Kind: Staff, Action: audit.NoEvent, Needs: nothingElse, Summary: "The form for an export", Run: showNewExport},
		{Method: "POST", Pattern: "exports/new", Kind: Staff, Action: audit.ExportStart, Summary: "Start an export or a package", Run: startExport},
		{Method: "GET", Pattern: "exports/{id}", Kind: Staff, Action: audit.ExportStatus, Summary: "One export: how far it is, its files", Run: showExport},
		{Method: "GET", Pattern: "exports/{id}/progress", Kind: Staff, Action: audit.NoEvent, Quiet: true, Summary: "For scripts: how far an export is", Run: showExportProgress},
		{Method: "GET", Pattern: "exports/{id}/files/{file}", Kind: Staff, Action: audit.ExportFile, Long: true, Summary: "Download one file of an export", Run: downloadExport},
		{Method: "GET", Pattern: "exports/{id}/delete", Kind: Staff, Action: audit.NoEvent, Summary: "Ask whether an export is to be cancelled or deleted", Run: askDeleteExport},
		{Method: "POST", Pattern: "exports/{id}/delete", Kind: Staff, Action: audit.ExportDelete, Summary: "Cancel an export or delete its files", Run: deleteExport},
	}
}

// What can be chosen on the form. The words are those of the texts "what.…".
const (
	whatPackage  = "package" // everything, sealed
	whatSystem   = "system"
	whatPatients = "patients"
	whatGroup    = "group"
	whatSome     = "some"   // of some patients; not to be chosen here
	whatRecord   = "record" // one patient's; likewise
)

// exportRow is a job as the list shows it.
type exportRow struct {
	storage.Job
	What    string // what.…
	Group   string // id
	Patient string // id; only for who may have the job
	Percent int
	Open    bool // who looks may open it
	Path    string
}

// exportRowOf tells what a job makes. Whose record it holds is told to who may have it.
func exportRowOf(j exports.Listed) (exportRow, error) {
	row := exportRow{Job: j.Job, Percent: stateOf(j.Job).Percent, Open: j.May, Path: jobPath(j.Job)}
	switch j.Kind {
	case pack.Kind:
		r, err := pack.OrderOf(j.Job)
		if err != nil {
			return row, err
		}
		row.What = whatPackage
		if !r.Population {
			row.What = whatRecord
			if j.May {
				row.Patient = r.Patient
			}
		}
	default:
		r, err := bulk.RequestOf(j.Job)
		if err != nil {
			return row, err
		}
		switch {
		case r.Level == bulk.LevelSystem:
			row.What = whatSystem
		case r.Level == bulk.LevelGroup:
			row.What, row.Group = whatGroup, r.Group
		case r.Patients == nil:
			row.What = whatPatients
		default:
			row.What = whatSome
		}
	}
	return row, nil
}

// exportList is the own jobs, and those of all for who may see them.
func (v *Request) exportList() (map[string]any, error) {
	list, note, err := v.Exports.Jobs(v.Context(), v.Actor(0), exports.Both)
	if v.Did(note, err); err != nil {
		return nil, err
	}
	rows, running := []exportRow{}, false
	for _, j := range list.Jobs {
		row, err := exportRowOf(j)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
		running = running || !stateOf(j.Job).Over
	}
	return map[string]any{"Rows": rows, "Running": running, "Everybody": list.All, "New": v.Exports.Enabled, "Cancel": v.Exports.MayEnd(v.Who)}, nil
}

func showExports(v *Request) error {
	data, err := v.exportList()
	if err != nil {
		return err
	}
	return v.Render("exports", data)
}

func showExportList(v *Request) error {
	data, err := v.exportList()
	if err != nil {
		return err
	}
	return v.Fragment("exports", "exports-list", data, data["Running"].(bool))
}
