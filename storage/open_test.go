package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/fhir"
	"satchel/internal/durable"
)

// A path with characters that mean something in a URL names the file it says, and no other.
func TestPaths(t *testing.T) {
	t.Parallel()
	sequential(t)
	for _, name := range []string{"plain", "with space", "a#b", "a%41b", "a?b", "a&mode=memory", "ü", "a'b"} {
		if runtime.GOOS == "windows" && strings.ContainsAny(name, "?") {
			continue
		}
		path := filepath.Join(t.TempDir(), name, name+".db")
		s := openFile(t, path, Options{})
		put(t, s, parse(t, `{"resourceType":"Patient","id":"p"}`))
		if err := s.Close(); err != nil {
			t.Errorf("%q: close: %v", name, err)
		}
		files, err := os.ReadDir(filepath.Dir(path))
		for _, f := range files {
			if !strings.HasPrefix(f.Name(), name+".db") {
				t.Errorf("%q: a file %q is there (%v)", name, f.Name(), err)
			}
		}
		if info, err := os.Stat(path); err != nil || info.Size() == 0 || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%q: %v (%v)", name, info, err)
		}
		if info, err := os.Stat(filepath.Dir(path)); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
			t.Errorf("%q: folder %v (%v)", name, info, err)
		}
		again := openFile(t, path, Options{})
		if _, err := again.Resource(t.Context(), "Patient", "p"); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	openFile(t, path, Options{}).Close()
	alter(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)`)
	_, err := Open(t.Context(), path, Options{})
	if err == nil || !strings.Contains(err.Error(), "99999") || !strings.Contains(err.Error(), fmt.Sprint(Schema())) {
		t.Errorf("error %v", err)
	}
}

// alter changes the file from outside.
func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, commonPragmas))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func TestCopyBeforeMigration(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s := openFile(t, path, Options{})
	put(t, s, parse(t, `{"resourceType":"Patient","id":"p"}`))
	target := path + ".copy"
	if err := copyTo(t.Context(), s.w.db0(t, path), target, durable.Options{}); err != nil {
		t.Fatal(err)
	}
	if files, _ := filepath.Glob(path + ".copy*"); len(files) != 1 {
		t.Errorf("files %v", files)
	}
	if info, err := os.Stat(target); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v (%v)", info, err)
	}
	if _, err := openFile(t, target, Options{}).Resource(t.Context(), "Patient", "p"); err != nil {
		t.Error(err)
	}
}

// db0 is a handle as migrate uses it.
func (*writer) db0(t *testing.T, path string) *sql.DB {
	db, err := openHandle(t.Context(), path, migrationPragmas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestRacingOpens(t *testing.T) {
	t.Parallel()
	for range 3 {
		path := filepath.Join(t.TempDir(), "satchel.db")
		var group sync.WaitGroup
		for i := range 4 {
			group.Go(func() {
				s, err := Open(background, path, Options{Bulk: i == 0})
				if err != nil {
					t.Error(err)
					return
				}
				put(t, s, parse(t, `{"resourceType":"Patient","id":"%d"}`, i))
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		s := openFile(t, path, Options{})
		if types, err := s.Types(t.Context()); err != nil || types["Patient"] != 4 {
			t.Errorf("%v (%v)", types, err)
		}
	}
}

func TestLockFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	release, err := LockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LockFile(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second lock: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := waitLock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: %v", err)
	}
	release()
	if release, err = LockFile(path); err != nil {
		t.Errorf("after release: %v", err)
	}
	release()
}

// Stamps rise whatever the wall clock does, across reopening and between two stores on one file.
func TestClock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var last time.Time
	var seq int64
	for i := range 12 {
		a, b := openFile(t, path, Options{}), openFile(t, path, Options{Bulk: true})
		for k, s := range []*Store{a, b, a} {
			s.Now = func() time.Time { return now.Add(-time.Duration(i*i) * time.Hour) } // steps back further and further
			r, _ := put(t, s, parse(t, `{"resourceType":"Patient","id":"p","multipleBirthInteger":%d}`, i*3+k+1))
			at := snapshot(t, s)
			if !r.Updated.After(last) || !at.Time.After(r.Updated) || at.Seq != seq+1 {
				t.Fatalf("round %d: version at %v, snapshot %+v, before %v and %d", i, r.Updated, at, last, seq)
			}
			last, seq = at.Time, at.Seq
		}
		if i%2 == 0 {
			a.Close()
			b.Close()
		}
	}
}

// A failed disk latches the store; reading goes on and a new store writes again.
func TestLatch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	s := openFile(t, path, Options{})
	d := parse(t, `{"resourceType":"Patient","id":"p"}`)
	put(t, s, d)
	alter(t, path, `CREATE TABLE victim (x)`)
	alter(t, path, `INSERT INTO victim SELECT value FROM json_each('[1,2,3]')`)
	var page int64
	if err := s.reads.db.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = 'victim'`).Scan(&page); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt(make([]byte, pageSize), (page-1)*pageSize); err != nil {
		t.Fatal(err)
	}
	file.Close()
	s = openFile(t, path, Options{})
	err = s.write(t.Context(), func(tx *Tx) error { return tx.exec(`INSERT INTO victim VALUES (4)`) })
	if codeOf(err) != fhir.CodeNoStore || s.Healthy() == nil {
		t.Errorf("writing to a damaged page: %v, healthy: %v", err, s.Healthy())
	}
	if err := s.write(t.Context(), func(*Tx) error { return nil }); codeOf(err) != fhir.CodeNoStore {
		t.Errorf("the next write: %v", err)
	}
	if _, err := s.Resource(t.Context(), "Patient", "p"); err != nil {
		t.Errorf("reading: %v", err)
	}
	s.Close()
	if _, c := put(t, openFile(t, path, Options{}), d); c != Unchanged {
		t.Errorf("change %d", c)
	}
}

