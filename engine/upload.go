package engine

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"satchel/engine/imports"
	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/internal/fault"
)

// Limits of an upload.
const (
	uploadFiles   = 1000
	uploadPiece   = 16 << 20 // after so many bytes it is looked whether the disk still has room
	uploadNameMax = 120      // bytes of a file's name
)

// Upload is a set of files that somebody sends to be imported. They lie in the folder of the job that they become by
// [Engine.StartImport], for the server's account alone, and are gone when that has ended. One goroutine uses an upload.
type Upload struct {
	e      *Engine
	id     string // of the job
	folder *os.Root
	most   int64
	files  []imports.File
}

// NewUpload makes an empty upload; with too little room on the disk it is no-store. most is how many bytes it may have, 0:
// what the disk has room for. The caller ends it by [Engine.StartImport] or [Upload.Discard].
func (e *Engine) NewUpload(most int64) (*Upload, error) {
	if err := e.uploadRoom(); err != nil {
		return nil, err
	}
	u := &Upload{e: e, id: "import-" + strings.ToLower(rand.Text()), most: most}
	e.hold(u.id)
	var err error
	if u.folder, err = e.emptyFolder(u.id); err != nil {
		e.dropFolder(u.id)
		return nil, err
	}
	return u, nil
}

// uploadRoom refuses, as no-store, while the disk has too little room to take files in.
func (e *Engine) uploadRoom() error {
	if e.roomy() != nil {
		free, _ := e.options.FreeDisk()
		return fhir.Errorf(fhir.CodeNoStore, "the server's disk has %d MB left, which is too little for an import; make room, or delete exports that are no longer needed", free/1e6)
	}
	return nil
}

// dropFolder lets go of a folder that is to be removed.
func (e *Engine) dropFolder(id string) {
	e.remove(id)
	e.release(id)
}

// Discard removes the files.
func (u *Upload) Discard() {
	u.folder.Close()
	u.e.dropFolder(u.id)
}

// Files is how many files there are, and their bytes.
func (u *Upload) Files() (n int, bytes int64) {
	for _, f := range u.files {
		bytes += f.Bytes
	}
	return len(u.files), bytes
}

// Add reads one more file to its end. A name that is none of a file of resources, a sealed package, too many files, too many
// bytes and a disk without room are fhir.Errors that say so; so is r that breaks off.
func (u *Upload) Add(name string, r io.Reader) error {
	name = shownName(name)
	switch {
	case len(u.files) >= uploadFiles:
		return fhir.Errorf(fhir.CodeTooLong, "more than %d files at once are not taken; put them into a ZIP file", uploadFiles)
	case !imports.Readable(name):
		return fhir.Errorf(fhir.CodeValue, "%q is not a file of records by its name; send .ndjson, .ndjson.gz, .json or .zip", name)
	}
	in := fmt.Sprintf("%04d", len(u.files))
	if err := u.folder.Mkdir(in, 0o700); err != nil {
		return fmt.Errorf("make a folder for an upload: %w", err)
	}
	inside := path.Join(in, storedName(name)) // of the name an import makes ids for resources without one
	var n int64
	err := durable.In(u.folder).Write(inside, durable.Options{Exclusive: true}, func(f *durable.File) (err error) {
		n, err = u.copy(f, r)
		return err
	})
	if err != nil {
		return err
	}
	u.files = append(u.files, imports.File{Name: name, Path: inside, Bytes: n})
	if imports.IsPackage(filepath.Join(u.folder.Name(), filepath.FromSlash(inside))) {
		return fhir.Errorf(fhir.CodeNotSupported, "%q is a sealed package of a whole practice or record, which is not added to what is here; it is restored into an empty store, at the server itself: satchel import PACKAGE", name)
	}
	return nil
}

// copy reads r into f, as long as there is room.
func (u *Upload) copy(f io.Writer, r io.Reader) (n int64, err error) {
	_, before := u.Files()
	from := &uploadReader{r: r}
	for {
		piece, err := io.CopyN(f, from, uploadPiece)
		n += piece
		switch {
		case u.most > 0 && before+n > u.most:
			return n, fhir.Errorf(fhir.CodeTooLong, "the files are larger than %d MB, the most that is taken at once; send fewer at a time, or import them at the server itself: satchel import PATH", max(1, u.most/1e6))
		case err == io.EOF:
			return n, nil
		case fault.DiskFull(err):
			return n, fhir.Errorf(fhir.CodeNoStore, "the server's disk is full; make room, then send the files again")
		case from.err != nil && from.err != io.EOF:
			return n, fhir.Errorf(fhir.CodeStructure, "the files did not arrive whole; send them again")
		case err != nil:
			return n, fmt.Errorf("write an upload: %w", err)
		}
		if err := u.e.uploadRoom(); err != nil {
			return n, err
		}
	}
}

// uploadReader remembers what went wrong in reading, so that it is not taken for a fault of the disk.
type uploadReader struct {
	r   io.Reader
	err error
}

func (u *uploadReader) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil {
		u.err = err
	}
	return n, err
}

// shownName is the name of a file as a sender wrote it, without folders and without what cannot be shown.
func shownName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if len(name) > uploadNameMax {
		end := path.Ext(strings.TrimSuffix(name, ".gz"))
		if strings.HasSuffix(name, ".gz") {
			end += ".gz"
		}
		end = end[max(0, len(end)-16):]
		name = strings.ToValidUTF8(name[:uploadNameMax-len(end)], "") + end
	}
	return name
}

// storedName is a name that every disk takes: what is not a letter, digit, dot, minus or underscore becomes an underscore.
func storedName(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) || strings.ContainsRune(".-_", r) {
			return r
		}
		return '_'
	}, name)
	stem, _, _ := strings.Cut(strings.ToUpper(safe), ".")
	switch {
	case strings.HasPrefix(safe, "."), stem == "CON", stem == "PRN", stem == "AUX", stem == "NUL", len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")):
		return "_" + safe
	}
	return safe
}
