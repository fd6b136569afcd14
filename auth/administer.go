package auth

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// personNameMost is how many characters a given or family name may have.
const personNameMost = 80

// CheckPersonName refuses, by a fhir.Error value, a given or family name that is too long or not of one line. field is
// what the error calls it.
func CheckPersonName(field, name string) error {
	if utf8.RuneCountInString(name) > personNameMost || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return fhir.Errorf(fhir.CodeValue, "%s is longer than %d characters or holds control characters", field, personNameMost)
	}
	return nil
}

// NewPassword is a password that somebody else than its owner gives an account. The zero one is none.
type NewPassword struct {
	Text string
	Ask  func(name string) (string, error) // asks for the text, once it is sure that the deed is allowed; nil: Text is it
	Must *bool                             // its owner has to choose another one at the next sign-in; nil: a person has to, a program has not
}

// hash makes the hash of the password, "" if there is none.
func (p NewPassword) hash(name string) (string, error) {
	if p.Ask != nil {
		var err error
		if p.Text, err = p.Ask(name); err != nil {
			return "", err
		}
	} else if p.Text == "" {
		return "", nil
	}
	return HashPasswordFor(name, p.Text)
}

// put gives the account the password.
func (p NewPassword) put(a *storage.Account, hash string, now time.Time) {
	must := !a.Service
	if p.Must != nil {
		must = *p.Must
	}
	setPassword(a, hash, now, must)
}

// AddAccount makes an account. Whoever makes it must hold all that it gets. Errors: forbidden; duplicate if the name is taken;
// and those of [Name], [CheckPersonName], [CheckAuthority] and [CheckPassword].
func (s *Service) AddAccount(ctx context.Context, by Actor, a storage.Account, password NewPassword) (audit.Note, error) {
	return s.addAccount(ctx, by, a, password, s.Store.AddAccount)
}

// AddFirstAccount is [Service.AddAccount] for a server that has none yet; a fhir.Error conflict if it has.
func (s *Service) AddFirstAccount(ctx context.Context, by Actor, a storage.Account, password NewPassword) (audit.Note, error) {
	return s.addAccount(ctx, by, a, password, s.Store.AddFirstAccount)
}

func (s *Service) addAccount(ctx context.Context, by Actor, a storage.Account, password NewPassword, add func(context.Context, audit.Event, storage.Account) error) (audit.Note, error) {
	note := by.Note(audit.AccountCreate)
	var err error
	if a.Name, err = Name(a.Name); err != nil {
		return note, err
	}
	note.Target = a.Name
	if err := by.Decide(Action{Verb: VerbUserAdd}); err != nil {
		return note, err
	}
	if err := checkAccount(storage.Account{}, a); err != nil {
		return note, err
	}
	if err := by.grants(a.Authorities); err != nil {
		return note, err
	}
	if _, err := s.Store.Account(ctx, a.Name); err == nil { // before a hash is made
		return note, fhir.Errorf(fhir.CodeDuplicate, "there is an account %q already; choose another name", a.Name)
	}
	hash, err := password.hash(a.Name)
	if err == nil && hash == "" {
		err = CheckPassword(a.Name, "")
	}
	if err != nil {
		return note, err
	}
	password.put(&a, hash, s.now())
	return stored(note, add(ctx, note.Event, a))
}

// stored is the note of a deed that was tried.
func stored(note audit.Note, err error) (audit.Note, error) {
	note.Stored = err == nil
	return note, err
}

// checkAccount refuses names and authorities that cannot be, as far as a change brings them.
func checkAccount(before, after storage.Account) error {
	for _, f := range [][3]string{{"the given name", before.GivenName, after.GivenName}, {"the family name", before.FamilyName, after.FamilyName}} {
		if f[1] == f[2] {
			continue
		}
		if err := CheckPersonName(f[0], f[2]); err != nil {
			return err
		}
	}
	return checkNew(before.Authorities, after.Authorities)
}

// checkNew refuses authorities that are none, among those that were not held before.
func checkNew(before, after []storage.Authority) error {
	for _, x := range after {
		if slices.Contains(before, x) {
			continue
		}
		if err := CheckAuthority(x); err != nil {
			return err
		}
	}
	return nil
}

