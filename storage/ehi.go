package storage

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"satchel/audit"
	"satchel/fhir"
)

// EHIExport is one kick-off of Patient/[id]/$ehi-export: what an app polls while people work on the request for the record.
type EHIExport struct {
	ID      string // in the address of its status
	Owner   string // account or client that asked
	Client  bool   // it is a client
	Patient string // logical id
	URL     string // of the kick-off, as it was sent
	Part    string // what is asked for, in words; "": the whole record
	Form    string // in the address of the form for the person who asks
	Until   time.Time
	Created time.Time
	Request string // id in the ledger; "": the form was not sent yet
}

const ehiColumns = `id, owner, client, patient, url, part, form, until, created, coalesce(request, '')`

func ehiOf(scan row) (EHIExport, error) {
	var e EHIExport
	var until, created int64
	err := scan(&e.ID, &e.Owner, &e.Client, &e.Patient, &e.URL, &e.Part, &e.Form, &until, &created, &e.Request)
	if errors.Is(err, sql.ErrNoRows) {
		err = fhir.Errorf(fhir.CodeNotFound, "there is no such EHI export; it may have expired or been deleted")
	}
	e.Until, e.Created = instant(until), instant(created)
	return e, err
}

// AddEHIExport stores a kick-off with the event, in one transaction, unless its owner has one open for the patient: then
// that is returned, fresh is false, and the event is not stored. The event's target becomes the id if it has none.
// One is open while its form can be sent, or its request is in one of the states. Above limit forms of an owner that were
// not sent it is a fhir.Error throttled. It sets ID, Form, Created and Until, which is so long after Created.
func (s *Store) AddEHIExport(ctx context.Context, event audit.Event, e EHIExport, wait time.Duration, limit int, states []string) (out EHIExport, fresh bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if err := tx.exec(`DELETE FROM ehi_export WHERE request IS NULL AND until <= ?`, millis(tx.Time)); err != nil {
			return err
		}
		args := []any{e.Owner, e.Client, e.Patient}
		for _, state := range states {
			args = append(args, state)
		}
		var err error
		out, err = ehiOf(func(dest ...any) error {
			return tx.scan(`SELECT `+ehiColumns+` FROM ehi_export e WHERE owner = ? AND client = ? AND patient = ? AND (request IS NULL
				OR (SELECT state FROM request r WHERE r.id = e.request) IN (`+marks(len(states))+`)) ORDER BY created DESC LIMIT 1`, args, dest...)
		})
		if err == nil || !isNotFound(err) {
			return err
		}
		var waiting int
		if err := tx.scan(`SELECT count(*) FROM ehi_export WHERE owner = ? AND request IS NULL`, []any{e.Owner}, &waiting); err != nil {
			return err
		}
		if waiting >= limit {
			return fhir.Errorf(fhir.CodeThrottled, "%d exports of %q wait for their form to be sent, the most allowed; let the people send them, or delete some", waiting, e.Owner)
		}
		out, fresh = e, true
		out.ID, out.Form, out.Created, out.Until = newID(), rand.Text(), tx.Time, tx.Time.Add(wait)
		event.Target = cmp.Or(event.Target, out.ID)
		err = tx.exec(`INSERT INTO ehi_export (id, owner, client, patient, url, part, form, until, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			out.ID, out.Owner, out.Client, out.Patient, out.URL, out.Part, out.Form, millis(out.Until), millis(out.Created))
		if err != nil {
			return err
		}
		return tx.record(event)
	})
	return out, fresh && err == nil, wrap("add EHI export", err)
}

// FileEHIExport notes the request that the form of an export led to, in the transaction that adds the request. False: the
// form was sent already, its time is over, or the export is gone.
func (tx *Tx) FileEHIExport(id, request string) (bool, error) {
	n, err := tx.change(`UPDATE ehi_export SET request = ? WHERE id = ? AND request IS NULL AND until > ?`, request, id, millis(tx.Time))
	return n == 1, err
}

// EHIExport is the export with that id; not-found otherwise.
func (s *Store) EHIExport(ctx context.Context, id string) (EHIExport, error) {
	return s.ehiBy(ctx, `id = ?`, id)
}

// EHIExportByForm is the export whose form has this token, whether it was sent or not; not-found otherwise.
func (s *Store) EHIExportByForm(ctx context.Context, token string) (EHIExport, error) {
	return s.ehiBy(ctx, `form = ?`, token)
}

func (s *Store) ehiBy(ctx context.Context, where string, value string) (EHIExport, error) {
	e, err := ehiOf(func(dest ...any) error {
		return scan(ctx, s.reads, `SELECT `+ehiColumns+` FROM ehi_export WHERE `+where, []any{value}, dest...)
	})
	return e, wrap("read EHI export", err)
}

// DeleteEHIExport forgets an export, stores the event, and returns what it was at the end; not-found if there is none. Its
// request and the files are another matter.
func (s *Store) DeleteEHIExport(ctx context.Context, event audit.Event, id string) (e EHIExport, err error) {
	err = s.write(ctx, func(tx *Tx) (err error) {
		e, err = ehiOf(func(dest ...any) error {
			return tx.scan(`SELECT `+ehiColumns+` FROM ehi_export WHERE id = ?`, []any{id}, dest...)
		})
		if err == nil {
			err = tx.exec(`DELETE FROM ehi_export WHERE id = ?`, id)
		}
		if err != nil {
			return err
		}
		return tx.record(event)
	})
	return e, wrap("delete EHI export", err)
}

// dropEHIExports forgets those of an account or client, or the next one of the name would inherit them.
func (tx *Tx) dropEHIExports(owner string) error {
	return tx.exec(`DELETE FROM ehi_export WHERE owner = ?`, owner)
}
