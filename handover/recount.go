package handover

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"satchel/fhir"
)

// maxListed limits how many places a summary names one by one.
const maxListed = 1000

// recount is what reading the package back comes to. Each worker has one; they are added up.
type recount struct {
	writer      *Writer
	counts      map[string]Stored
	current     keySet // type and id
	versions    keySet // type, id and version
	targets     keySet // of references and of addresses of attachments, as type and id
	sources     *keySet
	attachments AttachmentSummary
	references  ReferenceSummary
	linked      int64 // attachments by address within the store
	files       int64
	lines       int64
	bytes       int64
	problems    []string
	explaining  bool // second reading: list what leads nowhere
	index       PatientIndex
	listed      pairs // by the index of patients
	standing    pairs // of resources, as they say themselves
	outline     fhir.Outline
	outlined    bool // the line at hand is in outline, otherwise in document
	document    fhir.Document
	key         []byte          // of the line at hand
	inside      map[string]bool // addresses that resolve inside the document
}

// written is one NDJSON file to read back.
type written struct {
	bag    *bag
	number int // of the bag, from 1
	file   File
}

// recount reads all NDJSON files back, and those with dead ends once more to name them.
func (w *Writer) recount(ctx context.Context) (*recount, error) {
	sum := &recount{writer: w, counts: map[string]Stored{}, problems: []string{}, sources: &keySet{unique: true}}
	sum.attachments.Missing, sum.references.Unresolved = []MissingAttachment{}, []UnresolvedReference{}
	sum.targets.unique = true
	files, sources, patients := w.written()
	for _, s := range sources {
		if err := sum.read(ctx, s, sum.source); err != nil {
			return nil, err
		}
	}
	for _, p := range patients {
		if err := sum.read(ctx, p, sum.patients); err != nil {
			return nil, err
		}
	}
	sum.sources.sort()
	var lines int64
	for _, f := range files {
		lines += f.file.Lines
	}
	sum.current.list, sum.versions.list = make([]uint64, 0, lines), make([]uint64, 0, lines)
	if err := sum.readAll(ctx, files); err != nil {
		return nil, err
	}
	sum.current.sort()
	sum.versions.sort()
	sum.targets.sort()
	if len(patients) > 0 && sum.listed != sum.standing {
		sum.problem("the index of patients lists %d places of resources, the resources say %d", sum.listed.n, sum.standing.n)
	}
	if n := sum.current.repeated(); n > 0 {
		sum.problem("%d resources are in the package more than once as current", n)
	}
	if n := sum.versions.repeated(); n > 0 {
		sum.problem("%d versions are in the package more than once", n)
	}
	if !sum.current.covers(&sum.targets) {
		sum.explaining = true
		if err := sum.readAll(ctx, files); err != nil {
			return nil, err
		}
		sum.trim()
	}
	sum.references.ResolvedInPackage = sum.references.Internal - sum.references.UnresolvedCount
	sum.attachments.Exported += sum.linked
	return sum, nil
}

// written lists the files with resources, those that say where attachments come from, and the index of patients.
func (w *Writer) written() (files, sources, patients []written) {
	for n, b := range w.bags {
		for _, f := range b.sorted() {
			switch in := (written{b, n + 1, f}); {
			case f.Section != "":
				files = append(files, in)
			case strings.HasPrefix(f.Path, sourceFiles):
				sources = append(sources, in)
			case strings.HasPrefix(f.Path, patientFiles):
				patients = append(patients, in)
			}
		}
	}
	return files, sources, patients
}

