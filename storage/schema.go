package storage

import (
	"fmt"

	"satchel/migrations"
)

// Schema is the newest schema that this program knows, the one it migrates to.
func Schema() int64 { return migrations.Newest() }

// NewerError refuses a database that a newer program has migrated. Nothing was changed.
type NewerError struct{ Database, Program int64 } // schemas

// Error names both schemas.
func (e *NewerError) Error() string {
	return fmt.Sprintf("the database has schema %d, newer than schema %d of this program", e.Database, e.Program)
}
