package main

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"satchel/storage"
)

// version and commit are set by the build: -ldflags "-X main.version=… -X main.commit=…".
var (
	version = "dev"
	commit  = ""
)

// about says which program this is.
type about struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	System  string `json:"system"`
	Schema  int64  `json:"schema"` // of the database
}

func aboutMe() about {
	a := about{Version: version, Commit: commit, Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Schema: storage.Schema()}
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

func cmdVersion() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a := aboutMe()
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(a)
			}
			fmt.Fprintf(c.OutOrStdout(), "satchel %s (commit %s, %s, %s, database schema %d)\n", a.Version, a.Commit, a.Go, a.System, a.Schema)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}
