package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// A lock ends when it is given back, also while another process still has the file open that it inherited: between the two steps of
// starting a program every open file has a second holder.
func TestLockEndsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	release, err := LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	held := -1
	open, _ := os.ReadDir("/proc/self/fd")
	for _, e := range open {
		if to, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", e.Name())); to == path {
			fd, _ := strconv.Atoi(e.Name())
			if held, err = syscall.Dup(fd); err != nil {
				t.Fatal(err)
			}
		}
	}
	if held < 0 {
		t.Fatal("the lock's file is not open")
	}
	defer syscall.Close(held)
	release()
	again, err := LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again()
	release() // a second time does no harm
}
