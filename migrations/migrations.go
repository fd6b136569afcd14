// Package migrations holds the database schema as embedded goose files, one per change, never edited after release.
package migrations

import (
	"embed"
	"strconv"
	"strings"
)

// FS holds the .sql files, named NNNNN_what.sql, at its root.
//
//go:embed *.sql
var FS embed.FS

// Newest is the number of the last migration: the schema that this program works with.
func Newest() int64 {
	var newest int64
	files, _ := FS.ReadDir(".")
	for _, f := range files {
		number, _, _ := strings.Cut(f.Name(), "_")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest
}
