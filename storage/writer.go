package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"satchel/fhir"
)

// writer is the one connection of a store that writes. turn holds one token: who has it has the connection.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
	raws  map[string]driver.Stmt
	turn  chan struct{}
	pages int // estimate of the pages written to the log since the last checkpoint
	limit int // so many pages make a checkpoint
}

func openWriter(ctx context.Context, path string, o Options) (*writer, error) {
	pragmas, limit := writerPragmas, 1000
	if o.Bulk {
		pragmas, limit = bulkPragmas, 50_000
	}
	db, err := openHandle(ctx, path, pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		db.Close()
		return nil, err
	}
	w := &writer{db: db, conn: conn, stmts: map[string]*sql.Stmt{}, raws: map[string]driver.Stmt{}, turn: make(chan struct{}, 1), limit: limit}
	w.turn <- struct{}{}
	return w, nil
}

// lock waits for the connection.
func (w *writer) lock(ctx context.Context) error {
	select {
	case <-w.turn:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *writer) unlock() { w.turn <- struct{}{} }

func (w *writer) prepare(ctx context.Context, q string) (*sql.Stmt, error) {
	if s, ok := w.stmts[q]; ok {
		return s, nil
	}
	s, err := w.conn.PrepareContext(ctx, q)
	if err == nil {
		w.stmts[q] = s
	}
	return s, err
}

func (w *writer) exec(ctx context.Context, q string, args ...any) (sql.Result, error) {
	s, err := w.prepare(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

// checkpoint moves the log into the database file. A mode of "PASSIVE" waits for nobody. Busy is no error.
func (w *writer) checkpoint(mode string) error {
	w.pages = 0
	var busy, log, moved int
	err := w.conn.QueryRowContext(context.Background(), `PRAGMA wal_checkpoint(`+mode+`)`).Scan(&busy, &log, &moved)
	if code(err) == sqlite3.SQLITE_BUSY {
		return nil
	}
	return err
}

func (w *writer) close() error {
	for _, s := range w.stmts {
		s.Close()
	}
	raw{stmts: w.raws}.close()
	return errors.Join(w.conn.Close(), w.db.Close())
}

// Checkpoint makes everything committed durable, also what a Bulk store wrote, and moves the log into the database
// file as far as readers allow, which keeps the log small. For idle moments.
func (s *Store) Checkpoint(ctx context.Context) error {
	if err := s.Healthy(); err != nil {
		return err
	}
	if err := s.w.lock(ctx); err != nil {
		return err
	}
	defer s.w.unlock()
	if err := s.flush(); err != nil {
		return s.refuse(fmt.Errorf("checkpoint: %w", err))
	}
	return nil
}

// flush fsyncs the log by an empty but written transaction, which a blocked checkpoint would not do, and truncates it.
func (s *Store) flush() error {
	ctx := context.Background()
	if s.options.Bulk {
		for _, q := range []string{`PRAGMA synchronous=FULL`, `BEGIN IMMEDIATE`, `UPDATE clock SET seq = seq`, `COMMIT`, `PRAGMA synchronous=NORMAL`} {
			if _, err := s.w.conn.ExecContext(ctx, q); err != nil {
				s.w.conn.ExecContext(ctx, `ROLLBACK`)
				return err
			}
		}
	}
	s.w.conn.ExecContext(ctx, `PRAGMA busy_timeout(200)`)
	defer s.w.conn.ExecContext(ctx, `PRAGMA busy_timeout(10000)`)
	return s.w.checkpoint("TRUNCATE")
}

// Healthy is nil as long as the store accepts writes. After a failed commit or fsync the kernel may have dropped what
// was written, so nothing more is written until the store is opened again.
func (s *Store) Healthy() error {
	if err := s.latched.Load(); err != nil {
		return *err
	}
	return nil
}

// refuse turns an error of SQLite into what the caller may see, and latches the store if the disk failed.
func (s *Store) refuse(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_FULL:
		return fhir.Errorf(fhir.CodeNoStore, "the disk is full, nothing was stored; make room and try again")
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fhir.Errorf(fhir.CodeTransient, "another process is writing to the database, nothing was stored; try again")
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY:
		latch := fhir.Errorf(fhir.CodeNoStore,
			"writing to the database failed and it takes no more writes; check the disk and restart the server (%s)", sqliteText(err))
		s.latched.CompareAndSwap(nil, &latch)
		return s.Healthy()
	}
	return err
}

// code is the primary result code of an error of SQLite; 0 for any other.
func code(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// sqliteText names the result code without the statement or its values.
func sqliteText(err error) string {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return fmt.Sprintf("%s, code %d", sqlite.ErrorCodeString[e.Code()&0xff], e.Code())
	}
	return "unknown"
}
