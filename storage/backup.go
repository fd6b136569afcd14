package storage

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"satchel/internal/durable"
)

// Contents says what a database file holds: enough to tell two of them apart and to notice that something is missing.
type Contents struct {
	Schema    int64            `json:"schema"`
	Seq       int64            `json:"seq"`       // of the last write
	Time      time.Time        `json:"time"`      // of the last write
	Resources map[string]int64 `json:"resources"` // current ones by type
	Versions  int64            `json:"versions"`  // of all resources, superseded ones and tombstones too
	Accounts  int64            `json:"accounts"`
	AuditSeq  int64            `json:"auditSeq"`
	AuditHash string           `json:"auditHash"` // of the last event, in hexadecimal; "" in a schema without an audit log
}

// Backup writes a copy of the database at path, as it stands at one instant, to the new file at target, and returns what is in
// the copy. Writers go on meanwhile, also in other processes. The copy is whole and on the disk, or there is no file at target.
// It is not migrated. What was deleted and purged is not in the copy, not even where nothing is stored any more.
func Backup(ctx context.Context, path, target string) (Contents, error) {
	db, err := openPlain(ctx, path)
	if err != nil {
		return Contents{}, fmt.Errorf("back up %q: %w", path, err)
	}
	defer db.Close()
	if err := copyTo(ctx, db, target, durable.Options{Exclusive: true}); err != nil {
		return Contents{}, fmt.Errorf("back up %q: %w", path, err)
	}
	return Inspect(ctx, target)
}

// Inspect reads what a database file holds, without changing or migrating it.
func Inspect(ctx context.Context, path string) (c Contents, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("inspect %q: %w", path, err)
		}
	}()
	db, err := openPlain(ctx, path)
	if err != nil {
		return c, err
	}
	defer db.Close()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one instant for all numbers
	if err != nil {
		return c, err
	}
	defer tx.Rollback()
	c, err = inspect(ctx, tx)
	return c, toldToStop(ctx, err)
}

func inspect(ctx context.Context, tx *sql.Tx) (Contents, error) {
	c := Contents{Resources: map[string]int64{}}
	var at, history int64
	err := errors.Join(
		tx.QueryRowContext(ctx, appliedSchema).Scan(&c.Schema),
		tx.QueryRowContext(ctx, `SELECT seq, time FROM clock`).Scan(&c.Seq, &at),
		tx.QueryRowContext(ctx, `SELECT count(*) FROM resource`).Scan(&c.Versions),
		tx.QueryRowContext(ctx, `SELECT count(*) FROM history`).Scan(&history),
		tx.QueryRowContext(ctx, `SELECT count(*) FROM account`).Scan(&c.Accounts),
	)
	if err != nil {
		return c, err
	}
	c.Time, c.Versions = instant(at), c.Versions+history
	var audited bool
	if err := tx.QueryRowContext(ctx, hasColumn, "clock", "audit_seq").Scan(&audited); err != nil {
		return c, err
	}
	if audited {
		var hash []byte
		if err := tx.QueryRowContext(ctx, `SELECT audit_seq, audit_hash FROM clock`).Scan(&c.AuditSeq, &hash); err != nil {
			return c, err
		}
		c.AuditHash = hex.EncodeToString(hash)
	}
	rows, err := tx.QueryContext(ctx, `SELECT t.name, count(*) FROM resource r JOIN type t ON t.code = r.type WHERE r.body IS NOT NULL GROUP BY t.name`)
	return c, eachRow(rows, err, func(scan row) error {
		var name string
		var n int64
		err := scan(&name, &n)
		c.Resources[name] = n
		return err
	})
}

// Integrity is the database's own check of the file and of what refers to what. It returns one line per finding, nothing if
// all is well. It does not look into bodies: see [Store.VerifyHashes].
func (s *Store) Integrity(ctx context.Context) (findings []string, err error) {
	for _, q := range integrityChecks {
		rows, err := s.scans.QueryContext(ctx, q)
		found, err := collect(rows, err, oneColumn[string])
		if err != nil {
			return findings, wrap("check the database", err)
		}
		findings = append(findings, found...)
	}
	return findings, nil
}
