package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"satchel/audit"
	"satchel/storage"
)

// ended is the event that tells how a job ended. It names whom the server worked for.
func ended(job storage.Job, action audit.Action, detail string) audit.Event {
	e := audit.Event{Action: action, Detail: detail}
	if action == audit.ExportFailed {
		e.Outcome = audit.Failed
	}
	return workedFor(job, e)
}

// workedFor completes an event with whom the server worked for, and on what.
func workedFor(job storage.Job, e audit.Event) audit.Event {
	e.Who, e.Target = audit.Who{Name: job.Account, Kind: audit.System}, job.ID
	return e
}

// eachFile is the most files whose hashes the audit log names one by one.
const eachFile = 8

// FilesText says for the audit log what files an export holds: how many, with how many resources and bytes, and what
// tells their content. The last is the SHA-256 of the lines that sha256sum writes for them in order of their names, so that
// `cd FOLDER && sha256sum *.ndjson | sha256sum` shows whether they are those files; a few files are named by themselves.
func FilesText(files []storage.JobFile) string {
	files = slices.SortedFunc(slices.Values(files), func(a, b storage.JobFile) int { return cmp.Compare(a.Name, b.Name) })
	var resources, bytes int64
	var lines, each strings.Builder
	for _, f := range files {
		resources, bytes = resources+f.Count, bytes+f.Bytes
		sum := hex.EncodeToString(f.SHA256)
		fmt.Fprintf(&lines, "%s  %s\n", sum, f.Name)
		if len(files) <= eachFile {
			fmt.Fprintf(&each, ", %s sha256 %s", f.Name, sum)
		}
	}
	return fmt.Sprintf("%d files, %d resources, %d bytes, all sha256 %x%s", len(files), resources, bytes, sha256.Sum256([]byte(lines.String())), each.String())
}

// begins notes that an import begins. Names of files may hold names of people, so they are only counted.
func (m *Import) begins(ctx context.Context, paths []string) error {
	return noteImport(ctx, m.Store, audit.Event{Who: m.who(), Action: audit.Import, Target: m.Job, Detail: fmt.Sprintf("begins, %d paths", len(paths))})
}

// ended is the event that tells how an import ended.
func (m *Import) ended(counts map[string]Counts, failure error) audit.Event {
	var n Counts
	for _, c := range counts {
		n.Created, n.Updated, n.Unchanged, n.Refused = n.Created+c.Created, n.Updated+c.Updated, n.Unchanged+c.Unchanged, n.Refused+c.Refused
	}
	e := audit.Event{Who: m.who(), Action: audit.Import, Target: m.Job, Detail: fmt.Sprintf("ends, %d created, %d updated, %d unchanged, %d refused", n.Created, n.Updated, n.Unchanged, n.Refused)}
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

func noteImport(ctx context.Context, s *storage.Store, e audit.Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := s.Audit(ctx, e); err != nil {
		return fmt.Errorf("note the import in the audit log: %w", err)
	}
	return nil
}
