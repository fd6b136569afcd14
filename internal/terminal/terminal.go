// Package terminal knows whether a person sits at the other end of a file.
package terminal

import (
	"os"

	"golang.org/x/term"
)

func Is(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
