package pack

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"satchel/audit"
	"satchel/handover"
	"satchel/storage"
)

// practice adds what belongs to the practice itself: audit log, accounts and clients without secrets, requests for records,
// settings.
func (h *maker) practice() error {
	if err := h.stream("practice/audit/AuditEvent-0001.ndjson", h.audit); err != nil {
		return err
	}
	if err := h.stream("practice/users.ndjson", h.accounts); err != nil {
		return err
	}
	if err := h.stream("practice/clients.ndjson", h.clients); err != nil {
		return err
	}
	if r := h.request.Requests; r != nil {
		if err := h.stream("practice/requests.ndjson", func(w io.Writer) error { return r(h.ctx, w) }); err != nil {
			return err
		}
	}
	if h.request.Settings == nil {
		return nil
	}
	return h.w.AddFile("practice/settings.json", bytes.NewReader(h.request.Settings))
}

// stream adds a file that f writes, in bounded memory. A file without content is left out.
func (h *maker) stream(path string, f func(io.Writer) error) error {
	r, w := io.Pipe()
	defer r.Close() // ends f if the file cannot be written
	go func() {
		out := bufio.NewWriter(w)
		err := f(out)
		if err == nil {
			err = out.Flush()
		}
		w.CloseWithError(err)
	}()
	in := bufio.NewReader(r)
	if _, err := in.Peek(1); err == io.EOF {
		return nil
	} else if err != nil {
		return err
	}
	return h.w.AddFile(path, in)
}

// audit writes the audit log as AuditEvents.
func (h *maker) audit(w io.Writer) error {
	for e, err := range h.store.AuditStream(h.ctx, audit.Filter{}, audit.Sort{}) {
		if err != nil {
			return err
		}
		if _, err := w.Write(append(audit.FHIR(e), '\n')); err != nil {
			return err
		}
	}
	return nil
}

// accounts writes the accounts, without what they sign in with.
func (h *maker) accounts(w io.Writer) error {
	list, err := h.store.Accounts(h.ctx)
	return lines(w, list, err, func(a storage.Account) any {
		return handover.Account{
			Name: a.Name, GivenName: a.GivenName, FamilyName: a.FamilyName, Locked: a.Locked, Disabled: a.Disabled,
			Created: handover.Instant{Time: a.Created}, LastLogin: handover.Instant{Time: a.LastLogin}, Authorities: authoritiesOf(a.Authorities),
		}
	})
}

// clients writes the programs that may sign in, without their secrets.
func (h *maker) clients(w io.Writer) error {
	list, err := h.store.Clients(h.ctx)
	return lines(w, list, err, func(c storage.Client) any {
		return handover.Client{
			Name: c.Name, KeySet: c.KeySet, KeySetURL: c.KeySetURL, Scopes: c.Scopes, Disabled: c.Disabled,
			Created: handover.Instant{Time: c.Created}, LastUsed: handover.Instant{Time: c.LastUsed}, Authorities: authoritiesOf(c.Authorities),
		}
	})
}

// lines writes each element of a list as a line of JSON, unless reading the list failed.
func lines[T any](w io.Writer, list []T, err error, line func(T) any) error {
	out := json.NewEncoder(w)
	for _, x := range list {
		err = errors.Join(err, out.Encode(line(x)))
	}
	return err
}

func authoritiesOf(list []storage.Authority) []handover.Authority {
	out := []handover.Authority{}
	for _, a := range list {
		out = append(out, handover.Authority{Permission: a.Permission, Argument: a.Argument})
	}
	return out
}
