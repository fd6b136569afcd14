package exports

import (
	"context"
	"time"

	"satchel/fhir"
	"satchel/requests"
	"satchel/storage"
)

// Stage is where an app's export stands.
type Stage string

// The stages, in their order; an export ends at one of the last four.
const (
	StageForm     Stage = "form"     // the form is to be sent
	StageDecide   Stage = "decide"   // people at the practice look at it
	StageApproved Stage = "approved" // the package is about to be made
	StageMaking   Stage = "making"   // its job is at work
	StageReady    Stage = "ready"    // the files are there

	StageDenied    Stage = "denied"
	StageWithdrawn Stage = "withdrawn" // at the practice
	StageGone      Stage = "gone"      // nobody sent the form in time, the files' time is over, or the end was long ago
)

// Over reports whether there are no files and will be none.
func (s Stage) Over() bool { return s == StageDenied || s == StageWithdrawn || s == StageGone }

// AppExport is an app's export as it stands.
type AppExport struct {
	storage.EHIExport
	Stage   Stage
	Request requests.Request // in the ledger; none before the form is sent
	Job     storage.Job      // of the package; of an export that is being made or ready
}

// endTold is how long an app is told that its request was denied or withdrawn.
const endTold = 30 * 24 * time.Hour

// stand asks the ledger where an export stands, and where a package is made or was made, its job. Nothing of it is remembered
// elsewhere.
func (s Apps) stand(ctx context.Context, e storage.EHIExport) (AppExport, error) {
	x := AppExport{EHIExport: e, Stage: StageForm}
	if e.Request == "" {
		if s.Ledger.AppOver(e) {
			x.Stage = StageGone
		}
		return x, nil
	}
	var err error
	if x.Request, err = s.Ledger.Request(ctx, e.Request); err != nil {
		return x, err
	}
	switch decision, _ := x.Request.Decided(); {
	case x.Request.State == requests.Received || x.Request.State == requests.Verifying:
		x.Stage = StageDecide
	case x.Request.State == requests.Withdrawn:
		x.Stage = s.ended(x, StageWithdrawn)
	case decision.Kind == requests.StepDeny:
		x.Stage = s.ended(x, StageDenied)
	case x.Request.State == requests.Approved && x.Request.Package != nil: // it was made, and is no longer there
		x.Stage = StageGone
	case x.Request.State == requests.Approved:
		x.Stage = StageApproved
	default:
		err = s.standJob(ctx, &x)
	}
	return x, err
}

// ended is how an app is told of a request that people ended: as long as that is not long ago.
func (s Apps) ended(x AppExport, how Stage) Stage {
	if s.Service.Store.Now().Sub(x.Request.Changed) > endTold {
		return StageGone
	}
	return how
}

// standJob looks at the job of the package.
func (s Apps) standJob(ctx context.Context, x *AppExport) error {
	making := x.Request.State == requests.Producing
	job, err := s.Service.Store.Job(ctx, x.Request.Job)
	switch {
	case fhir.IsCode(err, fhir.CodeNotFound) && making: // it is about to have one, or another one
		x.Stage = StageApproved
		return nil
	case fhir.IsCode(err, fhir.CodeNotFound):
		x.Stage = StageGone
		return nil
	case err != nil:
		return err
	}
	x.Job, x.Stage = job, StageReady
	if making {
		x.Stage = StageMaking
	}
	return nil
}
