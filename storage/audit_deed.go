package storage

import (
	"bytes"
	"slices"
	"strings"

	"satchel/audit"
	"satchel/fhir"
)

// record stores the events of a deed in its transaction. The first says who did it: it is given the words that the transaction
// found, and what else the transaction found to say follows as events of their own. None is nothing to tell.
func (tx *Tx) record(events ...audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	events = slices.Clone(events)
	events[0].Detail = strings.Trim(events[0].Detail+"; "+strings.Join(tx.details, ", "), "; ")
	tx.details = nil
	if err := tx.checkAndAdd(events); err != nil {
		return err
	}
	return tx.recordFurther(events[0])
}

// recordFurther stores what the transaction found to say beside its purpose, such as the members of a Group, as done by whom
// first says.
func (tx *Tx) recordFurther(first audit.Event) error {
	events := tx.further
	tx.further = nil
	for i := range events {
		e := &events[i]
		e.Who, e.From, e.Status, e.RequestID = first.Who, first.From, first.Status, first.RequestID
	}
	return tx.checkAndAdd(events)
}

// checkAndAdd checks events and adds them at the end of the chain.
func (tx *Tx) checkAndAdd(events []audit.Event) error {
	if len(events) == 0 {
		return nil
	}
	events, err := cleaned(events)
	if err != nil {
		return err
	}
	if err := tx.audits(events); err != nil {
		return err
	}
	tx.recorded = append(tx.recorded, events...)
	return nil
}

// cleaned are the events as they may be stored; what cannot be one is an error.
func cleaned(events []audit.Event) ([]audit.Event, error) {
	events = slices.Clone(events)
	for i := range events {
		var err error
		if events[i], err = events[i].Clean(); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// regrouped notes, beside the event of the transaction, who joins and who leaves a Group by a version that is stored.
func (tx *Tx) regrouped(typ, id string, before, after []fhir.Owner) {
	if typ != "Group" {
		return
	}
	if e, changed := audit.MembersChanged("Group/"+id, members(before), members(after)); changed {
		tx.further = append(tx.further, e)
	}
}

// members are the patients to whom a Group belongs.
func members(owners []fhir.Owner) (ids []string) {
	for _, o := range owners {
		if o.Why.Whole() {
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
		{after.RecoveryCodes != nil, "new recovery codes"}, {len(after.ForgetTries.Kinds) > 0, "wrong passwords forgotten"},
		{before.GivenName != after.GivenName || before.FamilyName != after.FamilyName, "name"},
	} {
		if c.changed {
			tx.details = append(tx.details, c.word)
		}
	}
}

// alteredClient is altered for a client.
func (tx *Tx) alteredClient(before, after Client) {
	for _, c := range []struct {
		changed bool
		word    string
	}{
		{!before.Disabled && after.Disabled, "disabled"}, {before.Disabled && !after.Disabled, "enabled"},
		{before.KeySet != after.KeySet || before.KeySetURL != after.KeySetURL || before.AllowPrivate != after.AllowPrivate, "new keys"},
		{!bytes.Equal(before.Secret, after.Secret), "new secret"}, {before.Scopes != after.Scopes, "scopes"}, {before.RedirectURI != after.RedirectURI, "redirect address"},
	} {
		if c.changed {
			tx.details = append(tx.details, c.word)
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
			tx.further = append(tx.further, audit.Event{Action: action, Target: name, Detail: strings.Join(texts, " ")})
		}
	}
}
