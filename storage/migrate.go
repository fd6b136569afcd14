package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"satchel/fhir"
	"satchel/internal/durable"
	"satchel/migrations"
)

// Schema is the newest schema that this program knows, the one it migrates to.
func Schema() int64 { return migrations.Newest() }

// NewerError refuses a database that a newer program has migrated. Nothing was changed.
type NewerError struct{ Database, Program int64 } // schemas

func (e *NewerError) Error() string {
	return fmt.Sprintf("the database has schema %d, newer than schema %d of this program", e.Database, e.Program)
}

// migrate brings the file to the newest schema. Only one process does so at a time, on a handle of its own.
func migrate(ctx context.Context, path string) error {
	release, err := waitLock(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer release()
	if err := shape(ctx, path); err != nil {
		return err
	}
	db, err := openHandle(ctx, path, migrationPragmas)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, newest, err := p.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > newest {
		return &NewerError{current, newest}
	}
	if current < newest {
		if err := up(ctx, db, p, path, current, newest); err != nil {
			return fmt.Errorf("migrate from schema %d to %d: %w", current, newest, err)
		}
	}
	return addTypes(ctx, db)
}

// shape gives an empty file its page size, which it keeps for ever.
func shape(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err != nil || info.Size() > 0 {
		return err
	}
	db, err := openHandle(ctx, path, freshPragmas)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `PRAGMA journal_mode = WAL`)
	return err
}

// up copies a database that is not empty, migrates, and checks that no row lost its parent.
func up(ctx context.Context, db *sql.DB, p *goose.Provider, path string, current, newest int64) error {
	if current > 0 {
		if err := copyTo(ctx, db, fmt.Sprintf("%s.before-schema-%d-%d", path, newest, time.Now().Unix()), durable.Options{FolderOwner: true}); err != nil {
			return fmt.Errorf("copy the database first: %w", err)
		}
	}
	if _, err := p.Up(ctx); err != nil {
		return err
	}
	var table string
	err := db.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("rows of table %q lost what they refer to; restore the copy beside the database", table)
	}
	return err
}

// copyTo writes a complete copy of the database: under its final name only once it is on the disk.
func copyTo(ctx context.Context, db *sql.DB, path string, o durable.Options) error {
	return durable.Write(path, o, func(f *durable.File) error {
		_, err := db.ExecContext(ctx, `VACUUM INTO ?`, f.Path()) // SQLite takes an empty file and its mode
		return err
	})
}

// addTypes numbers the resource types that the database does not know yet.
func addTypes(ctx context.Context, db *sql.DB) error {
	var n int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM type`).Scan(&n); err != nil {
		return err
	}
	if n >= len(fhir.Types()) {
		return nil
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, name := range fhir.Types() {
		if _, err := tx.ExecContext(ctx, `INSERT INTO type (name) VALUES (?) ON CONFLICT DO NOTHING`, name); err != nil {
			return err
		}
	}
	return tx.Commit()
}
