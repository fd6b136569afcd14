package engine

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/storage"
)

// ended is the event that says how a job ended. It names whom the server worked for.
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
