package storage

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"satchel/audit"
)

// audits adds clean events at the end of the chain. Seq, Time and Hash are given here. Time is that of the transaction, but
// never earlier than the event before.
func (tx *Tx) audits(events []audit.Event) error {
	if len(tx.head.hash) != sha256.Size {
		return fmt.Errorf("audit log: %w", tx.fail(errors.New("its head is damaged, and nothing is done without it; run: satchel audit verify")))
	}
	tx.head.time = max(millis(tx.Time), tx.head.time)
	for i := range events {
		if err := tx.concern(&events[i]); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
	}
	err := tx.raw(func(r raw) error {
		sums := make([][]byte, len(events)+1)
		sums[0] = tx.head.hash
		for i := range events {
			events[i].Seq, events[i].Time = tx.head.seq+1+int64(i), instant(tx.head.time)
			sum := audit.Sum([sha256.Size]byte(sums[i]), events[i])
			sums[i+1] = sum[:]
			tx.pages += 2 + len(events[i].Patients) // the row, perhaps the index on the action; that of each patient
		}
		if err := addEvents(r, events, sums); err != nil || len(events) == 0 {
			return err
		}
		tx.head.seq, tx.head.hash, tx.head.moved = tx.head.seq+int64(len(events)), sums[len(events)], true
		return nil
	})
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	return nil
}

// concern makes an export or a package that names nobody one about everybody, which is the safe side, and gives an event
// that tells how an export ended, or where its files went, the patients of the export's start: whoever asks about a patient
// finds the way of the data to its end. From an export's end on these are joined by others whose data is in it.
func (tx *Tx) concern(e *audit.Event) error {
	switch e.Action {
	case audit.ExportStart, audit.Package:
		if len(e.Patients) == 0 && e.Outcome == audit.Success {
			e.Patients = []string{audit.Everybody}
		}
		return nil
	case audit.ExportComplete, audit.ExportFailed, audit.ExportFile, audit.ExportDelete, audit.ExportExpire:
	default:
		return nil
	}
	if e.Target == "" {
		return nil
	}
	job, _, _ := strings.Cut(e.Target, "/")
	var patients string
	var more int
	err := tx.scan(`SELECT patients, more FROM audit WHERE action IN ('export-start', 'package', 'export-complete') AND `+rareActions+`
		AND target = ? ORDER BY seq DESC LIMIT 1`, []any{job}, &patients, &more)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return err
	}
	e.Patients, e.More = append(e.Patients, auditPatients(patients)...), max(e.More, more)
	*e, err = e.Clean()
	return err
}

// addEvents inserts rows and their patients; the head follows when the transaction ends. sums are the hashes of the row before them, and theirs.
func addEvents(r raw, events []audit.Event, sums [][]byte) error {
	type listed struct {
		patient string
		seq     int64
	}
	var patients []listed
	for _, e := range events {
		for _, id := range e.Patients {
			patients = append(patients, listed{id, e.Seq})
		}
	}
	slices.SortStableFunc(patients, func(a, b listed) int { return cmp.Compare(a.patient, b.patient) }) // the order of their tree
	err := r.insert(insertOrFail+` INTO audit (seq, time, who, kind, source, action, target, outcome, status, patients, more, detail, request, prev, hash)`,
		15, len(events), func(i int, args []rawArg) {
			e := &events[i]
			for k, v := range [...]rawValue{e.Seq, millis(e.Time), e.Who.Name, string(e.Who.Kind), e.From, string(e.Action), e.Target, string(e.Outcome),
				int64(e.Status), strings.Join(e.Patients, " "), int64(e.More), e.Detail, e.RequestID, sums[i], sums[i+1]} {
				args[k].Value = v
			}
		})
	if err != nil || len(events) == 0 {
		return err
	}
	return r.insert(insertOrFail+` INTO audit_patient (patient, seq)`, 2, len(patients), func(i int, args []rawArg) {
		args[0].Value, args[1].Value = patients[i].patient, patients[i].seq
	})
}

// Audit adds events that tell of no write: a read, a search, a sign-in; of several all are stored or none. They are on the
// disk when Audit returns nil. After an error the caller must refuse the action. Callers that wait for the writer at the same time share one
// transaction and one wait for the disk. If ctx ends, the event may have been stored or not. Of refusals of strangers only so many
// are stored one by one; the others are counted, see [Store.SettleAudit].
func (s *Store) Audit(ctx context.Context, events ...audit.Event) error {
	events, err := cleaned(events)
	if err != nil || len(events) == 0 {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if e := &events[0]; isStranger(*e) {
		now := s.Now()
		if s.strangers.over(now) {
			_ = s.SettleAudit(context.WithoutCancel(ctx)) // else it is tried again
		}
		if !s.strangers.take(s, e, now) {
			return nil
		}
		if *e, err = e.Clean(); err != nil { // it may have become longer
			return err
		}
	}
	g, first := gather(s, events)
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

// gather puts events into the open gathering. Who is first opens one and must write it.
func gather(s *Store, events []audit.Event) (g *gathering, first bool) {
	s.audits.Lock()
	defer s.audits.Unlock()
	if first = s.audits.open == nil; first {
		s.audits.open = &gathering{done: make(chan struct{})}
	}
	g = s.audits.open
	g.events = append(g.events, events...)
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
	g.err = s.write(ctx, func(tx *Tx) error { return tx.audits(g.shut(s)) })
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
