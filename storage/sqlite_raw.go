package storage

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Arguments and values of a raw connection.
type (
	rawArg   = driver.NamedValue
	rawValue = driver.Value
)

// raw is a connection of the driver itself, without database/sql's cost per value: for the loops over millions of rows.
type raw struct {
	conn  driver.Conn
	stmts map[string]driver.Stmt
}

func (r raw) prepare(q string) (driver.Stmt, error) {
	if s, ok := r.stmts[q]; ok {
		return s, nil
	}
	s, err := r.conn.(driver.ConnPrepareContext).PrepareContext(context.Background(), q)
	if err == nil {
		r.stmts[q] = s
	}
	return s, err
}

// close ends the statements.
func (r raw) close() {
	for _, s := range r.stmts {
		s.Close()
	}
}

// exec runs a statement. Values must be int64, string, []byte or nil.
func (r raw) exec(q string, args []driver.NamedValue) error {
	s, err := r.prepare(q)
	if err != nil {
		return err
	}
	_, err = s.(driver.StmtExecContext).ExecContext(context.Background(), args)
	return err
}

// query calls f with each row until f returns false. The values of a row are its own, the slice is not.
func (r raw) query(q string, args []driver.NamedValue, row []driver.Value, f func() (bool, error)) error {
	s, err := r.prepare(q)
	if err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(context.Background(), args)
	if err != nil {
		return err
	}
	for more := true; more && err == nil; {
		if err = rows.Next(row); err == nil {
			more, err = f()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, rows.Close())
}

// insert runs "head VALUES (?,…),(?,…)…" for n rows of the given number of columns, many rows per statement.
func (r raw) insert(head string, columns, n int, fill func(i int, args []driver.NamedValue)) error {
	const most = 64
	args := numbered(min(most, n) * columns)
	for i := 0; i < n; {
		rows := most
		for rows > n-i {
			rows /= 2 // powers of two, so that few statements serve every n
		}
		for k := range rows {
			fill(i+k, args[k*columns:(k+1)*columns])
		}
		if err := r.exec(insertText(head, columns, rows), args[:rows*columns]); err != nil {
			return err
		}
		i += rows
	}
	return nil
}

func insertText(head string, columns, rows int) string {
	row := "(" + marks(columns) + ")"
	return head + " VALUES " + row + strings.Repeat(","+row, rows-1)
}

// marks are n placeholders.
func marks(n int) string { return "?" + strings.Repeat(",?", n-1) }

// numberedMarks are n placeholders from ?first on, which may occur again in the statement.
func numberedMarks(first, n int) string {
	marks := make([]string, n)
	for i := range marks {
		marks[i] = "?" + strconv.Itoa(first+i)
	}
	return strings.Join(marks, ",")
}

// numbered are n arguments without values yet.
func numbered(n int) []driver.NamedValue {
	args := make([]driver.NamedValue, n)
	for i := range args {
		args[i].Ordinal = i + 1
	}
	return args
}

// onReader runs f on a connection of the pool for long reads, outside a transaction: each statement sees the store as it
// stands then.
func (s *Store) onReader(ctx context.Context, f func(r raw) error) error {
	conn, err := s.scans.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(c any) error {
		r := raw{c.(driver.Conn), map[string]driver.Stmt{}}
		defer r.close()
		return f(r)
	})
}

// atOneInstant is onReader for statements that must all see the same.
func (s *Store) atOneInstant(ctx context.Context, f func(r raw) error) error {
	return s.onReader(ctx, func(r raw) error {
		if err := r.exec(`BEGIN DEFERRED`, nil); err != nil {
			return err
		}
		defer r.exec(`COMMIT`, nil)
		return f(r)
	})
}

// raw runs f on the driver's connection inside the transaction.
func (tx *Tx) raw(f func(r raw) error) error {
	if tx.failed != nil {
		return tx.failed
	}
	err := tx.s.w.conn.Raw(func(c any) error { return f(raw{c.(driver.Conn), tx.s.w.raws}) })
	if err != nil {
		return tx.fail(err)
	}
	return nil
}