// A full database file is an error of the moment, not of the disk.
func TestFullIsNotLatched(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	if _, err := s.w.conn.ExecContext(t.Context(), `PRAGMA max_page_count = 60`); err != nil {
		t.Fatal(err)
	}
	big := parse(t, `{"resourceType":"Patient","id":"p","name":[{"family":"%s"}]}`, strings.Repeat("x", 1<<20))
	err := s.write(t.Context(), func(tx *Tx) error { _, _, err := tx.Put(big, ""); return err })
	if codeOf(err) != fhir.CodeNoStore || s.Healthy() != nil {
		t.Errorf("full: %v, healthy: %v", err, s.Healthy())
	}
	if _, err := s.w.conn.ExecContext(t.Context(), `PRAGMA max_page_count = 1000000`); err != nil {
		t.Fatal(err)
	}
	if _, c := put(t, s, big); c != Created {
		t.Errorf("change %d", c)
	}
}

func TestWriteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "satchel.db")
	a, b := openFile(t, path, Options{}), openFile(t, path, Options{})
	err := a.write(t.Context(), func(*Tx) error {
		for _, s := range []*Store{a, b} { // in this process, and in another
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := s.write(ctx, func(*Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("waiting write: %v", err)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	put(t, b, parse(t, `{"resourceType":"Patient","id":"p"}`))
}

func TestCheckpoint(t *testing.T) {
	t.Parallel()
	for _, bulk := range []bool{false, true} {
		s := openFile(t, filepath.Join(t.TempDir(), "satchel.db"), Options{Bulk: bulk})
		put(t, s, parse(t, `{"resourceType":"Patient","id":"p"}`))
		if _, wal := s.Size(); wal == 0 {
			t.Error("no log")
		}
		if err := s.Checkpoint(t.Context()); err != nil {
			t.Error(err)
		}
		if db, wal := s.Size(); wal != 0 || db == 0 {
			t.Errorf("after a checkpoint: file %d, log %d bytes", db, wal)
		}
		var mode int
		if s.w.conn.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&mode); mode != map[bool]int{false: 2, true: 1}[bulk] {
			t.Errorf("synchronous is %d", mode)
		}
	}
}

// The log does not grow without bound while writes go on.
func TestLogStaysSmall(t *testing.T) {
	t.Parallel()
	s := openNew(t)
	filler := strings.Repeat("x", 50_000)
	for i := range 400 {
		put(t, s, parse(t, `{"resourceType":"Patient","id":"%d","name":[{"family":"%s"}]}`, i, filler))
	}
	if _, wal := s.Size(); wal > 20<<20 {
		t.Errorf("log of %d MB", wal>>20)
	}
}
