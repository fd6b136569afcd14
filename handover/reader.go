package handover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"strings"

	"satchel/fhir"
)

// Package is a package that was judged good, open for reading. What is read from it is hashed once more, so that
// nothing that was changed after the judgement is taken for sound.
type Package struct {
	Result *Result
	bags   []*source
	files  map[string]fileIn // by path
}

// fileIn is a file and the bag that it is in, from 0.
type fileIn struct {
	bag    int
	sha256 string
}

// NotGood is the error of [Open] for a package that is not good.
type NotGood struct{ Result *Result }

func (e *NotGood) Error() string { return e.Result.Sentence }

// Open checks a package and opens it. A package that is not good returns [*NotGood]; see [VerifyOptions.Incomplete].
func Open(ctx context.Context, path string, o VerifyOptions) (*Package, error) {
	r, err := Verify(ctx, path, o)
	if err != nil {
		return nil, err
	}
	if r.Outcome != Good && !(o.Incomplete && r.OnlyIncomplete()) {
		return nil, &NotGood{r}
	}
	p := &Package{Result: r, files: map[string]fileIn{}}
	for n, m := range r.Manifests {
		for _, f := range m.Files {
			p.files[f.Path] = fileIn{n, f.SHA256}
		}
	}
	for _, bag := range r.Bags {
		s, err := r.openSource(bag)
		if err == nil && s == nil {
			err = fmt.Errorf("%q cannot be read any more", bag)
		}
		if err != nil {
			p.Close()
			return nil, err
		}
		p.bags = append(p.bags, s)
	}
	return p, nil
}

// Manifest is that of the package: of its last bag, where it has several.
func (p *Package) Manifest() Manifest { return p.Result.Manifests[len(p.Result.Manifests)-1] }

// Close closes the package.
func (p *Package) Close() error {
	var first error
	for _, s := range p.bags {
		if err := s.close(); first == nil {
			first = err
		}
	}
	return first
}

// Resources reads the versions of a section in the order of the files, as they were put there: with id, version and
// time, deletions as tombstones. A resource's JSON is valid until the next one. An error ends the sequence.
func (p *Package) Resources(section Section) iter.Seq2[fhir.Resource, error] {
	return func(yield func(fhir.Resource, error) bool) {
		for n, m := range p.Result.Manifests {
			for _, f := range m.Files {
				if f.Section != section {
					continue
				}
				if err := p.resources(n, f, yield); err != nil {
					if err != errStop {
						yield(fhir.Resource{}, fmt.Errorf("%s: %w", f.Path, err))
					}
					return
				}
			}
		}
	}
}

var errStop = errors.New("stop")

// resources reads one file of bag n, from 0.
func (p *Package) resources(n int, f File, yield func(fhir.Resource, error) bool) error {
	read := readHead
	if f.Type == "Bundle" && strings.Contains(f.Path, "/deleted-") {
		read = readTombstone
	}
	return p.lines(n, f, func(number int64, line []byte) error {
		r, err := read(line)
		if err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if !yield(r, nil) {
			return errStop
		}
		return nil
	})
}

// lines gives each line of a file to f and checks its hash at the end.
func (p *Package) lines(n int, file File, f func(number int64, line []byte) error) error {
	r, err := p.bags[n].open(file.Path)
	if err != nil {
		return err
	}
	defer r.Close()
	sum := sha256.New()
	lines := newLineReader(io.TeeReader(r, sum))
	for {
		line, err := lines.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = f(lines.n, line)
		}
		if err != nil {
			return err
		}
	}
	if hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
		return errors.New("the file was changed while it was read")
	}
	return nil
}

// Sources reads which places of resources have which bytes. An error ends the sequence.
func (p *Package) Sources() iter.Seq2[AttachmentSource, error] {
	return func(yield func(AttachmentSource, error) bool) {
		for n, m := range p.Result.Manifests {
			for _, f := range m.Files {
				if !strings.HasPrefix(f.Path, sourceFiles) {
					continue
				}
				err := p.lines(n, f, func(_ int64, line []byte) error {
					var a AttachmentSource
					if err := json.Unmarshal(line, &a); err != nil {
						return err
					}
					if !yield(a, nil) {
						return errStop
					}
					return nil
				})
				if err != nil {
					if err != errStop {
						yield(AttachmentSource{}, fmt.Errorf("%s: %w", f.Path, err))
					}
					return
				}
			}
		}
	}
}

// OpenFile opens a file of the payload by its path from data/ on, such as that of an [AttachmentSource]. Reading to the
// end checks its hash.
func (p *Package) OpenFile(path string) (io.ReadCloser, error) {
	f, ok := p.files[path]
	if !ok {
		return nil, fmt.Errorf("the package has no file %q", path)
	}
	r, err := p.bags[f.bag].open(path)
	if err != nil {
		return nil, err
	}
	return &hashedReader{ReadCloser: r, want: f.sha256, path: path, sum: sha256.New()}, nil
}

// hashedReader checks a hash at the end.
type hashedReader struct {
	io.ReadCloser
	want, path string
	sum        hash.Hash
}

func (h *hashedReader) Read(p []byte) (int, error) {
	n, err := h.ReadCloser.Read(p)
	h.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(h.sum.Sum(nil)) != h.want {
		err = fmt.Errorf("%s was changed while it was read", h.path)
	}
	return n, err
}
