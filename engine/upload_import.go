package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// The states of an import of uploaded files, beside those of jobs ([storage.Queued], [storage.Running], …).
const (
	Stopped     storage.State = "stopped"     // somebody stopped it; what is counted is stored
	Interrupted storage.State = "interrupted" // the server ended while it ran
)

// ImportState is how far an import of uploaded files is, and what came of it.
type ImportState struct {
	ID       string
	Account  string
	State    storage.State
	Files    []string // names as they were sent; none of an interrupted one
	Begun    time.Time
	Ended    time.Time
	Read     int64 // bytes
	Total    int64
	Counts   map[string]Counts // by type, once it has ended; "": type not known
	Refused  []Finding         // the first of them, with the names of the files as they were sent
	Remarks  []Finding         // likewise, about resources that are stored and files that were passed over
	Refusals int64             // of all
	Noted    int64             // remarks of all
	Problems []string          // why it failed, or which file could not be read, in plain sentences without data
}

// Over reports whether it has ended in one way or another.
func (s ImportState) Over() bool { return s.State != storage.Queued && s.State != storage.Running }

// Limits of what is kept of imports.
const (
	importsWaiting  = 4
	importsQueued   = 64 // with those that were stopped while they waited
	importsKept     = 20
	findingsKept    = 200
	findingsInFile  = 1_000_000
	findingsFile    = "findings.csv"
	importMark      = ".import" // a file beside the folders, as long as an import has not ended
	mostMarkedBytes = 4096
)

// imports are the imports of uploads that the engine knows. They live in memory; a mark on the disk tells after a restart
// which of them were interrupted.
type imports struct {
	mu    sync.Mutex
	all   []*importing // the newest last
	queue chan *importing
}

// importing is one of them.
type importing struct {
	state  ImportState
	upload *Upload // nil: nothing of it is on the disk any more
	who    audit.Who
	strict bool
	stop   context.CancelFunc // while it runs
	report *importReport
}

// mark is what the disk holds of an import that has not ended.
type mark struct {
	Account string
	Begun   time.Time
}

// StartImport lets an upload be imported in the background, one after the other, and answers the import's id. From here on
// the files belong to the import. With too many waiting it is throttled. strict is as in [Import].
func (e *Engine) StartImport(who audit.Who, u *Upload, strict bool) (string, error) {
	i := &importing{upload: u, who: who, strict: strict, state: ImportState{ID: u.id, Account: who.Name, State: storage.Queued, Begun: e.store.Now()}}
	for _, f := range u.files {
		i.state.Files = append(i.state.Files, f.name)
		i.state.Total += f.bytes
	}
	text, err := json.Marshal(mark{who.Name, i.state.Begun})
	if err == nil {
		err = e.folder.WriteFile(u.id+importMark, text, 0o600)
	}
	if err != nil {
		u.Discard()
		return "", fmt.Errorf("mark the import: %w", err)
	}
	m := &e.imports
	m.mu.Lock()
	defer m.mu.Unlock()
	waiting := 0
	for _, other := range m.all {
		if other.state.State == storage.Queued {
			waiting++
		}
	}
	if waiting >= importsWaiting || len(m.queue) == cap(m.queue) {
		u.Discard()
		e.unmark(u.id)
		return "", fhir.Errorf(fhir.CodeThrottled, "%d imports are waiting already; send the files again when one of them has ended", importsWaiting)
	}
	m.queue <- i // only here, under the lock, and there is room
	m.all = append(m.all, i)
	e.forgetImports()
	return u.id, nil
}

// forgetImports drops what is not kept any longer. The caller holds the lock.
func (e *Engine) forgetImports() {
	m, old := &e.imports, e.store.Now().Add(-e.options.Retention)
	for len(m.all) > 0 {
		first := m.all[0]
		if !first.state.Over() || len(m.all) <= importsKept && !first.state.Begun.Before(old) {
			return
		}
		first.discard()
		e.unmark(first.state.ID)
		m.all = m.all[1:]
	}
}

func (i *importing) discard() {
	if i.upload != nil {
		i.upload.Discard()
		i.upload = nil
	}
}

func (e *Engine) unmark(id string) { _ = e.folder.Remove(id + importMark) } // else it is told as interrupted, which does no harm

// Imports are the imports of uploads that are known, the newest first.
func (e *Engine) Imports() []ImportState {
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	e.forgetImports()
	var all []ImportState
	for _, i := range slices.Backward(e.imports.all) {
		all = append(all, i.snapshot())
	}
	return all
}

// snapshot is the state as it is now. The caller holds the lock.
func (i *importing) snapshot() ImportState {
	s := i.state
	s.Files, s.Refused, s.Remarks, s.Counts = slices.Clone(s.Files), slices.Clone(s.Refused), slices.Clone(s.Remarks), maps.Clone(s.Counts)
	return s
}

// importByID finds an import, or nil. The caller holds the lock.
func (e *Engine) importByID(id string) *importing {
	for _, i := range e.imports.all {
		if i.state.ID == id {
			return i
		}
	}
	return nil
}

// ImportState is how far an import is; not-found if it is not known, or not any more.
func (e *Engine) ImportState(id string) (ImportState, error) {
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	if i := e.importByID(id); i != nil {
		return i.snapshot(), nil
	}
	return ImportState{}, noImport()
}

func noImport() error {
	return fhir.Errorf(fhir.CodeNotFound, "this import is not known any more; what it read is stored, and importing the same files again does no harm")
}

// StopImport ends an import; what it has stored stays. One that has ended already stays as it is.
func (e *Engine) StopImport(id string) error {
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	i := e.importByID(id)
	switch {
	case i == nil:
		return noImport()
	case i.stop != nil:
		i.stop()
	case i.state.State == storage.Queued:
		i.state.State, i.state.Ended = Stopped, e.store.Now()
		i.discard()
		e.unmark(id)
	}
	return nil
}

