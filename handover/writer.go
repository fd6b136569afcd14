package handover

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"satchel/fhir"
)

// Options are how a package is written.
type Options struct {
	Dir  string // folder in which the package shall stand
	Name string // of the package; see [PackageName]
	Zip  bool   // a ZIP file instead of a folder

	FileSize  int64 // greatest size of an NDJSON file, in bytes; 0 is 100 MB. One longer line gets a file of its own
	FileLines int64 // greatest number of its lines; 0 is no limit
	BagSize   int64 // bytes of payload after which a further bag is begun; one attachment may exceed it; 0 makes one bag of all

	Key    *Key     // signs the package; nil leaves it unsigned
	Bases  []string // addresses of the store, such as https://practice.example/fhir: references to them are its own
	Sender Practice // of the package, for bag-info.txt and the first page
	About  string   // whose record this is, in words, for the first page inside; "" names nobody
	Head   Head     // of the manifest; Finished is given when sealing
}

// Sealed is a finished package.
type Sealed struct {
	Paths   []string // of the bags
	Files   int64    // of the payload
	Bytes   int64    // of the payload
	Verdict Verdict
	Signer  string // fingerprint; "" if not signed
}

// Writer makes one package. It is not for concurrent use. After an error of its disk every further call fails; what is
// left to do then is [Writer.Abort].
type Writer struct {
	options    Options
	own        fhir.Bases
	head       Head
	stage      stage
	err        error
	bags       []*bag
	streams    map[streamKey]*stream
	order      []streamKey // of streams, as they were begun
	last       *stream     // that was written to; nil at first
	exclusions []Exclusion
	attached   attached
	recon      *Reconciliation
	scratch    []byte
	copying    []byte // buffer of attachments
	decoded    []byte // bytes of the attachment at hand
	view       bool   // view/index.html was added
}

// stage is how far a package is.
type stage string

const (
	writing    stage = "being written"
	reconciled stage = "reconciled"
	ended      stage = "sealed or given up"
)

// Create begins a package. What an interrupted attempt of the same name left is removed; a package that is there is not.
func Create(o Options) (*Writer, error) {
	if o.FileSize == 0 {
		o.FileSize = 100_000_000
	}
	if o.FileLines == 0 {
		o.FileLines = 1 << 62
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	w := &Writer{options: o, own: fhir.NewBases(o.Bases...), head: o.Head, stage: writing, streams: map[streamKey]*stream{}, copying: make([]byte, chunkSize)}
	w.attached.files = map[[32]byte]int32{}
	if o.Key != nil {
		if err := o.Key.check(); err != nil {
			return nil, err
		}
	}
	return w, w.nextBag()
}

// check refuses options that cannot make a sound package.
func (o Options) check() error {
	if err := checkPart(o.Name); err != nil || len(o.Name) > maxName {
		return fmt.Errorf("package name %q is no plain name of at most %d characters; use letters, digits, '_' and '-'", o.Name, maxName)
	}
	if o.FileSize < 1 || o.FileLines < 1 || o.BagSize < 0 {
		return errors.New("sizes of files and bags must be positive")
	}
	if info, err := os.Stat(o.Dir); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%q is no folder", o.Dir)
	}
	switch {
	case o.Head.Kind != Single && o.Head.Kind != Population:
		return fmt.Errorf("kind %q is unknown; use %q or %q", o.Head.Kind, Single, Population)
	case o.Head.TransactionTime.IsZero() || o.Head.JobID == "":
		return errors.New("a package needs a transaction time and a job id")
	case !slices.Contains([]string{"access", "handover", "backup"}, o.Head.Purpose):
		return fmt.Errorf("purpose %q is unknown; use access, handover or backup", o.Head.Purpose)
	}
	return nil
}

// check reports whether the writer is at a stage.
func (w *Writer) check(stages ...stage) error {
	if w.err != nil {
		return fmt.Errorf("the package failed before: %w", w.err)
	}
	if !slices.Contains(stages, w.stage) {
		return fmt.Errorf("the package is %s; that cannot be done now", w.stage)
	}
	return nil
}

// fail remembers that the disk failed: a package with a hole must never be sealed.
func (w *Writer) fail(err error) error {
	if err != nil && w.err == nil {
		w.err = err
	}
	return err
}

// bag is the bag that is being filled.
func (w *Writer) bag() *bag { return w.bags[len(w.bags)-1] }

// room begins a further bag if the present one has no room for so many bytes.
func (w *Writer) room(size int64) error {
	if w.options.BagSize == 0 || w.bag().bytes == 0 || w.bag().bytes+size <= w.options.BagSize {
		return nil
	}
	if err := w.endStreams(); err != nil {
		return err
	}
	return w.nextBag()
}

