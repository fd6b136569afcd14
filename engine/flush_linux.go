package engine

import (
	"os"

	"golang.org/x/sys/unix"
)

// flushAhead asks the kernel to begin writing a part of a file to the disk, and does not wait. It only saves time at the
// later sync, which alone counts, so a failure is left to that.
func flushAhead(f *os.File, from, size int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, size, unix.SYNC_FILE_RANGE_WRITE)
}
