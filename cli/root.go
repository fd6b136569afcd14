// Package cli is the command line: one verb a file. It reads flags, calls the room that does the deed, and prints. An error is
// printed once, by [Execute], as "satchel: …".
package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"satchel/auth"
)

// The exit codes of every command.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3 // import: some lines were refused
)

// memoryLimit is what Go's heap should stay below, so that the whole process stays below 200 MB; GOMEMLIMIT overrides it.
const memoryLimit = 160 << 20

// Execute runs one command line and returns its exit code. The end of ctx asks it to stop.
func Execute(ctx context.Context, args []string) int {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "satchel: "+err.Error())
	}
	return exitCode(err)
}

// codeError is an error that ends the program with its own exit code.
type codeError struct {
	error
	code int
}

func (e codeError) Unwrap() error { return e.error }

// usagef is an error about how a command was called.
func usagef(format string, args ...any) error {
	return codeError{fmt.Errorf(format, args...), exitUsage}
}

func exitCode(err error) int {
	var c codeError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &c):
		return c.code
	case strings.HasPrefix(err.Error(), "unknown command"), strings.HasPrefix(err.Error(), "if any flags in the group"): // cobra has no type for it
		return exitUsage
	}
	return exitFailed
}

// common holds the flags that every command takes.
type common struct {
	data, file string
}

// newRoot makes the command tree.
func newRoot() *cobra.Command {
	var at common
	root := &cobra.Command{
		Use:   "satchel",
		Short: "FHIR R4 server with Bulk Data export for small medical practices",
		Long: `Satchel keeps a practice's FHIR R4 resources in one file and exports them: one patient, a group,
all patients or the whole system. Begin with:

  satchel demo                      look at a practice of made-up patients
  satchel init && satchel serve     start with your own

Exit codes: 0 done, 1 failed, 2 wrong usage; others are listed with the command.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().StringVar(&at.data, "data", "./data", "data directory")
	root.PersistentFlags().StringVar(&at.file, "config", "", "settings file (default config.toml in the data directory)")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usagef("%w; see: %s --help", err, c.CommandPath())
	})
	root.AddCommand(cmdInit(&at), cmdServe(&at), cmdDemo(), cmdImport(&at), cmdExport(&at), cmdHandover(&at), cmdVerify(), cmdUser(&at), cmdClient(&at),
		cmdConfig(&at), cmdService(&at), cmdTLS(&at), cmdBackup(&at), cmdRestore(&at), cmdDoctor(&at), cmdHealth(&at), cmdAudit(&at), cmdRequest(&at), cmdUnassigned(&at), cmdVersion())
	root.InitDefaultCompletionCmd()
	return root
}

// noArgs refuses arguments, as wrong usage.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if c.HasSubCommands() {
		var names []string
		for _, sub := range c.Commands() {
			names = append(names, sub.Name())
		}
		if near := auth.Nearest(args[0], names); near != "" {
			return usagef("unknown command %q; did you mean %q?", args[0], near)
		}
		return usagef("unknown command %q; see: %s --help", args[0], c.CommandPath())
	}
	return usagef("%q takes no arguments, but got %q; see: %s --help", c.CommandPath(), args[0], c.CommandPath())
}

// someArgs refuses fewer than n arguments, and more unless many, as wrong usage.
func someArgs(n int, many bool, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < n || len(args) > n && !many {
			return usagef("%q needs %s; see: %s --help", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}
