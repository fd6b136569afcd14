package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	sqlite3 "modernc.org/sqlite/lib"
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

// begin takes the write lock of the file, for which it waits until ctx ends.
func (w *writer) begin(ctx context.Context) error {
	_, err := w.exec(ctx, `BEGIN IMMEDIATE`)
	return err
}

// commit makes the transaction durable, unless the store is one for imports.
func (w *writer) commit() error {
	_, err := w.exec(context.Background(), `COMMIT`)
	return err
}

// rollback undoes the transaction; there may be none any more.
func (w *writer) rollback() {
	_, _ = w.conn.ExecContext(context.Background(), `ROLLBACK`)
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

// flush fsyncs the log by an empty but written transaction, which a blocked checkpoint would not do, and truncates it.
func (s *Store) flush() error {
	ctx := context.Background()
	if s.options.Bulk {
		for _, q := range []string{`PRAGMA synchronous=FULL`, `BEGIN IMMEDIATE`, `UPDATE clock SET seq = seq`, `COMMIT`, `PRAGMA synchronous=NORMAL`} {
			if _, err := s.w.conn.ExecContext(ctx, q); err != nil {
				s.w.rollback()
				return err
			}
		}
	}
	s.w.conn.ExecContext(ctx, `PRAGMA busy_timeout(200)`)
	defer s.w.conn.ExecContext(ctx, `PRAGMA busy_timeout(10000)`)
	return s.w.checkpoint("TRUNCATE")
}
