package handover

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

// source is a bag to be read, a folder or a ZIP file. Files may be opened from several goroutines.
type source struct {
	name     string           // of the folder, or of the folder in the ZIP
	sizes    map[string]int64 // of every file, by path
	findings []Finding        // while listing
	open     func(path string) (io.ReadCloser, error)
	close    func() error
	seen     map[string]string // paths by lower case
}

func (s *source) finding(o Outcome, path, format string, args ...any) {
	s.findings = append(s.findings, Finding{Outcome: o, Path: path, Problem: fmt.Sprintf(format, args...)})
}

// list takes a file into the listing if its path is sound.
func (s *source) list(path string, size int64) {
	if !utf8.ValidString(path) {
		s.finding(Altered, fmt.Sprintf("%q", path), "the path is not UTF-8")
		return
	}
	if err := checkPath(path); err != nil {
		s.finding(Altered, path, "%v", err)
		return
	}
	low := strings.ToLower(path)
	if other, ok := s.seen[low]; ok {
		s.finding(Altered, path, "the path differs from %q only in upper and lower case", other)
		return
	}
	s.seen[low] = path
	s.sizes[path] = size
}

func newSource(name string) *source {
	return &source{name: name, sizes: map[string]int64{}, seen: map[string]string{}}
}

// openFolder lists a folder.
func openFolder(path string) (*source, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	s := newSource(filepath.Base(path))
	s.open = func(path string) (io.ReadCloser, error) { return root.Open(filepath.FromSlash(path)) }
	s.close = root.Close
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch {
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			s.finding(Altered, path, "is a link or no ordinary file; a package has none")
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		s.list(path, info.Size())
		return nil
	})
	if err != nil {
		root.Close()
		return nil, err
	}
	return s, nil
}

// inflaters are free inflaters: each has tables that are worth keeping where there are many small entries.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate reads what was deflated.
func inflate(r io.Reader) io.ReadCloser {
	f := inflaters.Get().(io.ReadCloser)
	f.(flate.Resetter).Reset(r, nil)
	return &inflater{f}
}

type inflater struct{ io.ReadCloser }

// Close gives the inflater back.
func (i *inflater) Close() error {
	if i.ReadCloser == nil {
		return nil
	}
	err := i.ReadCloser.Close()
	inflaters.Put(i.ReadCloser)
	i.ReadCloser = nil
	return err
}

// openZip lists a ZIP file, which holds one folder.
func openZip(path string) (*source, error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	z.RegisterDecompressor(zip.Deflate, inflate)
	s := newSource("")
	s.close = z.Close
	entries := map[string]*zip.File{}
	s.open = func(path string) (io.ReadCloser, error) {
		if e := entries[path]; e != nil {
			return e.Open()
		}
		return nil, fmt.Errorf("%q: %w", path, fs.ErrNotExist)
	}
	for _, e := range z.File {
		s.listEntry(e, entries)
	}
	return s, nil
}

// listEntry takes an entry of a ZIP file into the listing.
func (s *source) listEntry(e *zip.File, entries map[string]*zip.File) {
	top, path, ok := strings.Cut(e.Name, "/")
	if s.name == "" && ok {
		s.name = top
	}
	switch {
	case !ok || top == "" || top != s.name || strings.Contains(e.Name, `\`):
		s.finding(Altered, e.Name, "is not in the one folder that the ZIP holds")
	case strings.HasSuffix(e.Name, "/") && e.UncompressedSize64 == 0:
		if err := checkPath(strings.TrimSuffix(e.Name, "/")); err != nil {
			s.finding(Altered, e.Name, "%v", err)
		}
	case !e.Mode().IsRegular():
		s.finding(Altered, e.Name, "is a link or no ordinary file; a package has none")
	case e.Flags&1 != 0:
		s.finding(Altered, path, "is encrypted inside the ZIP")
	case e.Method != zip.Store && e.Method != zip.Deflate:
		s.finding(Altered, path, "is packed by method %d, which a package does not use", e.Method)
	default:
		s.list(path, int64(e.UncompressedSize64))
		if _, ok := s.sizes[path]; ok && entries[path] == nil {
			entries[path] = e
		}
	}
}

// readSmall reads a file that is not expected to be large.
func (s *source) readSmall(path string, most int64) ([]byte, error) {
	r, err := s.open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("has more than %d bytes", most)
	}
	return text, err
}

// sniff tells what a file is by its first bytes.
func sniff(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && err != io.EOF {
		return "", err
	}
	text := string(head[:n])
	switch {
	case strings.HasPrefix(text, "age-encryption.org/"), strings.HasPrefix(text, "-----BEGIN AGE"):
		return "age", nil
	case strings.HasPrefix(strings.ToLower(text), "<!doctype html"):
		return "html", nil
	case strings.HasPrefix(text, "PK\x03\x04"), strings.HasPrefix(text, "PK\x05\x06"):
		return "zip", nil
	}
	return "", nil
}
