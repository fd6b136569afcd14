package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/pressly/goose/v3"

	"satchel/internal/durable"
	"satchel/migrations"
)

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

// toldToStop returns err, and in place of "transaction has already been rolled back" that ctx has ended, if it has: database/sql
// rolls back by itself then, and who comes to the transaction next is told of that alone.
func toldToStop(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, sql.ErrTxDone) {
		return ctx.Err()
	}
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
	err := db.QueryRowContext(ctx, orphanedTable).Scan(&table)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("rows of table %q lost what they refer to; restore the copy beside the database", table)
	}
	return err
}
