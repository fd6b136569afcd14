package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/url"
	"sync/atomic"
	"time"

	"satchel/fhir"
	"satchel/storage"
)

const (
	grantType     = "client_credentials"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	sweepGap      = 15 * time.Minute
	scopeBytes    = 16 << 10
)

// DefaultTokenLife is how long an access token lives. SMART Backend Services 2.2.0 advises not to exceed it.
const DefaultTokenLife = 300 * time.Second

// TokenService gives out access tokens by SMART Backend Services, and checks them. Its zero value with a Store is ready
// to use; it must not be copied.
type TokenService struct {
	Store       *storage.Store
	Now         func() time.Time // nil: time.Now
	Lifetime    time.Duration    // of a token; 0: [DefaultTokenLife]
	AllowSecret bool             // clients may sign in by a secret (client_secret_basic), not by an assertion only

	published fetched
	swept     atomic.Int64 // Unix seconds of the last sweep
}

// TokenRequest is one request to the token endpoint.
type TokenRequest struct {
	GrantType     string
	Scope         string
	AssertionType string
	Assertion     string
	ClientID      string // client_id of the form; may be left out
	Basic         bool   // the request has an Authorization header of HTTP Basic, with these two:
	BasicUser     string
	BasicSecret   string
	URLs          []string // the token endpoint's own addresses, of which an assertion must name one as its audience
}

// Token is what the token endpoint returns, as token_type "bearer" and with Cache-Control: no-store.
type Token struct {
	AccessToken string
	ExpiresIn   int // seconds
	Scope       string
	Client      string // whose it is; for the audit log
}

// ParseTokenRequest reads the form of a token request; a parameter that is given twice is an [*OAuthError]. Basic and
// URLs are left to the caller.
func ParseTokenRequest(form url.Values) (TokenRequest, error) {
	var r TokenRequest
	for name, to := range map[string]*string{
		"grant_type": &r.GrantType, "scope": &r.Scope, "client_id": &r.ClientID,
		"client_assertion_type": &r.AssertionType, "client_assertion": &r.Assertion,
	} {
		if len(form[name]) > 1 {
			return TokenRequest{}, badRequest("%s is given more than once", name)
		}
		*to = form.Get(name)
	}
	return r, nil
}

// Issue gives a token to a client that proves who it is, with what it asks for of its registered scopes. A refusal is
// an [*OAuthError]; any other error is a failure of the server, see [AsOAuthError]. An assertion that signed a client in
// is used up, also if the token then is refused for its scopes.
func (t *TokenService) Issue(ctx context.Context, r TokenRequest) (Token, error) {
	if err := r.check(); err != nil {
		return Token{}, err
	}
	now := t.now()
	signIn := t.byAssertion
	if r.Basic {
		signIn = t.bySecret
	}
	c, err := signIn(ctx, r, now)
	if err != nil {
		return Token{}, err
	}
	registered, _ := parseScopes(c.Scopes)
	granted := registered.Narrow(r.Scope)
	if granted.Empty() {
		return Token{}, oauthErrorf(400, "invalid_scope", "none of the scopes asked for is registered for this client; registered are: %s", registered)
	}
	return t.add(ctx, c, granted, now)
}

// check refuses requests whose form is wrong, in the order that clients rely on: first the grant, then how the client
// signs in.
func (r TokenRequest) check() error {
	switch {
	case r.GrantType == "":
		return badRequest("grant_type is missing; use %s", grantType)
	case r.GrantType != grantType:
		return oauthErrorf(400, "unsupported_grant_type", "grant_type '%.40s' is not supported; use %s", r.GrantType, grantType)
	case len(r.Scope) > scopeBytes:
		return badRequest("scope is longer than %d bytes", scopeBytes)
	case r.Basic && (r.AssertionType != "" || r.Assertion != ""):
		return badRequest("the client signs in twice; send an assertion or an Authorization header")
	case r.Basic:
		return nil
	case r.AssertionType != assertionType:
		return badRequest("client_assertion_type must be %s", assertionType)
	case r.Assertion == "":
		return badRequest("client_assertion is missing")
	}
	return nil
}

// errUnknown is the one answer to an unknown client, a disabled one, and a wrong signature.
var errUnknown = badClient("the client is unknown or disabled, or its assertion is not signed with a key registered for it")

// byAssertion returns the client that signed the assertion, and uses the assertion up.
func (t *TokenService) byAssertion(ctx context.Context, r TokenRequest, now time.Time) (storage.Client, error) {
	a, err := parseAssertion(r.Assertion, r.URLs, now)
	if err != nil {
		return storage.Client{}, err
	}
	if r.ClientID != "" && r.ClientID != a.client {
		return storage.Client{}, badClient("client_id is not the assertion's iss")
	}
	c, err := t.client(ctx, a.client)
	if err != nil {
		return storage.Client{}, err
	}
	if a.jku != "" && a.jku != c.KeySetURL {
		return storage.Client{}, badClient("the assertion's jku is not the address registered for the client")
	}
	found, err := t.keys(ctx, c, a, now)
	if err != nil {
		return storage.Client{}, err
	}
	if len(found) != 1 || !a.signedBy(found[0]) {
		return storage.Client{}, errUnknown
	}
	// Clocks may differ by skew, so exp alone would forget the assertion while it is still good.
	fresh, err := t.Store.UseJTI(ctx, c.Name, a.jti, a.expires.Add(skew))
	if err != nil {
		return storage.Client{}, err
	}
	if !fresh {
		return storage.Client{}, badClient("the assertion was used before; make a new one with its own jti for each request")
	}
	return c, nil
}

