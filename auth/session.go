package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

// How long sessions live, if [Service] does not say.
const (
	DefaultSessionIdle = 15 * time.Minute
	DefaultSessionMax  = 12 * time.Hour
)

// seenNote is how often the use of a session is noted.
const seenNote = time.Minute

const sessionBytes = 32

// Session is one sign-in of a person with a browser, checked a moment ago.
type Session struct {
	Account storage.Account
	Factors int           // 1: password; 2: password and code
	Must    Must          // what its owner must do before anything else
	Created time.Time     // when the person signed in
	Idle    time.Time     // when it ends if it is not used
	Ends    time.Time     // when it ends in any case
	Left    time.Duration // until Idle, as of when the session was looked at

	stored storage.Session
}

// Must is what somebody who signed in must do before anything else is allowed.
type Must string

// The duties.
const (
	MustNothing      Must = ""
	MustPassword     Must = "change-password"
	MustSecondFactor Must = "set-up-two-factor"
)

// refusal says what is to be done.
func (m Must) refusal() error {
	if m == MustPassword {
		return fhir.Errorf(fhir.CodeForbidden, "this account needs a new password first; give it one at /api/account/password")
	}
	return fhir.Errorf(fhir.CodeForbidden, "this account needs a second factor first; set it up at /api/account/two-factor")
}

// Refusal is the fhir.Error forbidden that says what is to be done; nil for nothing.
func (m Must) Refusal() error {
	if m == MustNothing {
		return nil
	}
	return m.refusal()
}

// errSession is the one answer to a session that is unknown, too old, or ended.
var errSession = fhir.Errorf(fhir.CodeLogin, "the session has ended; sign in again")

// OpenSession signs somebody in and returns the token of a new session. Errors are those of [Service.SignInFrom];
// [ErrCodeNeeded] if the password is right and the account has a second factor; a fhir.Error forbidden for a service account.
func (s *Service) OpenSession(ctx context.Context, address, name, password, code string) (token string, n Session, err error) {
	a, err := s.SignInFrom(ctx, address, name, password)
	if err != nil {
		return "", Session{}, err
	}
	if a.Service {
		return "", Session{}, fhir.Errorf(fhir.CodeForbidden, "account %q is a service account; it signs each request and has no sessions", a.Name)
	}
	if a.TOTP == nil {
		return s.NewSession(ctx, a, 1)
	}
	if code == "" {
		return "", Session{}, ErrCodeNeeded
	}
	return s.OpenSessionWithCode(ctx, a, code)
}

// OpenSessionWithCode ends a sign-in in two steps: a is what [Service.SignInFrom] answered a moment ago, code a code of its
// second factor or a recovery code. A wrong one is a fhir.Error login, and so is an account that was changed meanwhile.
func (s *Service) OpenSessionWithCode(ctx context.Context, a storage.Account, code string) (token string, n Session, err error) {
	if err := s.checkCode(ctx, a.Name, a.TOTP, code, true); err != nil {
		return "", Session{}, err
	}
	return s.NewSession(ctx, a, 2)
}

// NewSession begins a session of an account that has proven so many factors: after a sign-in, or after a change of its
// password or second factor has ended its sessions.
func (s *Service) NewSession(ctx context.Context, a storage.Account, factors int) (token string, n Session, err error) {
	random := make([]byte, sessionBytes)
	rand.Read(random) // never fails (crypto/rand)
	token = base64.RawURLEncoding.EncodeToString(random)
	now := s.now()
	stored := storage.Session{SHA256: sha256.Sum256([]byte(token)), Account: a.Name, Factors: factors, Created: now, Seen: now}
	err = s.Store.AddSession(ctx, stored, a.Password, now.Add(-s.sessionMax()), now.Add(-s.sessionIdle()))
	if isNotFound(err) { // changed while it signed in
		err = errLogin
	}
	return token, s.session(a, stored, now), err
}

// Session returns the session of a token and notes that it is in use. A session that is unknown, was not used for too
// long, is too old, or whose account is barred, is a fhir.Error login.
func (s *Service) Session(ctx context.Context, token string) (Session, error) {
	n, now, err := s.look(ctx, token)
	if err != nil {
		return Session{}, err
	}
	if stored := n.stored; now.Sub(stored.Seen) >= min(seenNote, s.sessionIdle()/4) {
		if err := s.Store.SeeSession(ctx, stored, now); err != nil {
			return Session{}, err
		}
		stored.Seen = now
		n = s.session(n.Account, stored, now)
	}
	return n, nil
}

// Look is [Service.Session] without noting that the session is in use: for what a page asks by itself.
func (s *Service) Look(ctx context.Context, token string) (Session, error) {
	n, _, err := s.look(ctx, token)
	return n, err
}

func (s *Service) look(ctx context.Context, token string) (Session, time.Time, error) {
	now := s.now()
	stored, err := s.Store.Session(ctx, sha256.Sum256([]byte(token)))
	if isNotFound(err) {
		return Session{}, now, errSession
	} else if err != nil {
		return Session{}, now, err
	}
	if now.Sub(stored.Seen) >= s.sessionIdle() || now.Sub(stored.Created) >= s.sessionMax() {
		return Session{}, now, errSession
	}
	a, err := s.Store.Account(ctx, stored.Account)
	if isNotFound(err) {
		return Session{}, now, errSession
	} else if err != nil {
		return Session{}, now, err
	}
	if a.Locked || a.Disabled || a.Service || a.TOTP != nil && stored.Factors < 2 {
		return Session{}, now, errSession
	}
	return s.session(a, stored, now), now, nil
}

// session is what is to be known of a stored session.
func (s *Service) session(a storage.Account, stored storage.Session, now time.Time) Session {
	ends := stored.Created.Add(s.sessionMax())
	n := Session{Account: a, Factors: stored.Factors, Must: s.Must(a), Created: stored.Created, Idle: stored.Seen.Add(s.sessionIdle()), Ends: ends, stored: stored}
	if n.Idle.After(ends) {
		n.Idle = ends
	}
	n.Left = n.Idle.Sub(now)
	if n.Must == MustNothing && s.NeedsSecondFactor(a) && a.TOTP == nil {
		n.Must = MustSecondFactor
	}
	return n
}

// Principal is who acts in the session.
func (n Session) Principal() Principal { return PrincipalOf(n.Account) }

// CloseSession ends the session of a token. It is no error if there is none.
func (s *Service) CloseSession(ctx context.Context, token string) error {
	return s.Store.EndSession(ctx, sha256.Sum256([]byte(token)))
}

func (s *Service) sessionIdle() time.Duration {
	if s.SessionIdle > 0 {
		return s.SessionIdle
	}
	return DefaultSessionIdle
}

func (s *Service) sessionMax() time.Duration {
	if s.SessionMax > 0 {
		return s.SessionMax
	}
	return DefaultSessionMax
}
