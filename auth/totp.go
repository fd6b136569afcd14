package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/storage"
)

// The second factor is RFC 6238 as all authenticator apps know it: SHA-1, 6 digits, 30 seconds.
const (
	totpStep     = 30 // seconds
	totpDigits   = 6
	totpSkew     = 1 // steps that a clock may be off
	totpBytes    = 20
	recoveryMost = 10
	recoveryLen  = 16 // characters of base32: 80 bits
)

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// errCode is the answer to a wrong or used code.
var errCode = fhir.Errorf(fhir.CodeLogin, "the code is wrong, was used before, or has run out; wait for the next one")

// ErrCodeNeeded says that the password was right and that a code of the second factor must be sent with it.
var ErrCodeNeeded = fhir.Errorf(fhir.CodeLogin, "this account has a second factor; send the code of the authenticator app, or a recovery code, as well")

// totp is the code of a secret for a time step (RFC 4226 section 5.3).
func totp(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := m.Sum(nil)
	at := sum[len(sum)-1] & 15
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, n%1_000_000)
}

// matchTOTP returns the time step whose code it is, of those around now.
func matchTOTP(secret []byte, code string, now time.Time) (step int64, ok bool) {
	at := now.Unix() / totpStep
	for _, s := range []int64{at, at - totpSkew, at + totpSkew} {
		if hmac.Equal([]byte(totp(secret, s)), []byte(code)) {
			step, ok = s, true
		}
	}
	return step, ok
}

// checkCode accepts one code of the sealed secret, or if recovery is true one recovery code, once. Wrong ones are counted.
func (s *Service) checkCode(ctx context.Context, account string, secret []byte, code string, recovery bool) error {
	now, key := s.now(), keyOf(kindCode, account, "")
	give, err := s.tries.take(ctx, key)
	if err != nil {
		return err
	}
	defer give()
	counts, err := s.Store.Tries(ctx, key)
	if err != nil {
		return err
	}
	if err := s.queue(ctx, codeDelays, key, counts[0], now); err != nil {
		return err
	}
	right, err := s.useCode(ctx, account, secret, code, recovery, now)
	if err != nil {
		return err
	}
	if !right {
		fresh := map[storage.TryKey]time.Time{key: now.Add(-codeDelays.life)}
		if err := s.Store.AddTries(context.WithoutCancel(ctx), now, now.Add(-tryLife), fresh); err != nil {
			return err
		}
		return errCode
	}
	if counts[0].Wrong > 0 {
		return s.Store.ForgetTries(ctx, key)
	}
	return nil
}

// useCode uses up a code or a recovery code, if it is right.
func (s *Service) useCode(ctx context.Context, account string, secret []byte, code string, recovery bool, now time.Time) (bool, error) {
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	if recovery && len(code) == recoveryLen {
		return s.Store.UseRecoveryCode(ctx, account, sha256.Sum256([]byte(code)))
	}
	plain, err := s.Store.Unseal(account, secret)
	if err != nil {
		return false, err
	}
	step, ok := matchTOTP(plain, code, now)
	if !ok {
		return false, nil
	}
	fresh, err := s.Store.UseStep(ctx, account, secret, step)
	if err == nil && fresh {
		_ = s.Store.SealSecret(ctx, account, secret) // else at the next code
	}
	return fresh, err
}

// Enrolment is a second factor that is offered to an account: as text, as the address that apps read, and as a picture
// of that.
type Enrolment struct {
	Secret string `json:"secret"` // base32
	URI    string `json:"otpauthUri"`
	SVG    string `json:"qrSvg"`
}

// Enrol offers the own account a new second factor, which counts once [Service.ConfirmSecondFactor] has proven it. The
// password is asked for again. An account that has a second factor is a fhir.Error conflict.
func (s *Service) Enrol(ctx context.Context, by Actor, password string) (Enrolment, audit.Note, error) {
	note, err := by.own(audit.AccountChange)
	if err == nil {
		_, err = s.SignInFrom(ctx, by.From, by.Principal.Name, password)
	}
	if err != nil {
		return Enrolment{}, note, err
	}
	return s.offer(ctx, note)
}

// enrolIn is how long after its sign-in a session may enrol without the password.
const enrolIn = 15 * time.Minute

// EnrolIn is Enrol for somebody who signed in a moment ago. A session that is older is a fhir.Error login.
func (s *Service) EnrolIn(ctx context.Context, by Actor, n Session) (Enrolment, audit.Note, error) {
	note, err := by.own(audit.AccountChange)
	if err == nil && s.now().Sub(n.Created) > enrolIn {
		err = fhir.Errorf(fhir.CodeLogin, "you signed in a while ago; sign out and in again, and set up the second factor then")
	}
	if err != nil {
		return Enrolment{}, note, err
	}
	return s.offer(ctx, note)
}

