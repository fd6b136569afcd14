// Package about says which program this is.
package about

import (
	"runtime"
	"runtime/debug"

	"satchel/storage"
)

// Version and commit are set by the build: -ldflags "-X satchel/internal/about.Version=… -X satchel/internal/about.Commit=…".
var (
	Version = "dev"
	Commit  = ""
)

// Program says which program this is.
type Program struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	System  string `json:"system"`
	Schema  int64  `json:"schema"` // of the database
}

func Me() Program {
	a := Program{Version: Version, Commit: Commit, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Schema: storage.Schema()}
	if info, ok := debug.ReadBuildInfo(); ok && a.Commit == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				a.Commit = s.Value
			}
		}
	}
	if a.Commit == "" {
		a.Commit = "unknown"
	}
	return a
}
