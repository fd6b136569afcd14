package web

import (
	"satchel/audit"
	"satchel/storage"
)

// AuditHead names an event as a manifest does.
type AuditHead struct {
	Seq    int64  `json:"seq"`
	SHA256 string `json:"sha256"`
}

// HeadOf is the event that tells of a job's end: the head of the audit log as it was then. Nil: the job ended before there
// was a log.
func (c *Call) HeadOf(job storage.Job) (*AuditHead, error) {
	f := audit.Filter{Actions: []audit.Action{audit.ExportComplete, audit.Package}, Target: job.ID}
	events, _, err := c.Server.Store.AuditEvents(c.Context(), f, audit.Page{Count: 1})
	if err != nil || len(events) == 0 {
		return nil, err
	}
	return &AuditHead{events[0].Seq, events[0].Hash}, nil
}
