package storage

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// querier is what runs a query: the pool of readers or a write transaction. Statements are prepared once and kept.
type querier interface {
	prepare(ctx context.Context, q string) (*sql.Stmt, error)
}

// pool is a handle of several connections that keeps its statements.
type pool struct {
	db    *sql.DB
	mu    sync.Mutex
	stmts map[string]*sql.Stmt
}

func (p *pool) prepare(ctx context.Context, q string) (*sql.Stmt, error) {
	p.mu.Lock()
	s, ok := p.stmts[q]
	p.mu.Unlock()
	if ok {
		return s, nil
	}
	s, err := p.db.PrepareContext(ctx, q)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if other, ok := p.stmts[q]; ok {
		s.Close()
		return other, nil
	}
	if p.stmts == nil {
		p.stmts = map[string]*sql.Stmt{}
	}
	p.stmts[q] = s
	return s, nil
}

// query runs a fixed statement that answers rows.
func query(ctx context.Context, q querier, text string, args ...any) (*sql.Rows, error) {
	s, err := q.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}

// scan runs a fixed statement that answers one row and reads it into dest; [sql.ErrNoRows] if there is none.
func scan(ctx context.Context, q querier, text string, args []any, dest ...any) error {
	s, err := q.prepare(ctx, text)
	if err != nil {
		return err
	}
	return s.QueryRowContext(ctx, args...).Scan(dest...)
}

// millis is how times are stored: Unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant reads what millis wrote.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