// readAll reads files by several workers and adds up what they find.
func (s *recount) readAll(ctx context.Context, files []written) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan written)
	var mu sync.Mutex
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		group.Go(func() {
			mine := &recount{writer: s.writer, counts: map[string]Stored{}, sources: s.sources, explaining: s.explaining}
			mine.targets.unique = true
			if s.explaining {
				mine.current = s.current
			}
			for f := range work {
				if err := mine.read(ctx, f, mine.resource(f)); err != nil {
					cancel(err)
				}
				mu.Lock()
				s.takeKeys(mine)
				mu.Unlock()
			}
			mu.Lock()
			defer mu.Unlock()
			s.merge(mine)
		})
	}
	for _, f := range files {
		select {
		case work <- f:
		case <-ctx.Done():
		}
	}
	close(work)
	group.Wait()
	return context.Cause(ctx)
}

// takeKeys takes the keys of resources that a worker found in a file. The lists have room for all, so nothing grows.
func (s *recount) takeKeys(o *recount) {
	if !s.explaining {
		s.current.take(&o.current)
		s.versions.take(&o.versions)
	} else {
		o.versions.list = o.versions.list[:0]
	}
}

// merge adds what a worker found.
func (s *recount) merge(o *recount) {
	s.problems = append(s.problems, o.problems...)
	if s.explaining {
		s.references.Unresolved = append(s.references.Unresolved, o.references.Unresolved...)
		s.references.UnresolvedCount += o.references.UnresolvedCount
	} else {
		for typ, n := range o.counts {
			m := s.counts[typ]
			s.counts[typ] = Stored{m.Current + n.Current, m.Earlier + n.Earlier, m.Deleted + n.Deleted}
		}
		s.targets.merge(&o.targets)
		s.references.Internal += o.references.Internal
		s.references.ExternalURL += o.references.ExternalURL
		s.attachments.Referenced += o.attachments.Referenced
		s.attachments.Exported += o.attachments.Exported
		s.attachments.ExternalLinkOnly += o.attachments.ExternalLinkOnly
		s.linked += o.linked
		s.standing.merge(o.standing)
		s.files, s.lines, s.bytes = s.files+o.files, s.lines+o.lines, s.bytes+o.bytes
	}
	s.linked -= o.attachments.MissingCount * boolInt(s.explaining)
	s.attachments.Missing = append(s.attachments.Missing, o.attachments.Missing...)
	s.attachments.MissingCount += o.attachments.MissingCount
	s.trim()
}

func boolInt(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// trim puts lists into a fixed order, whoever found their items, and cuts them.
func (s *recount) trim() {
	slices.Sort(s.problems)
	slices.SortFunc(s.references.Unresolved, func(a, b UnresolvedReference) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reference, b.Reference))
	})
	slices.SortFunc(s.attachments.Missing, func(a, b MissingAttachment) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.Path, b.Path))
	})
	s.references.Unresolved = s.references.Unresolved[:min(len(s.references.Unresolved), maxListed)]
	s.attachments.Missing = s.attachments.Missing[:min(len(s.attachments.Missing), maxListed)]
}

func (s *recount) problem(format string, args ...any) {
	if len(s.problems) < maxProblems {
		s.problems = append(s.problems, fmt.Sprintf(format, args...))
	}
}

// read gives each line of a file to f, and compares hash and number of lines with what was noted while writing.
func (s *recount) read(ctx context.Context, in written, f func(line []byte) error) error {
	r, err := in.bag.open(in.file.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	lines := newLineReader(io.TeeReader(r, sum))
	for {
		if lines.n%1024 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = f(line)
		}
		if err != nil && !errors.Is(err, errNoResource) {
			return fmt.Errorf("%s: %w", in.file.Path, err)
		}
		if err != nil && !s.explaining {
			s.problem("%s line %d: %v", in.file.Path, lines.n, err)
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != in.file.SHA256 || lines.n != in.file.Lines {
		return fmt.Errorf("%s: what was read back is not what was written; check the disk", in.file.Path)
	}
	s.files, s.lines, s.bytes = s.files+1, s.lines+lines.n, s.bytes+in.file.Bytes
	return nil
}

// errNoResource marks a line that is no sound resource; it becomes a problem and the reading goes on.
var errNoResource = errors.New("no sound resource")
