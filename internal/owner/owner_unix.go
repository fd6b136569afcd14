//go:build unix

package owner

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Same gives path, and everything in it, to the owner of like, if that is somebody else: what root restores is for
// the account of the service.
func Same(path, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(owner.Uid) == os.Geteuid() || os.Geteuid() != 0 {
		return nil
	}
	return filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, int(owner.Uid), int(owner.Gid))
	})
}
