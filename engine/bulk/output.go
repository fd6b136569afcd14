package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/internal/fault"
	"satchel/storage"
)

// The lists of a manifest, as in [storage.JobFile].
const (
	ListOutput  = "output"
	ListDeleted = "deleted"
	ListError   = "error"
)

// output is the set of files that one export writes. One goroutine gives it lines, in order; it packs them into files
// by type. Lanes, each with some of the types, write and hash; finishers sync, close and rename: thus the disk is
// waited for while the next rows are read. Memory is bounded by the queues.
type output struct {
	ctx    context.Context // ends with the first error
	fail   context.CancelCauseFunc
	folder *os.Root
	limits limits

	streams map[string]*stream // by file name prefix
	files   []*file            // all, in order of their beginning
	line    []byte             // scratch

	lanes     []chan piece
	full      chan *file
	writing   sync.WaitGroup
	finishing sync.WaitGroup
	options   Options
}

// limits are the caps of one file.
type limits struct{ count, bytes int64 }

// finishers is how many files are brought to the disk at once: syncs that wait together share one journal commit.
// With 1000 small files, 32 are twice as fast as 8. More files than these and the unfinished one of each type are never
// open.
const finishers = 32

// laneQueue is how many pieces a lane may lag behind.
const laneQueue = 16

// newOutput starts writing into a folder. Either close or discard must be called.
func newOutput(ctx context.Context, folder *os.Root, o Options) *output {
	out := &output{
		folder: folder, limits: limits{o.FileCount, o.FileSize}, options: o,
		streams: map[string]*stream{}, full: make(chan *file),
	}
	out.ctx, out.fail = context.WithCancelCause(ctx)
	for range min(runtime.GOMAXPROCS(0), 4) {
		lane := make(chan piece, laneQueue)
		out.lanes = append(out.lanes, lane)
		out.writing.Go(func() { out.writeAll(lane) })
	}
	for range finishers {
		out.finishing.Go(out.finishAll)
	}
	return out
}

// guard runs f unless the output has failed already. An error or a panic of f fails the output and nothing else.
func (o *output) guard(f func() error) {
	if o.ctx.Err() != nil {
		return
	}
	var err error
	func() {
		defer fault.Recover(o.options.Log, &err)
		err = f()
	}()
	if err != nil {
		o.fail(err)
	}
}

// cause is why the output has failed, or err if it has not: the reason rather than the "context canceled" it led to.
func (o *output) cause(err error) error {
	if o.ctx.Err() != nil {
		return context.Cause(o.ctx)
	}
	return err
}

// resource writes one resource. One that would damage its file is left out and reported in the error file; the
// export goes on.
func (o *output) resource(typ, id string, text []byte) error {
	if !whole(text) {
		return o.damaged(typ, id)
	}
	return o.stream(ListOutput, typ, typ).write(text)
}

// whole reports whether a text can be a line.
func whole(text []byte) bool {
	n := len(text)
	return n >= 2 && text[0] == '{' && text[n-1] == '}' && bytes.IndexByte(text, '\n') < 0
}

// damaged reports a resource that is left out.
func (o *output) damaged(typ, id string) error {
	return o.issue(fhir.Issue{
		Severity: fhir.SeverityError, Code: fhir.CodeException,
		Diagnostics: fmt.Sprintf("%s/%s is damaged in the store and was left out; restore it from a backup", typ, id),
	})
}

// deletion writes that a resource was deleted.
func (o *output) deletion(typ, id string) error {
	o.line = append(o.line[:0], `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"`...)
	o.line = append(append(append(o.line, typ...), '/'), id...)
	o.line = append(o.line, `"}}]}`...)
	return o.stream(ListDeleted, "Bundle", ListDeleted).write(o.line)
}

// issue writes an OperationOutcome with one issue.
func (o *output) issue(i fhir.Issue) error {
	return o.stream(ListError, "OperationOutcome", ListError).write(fhir.Outcome(i))
}

// stream finds or starts the files under a prefix.
func (o *output) stream(list, typ, prefix string) *stream {
	s := o.streams[prefix]
	if s == nil {
		s = &stream{out: o, list: list, typ: typ, prefix: prefix, lane: o.lanes[len(o.streams)%len(o.lanes)]}
		o.streams[prefix] = s
	}
	return s
}

// close brings all files to the disk and lists them: output, deleted, error, each by type and number.
func (o *output) close() ([]storage.JobFile, error) {
	for _, s := range o.streams {
		if err := s.roll(); err != nil {
			o.discard(err)
			return nil, err
		}
	}
	o.wait()
	err := context.Cause(o.ctx)
	if err == nil {
		err = durable.In(o.folder).Sync()
	}
	if err != nil {
		o.discard(err)
		return nil, err
	}
	o.fail(nil) // frees the context
	order := []string{ListOutput, ListDeleted, ListError}
	slices.SortStableFunc(o.files, func(a, b *file) int { // files of one type are in order already
		if d := slices.Index(order, a.info.List) - slices.Index(order, b.info.List); d != 0 {
			return d
		}
		return strings.Compare(a.info.Type, b.info.Type)
	})
	infos := make([]storage.JobFile, len(o.files))
	for i, f := range o.files {
		infos[i] = f.info
	}
	return infos, nil
}

// wait ends lanes and finishers; a second call does nothing.
func (o *output) wait() {
	if o.lanes == nil {
		return
	}
	for _, lane := range o.lanes {
		close(lane)
	}
	o.lanes = nil
	o.writing.Wait()
	close(o.full)
	o.finishing.Wait()
}

// discard stops and removes every file.
func (o *output) discard(err error) {
	if err == nil {
		err = errors.New("discarded")
	}
	o.fail(err)
	o.wait()
	for _, f := range o.files {
		f.remove(o.folder)
	}
}
