package durable

import "os"

// aheadBytes is how much of a file is written before the disk is set to work on it.
const aheadBytes = 4 << 20

// ahead sets the disk to work on a file while it is being written.
type ahead struct{ written, flushed int64 }

// wrote notes n more bytes at the end of the file.
func (a *ahead) wrote(f *os.File, n int) {
	a.written += int64(n)
	if more := a.written - a.flushed; more >= aheadBytes {
		flushAhead(f, a.flushed, more)
		a.flushed = a.written
	}
}

// Ahead is an open file that is written from its beginning to its end and synced later by somebody else. The disk is
// set to work on it early, so that the sync finds little left to do.
type Ahead struct {
	*os.File
	ahead ahead
}

// Write adds to the file.
func (a *Ahead) Write(p []byte) (int, error) {
	n, err := a.File.Write(p)
	a.ahead.wrote(a.File, n)
	return n, err
}
