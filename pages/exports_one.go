package pages

import (
	"satchel/engine/pack"
	"satchel/exports"
	"satchel/storage"
)

// exportPage is one export or package.
type exportPage struct {
	Row       exportRow
	State     jobState
	Files     []storage.JobFile
	Resources int64
	Bytes     int64
	Outcome   *pack.Outcome // of a complete package
	Expires   bool
}

// showExport tells how far an export is and offers its files.
func showExport(v *Request) error {
	job, err := v.job(v.Value("id"))
	if err != nil {
		return err
	}
	if isCopy(job) {
		return v.Redirect(jobPath(job))
	}
	page, err := v.exportPage(job)
	if err != nil {
		return err
	}
	return v.Render("exports-one", page)
}

func (v *Request) exportPage(job storage.Job) (p exportPage, err error) {
	p = exportPage{State: stateOf(job), Files: job.Files, Expires: !job.Expires.IsZero()}
	if p.Row, err = exportRowOf(exports.Listed{Job: job, May: true}); err != nil {
		return p, err
	}
	for _, f := range job.Files {
		p.Bytes += f.Bytes
		if f.List == "output" {
			p.Resources += f.Count
		}
	}
	if job.Kind == pack.Kind && job.State == storage.Complete {
		o, err := pack.OutcomeOf(job)
		if err != nil {
			return p, err
		}
		p.Outcome = &o
	}
	return p, nil
}

// showExportProgress is the bar alone.
func showExportProgress(v *Request) error {
	job, err := v.job(v.Value("id"))
	if err != nil {
		return err
	}
	return v.jobProgress("exports-one", job, jobPath(job))
}

func downloadExport(v *Request) error {
	return v.sendJobFile(v.Actor(0), v.Value("id"), v.Value("file"))
}

// askDeleteExport asks before an export is gone.
func askDeleteExport(v *Request) error {
	job, err := v.jobToEnd(v.Value("id"))
	if err != nil {
		return err
	}
	return v.Render("exports-delete", map[string]any{"Path": jobPath(job), "Action": exportsPath + "/" + job.ID + "/delete", "Running": !stateOf(job).Over})
}

// deleteExport cancels an export or removes its files.
func deleteExport(v *Request) error {
	job, err := v.jobToEnd(v.Value("id"))
	if err != nil {
		return err
	}
	if err := v.endJob(job.ID); err != nil {
		return err
	}
	return v.Done(exportsPath, "deleted")
}
