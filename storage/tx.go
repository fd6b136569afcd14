package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// Tx is one write transaction. Its time is stamped on everything written in it.
type Tx struct {
	Time time.Time

	s       *Store
	ctx     context.Context // of the caller: ends long searches
	seq     int64           // the last one given out
	last    time.Time       // of the transaction before: Time is after it
	ticked  bool            // the clock has moved and must be stored
	pages   int             // estimate of the pages written
	rows    int64           // changed by statements that answer it
	failed  error           // the first failed statement: the database may have rolled back, so nothing more is run
	old     fhir.Document   // scratch for stored bodies
	hanging hanging

	details  []string      // what the event of the deed is to say besides
	further  []audit.Event // what the audit log is to hold besides it
	recorded []audit.Event // what it holds of this transaction
	head     auditHead
}

// auditHead is the end of the audit log as a transaction sees and moves it.
type auditHead struct {
	seq   int64
	hash  []byte
	time  int64 // of the last event, Unix milliseconds
	moved bool
}

// Write runs f in one write transaction and stores with it the events that f returns: committed if f returns no error, rolled
// back otherwise (also on panic). The first event says who did it; what the transaction finds to say besides, such as who
// joined a Group, follows it. A transaction that changed something without an event is refused. It returns the events that
// are stored: none, if nothing was changed, and then it is for the caller to note what came of it, by [Store.Audit].
//
// What is committed is on the disk when Write returns, but in a Bulk store. Writes, also of other processes, come one after the
// other, in the order of their times. After a failed commit the store refuses further writes until it is opened again. A statement that
// fails dooms the transaction, also if f drops the error. f must not call methods of the store that write: they would
// wait for it.
func (s *Store) Write(ctx context.Context, f func(tx *Tx) ([]audit.Event, error)) (stored []audit.Event, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		events, err := f(tx)
		if err != nil || !tx.ticked && tx.rows == 0 {
			return err
		}
		if len(events) == 0 {
			return errNoEvent
		}
		if err := tx.settleTies(); err != nil { // it may have something to say
			return err
		}
		err = tx.record(events...)
		stored = tx.recorded
		return err
	})
	if err != nil {
		return nil, err
	}
	return stored, nil
}

// errNoEvent is a mistake of this program: something was changed without an event for the audit log.
var errNoEvent = errors.New("storage: a change came without an event for the audit log")

// write is [Store.Write] for this package, whose methods add their events themselves, by [Tx.record]. Those without one only
// keep books: see bookkeeping in the tests.
func (s *Store) write(ctx context.Context, f func(tx *Tx) error) error {
	if err := s.w.lock(ctx); err != nil {
		return err
	}
	defer s.w.unlock()
	if err := s.Healthy(); err != nil {
		return err
	}
	committed := false
	defer func() {
		if !committed { // an error or a panic
			s.w.rollback()
		}
	}()
	tx, err := s.begin(ctx)
	if err != nil {
		return s.refuse(err)
	}
	if err := f(tx); err != nil {
		return s.refuse(err)
	}
	if err := tx.settleTies(); err != nil {
		return s.refuse(err)
	}
	if len(tx.details)+len(tx.further) > 0 {
		return errNoEvent
	}
	if err := tx.commit(); err != nil {
		return s.refuse(fmt.Errorf("commit: %w", err))
	}
	committed = true
	return s.afterCommit(tx)
}

// begin takes the write lock of the file and reads the clock. Waiting for the lock ends with ctx; once begun, the
// transaction runs to its end.
func (s *Store) begin(ctx context.Context) (*Tx, error) {
	if err := s.w.begin(ctx); err != nil {
		return nil, err
	}
	tx := &Tx{s: s, ctx: ctx}
	var last int64
	var bases int
	err := tx.scan(`SELECT seq, time, audit_seq, audit_hash, coalesce((SELECT a.time FROM audit a WHERE a.seq = audit_seq), 0), (SELECT count(*) FROM base)
		FROM clock`, nil, &tx.seq, &last, &tx.head.seq, &tx.head.hash, &tx.head.time, &bases)
	if err == nil && bases != s.Bases().Len() { // another process knows more
		err = tx.loadBases()
	}
	if err != nil {
		return nil, err
	}
	tx.last = time.UnixMilli(last).UTC()
	tx.Time = time.UnixMilli(max(s.Now().UnixMilli(), last+1)).UTC()
	return tx, nil
}

// next takes the next seq.
func (tx *Tx) next() int64 {
	tx.ticked = true
	tx.seq++
	return tx.seq
}

// tick makes the transaction's time used up even if nothing is stamped with it.
func (tx *Tx) tick() Snapshot {
	tx.ticked = true
	return Snapshot{Seq: tx.seq, Time: tx.Time}
}

func (tx *Tx) commit() error {
	if tx.failed != nil {
		return tx.failed
	}
	if err := tx.moveClock(); err != nil {
		return err
	}
	return tx.s.w.commit()
}

// moveClock stores what the transaction used up of seq and time, and the head of the audit log, in one statement: most
// transactions move both.
func (tx *Tx) moveClock() error {
	switch {
	case tx.ticked && tx.head.moved:
		return tx.exec(`UPDATE clock SET seq = ?, time = ?, audit_seq = ?, audit_hash = ?`, tx.seq, tx.Time.UnixMilli(), tx.head.seq, tx.head.hash)
	case tx.ticked:
		return tx.exec(`UPDATE clock SET seq = ?, time = ?`, tx.seq, tx.Time.UnixMilli())
	case tx.head.moved:
		return tx.exec(`UPDATE clock SET audit_seq = ?, audit_hash = ?`, tx.head.seq, tx.head.hash)
	}
	return nil
}

// afterCommit checkpoints when enough has gathered in the log. What f wrote is committed, so a failed checkpoint only
// shows in the next write, by the latch.
func (s *Store) afterCommit(tx *Tx) error {
	s.w.pages += tx.pages + 4
	if s.w.pages < s.w.limit {
		return nil
	}
	if err := s.w.checkpoint("PASSIVE"); err != nil {
		s.refuse(err)
	}
	return nil
}

// prepare makes a transaction a querier.
func (tx *Tx) prepare(ctx context.Context, q string) (*sql.Stmt, error) {
	if tx.failed != nil {
		return nil, tx.failed
	}
	return tx.s.w.prepare(ctx, q)
}

// exec runs a fixed statement. It never ends halfway by the caller's context.
func (tx *Tx) exec(q string, args ...any) error {
	_, err := tx.change(q, args...)
	return err
}

// change is exec that answers the number of rows changed.
func (tx *Tx) change(q string, args ...any) (int64, error) {
	if tx.failed != nil {
		return 0, tx.failed
	}
	r, err := tx.s.w.exec(context.Background(), q, args...)
	if err != nil {
		return 0, tx.fail(err)
	}
	tx.pages++
	n, err := r.RowsAffected()
	tx.rows += n
	return n, err
}

// scan reads one row; [sql.ErrNoRows] if there is none.
func (tx *Tx) scan(q string, args []any, dest ...any) error {
	err := scan(context.Background(), tx, q, args, dest...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return tx.fail(err)
	}
	return err
}

func (tx *Tx) fail(err error) error {
	if tx.failed == nil {
		tx.failed = err
	}
	return err
}