func (w *Writer) nextBag() error {
	b, err := newBag(w.options.Dir, w.bagName(len(w.bags)+1), w.options.Zip, w.head.TransactionTime.Time)
	if err != nil {
		return w.fail(err)
	}
	w.bags = append(w.bags, b)
	return nil
}

func (w *Writer) bagName(n int) string {
	if w.options.BagSize == 0 {
		return w.options.Name
	}
	return fmt.Sprintf("%s_bag-%03d", w.options.Name, n)
}

// own are the folders below data/ that [Writer.AddFile] leaves to the writer itself.
var own = []string{"fhir/", "attachments/", "report/", "docs/", "index/"}

// AddFile adds a file to the payload as it is: pages to read (view/), tables that are not FHIR (native/), a summary
// (summary/), or, in a population package only, what belongs to the practice (practice/). path is below data/.
// Files are added before sealing; pages that show the verdict are added after [Writer.Reconcile].
func (w *Writer) AddFile(path string, r io.Reader) error {
	if err := w.check(writing, reconciled); err != nil {
		return err
	}
	low := strings.ToLower(path)
	if !strings.Contains(path, "/") || slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(low, o) }) {
		return fmt.Errorf("path %q is kept for the package itself; use a folder such as view/ or native/", path)
	}
	if strings.HasPrefix(low, "practice/") && w.head.Kind != Population {
		return fmt.Errorf("path %q belongs to the practice and not into the record of one person", path)
	}
	b := w.bag()
	if err := b.free("data/" + path); err != nil {
		return err
	}
	n := len(b.payload)
	if err := b.put("data/"+path, r); err != nil {
		return w.fail(err)
	}
	b.bytes += b.payload[n].Bytes
	w.view = w.view || path == "view/index.html"
	return nil
}

// Open reads a file back that is complete, by its path below data/. NDJSON files are complete after [Writer.Reconcile].
func (w *Writer) Open(bag int, path string) (io.ReadCloser, error) {
	if bag < 1 || bag > len(w.bags) {
		return nil, fmt.Errorf("there is no bag %d; the package has %d", bag, len(w.bags))
	}
	return w.bags[bag-1].open("data/" + path)
}

// Files lists the payload that is complete, bag by bag. The pages to read are made from it after [Writer.Reconcile].
func (w *Writer) Files() [][]File {
	var out [][]File
	for _, b := range w.bags {
		out = append(out, slices.Clone(b.payload))
	}
	return out
}

// Seal writes reports, manifest, documentation and lists, signs them, makes everything durable and gives the package its
// name. It comes after [Writer.Reconcile]. finished is the time that the manifest shows.
func (w *Writer) Seal(ctx context.Context, finished time.Time) (Sealed, error) {
	if err := w.check(reconciled); err != nil {
		return Sealed{}, err
	}
	w.head.Finished = Instant{finished}
	if err := w.putReports(); err != nil {
		return Sealed{}, w.fail(err)
	}
	s := Sealed{Verdict: w.recon.Verdict, Signer: w.options.Key.fingerprint()}
	for n := range w.bags {
		err := ctx.Err()
		if err == nil {
			err = w.sealBag(n)
		}
		if err != nil {
			return Sealed{}, w.fail(err)
		}
	}
	w.stage = ended
	for _, b := range w.bags {
		s.Paths = append(s.Paths, b.path(w.options))
		s.Files += int64(len(b.payload))
		for _, f := range b.payload {
			s.Bytes += f.Bytes
		}
	}
	w.bags, w.streams, w.attached = nil, nil, attached{} // there may be much of it
	return s, nil
}

// path is where the sealed bag stands.
func (b *bag) path(o Options) string {
	if o.Zip {
		return filepath.Join(o.Dir, b.name+".zip")
	}
	return filepath.Join(o.Dir, b.name)
}

// Abort gives the package up and removes what there is of it; after [Writer.Seal] it does nothing. If one of several bags
// was sealed and another failed, the sealed ones go too.
func (w *Writer) Abort() error {
	if w.stage == ended {
		return nil
	}
	w.stage = ended
	var errs []error
	for _, s := range w.streams {
		if s.file != nil {
			s.file.blob.discard()
		}
	}
	for _, b := range w.bags {
		if b.tagsHash != "" {
			errs = append(errs, os.RemoveAll(b.path(w.options)))
		}
		errs = append(errs, b.abandon())
	}
	return errors.Join(errs...)
}
