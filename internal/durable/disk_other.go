//go:build !linux

package durable

import (
	"errors"
	"os"
)

// syncDisk is not offered here; each file is synced by itself.
func syncDisk(string) error { return errors.ErrUnsupported }

func diskReportsErrors() bool { return false }

// flushAhead is left to the system here.
func flushAhead(*os.File, int64, int64) {}