// ChangeAccount changes an account by calling change, which may be nil and may refuse, and then gives it the password, if there
// is one. Who does it must hold what the account holds before and after: else a new password would be a way to more than the own
// rights. The last administrator stays one. Of the own account only names and authorities change in this way: its password and
// second factor take proof, and nobody bars themselves. Errors: not-found, forbidden, conflict, and those of what is checked.
func (s *Service) ChangeAccount(ctx context.Context, by Actor, name string, password NewPassword, change func(*storage.Account) error) (audit.Note, error) {
	note, before, err := s.account(ctx, by, audit.AccountChange, name)
	if err != nil {
		return note, err
	}
	hash, err := password.hash(before.Name)
	if err != nil {
		return note, err
	}
	return stored(note, s.Store.UpdateAccount(ctx, note.Event, before.Name, func(a *storage.Account, others []storage.Account) error {
		before := *a
		before.Authorities = slices.Clone(a.Authorities)
		if change != nil {
			if err := change(a); err != nil {
				return err
			}
		}
		if hash != "" {
			password.put(a, hash, s.now())
		}
		return mayBecome(by, before, a, others)
	}))
}

// account reads the account of a name for who may administer it: who holds all that it holds. The note gets it for its target.
func (s *Service) account(ctx context.Context, by Actor, action audit.Action, name string) (audit.Note, storage.Account, error) {
	note := by.Note(action)
	a, err := s.Store.Account(ctx, name)
	if err == nil {
		note.Target = a.Name
	}
	if denied := by.Decide(Action{Verb: VerbUsers}); denied != nil {
		return note, a, denied
	}
	if err != nil {
		return note, a, err
	}
	return note, a, by.grants(a.Authorities)
}

// mayBecome refuses a change of an account, inside its transaction.
func mayBecome(by Actor, before storage.Account, a *storage.Account, others []storage.Account) error {
	if err := checkAccount(before, *a); err != nil {
		return err
	}
	if err := by.grants(before.Authorities, a.Authorities); err != nil {
		return err
	}
	if err := KeepAdministrator(before, a, others); err != nil {
		return err
	}
	if by.isSelf(a.Name) && (a.Password != before.Password || string(a.TOTP) != string(before.TOTP) ||
		a.Locked != before.Locked || a.Disabled != before.Disabled || a.Service != before.Service) {
		return ownAccount(a.Name)
	}
	return nil
}

// isSelf reports whether a name is that of the account that acts.
func (a Actor) isSelf(name string) bool {
	return !a.trusted && !a.Principal.Service && strings.EqualFold(a.Principal.Name, name)
}

// ownAccount refuses what whoever finds an open session could otherwise do to its owner.
func ownAccount(name string) error {
	return fhir.Errorf(fhir.CodeForbidden,
		"%q is your own account: change its password and second factor on its own page or at /api/account, and let another administrator lock, disable or remove it", name)
}

// RemoveAccount removes an account on behalf of somebody else, who must hold what it holds. The last administrator stays. What
// runs for the account is not stopped: see exports.Service.RemoveAccount. Errors: not-found, forbidden, conflict.
func (s *Service) RemoveAccount(ctx context.Context, by Actor, name string) (audit.Note, error) {
	note, a, err := s.account(ctx, by, audit.AccountRemove, name)
	if err != nil {
		return note, err
	}
	return stored(note, s.Store.RemoveAccount(ctx, note.Event, a.Name, func(a storage.Account, others []storage.Account) error {
		if err := by.grants(a.Authorities); err != nil {
			return err
		}
		if err := KeepAdministrator(a, nil, others); err != nil {
			return err
		}
		if by.isSelf(a.Name) {
			return ownAccount(a.Name)
		}
		return nil
	}))
}

// EndSessions ends all sessions of an account, the own one or one that the actor may administer, and returns how many there
// were. Errors: not-found, forbidden.
func (s *Service) EndSessions(ctx context.Context, by Actor, name string) (int64, audit.Note, error) {
	note := by.Note(audit.SignOut)
	if by.isSelf(name) {
		note.Target = by.Principal.Name
	} else {
		var err error
		if note, _, err = s.account(ctx, by, audit.SignOut, name); err != nil {
			return 0, note, err
		}
	}
	n, err := s.Store.EndSessions(ctx, note.Event, note.Target)
	note, err = stored(note, err)
	return n, note, err
}
