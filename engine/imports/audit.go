package imports

import (
	"context"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/storage"
)

// begins notes that an import begins. Names of files may hold names of people, so they are only counted.
func (m *Import) begins(ctx context.Context, paths []string) error {
	return Note(ctx, m.Store, audit.Event{Who: m.who(), Action: audit.Import, Target: m.Job, Detail: fmt.Sprintf("begins, %d paths", len(paths))})
}

// ended is the event that says how an import ended.
func (m *Import) ended(counts map[string]Counts, failure error) audit.Event {
	var n Counts
	for _, c := range counts {
		n.Add(c)
	}
	e := audit.Event{Who: m.who(), Action: audit.Import, Target: m.Job, Detail: fmt.Sprintf("ends, %d created, %d updated, %d unchanged, %d deleted, %d older, %d refused", n.Created, n.Updated, n.Unchanged, n.Deleted, n.Older, n.Refused)}
	if failure != nil {
		e.Outcome = audit.Failed
	}
	return e
}

// who imports, for the audit log.
func (m *Import) who() audit.Who {
	if m.Who.Kind == "" {
		return audit.Who{Kind: audit.System}
	}
	return m.Who
}

// Note stores an event of an import, also if ctx has ended.
func Note(ctx context.Context, s *storage.Store, e audit.Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := s.Audit(ctx, e); err != nil {
		return fmt.Errorf("note the import in the audit log: %w", err)
	}
	return nil
}
