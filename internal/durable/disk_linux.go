package durable

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncDisk makes everything on the disk of a folder durable: one sync in place of one for each of thousands of files.
func syncDisk(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	return os.NewSyscallError("syncfs", unix.Syncfs(int(d.Fd())))
}

// diskReportsErrors reports whether syncDisk tells what could not be written: since Linux 5.8.
func diskReportsErrors() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var major, minor int
	for part, n := 0, 0; n < len(u.Release) && part < 2; n++ {
		switch c := u.Release[n]; {
		case c >= '0' && c <= '9' && part == 0:
			major = major*10 + int(c-'0')
		case c >= '0' && c <= '9':
			minor = minor*10 + int(c-'0')
		default:
			part++
		}
	}
	return major > 5 || major == 5 && minor >= 8
}

// flushAhead asks the kernel to begin writing a part of a file to the disk, and does not wait. It only saves time at the
// later sync, which alone counts, so a failure is left to that.
func flushAhead(f *os.File, from, size int64) {
	_ = unix.SyncFileRange(int(f.Fd()), from, size, unix.SYNC_FILE_RANGE_WRITE)
}