// ImportFindings opens the CSV with all findings of an import that has ended, a line each; not-found if there is none.
func (e *Engine) ImportFindings(id string) (io.ReadCloser, error) {
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	i := e.importByID(id)
	if i == nil || i.upload == nil || !i.state.Over() || i.state.Refusals+i.state.Noted == 0 {
		return nil, noImport()
	}
	return i.upload.folder.Open(findingsFile)
}

// workImports runs imports until ctx ends, and then leaves no file of theirs behind.
func (e *Engine) workImports(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case i := <-e.imports.queue:
			e.runImport(ctx, i)
		case <-ctx.Done():
		}
	}
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	for _, i := range e.imports.all {
		i.discard()
	}
}

// runImport runs one import to its end. One that the end of ctx interrupts keeps its mark.
func (e *Engine) runImport(ctx context.Context, i *importing) {
	one, stop := context.WithCancel(ctx)
	defer stop()
	if !e.beginImport(i, stop) {
		return
	}
	counts, err := e.readUpload(one, i)
	i.upload.dropFiles()
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	i.stop = nil
	s := &i.state
	s.Counts, s.Ended, s.Problems = counts, e.store.Now(), i.problems(err)
	switch {
	case ctx.Err() != nil && err != nil:
		s.State = Interrupted
		return
	case one.Err() != nil && err != nil:
		s.State, s.Problems = Stopped, nil
	case err != nil:
		s.State = storage.Failed
	default:
		s.State = storage.Complete
	}
	e.unmark(s.ID)
	e.options.Log.Info("import ended", "import", s.ID, "state", s.State, "took", s.Ended.Sub(s.Begun), "refused", s.Refusals)
	if err != nil && s.State == storage.Failed {
		e.options.Log.Error("import failed", "import", s.ID, "problems", len(s.Problems)) // their texts name files, and files are named after people
	}
}

// beginImport notes that an import runs, unless it was stopped while it waited.
func (e *Engine) beginImport(i *importing, stop context.CancelFunc) bool {
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	if i.state.Over() {
		return false
	}
	i.state.State, i.stop = storage.Running, stop
	return true
}

// readUpload is the import itself. A panic is an error of this import alone.
func (e *Engine) readUpload(ctx context.Context, i *importing) (counts map[string]Counts, err error) {
	defer recovered(e.options.Log, &err)
	if i.report, err = newImportReport(i.upload); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, i.report.close()) }()
	m := Import{Store: e.store, Who: i.who, Strict: i.strict,
		Progress: func(read, total int64) {
			e.imports.mu.Lock()
			defer e.imports.mu.Unlock()
			i.state.Read, i.state.Total = read, total
		},
		Finding: func(f Finding) {
			f.File = i.upload.shown(f.File)
			i.report.add(f)
			e.imports.mu.Lock()
			defer e.imports.mu.Unlock()
			i.state.add(f)
		}}
	var paths []string
	for _, f := range i.upload.files {
		paths = append(paths, f.path)
	}
	return m.Run(ctx, paths...)
}

// add keeps one finding, or at least counts it.
func (s *ImportState) add(f Finding) {
	list, n := &s.Remarks, &s.Noted
	if f.Refused {
		list, n = &s.Refused, &s.Refusals
	}
	if *n++; len(*list) < findingsKept {
		*list = append(*list, f)
	}
}

// shown puts the name that was sent in the place of a path on the disk, with which a text begins.
func (u *Upload) shown(text string) string {
	for _, f := range u.files {
		if rest, ok := strings.CutPrefix(text, f.path); ok {
			return f.name + rest
		}
	}
	return text
}

// dropFiles removes what was uploaded; the findings stay.
func (u *Upload) dropFiles() {
	entries, _ := fs.ReadDir(u.folder.FS(), ".") // the folder goes as a whole later
	for _, entry := range entries {
		if entry.IsDir() {
			_ = u.folder.RemoveAll(entry.Name())
		}
	}
}

// problems says in plain sentences what went wrong: of a file by its name, of everything else as of a job.
func (i *importing) problems(err error) (all []string) {
	if err == nil {
		return nil
	}
	for _, e := range flattened(err) {
		text := e.Error()
		if named := i.upload.shown(text); named != text {
			all = append(all, named)
			continue
		}
		switch {
		case diskFull(e):
			text = "the server's disk is full; make room, then import the same files again"
		default:
			text = "the import stopped by an internal error; the server's log says where. What was read before is stored; importing the same files again is safe"
		}
		if !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}

// flattened takes joined errors apart.
func flattened(err error) (all []error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			all = append(all, flattened(e)...)
		}
		return all
	}
	return []error{err}
}

// interruptedImports finds the marks of imports that the end of the server interrupted.
func (e *Engine) interruptedImports() {
	entries, err := fs.ReadDir(e.folder.FS(), ".")
	if err != nil {
		return // the sweep tells of it
	}
	e.imports.mu.Lock()
	defer e.imports.mu.Unlock()
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), importMark)
		if !ok || entry.IsDir() || e.importByID(id) != nil {
			continue
		}
		var was mark
		text, err := e.folder.ReadFile(entry.Name())
		if err != nil || len(text) > mostMarkedBytes || json.Unmarshal(text, &was) != nil {
			e.unmark(id)
			continue
		}
		e.imports.all = append(e.imports.all, &importing{state: ImportState{ID: id, Account: was.Account, Begun: was.Begun, State: Interrupted}})
	}
	slices.SortStableFunc(e.imports.all, func(a, b *importing) int { return a.state.Begun.Compare(b.state.Begun) })
	e.forgetImports()
}
