package storage

import (
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"satchel/audit"
	"satchel/internal/durable/durabletest"
	"satchel/migrations"
)

// What storage writes beside what SQLite writes survives a power cut, and says so if it could not be written.
func TestPowerCut(t *testing.T) {
	deeds := map[string]durabletest.Deed{
		"a new database": func(t *testing.T, in string) (func() error, []string) {
			return func() error { return createFile(filepath.Join(in, "data", "satchel.db")) }, []string{"data"}
		},
		"the copy before a migration": copyBefore,
		"a backup": func(t *testing.T, in string) (func() error, []string) {
			path := filepath.Join(t.TempDir(), "satchel.db")
			openFile(t, path, Options{}).Close()
			return func() error {
				_, err := Backup(t.Context(), path, filepath.Join(in, "copy"))
				return err
			}, []string{"copy"}
		},
		"the key of second factors": func(t *testing.T, in string) (func() error, []string) {
			s := openFile(t, filepath.Join(in, "satchel.db"), Options{})
			return func() error {
				_, err := s.Seal("anna", []byte("a secret of 20 bytes"))
				return err
			}, []string{AccountKeyFile}
		},
		"the key of page links": func(t *testing.T, in string) (func() error, []string) {
			s := openFile(t, filepath.Join(in, "satchel.db"), Options{})
			return func() error {
				_, err := s.CursorKey()
				return err
			}, []string{CursorKeyFile}
		},
		"an anchor": func(t *testing.T, in string) (func() error, []string) {
			return func() error {
				path := filepath.Join(in, "anchors")
				if err := AppendAuditAnchor(path, audit.Anchor{Seq: 1}); err != nil {
					return err
				}
				return AppendAuditAnchor(path, audit.Anchor{Seq: 2})
			}, []string{"anchors"}
		},
	}
	for name, deed := range deeds {
		t.Run(name, func(t *testing.T) { t.Parallel(); durabletest.Check(t, deed) })
	}
}

// copyBefore migrates a database of the schema before the newest. The copy is checked while the database is as it was: when
// the migration begins, the disk must have it.
func copyBefore(t *testing.T, in string) (func() error, []string) {
	path := filepath.Join(t.TempDir(), "satchel.db")
	if err := createFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := openHandle(t.Context(), path, migrationPragmas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p, err := goose.NewProvider(goose.DialectSQLite3, db, migrations.FS, goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = p.UpTo(t.Context(), Schema()-1)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() error { return up(t.Context(), db, p, filepath.Join(in, "satchel.db"), Schema()-1, Schema()) }, []string{"."}
}
