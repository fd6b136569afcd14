package storage

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
)

// Note is what the audit log is to hold of a write: it joins the transaction, so that both are stored or neither. A
// transaction that changed nothing leaves the note as it is; the caller then tells with [Store.Audit] what came of it.
// One goroutine at a time uses a note.
type Note struct {
	Events func() []audit.Event // asked once f of the transaction is done; the first tells who did it, and from where
	Quiet  bool                 // the events only tell who it was: stored is what the transaction notes beside them
	Stored bool                 // the events are in the log
}

type noteKey struct{}

// WithNote makes a context whose next transaction that changes something stores the note.
func WithNote(ctx context.Context, n *Note) context.Context {
	return context.WithValue(ctx, noteKey{}, n)
}

// WithActor makes a context whose next transaction stores what it changes beside its purpose, such as the members of a
// Group, as done by this one.
func WithActor(ctx context.Context, who audit.Who) context.Context {
	return WithNote(ctx, &Note{Quiet: true, Events: func() []audit.Event { return []audit.Event{{Who: who}} }})
}

// WithEvent is WithNote for one event that is known already.
func WithEvent(ctx context.Context, e audit.Event) context.Context {
	return WithNote(ctx, &Note{Events: func() []audit.Event { return []audit.Event{e} }})
}

// noteOf is the note that still waits for a transaction, or nil.
func noteOf(ctx context.Context) *Note {
	if n, _ := ctx.Value(noteKey{}).(*Note); n != nil && !n.Stored {
		return n
	}
	return nil
}

// keep adds the note's events to the transaction, if that changed something, and answers the note that is stored when
// the transaction is committed.
func (tx *Tx) keep(n *Note) (*Note, error) {
	if n == nil || !tx.ticked && tx.rows == 0 {
		return nil, nil
	}
	events := slices.Clone(n.Events())
	if len(events) == 0 {
		return nil, nil
	}
	if n.Quiet {
		return n, tx.tellBeside(events[0])
	}
	events[0].Target = cmp.Or(events[0].Target, tx.subject)
	return n, tx.tell(events...)
}

// tell stores the events of a deed in its transaction. The first says who did it: it is given the words that the transaction
// found, and what else the transaction found to say follows as events of their own. None is nothing to tell.
func (tx *Tx) tell(events ...audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	events = slices.Clone(events)
	events[0].Detail = strings.Trim(events[0].Detail+"; "+strings.Join(tx.words, ", "), "; ")
	tx.words = nil
	if err := tx.addClean(events); err != nil {
		return err
	}
	return tx.tellBeside(events[0])
}

// tellBeside stores what the transaction found to say beside its purpose, such as the members of a Group, as done by whom
// first says.
func (tx *Tx) tellBeside(first audit.Event) error {
	events := tx.beside
	tx.beside = nil
	for i := range events {
		e := &events[i]
		e.Who, e.From, e.Status, e.RequestID = first.Who, first.From, first.Status, first.RequestID
	}
	return tx.addClean(events)
}

// addClean checks events and adds them at the end of the chain.
func (tx *Tx) addClean(events []audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		e, err := events[i].Clean()
		if err != nil {
			return err
		}
		events[i] = e
	}
	if err := tx.audits(events); err != nil {
		return err
	}
	tx.told = append(tx.told, events...)
	return nil
}

// regrouped notes, beside the event of the transaction, who joins and who leaves a Group by a version that is stored.
func (tx *Tx) regrouped(typ, id string, before, after []fhir.Owner) {
	if typ != "Group" {
		return
	}
	if e, changed := audit.MembersChanged("Group/"+id, members(before), members(after)); changed {
		tx.beside = append(tx.beside, e)
	}
}

// members are the patients to whom a Group belongs.
func members(owners []fhir.Owner) (ids []string) {
	for _, o := range owners {
		if o.Why != fhir.WhyOther {
			ids = append(ids, o.Patient)
		}
	}
	return ids
}

// altered adds to the detail of the transaction's event what became of an account besides its authorities.
func (tx *Tx) altered(before, after Account) {
	for _, c := range []struct {
		changed bool
		word    string
	}{
		{!before.Locked && after.Locked, "locked"}, {before.Locked && !after.Locked, "unlocked"},
		{!before.Disabled && after.Disabled, "disabled"}, {before.Disabled && !after.Disabled, "enabled"},
		{!before.Service && after.Service, "made a service account"}, {before.Service && !after.Service, "no longer a service account"},
		{before.Password != after.Password, "new password"}, {!before.MustChange && after.MustChange, "must change password"},
		{before.TOTP == nil && after.TOTP != nil, "second factor on"}, {before.TOTP != nil && after.TOTP == nil, "second factor off"},
		{before.GivenName != after.GivenName || before.FamilyName != after.FamilyName, "name"},
	} {
		if c.changed {
			tx.words = append(tx.words, c.word)
		}
	}
}

// granted notes, beside the event of the transaction, which authorities somebody got and lost.
func (tx *Tx) granted(name string, before, after []Authority) {
	for action, change := range map[audit.Action][2][]Authority{
		audit.PermissionGrant: {after, before}, audit.PermissionRevoke: {before, after},
	} {
		var texts []string
		for _, a := range change[0] {
			if !slices.Contains(change[1], a) {
				texts = append(texts, strings.TrimSuffix(a.Permission+":"+a.Argument, ":"))
			}
		}
		if len(texts) > 0 {
			tx.beside = append(tx.beside, audit.Event{Action: action, Target: name, Detail: strings.Join(texts, " ")})
		}
	}
}
