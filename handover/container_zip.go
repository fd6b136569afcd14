package handover

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/flate"

	"satchel/internal/durable"
)

const (
	chunkSize  = 128 << 10 // bytes that are collected and, in a ZIP, deflated at a time
	spoolSize  = 256 << 10 // bytes of a ZIP entry under way that stay in memory
	zipLevel   = 5         // of deflating: a fifth of the time of the best, within a few per cent of its size
	zip32Limit = 1<<32 - 1 // what a local header without zip64 can say
)

// zipFile is a bag as a ZIP file. Entries under way lie deflated beside it and are copied in when they are whole, so
// several can be written at the same time, each entry is in one piece, and its header knows size and checksum.
// It and its spools stand in the folder .NAME.zip.partial until it is sealed.
type zipFile struct {
	dir, name string
	at        time.Time // of every entry
	file      *os.File
	out       *counter
	zip       *zip.Writer
	deflater  *flate.Writer
	entries   map[string]zipEntry
	spools    int
}

// zipEntry is where a written entry lies.
type zipEntry struct {
	offset, packed int64
	method         uint16
}

// counter counts what is written.
type counter struct {
	io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

// newZip begins a ZIP file, removing what an interrupted one of the same name left.
func newZip(dir, name string, at time.Time) (*zipFile, error) {
	z := &zipFile{dir: dir, name: name, at: at.UTC(), entries: map[string]zipEntry{}}
	if err := freeName(z.final()); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(z.partial()); err != nil {
		return nil, err
	}
	if err := os.Mkdir(z.partial(), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(z.unsealed(), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	z.file, z.out = file, &counter{Writer: file}
	z.zip = zip.NewWriter(z.out)
	z.deflater, err = flate.NewWriter(io.Discard, zipLevel)
	return z, err
}

func (z *zipFile) final() string    { return filepath.Join(z.dir, z.name+".zip") }
func (z *zipFile) partial() string  { return filepath.Join(z.dir, "."+z.name+".zip.partial") }
func (z *zipFile) unsealed() string { return filepath.Join(z.partial(), "unsealed") }

func (z *zipFile) create(tight bool) (blob, error) {
	z.spools++
	spool := &spool{path: filepath.Join(z.partial(), fmt.Sprintf("%d.tmp", z.spools))}
	return &zipBlob{in: z, tight: tight, spool: spool}, nil
}

// header makes the header of an entry. Everything in it is fixed by the content and the time of the package.
func (z *zipFile) header(path string, b *zipBlob) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: z.name + "/" + path, Method: zip.Deflate, CRC32: b.crc, ReaderVersion: 20,
		CompressedSize64: uint64(b.spool.size), UncompressedSize64: uint64(b.size),
	}
	if b.tight {
		h.Method = zip.Store
	}
	if h.CompressedSize64 > zip32Limit || h.UncompressedSize64 > zip32Limit {
		h.Flags |= 0x8 // the sizes follow the data, in 64 bits
	}
	h.SetMode(0o600)
	// CreateRaw writes these two fields as they stand and does not look at Modified.
	//lint:ignore SA1019 CreateRaw has nothing else
	h.ModifiedDate = uint16(z.at.Day() + int(z.at.Month())<<5 + max(z.at.Year()-1980, 0)<<9)
	//lint:ignore SA1019 CreateRaw has nothing else
	h.ModifiedTime = uint16(z.at.Second()/2 + z.at.Minute()<<5 + z.at.Hour()<<11)
	return h
}

func (z *zipFile) add(path string, b *zipBlob) error {
	w, err := z.zip.CreateRaw(z.header(path, b))
	if err != nil {
		return err
	}
	if err := z.zip.Flush(); err != nil {
		return err
	}
	entry := zipEntry{offset: z.out.n, packed: b.spool.size, method: zip.Deflate}
	if b.tight {
		entry.method = zip.Store
	}
	if err := b.spool.copyTo(w); err != nil {
		return err
	}
	z.entries[path] = entry
	return z.zip.Flush()
}

func (z *zipFile) open(path string) (io.ReadCloser, error) {
	e, ok := z.entries[path]
	if !ok {
		return nil, fmt.Errorf("%q: %w", path, os.ErrNotExist)
	}
	packed := bufio.NewReaderSize(io.NewSectionReader(z.file, e.offset, e.packed), chunkSize)
	if e.method == zip.Store {
		return io.NopCloser(packed), nil
	}
	return inflate(packed), nil
}

func (z *zipFile) seal() error {
	if err := z.zip.Close(); err != nil {
		return err
	}
	if err := durable.Close(z.file); err != nil {
		return err
	}
	if err := freeName(z.final()); err != nil {
		return err
	}
	if err := durable.Rename(z.unsealed(), z.final()); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(z.partial()), durable.SyncFolder(z.dir))
}

func (z *zipFile) abandon() error {
	z.file.Close()
	return os.RemoveAll(z.partial())
}

// zipBlob is an entry under way. Each chunk is deflated by itself, so that one deflater serves all entries.
type zipBlob struct {
	in     *zipFile
	tight  bool // stored, not deflated
	spool  *spool
	buffer []byte
	crc    uint32
	size   int64
}

func (b *zipBlob) Write(p []byte) (int, error) {
	n := len(p)
	b.crc = crc32.Update(b.crc, crc32.IEEETable, p)
	b.size += int64(n)
	if b.tight {
		return b.spool.Write(p)
	}
	for len(p) > 0 {
		if len(b.buffer) == chunkSize {
			if err := b.deflate(false); err != nil {
				return 0, err
			}
		}
		k := min(len(p), chunkSize-len(b.buffer))
		b.buffer = append(b.buffer, p[:k]...)
		p = p[k:]
	}
	return n, nil
}

// deflate packs what was collected. A chunk that is not the last ends at a byte, where the next one can go on.
func (b *zipBlob) deflate(last bool) error {
	d := b.in.deflater
	d.Reset(b.spool)
	if _, err := d.Write(b.buffer); err != nil {
		return err
	}
	b.buffer = b.buffer[:0]
	if last {
		return d.Close()
	}
	return d.Flush()
}

func (b *zipBlob) commit(path string) error {
	defer b.spool.remove()
	if !b.tight {
		if err := b.deflate(true); err != nil {
			return err
		}
	}
	return b.in.add(path, b)
}

func (b *zipBlob) discard() { b.spool.remove() }

// spool keeps bytes in memory and, when there are more, in a file.
type spool struct {
	path   string
	memory []byte
	file   *os.File
	size   int64
}

func (s *spool) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if len(s.memory)+len(p) <= spoolSize {
		s.memory = append(s.memory, p...)
		return len(p), nil
	}
	if s.file == nil {
		var err error
		if s.file, err = os.OpenFile(s.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
			return 0, err
		}
	}
	if _, err := s.file.Write(s.memory); err != nil {
		return 0, err
	}
	s.memory = append(s.memory[:0], p...)
	return len(p), nil
}

func (s *spool) copyTo(w io.Writer) error {
	if s.file != nil {
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(w, s.file); err != nil {
			return err
		}
	}
	_, err := w.Write(s.memory)
	return err
}

func (s *spool) remove() {
	s.memory = nil
	if s.file != nil {
		s.file.Close()
		os.Remove(s.path)
	}
}
