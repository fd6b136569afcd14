// Package migrations holds the database schema as embedded goose files, one per change, never edited after release.
package migrations

import "embed"

// FS holds the .sql files, named NNNNN_what.sql, at its root.
//
//go:embed *.sql
var FS embed.FS
