//go:build unix

package durable

import "os"

func rename(from, to string) error { return os.Rename(from, to) }

func renameIn(in *os.Root, from, to string) error { return in.Rename(from, to) }
