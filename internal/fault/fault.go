// Package fault tells apart what goes wrong in background work: panics, full disks, things that are not there.
package fault

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"syscall"

	"satchel/fhir"
)

// ErrPanic stands for a programming error; the log has its place.
var ErrPanic = errors.New("panic")

// Recover, deferred, turns a panic into ErrPanic. The log gets the place, and never the value: it might hold health data.
func Recover(log *slog.Logger, err *error) {
	if v := recover(); v != nil {
		log.Error("panic in a job", "kind", fmt.Sprintf("%T", v), "stack", string(debug.Stack()))
		*err = ErrPanic
	}
}

// DiskFull reports whether err says that there is no room left.
func DiskFull(err error) bool {
	if runtime.GOOS == "windows" { // ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL
		return errors.Is(err, syscall.Errno(39)) || errors.Is(err, syscall.Errno(112))
	}
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// Missing reports whether err says that a resource or a job is not there, or no longer.
func Missing(err error) bool {
	var known *fhir.Error
	return errors.As(err, &known) && (known.Code == fhir.CodeNotFound || known.Code == fhir.CodeDeleted)
}
