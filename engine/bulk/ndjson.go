package bulk

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"os"
	"sync"

	"satchel/internal/durable"
	"satchel/storage"
)

// bufferSize is how much of a file is collected before a lane writes it.
const bufferSize = 128 << 10

// buffers are free buffers of bufferSize.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, bufferSize); return &b }}

// file is one NDJSON file under way. The stream owns it until its last piece is sent, then its lane, then a finisher.
type file struct {
	info   storage.JobFile
	f      *durable.File // from the first piece to the end
	hash   hash.Hash
	placed bool // it has its final name
}

// remove removes whatever there is of the file.
func (f *file) remove(folder *os.Root) {
	if f.f != nil {
		f.f.Discard()
	}
	if f.placed {
		folder.Remove(f.info.Name)
	}
}

// piece is a part of a file on its way to a lane.
type piece struct {
	file    *file
	buffer  *[]byte       // goes back to buffers when written; nil: see big
	big     []byte        // a line larger than a buffer; the sender waits for written
	written chan struct{} // closed when big may be reused
	last    bool
}

// stream packs lines of one type into files of limited size.
type stream struct {
	out               *output
	list, typ, prefix string
	lane              chan<- piece
	begun             int   // files so far
	file              *file // nil before the first line of a file
	buffer            *[]byte
}

// write appends one line, which must not contain a line feed, and starts a new file where it would cross a cap.
// line is free again when write returns.
func (s *stream) write(line []byte) error {
	if s.full(1, int64(len(line))+1) {
		if err := s.roll(); err != nil {
			return err
		}
	}
	return s.add(line, 1)
}

// full reports whether the file that is open has no room for so many resources and bytes.
func (s *stream) full(count, size int64) bool {
	return s.file != nil && (s.file.info.Count+count > s.out.limits.count || s.file.info.Bytes+size > s.out.limits.bytes)
}

// add appends one line, which counts as so many resources, whatever the caps are.
func (s *stream) add(line []byte, count int64) error {
	if s.file == nil {
		s.begin()
	}
	size := int64(len(line)) + 1
	s.file.info.Count += count
	s.file.info.Bytes += size
	if n := len(*s.buffer); n > 0 && n+int(size) > bufferSize {
		if err := s.send(piece{file: s.file, buffer: s.buffer}); err != nil {
			return err
		}
		s.buffer = buffers.Get().(*[]byte)
	}
	if size > bufferSize {
		if err := s.sendBig(line); err != nil {
			return err
		}
		line = nil
	}
	*s.buffer = append(append(*s.buffer, line...), '\n')
	return nil
}

// begin starts a file in memory; its lane will create it.
func (s *stream) begin() {
	s.begun++
	s.buffer = buffers.Get().(*[]byte)
	s.file = &file{info: storage.JobFile{
		Name: s.name(s.begun), List: s.list, Type: s.typ,
	}}
	s.out.files = append(s.out.files, s.file)
}

// name is the name of the n-th file.
func (s *stream) name(n int) string { return fmt.Sprintf("%s.%04d.ndjson", s.prefix, n) }

// roll ends the file that is open, if one is.
func (s *stream) roll() error {
	if s.file == nil {
		return nil
	}
	p := piece{file: s.file, buffer: s.buffer, last: true}
	s.file, s.buffer = nil, nil
	return s.send(p)
}

// sendBig has a lane write a line from where it is, and waits.
func (s *stream) sendBig(line []byte) error {
	p := piece{file: s.file, big: line, written: make(chan struct{})}
	if err := s.send(p); err != nil {
		return err
	}
	<-p.written
	return nil
}

// send hands a piece to the lane, or returns why the output has failed.
func (s *stream) send(p piece) error {
	select {
	case s.lane <- p:
		return nil
	case <-s.out.ctx.Done():
		return context.Cause(s.out.ctx)
	}
}

// writeAll writes the pieces of a lane until it is closed. After a failure it only takes them, so that nobody waits
// for it in vain.
func (o *output) writeAll(lane <-chan piece) {
	for p := range lane {
		o.guard(func() error { return o.writePiece(p) })
		if p.written != nil {
			close(p.written)
		}
	}
}

// writePiece writes and hashes one piece, and passes a full file on.
func (o *output) writePiece(p piece) error {
	f := p.file
	if f.f == nil {
		if err := f.create(o.folder); err != nil {
			return err
		}
	}
	data := p.big
	if p.buffer != nil {
		data = *p.buffer
	}
	if _, err := f.f.Write(data); err != nil {
		return fmt.Errorf("write %s: %w", f.info.Name, err)
	}
	f.hash.Write(data)
	if p.buffer != nil {
		*p.buffer = (*p.buffer)[:0]
		buffers.Put(p.buffer)
	}
	if p.last {
		select {
		case o.full <- f:
		case <-o.ctx.Done():
		}
	}
	return nil
}

// create begins the file under a temporary name. A file that has its final name already is an error: two streams must
// never share one.
func (f *file) create(folder *os.Root) (err error) {
	f.f, err = durable.In(folder).Begin(f.info.Name, durable.Options{Exclusive: true})
	if err != nil {
		return fmt.Errorf("create %s: %w", f.info.Name, err)
	}
	f.hash = sha256.New()
	return nil
}

// finishAll brings full files to the disk until there are no more.
func (o *output) finishAll() {
	for f := range o.full {
		o.guard(f.finish)
	}
}

// finish syncs and closes the file and gives it its final name. The folder is synced once, when all files are done.
func (f *file) finish() error {
	f.info.SHA256 = f.hash.Sum(nil)
	if err := f.f.Place(); err != nil {
		return fmt.Errorf("finish %s: %w", f.info.Name, err)
	}
	f.placed = true
	return nil
}
