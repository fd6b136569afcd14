#!/usr/bin/env bash
# clock.sh DIR: writes an overlay of Go's runtime into DIR, for GOFLAGS=-overlay=DIR/overlay.json. A program built with it
# has the wall clock of the machine plus the seconds in DIR/shift, which it reads at its first look at a clock. Programs without
# libc ask the kernel by themselves, so that faketime's library does not reach them, and so do their children; this does,
# since each of them is built with the overlay. The monotonic clock stays as it is.
set -euo pipefail
dir=$(cd "$1" && pwd)
runtime=$(go env GOROOT)/src/runtime
cat >"$dir/shift.go" <<GO
package runtime

import (
	"internal/strconv"
	"unsafe"
)

var shiftPath = []byte("$dir/shift\x00")

// shift is what is added to the wall clock, in seconds, plus one; 0 means that the file was not read yet.
var shift int64

func shifted(sec int64) int64 {
	if shift == 0 {
		shift = 1 + readShift()
	}
	return sec + shift - 1
}

func readShift() int64 {
	var text [20]byte
	fd := open(&shiftPath[0], 0, 0)
	if fd < 0 {
		return 0
	}
	p := noescape(unsafe.Pointer(&text[0]))
	n := read(fd, p, int32(len(text)))
	closefd(fd)
	v, err := strconv.Atoi(slicebytetostringtmp((*byte)(p), int(max(n, 0))))
	if err != nil {
		return 0
	}
	return int64(v)
}
GO
# Where Go's own assembly answers time.now, it gets another name and Go calls it; elsewhere the one Go function is changed.
sed 's/TEXT time·now<ABIInternal>/TEXT ·unshifted<ABIInternal>/' "$runtime/time_linux_amd64.s" >"$dir/asm.s"
sed 's/^func time_now.*/func time_now() (sec int64, nsec int32, mono int64) {\n\tsec, nsec, mono = unshifted()\n\treturn shifted(sec), nsec, mono\n}\n\nfunc unshifted() (sec int64, nsec int32, mono int64)/' "$runtime/timeasm.go" >"$dir/timeasm.go"
sed 's/return sec, nsec, nanotime()/return shifted(sec), nsec, nanotime()/' "$runtime/timestub.go" >"$dir/timestub.go"
cat >"$dir/overlay.json" <<JSON
{"Replace": {
  "$runtime/shift_linux.go": "$dir/shift.go",
  "$runtime/time_linux_amd64.s": "$dir/asm.s",
  "$runtime/timeasm.go": "$dir/timeasm.go",
  "$runtime/timestub.go": "$dir/timestub.go"
}}
JSON
