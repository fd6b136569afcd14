package web

import (
	"fmt"
	"net/http"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// LookFailed keeps a failure to look at a job apart from the failure of the job: the client shall ask again.
func LookFailed(err error) error {
	if err == nil || ProblemOf(err).Cause == nil {
		return err
	}
	p := Problemf(http.StatusServiceUnavailable, fhir.CodeTransient, "the export's status cannot be told at the moment; ask again").With("Retry-After", "5")
	p.Cause = err
	return p
}

// JobProgress begins with a percentage, which clients parse, and stays under 100 characters.
func JobProgress(job storage.Job) string {
	if job.State == storage.Queued {
		return "0% (waiting for a free worker)"
	}
	percent := int64(0)
	if job.Total > 0 {
		percent = min(job.Done*100/job.Total, 99)
	}
	return fmt.Sprintf("%d%% (%d of about %d resources)", percent, job.Done, job.Total)
}

// RetryAfter grows with the job's age from 1 to 10 seconds: short jobs end soon, long ones are not asked in vain.
func RetryAfter(age time.Duration) int {
	return min(max(int(age/(10*time.Second)), 1), 10)
}

// PackageProgress is [progress], and what is done when everything is written.
func PackageProgress(job storage.Job) string {
	if job.State == storage.Running && job.Total > 0 && job.Done >= job.Total {
		return "99% (reading back and sealing)"
	}
	return JobProgress(job)
}
