package storage

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"

	"satchel/audit"
)

// Audit adds an event to the audit log in the same transaction as what it tells of: both are stored or neither. Seq,
// Time and Hash are given here. Time is that of the transaction, but never earlier than the event before.
func (tx *Tx) Audit(e audit.Event) error {
	e, err := e.Clean()
	if err != nil {
		return err
	}
	return tx.audits([]audit.Event{e})
}

// audits adds clean events at the end of the chain.
func (tx *Tx) audits(events []audit.Event) error {
	var seq, last int64
	var hash []byte
	err := tx.scan(`SELECT audit_seq, audit_hash, coalesce((SELECT a.time FROM audit a WHERE a.seq = audit_seq), 0) FROM clock`, nil, &seq, &hash, &last)
	if err == nil && len(hash) != sha256.Size {
		err = tx.fail(errors.New("its head is damaged, and nothing is done without it; run: satchel audit verify"))
	}
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	at := instant(max(millis(tx.Time), last))
	for _, e := range events {
		seq++
		e.Seq, e.Time = seq, at
		sum := audit.Sum([sha256.Size]byte(hash), e)
		if err := tx.addEvent(e, hash, sum[:]); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		hash = sum[:]
	}
	return nil
}

// addEvent inserts one row; a trigger moves the head. OR FAIL spares SQLite the means to undo the statement alone: an
// error undoes the whole transaction.
func (tx *Tx) addEvent(e audit.Event, prev, hash []byte) error {
	err := tx.exec(`INSERT OR FAIL INTO audit (seq, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, prev, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.Seq, millis(e.Time), e.Who.Name, string(e.Who.Kind), e.From, string(e.Action),
		e.Target, string(e.Outcome), e.Status, strings.Join(e.Patients, " "), e.More, e.Detail, e.RequestID, prev, hash)
	if err != nil {
		return err
	}
	tx.pages++ // the index on who; exec counts the row itself, and that of each patient
	for _, id := range e.Patients {
		if err := tx.exec(`INSERT OR FAIL INTO audit_patient (patient, seq) VALUES (?, ?)`, id, e.Seq); err != nil {
			return err
		}
	}
	return nil
}

// Audit adds an event that tells of no write: a read, a search, a sign-in. It is on the disk when Audit returns nil.
// After an error the caller must refuse the action. Callers that wait for the writer at the same time share one
// transaction and one fsync. If ctx ends, the event may have been stored or not.
func (s *Store) Audit(ctx context.Context, e audit.Event) error {
	e, err := e.Clean()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	g, first := gather(s, e)
	if first {
		// Others depend on this write, so it does not end with this caller's context.
		return g.write(context.WithoutCancel(ctx), s)
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gathering is a group of events on their way into one transaction. It takes more of them until the writer is free.
type gathering struct {
	events []audit.Event
	done   chan struct{}
	err    error // to be read after done
}

// gatherings is the gathering that is open, if there is one.
type gatherings struct {
	sync.Mutex
	open *gathering
}

// gather puts an event into the open gathering. Who is first opens one and must write it.
func gather(s *Store, e audit.Event) (g *gathering, first bool) {
	s.audits.Lock()
	defer s.audits.Unlock()
	if first = s.audits.open == nil; first {
		s.audits.open = &gathering{done: make(chan struct{})}
	}
	g = s.audits.open
	g.events = append(g.events, e)
	return g, first
}

// shut lets nobody else in and answers who is.
func (g *gathering) shut(s *Store) []audit.Event {
	s.audits.Lock()
	defer s.audits.Unlock()
	if s.audits.open == g {
		s.audits.open = nil
	}
	return g.events
}

// write stores all events and tells everybody who waits.
func (g *gathering) write(ctx context.Context, s *Store) error {
	g.err = errors.New("audit log: the write did not come to an end") // for a panic
	defer func() {
		g.shut(s)
		close(g.done)
	}()
	g.err = s.Write(ctx, func(tx *Tx) error { return tx.audits(g.shut(s)) })
	return g.err
}

// AuditHead is the last event of the audit log as an anchor: for the log of the operating system, a manifest, or
// [AppendAuditAnchor].
func (s *Store) AuditHead(ctx context.Context) (audit.Anchor, error) {
	a := audit.Anchor{Time: s.Now().UTC()}
	var hash []byte
	if err := scan(ctx, s.reads, `SELECT audit_seq, audit_hash FROM clock`, nil, &a.Seq, &hash); err != nil {
		return audit.Anchor{}, fmt.Errorf("read the head of the audit log: %w", err)
	}
	if len(hash) != len(a.Hash) {
		return audit.Anchor{}, errors.New("the head of the audit log is damaged; run: satchel audit verify")
	}
	a.Hash = [sha256.Size]byte(hash)
	return a, nil
}
