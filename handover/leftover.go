package handover

import (
	"os"
	"path/filepath"
	"strings"

	"satchel/internal/durable"
)

// unfinished reports whether a name is that of a package or file that was never finished.
func unfinished(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".partial") || durable.Temporary(name)
}

// Leftovers lists what interrupted handovers left in a folder: it is no package and may be deleted, unless another handover
// is at work on it. A folder that is not there has none.
func Leftovers(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var left []string
	for _, e := range entries {
		if n := e.Name(); strings.HasPrefix(n, ".EHI_") && unfinished(n) {
			left = append(left, filepath.Join(dir, n))
		}
	}
	return left
}
