//go:build unix

package durable

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// SameOwner gives path, and everything in it, to the owner of like, if root runs this and the owner is somebody else: what
// root makes in a data directory is for the account of the service. Links are not followed.
func SameOwner(path, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	owner := otherOwner(info)
	if owner == nil {
		return nil
	}
	return filepath.WalkDir(path, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, int(owner.Uid), int(owner.Gid))
	})
}

// giveTo gives an open file to the owner of a folder.
func giveTo(f *os.File, folder fs.FileInfo) error {
	if owner := otherOwner(folder); owner != nil {
		return f.Chown(int(owner.Uid), int(owner.Gid))
	}
	return nil
}

// otherOwner is whom root must give a file to; nil if nothing is to be done.
func otherOwner(like fs.FileInfo) *syscall.Stat_t {
	owner, ok := like.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	return owner
}
