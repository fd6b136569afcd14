package datadir

import (
	"context"
	"fmt"
	"os"

	"satchel/config"
)

// FreeDisk is what is free on the disk of the database or of the exports, whichever is nearer to its floor. A disk that
// does not tell counts as free.
func FreeDisk(c *config.Config) (free, floor int64) {
	for _, dir := range []string{c.Data, c.BulkExport.Folder} {
		f, total, err := Space(dir)
		if err != nil {
			continue
		}
		if least := c.DiskFloor(total); floor == 0 || f-least < free-floor {
			free, floor = f, least
		}
	}
	return free, floor
}

// WALTooLarge is the size of the write-ahead log, in bytes, that something keeps from being taken up: usually it has at
// most 64 MB. See storage: a reader that stays open, or a disk that is too slow.
const WALTooLarge = 512 << 20

// WarnOfWAL is what to say about a write-ahead log that grows; "" if it does not.
func WarnOfWAL(c *config.Config) string {
	wal, err := os.Stat(c.Database() + "-wal")
	if err != nil || wal.Size() <= WALTooLarge {
		return ""
	}
	return fmt.Sprintf("the write-ahead log has %d MB: something keeps it from being taken up; end programs that hold the database open, then restart the server", wal.Size()/1e6)
}

// EnoughDisk is a check of readiness.
func EnoughDisk(c *config.Config) error {
	if free, floor := FreeDisk(c); free < floor {
		return fmt.Errorf("%d MB are free and less than %d MB stop exports; make room (disk.min_free)", free/1e6, floor/1e6)
	}
	return nil
}

// WritableFolder is a check of readiness: files can be made in a folder.
func WritableFolder(folder *os.Root) func(context.Context) error {
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