// offer makes a secret that is still to be proven, for the account that the note is about.
func (s *Service) offer(ctx context.Context, note audit.Note) (Enrolment, audit.Note, error) {
	secret := make([]byte, totpBytes)
	rand.Read(secret) // never fails (crypto/rand)
	sealed, err := s.Store.Seal(note.Target, secret)
	if err != nil {
		return Enrolment{}, note, err
	}
	note, err = stored(note, s.Store.UpdateAccount(ctx, note.Event, note.Target, func(a *storage.Account, _ []storage.Account) error {
		switch {
		case a.Service:
			return fhir.Errorf(fhir.CodeConflict, "account %q is a service account and has no second factor", a.Name)
		case a.TOTP != nil:
			return fhir.Errorf(fhir.CodeConflict, "account %q has a second factor; switch it off first", a.Name)
		}
		a.TOTPNext = sealed
		return nil
	}))
	if err != nil {
		return Enrolment{}, note, err
	}
	e, err := enrolment(note.Target, secret)
	return e, note, err
}

// enrolment writes a secret for an app.
func enrolment(name string, secret []byte) (Enrolment, error) {
	text := base32Plain.EncodeToString(secret)
	uri := "otpauth://totp/Satchel:" + url.PathEscape(name) + "?" +
		url.Values{"secret": {text}, "issuer": {"Satchel"}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}.Encode()
	svg, err := qrSVG(uri)
	return Enrolment{text, uri, svg}, err
}

// ConfirmSecondFactor switches the second factor on that was offered to the own account, if the code proves that its owner has
// it, and returns the recovery codes. All sessions of the account end.
func (s *Service) ConfirmSecondFactor(ctx context.Context, by Actor, code string) (recovery []string, note audit.Note, err error) {
	note, a, err := s.ownAccount(ctx, by)
	if err == nil && a.TOTPNext == nil {
		err = fhir.Errorf(fhir.CodeConflict, "no second factor was offered to account %q; begin anew", a.Name)
	}
	if err == nil {
		err = s.checkCode(ctx, a.Name, a.TOTPNext, code, false)
	}
	if err != nil {
		return nil, note, err
	}
	recovery, hashes := newRecovery()
	note, err = stored(note, s.Store.UpdateAccount(ctx, note.Event, a.Name, func(b *storage.Account, _ []storage.Account) error {
		if string(b.TOTPNext) != string(a.TOTPNext) {
			return fhir.Errorf(fhir.CodeConflict, "another second factor was offered meanwhile; begin anew")
		}
		b.TOTP, b.TOTPNext, b.RecoveryCodes = b.TOTPNext, nil, hashes
		return nil
	}))
	if err != nil {
		return nil, note, err
	}
	return recovery, note, nil
}

// ownAccount reads the own account, for a change of its second factor.
func (s *Service) ownAccount(ctx context.Context, by Actor) (audit.Note, storage.Account, error) {
	note, err := by.own(audit.AccountChange)
	if err != nil {
		return note, storage.Account{}, err
	}
	a, err := s.Store.Account(ctx, note.Target)
	return note, a, err
}

// RenewRecoveryCodes replaces the recovery codes of the own account; the second factor is asked for.
func (s *Service) RenewRecoveryCodes(ctx context.Context, by Actor, code string) ([]string, audit.Note, error) {
	note, a, err := s.ownAccount(ctx, by)
	if err == nil && a.TOTP == nil {
		err = fhir.Errorf(fhir.CodeConflict, "account %q has no second factor", a.Name)
	}
	if err == nil {
		err = s.checkCode(ctx, a.Name, a.TOTP, code, false)
	}
	if err != nil {
		return nil, note, err
	}
	recovery, hashes := newRecovery()
	note, err = stored(note, s.Store.UpdateAccount(ctx, note.Event, a.Name, func(b *storage.Account, _ []storage.Account) error {
		if b.TOTP == nil {
			return fhir.Errorf(fhir.CodeConflict, "account %q has no second factor any more", b.Name)
		}
		b.RecoveryCodes = hashes
		return nil
	}))
	if err != nil {
		return nil, note, err
	}
	return recovery, note, nil
}

// RemoveSecondFactor switches the own second factor off: password and code are asked for, and it is refused where one is
// demanded. All sessions of the account end.
func (s *Service) RemoveSecondFactor(ctx context.Context, by Actor, password, code string) (audit.Note, error) {
	note, err := by.own(audit.AccountChange)
	if err != nil {
		return note, err
	}
	a, err := s.SignInFrom(ctx, by.From, by.Principal.Name, password)
	if err != nil {
		return note, err
	}
	if s.NeedsSecondFactor(a) {
		return note, fhir.Errorf(fhir.CodeForbidden, "what account %q may do demands a second factor (auth.two_factor_roles)", a.Name)
	}
	if a.TOTP == nil {
		return note, fhir.Errorf(fhir.CodeConflict, "account %q has no second factor", a.Name)
	}
	if err := s.checkCode(ctx, a.Name, a.TOTP, code, true); err != nil {
		return note, err
	}
	return stored(note, s.Store.UpdateAccount(ctx, note.Event, a.Name, func(b *storage.Account, _ []storage.Account) error {
		ResetSecondFactor(b)
		return nil
	}))
}

// ResetSecondFactor takes the second factor from an account.
func ResetSecondFactor(a *storage.Account) { a.TOTP, a.TOTPNext = nil, nil }

// newRecovery makes new recovery codes. The store keeps their hashes; they are long enough that no salt is needed.
func newRecovery() (codes []string, hashes [][sha256.Size]byte) {
	for range recoveryMost {
		text := rand.Text()[:recoveryLen]
		hashes = append(hashes, sha256.Sum256([]byte(text)))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
	}
	return codes, hashes
}
