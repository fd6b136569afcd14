//go:build unix

package datadir

import (
	"golang.org/x/sys/unix"
)

// Space is what this process may still use, and the size of, the disk that holds dir, in bytes.
func Space(dir string) (free, total int64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), nil
}
