package main

import (
	"context"
	"fmt"
	"os"
)

// diskFloor is how many bytes must be free on a disk of so many bytes before an export begins: disk.min_free, or 1 GB or
// 5 % of the disk, whichever is more. On a disk smaller than 4 GB a quarter of it is enough.
func (c *Config) diskFloor(total int64) int64 {
	if c.Disk.MinFree > 0 {
		return int64(c.Disk.MinFree)
	}
	return max(min(1_000_000_000, total/4), total/20)
}

// freeDisk is what is free on the disk of the database or of the exports, whichever is nearer to its floor. A disk that
// does not tell counts as free.
func (c *Config) freeDisk() (free, floor int64) {
	for _, dir := range []string{c.Data, c.BulkExport.Folder} {
		f, total, err := diskSpace(dir)
		if err != nil {
			continue
		}
		if least := c.diskFloor(total); floor == 0 || f-least < free-floor {
			free, floor = f, least
		}
	}
	return free, floor
}

// walTooLarge is the size of the write-ahead log, in bytes, that something keeps from being taken up: usually it has at
// most 64 MB. See storage: a reader that stays open, or a disk that is too slow.
const walTooLarge = 512 << 20

// warnOfWAL is what to say about a write-ahead log that grows; "" if it does not.
func (c *Config) warnOfWAL() string {
	wal, err := os.Stat(c.database() + "-wal")
	if err != nil || wal.Size() <= walTooLarge {
		return ""
	}
	return fmt.Sprintf("the write-ahead log has %d MB: something keeps it from being taken up; end programs that hold the database open, then restart the server", wal.Size()/1e6)
}

// enoughDisk is a check of readiness.
func (c *Config) enoughDisk(context.Context) error {
	if free, floor := c.freeDisk(); free < floor {
		return fmt.Errorf("%d MB are free and less than %d MB stop exports; make room (disk.min_free)", free/1e6, floor/1e6)
	}
	return nil
}

// writableFolder is a check of readiness: files can be made in a folder.
func writableFolder(folder *os.Root) func(context.Context) error {
	const name = ".writable"
	return func(context.Context) error {
		f, err := folder.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
		return folder.Remove(name)
	}
}
