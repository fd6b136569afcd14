package imports

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/klauspost/compress/gzip"

	"satchel/fhir"
)

// source is one file to read, on the disk or in an archive. It can be opened more than once.
type source struct {
	name  string  // for people: path, with "!" and the member's name inside an archive
	size  int64   // bytes on the disk
	scale float64 // bytes on the disk per byte that open gives
	named bool    // the caller named this file, rather than a folder or archive it is in
	open  func() (io.ReadCloser, error)
	read  func(*reading, *source) error
}

// base is the file's own name, without folders.
func (s *source) base() string {
	return path.Base(filepath.ToSlash(s.name[strings.LastIndexByte(s.name, '!')+1:]))
}

// find lists the files of the paths: those named, and those in named folders in order of their names. Symbolic links
// in folders are not followed.
func (r *reading) find(paths []string) ([]*source, error) {
	var sources []*source
	var errs []error
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case err != nil:
			errs = append(errs, err)
		case !info.IsDir():
			sources = append(sources, fileSource(p, info.Size(), true))
		default:
			inside, err := r.walk(p)
			sources = append(sources, inside...)
			errs = append(errs, err)
		}
	}
	return sources, errors.Join(errs...)
}

// walk lists the files of a folder.
func (r *reading) walk(folder string) ([]*source, error) {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, err
	}
	var sources []*source
	err = filepath.WalkDir(root, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		s := fileSource(filepath.Join(folder, strings.TrimPrefix(p, root)), 0, false)
		if !entry.Type().IsRegular() {
			r.note(spot{src: s}, nil, "skipped: not a regular file")
			return nil
		}
		if !readable(s.name) && !isZip(s.name) {
			r.note(spot{src: s}, nil, "skipped: not a file of resources by its name")
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		s.size = info.Size()
		sources = append(sources, s)
		return nil
	})
	return sources, err
}

// fileSource is a file on the disk.
func fileSource(name string, size int64, named bool) *source {
	s := &source{name: name, size: size, scale: 1, named: named, read: (*reading).file}
	s.open = func() (io.ReadCloser, error) { return os.Open(name) }
	if isZip(name) {
		s.read = (*reading).archive
	}
	return s
}

func isZip(name string) bool { return strings.EqualFold(filepath.Ext(name), ".zip") }

// readable reports whether a file is one of resources by its name.
func readable(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".jsonl") || strings.HasSuffix(name, ".json")
}

// text is an open source: its text, inflated if it was gzipped, without a byte order mark.
type text struct {
	*bufio.Reader
	raw   *counter
	close func() error
}

// textBuffer is how much of a text is read at once, and can be looked at before its kind is known.
const textBuffer = 256 << 10

// openText opens a source. Bytes count as progress only after [text.count].
func (s *source) openText() (*text, error) {
	f, err := s.open()
	if err != nil {
		return nil, err
	}
	t := &text{raw: &counter{r: f, scale: s.scale}, close: f.Close}
	t.Reader = bufio.NewReaderSize(t.raw, textBuffer)
	if magic, _ := t.Peek(2); string(magic) == "\x1f\x8b" {
		z, err := gzip.NewReader(t.Reader)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("gzip: %w", err)
		}
		t.Reader = bufio.NewReaderSize(&guard{r: z, packed: &t.raw.n}, textBuffer)
	}
	if bom, _ := t.Peek(3); string(bom) == "\xef\xbb\xbf" {
		t.Discard(3)
	}
	return t, nil
}

// count lets the bytes read, and to be read, count as progress.
func (t *text) count(r *reading) { t.raw.at = &r.at }

// counter counts the bytes read through it.
type counter struct {
	r     io.Reader
	n     int64
	scale float64
	at    *int64 // kept at n by scale, if set
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if c.at != nil {
		*c.at = int64(float64(c.n) * c.scale)
	}
	return n, err
}

// Limits of what may come out of compressed data. NDJSON of resources shrinks to about a twentieth.
const bombRatio = 200

// bombSize is how much may come out at any ratio. Tests lower it.
var bombSize int64 = 1 << 30

// isBomb reports whether so much inflated data may not come from so little.
func isBomb(inflated, packed int64) bool {
	return inflated > bombSize && inflated/bombRatio > packed
}

// errBomb is the error for compressed data that is not believed.
var errBomb = fmt.Errorf("more than %d times its compressed size, which no file of resources is; inflate it and import the result if you trust it", bombRatio)

// guard stops inflated data that grows out of proportion.
type guard struct {
	r      io.Reader
	n      int64
	packed *int64
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if g.n += int64(n); isBomb(g.n, *g.packed) {
		return 0, errBomb
	}
	return n, err
}

// file reads a source of either kind.
func (r *reading) file(s *source) error {
	t, err := s.openText()
	if err != nil {
		return err
	}
	defer func() { t.close() }()
	if start, _ := t.Peek(textBuffer); isNDJSON(s.name, start) {
		t.count(r)
		return r.lines(s, t)
	}
	b, err := scanBundle(t)
	t.close()
	if err == nil && b.typ == "" && !s.named {
		r.note(spot{src: s}, nil, "skipped: not a resource, it has no resourceType")
		return nil
	}
	if problem := new(jsonError); errors.As(err, &problem) {
		r.refuse(spot{src: s}, nil, issueOf(err))
		return nil
	}
	if err != nil {
		return err
	}
	if t, err = s.openText(); err != nil {
		return err
	}
	t.count(r)
	if b.typ != "Bundle" {
		b.entries, b.links = []bundleEntry{{start: 0, end: b.size}}, fhir.Links{}
	}
	return r.entries(s, t, b)
}

// isNDJSON tells lines of resources from one JSON document, by the file's name and its first bytes.
func isNDJSON(name string, start []byte) bool {
	byName := !strings.HasSuffix(strings.TrimSuffix(strings.ToLower(name), ".gz"), ".json")
	line, rest, whole := bytes.Cut(bytes.TrimLeft(start, " \t\r\n"), []byte("\n"))
	line = bytes.TrimSpace(line)
	switch {
	case !whole:
		return byName
	case jsontext.Value(line).IsValid():
		return byName || len(bytes.TrimSpace(rest)) > 0
	default: // one document over several lines begins with a lone brace
		return byName && string(line) != "{"
	}
}

// Readable reports whether a file is one that an import reads, by its name.
func Readable(name string) bool { return readable(name) || isZip(name) }
