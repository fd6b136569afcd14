package engine

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"time"

	"satchel/audit"
	"satchel/storage"
)

// practice adds what belongs to the practice itself: audit log, accounts and clients without secrets, requests for records,
// settings.
func (h *handing) practice() error {
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
func (h *handing) stream(path string, f func(io.Writer) error) error {
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
func (h *handing) audit(w io.Writer) error {
	for e, err := range h.engine.store.AuditStream(h.ctx, audit.Filter{}, audit.Sort{}) {
		if err != nil {
			return err
		}
		if _, err := w.Write(append(audit.FHIR(e), '\n')); err != nil {
			return err
		}
	}
	return nil
}

// handedAccount is a line of users.ndjson. Password hashes stay here.
type handedAccount struct {
	Name        string              `json:"name"`
	GivenName   string              `json:"givenName,omitempty"`
	FamilyName  string              `json:"familyName,omitempty"`
	Locked      bool                `json:"locked"`
	Disabled    bool                `json:"disabled"`
	Created     time.Time           `json:"created"`
	LastLogin   time.Time           `json:"lastLogin,omitzero"`
	Authorities []storage.Authority `json:"authorities"`
}

func (h *handing) accounts(w io.Writer) error {
	list, err := h.engine.store.Accounts(h.ctx)
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	for _, a := range list {
		err := out.Encode(handedAccount{a.Name, a.GivenName, a.FamilyName, a.Locked, a.Disabled, a.Created, a.LastLogin, a.Authorities})
		if err != nil {
			return err
		}
	}
	return nil
}

// handedClient is a line of clients.ndjson. Keys are public; secrets stay here.
type handedClient struct {
	Name        string              `json:"name"`
	KeySet      string              `json:"jwks,omitempty"`
	KeySetURL   string              `json:"jwksUrl,omitempty"`
	Scopes      string              `json:"scopes"`
	Disabled    bool                `json:"disabled"`
	Created     time.Time           `json:"created"`
	LastUsed    time.Time           `json:"lastUsed,omitzero"`
	Authorities []storage.Authority `json:"authorities"`
}

func (h *handing) clients(w io.Writer) error {
	list, err := h.engine.store.Clients(h.ctx)
	if err != nil {
		return err
	}
	out := json.NewEncoder(w)
	for _, c := range list {
		err := out.Encode(handedClient{c.Name, c.KeySet, c.KeySetURL, c.Scopes, c.Disabled, c.Created, c.LastUsed, c.Authorities})
		if err != nil {
			return err
		}
	}
	return nil
}