// keys lists the client's keys with the assertion's kid and kind.
func (t *TokenService) keys(ctx context.Context, c storage.Client, a assertion, now time.Time) ([]key, error) {
	if c.KeySetURL == "" {
		keys, err := parseKeySet([]byte(c.KeySet))
		if err != nil {
			return nil, errUnknown // a client that signs in by a secret has none
		}
		return matching(keys, a.kid, a.alg.kind), nil
	}
	found, err := t.published.find(ctx, address{c.KeySetURL, c.AllowPrivate}, a.kid, a.alg.kind, now)
	if err != nil && ctx.Err() != nil {
		return nil, err
	} else if err != nil {
		return nil, badClient("%s", err)
	}
	return found, nil
}

// bySecret returns the client with the name and secret of HTTP Basic.
func (t *TokenService) bySecret(ctx context.Context, r TokenRequest, _ time.Time) (storage.Client, error) {
	refusal := oauthErrorf(401, "invalid_client", "the client is unknown or disabled, or its secret is wrong")
	if !t.AllowSecret {
		return storage.Client{}, oauthErrorf(401, "invalid_client", "this server takes no client secrets; sign in by client_assertion")
	}
	name, secret := unescaped(r.BasicUser), unescaped(r.BasicSecret)
	c, err := t.client(ctx, name)
	if err == errUnknown {
		return storage.Client{}, refusal
	} else if err != nil {
		return storage.Client{}, err
	}
	hash := sha256.Sum256([]byte(secret)) // never equal to that of a client without a secret, which is empty
	if subtle.ConstantTimeCompare(hash[:], c.Secret) != 1 || r.ClientID != "" && r.ClientID != c.Name {
		return storage.Client{}, refusal
	}
	return c, nil
}

// unescaped undoes the percent-encoding that some clients apply inside HTTP Basic (RFC 6749 section 2.3.1) and others do
// not. Names and secrets hold no '%' or '+' of their own.
func unescaped(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

// client is the enabled client of exactly that name, or errUnknown.
func (t *TokenService) client(ctx context.Context, name string) (storage.Client, error) {
	c, err := t.Store.Client(ctx, name)
	if isNotFound(err) || err == nil && (c.Disabled || c.Name != name) {
		return storage.Client{}, errUnknown
	}
	return c, err
}

// add makes and stores a token.
func (t *TokenService) add(ctx context.Context, c storage.Client, granted Scopes, now time.Time) (Token, error) {
	t.sweep(ctx, now)
	life := t.Lifetime
	if life <= 0 {
		life = DefaultTokenLife
	}
	text := newSecret()
	scope := granted.String()
	err := t.Store.AddToken(ctx, storage.Token{SHA256: sha256.Sum256([]byte(text)), Client: c.Name, Scopes: scope, Expires: now.Add(life)})
	if isNotFound(err) {
		return Token{}, errUnknown // removed or disabled a moment ago
	} else if err != nil {
		return Token{}, err
	}
	return Token{AccessToken: text, ExpiresIn: int(life.Seconds()), Scope: scope, Client: c.Name}, nil
}

// sweep deletes what has expired, now and then. A failure only leaves rows behind for the next time.
func (t *TokenService) sweep(ctx context.Context, now time.Time) {
	last := t.swept.Load()
	if now.Unix()-last >= int64(sweepGap.Seconds()) && t.swept.CompareAndSwap(last, now.Unix()) {
		t.Store.SweepTokens(ctx, now)
	}
}

// errToken is the one answer to a token that is not good.
var errToken = fhir.Errorf(fhir.CodeLogin, "the access token is unknown, has expired or was revoked; get a new one from the token endpoint")

// Bearer returns who holds the access token. One that is unknown, expired, revoked, or whose client is disabled, is a
// fhir.Error login: an answer 401 with WWW-Authenticate: Bearer error="invalid_token".
func (t *TokenService) Bearer(ctx context.Context, token string) (Principal, error) {
	if len(token) != base64.RawURLEncoding.EncodedLen(secretBytes) {
		return Principal{}, errToken
	}
	stored, err := t.Store.Token(ctx, sha256.Sum256([]byte(token)))
	if isNotFound(err) || err == nil && !t.now().Before(stored.Expires) {
		return Principal{}, errToken
	} else if err != nil {
		return Principal{}, err
	}
	c, err := t.client(ctx, stored.Client)
	if err == errUnknown {
		return Principal{}, errToken
	} else if err != nil {
		return Principal{}, err
	}
	scopes, _ := parseScopes(stored.Scopes)
	return Principal{Name: c.Name, Service: true, Authorities: c.Authorities, Scopes: scopes}, nil
}

func (t *TokenService) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

const secretBytes = 32

// newSecret makes 256 random bits, written so that they need no escaping in a header or a URL.
func newSecret() string {
	b := make([]byte, secretBytes)
	rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

func isNotFound(err error) bool {
	e, ok := errors.AsType[*fhir.Error](err)
	return ok && e.Code == fhir.CodeNotFound
}
