package auth

import (
	"context"
	"slices"

	"satchel/audit"
	"satchel/storage"
)

// AddClient registers a backend client. Whoever does it must hold all that it gets. secret is the client secret, to be shown
// once, if the registration wants one. Errors: forbidden, duplicate, and those of [NewClient].
func (s *Service) AddClient(ctx context.Context, by Actor, r Registration) (c storage.Client, secret string, note audit.Note, err error) {
	note = by.Note(audit.ClientCreate)
	if name, err := Name(r.Name); err == nil {
		note.Target = name
	}
	if err := by.Decide(Action{Verb: VerbUserAdd}); err != nil {
		return c, "", note, err
	}
	if c, secret, err = NewClient(r); err != nil {
		return c, "", note, err
	}
	if err := by.grants(c.Authorities); err != nil {
		return c, "", note, err
	}
	note, err = stored(note, s.Store.AddClient(ctx, note.Event, c))
	return c, secret, note, err
}

// client reads the client of a name for who may administer it: who holds all that it holds. The note gets it for its target.
func (s *Service) client(ctx context.Context, by Actor, action audit.Action, name string) (audit.Note, storage.Client, error) {
	note := by.Note(action)
	c, err := s.Store.Client(ctx, name)
	if err == nil {
		note.Target = c.Name
	}
	if denied := by.Decide(Action{Verb: VerbUsers}); denied != nil {
		return note, c, denied
	}
	if err != nil {
		return note, c, err
	}
	return note, c, by.grants(c.Authorities)
}

// ChangeClient changes a backend client by calling change, which may refuse. Who does it must hold what the client holds before
// and after: else new keys would be a way to more than the own rights. Its tokens end. Errors: not-found, forbidden, and those of
// change and [CheckAuthority].
func (s *Service) ChangeClient(ctx context.Context, by Actor, name string, change func(*storage.Client) error) (audit.Note, error) {
	note, c, err := s.client(ctx, by, audit.ClientChange, name)
	if err != nil {
		return note, err
	}
	return stored(note, s.Store.UpdateClient(ctx, note.Event, c.Name, func(c *storage.Client) error {
		before := slices.Clone(c.Authorities)
		if err := by.grants(before); err != nil {
			return err
		}
		if err := change(c); err != nil {
			return err
		}
		if err := checkNew(before, c.Authorities); err != nil {
			return err
		}
		return by.grants(c.Authorities)
	}))
}

// RemoveClient removes a backend client on behalf of somebody who must hold what it holds. Its tokens end. What runs for the
// client is not stopped: see exports.Service.RemoveClient. Errors: not-found, forbidden.
func (s *Service) RemoveClient(ctx context.Context, by Actor, name string) (audit.Note, error) {
	note, c, err := s.client(ctx, by, audit.ClientRemove, name)
	if err != nil {
		return note, err
	}
	return stored(note, s.Store.RemoveClient(ctx, note.Event, c.Name, func(c storage.Client) error { return by.grants(c.Authorities) }))
}
