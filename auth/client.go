package auth

import (
	"crypto/sha256"
	"net/netip"
	"net/url"
	"strings"

	"satchel/fhir"
	"satchel/storage"
)

// Registration is what an administrator says of a new backend client.
type Registration struct {
	Name         string // client_id
	Keys         []byte // a JSON Web Key Set or PEM with public keys
	KeysURL      string // instead of Keys: where the client publishes its key set
	AllowPrivate bool   // KeysURL may lead into the local network
	Secret       bool   // make a client secret, for clients that cannot sign assertions
	Scopes       string // at most these are granted
	RedirectURI  string // where people are led who sent a form for the client; "": nowhere
	Authorities  []storage.Authority
	Disabled     bool // it may not sign in yet
}

// NewClient checks a registration and returns the client that [Service.AddClient] stores. secret is the client
// secret, to be shown once, if the registration wants one. What is wrong is a fhir.Error that says what to do.
func NewClient(r Registration) (c storage.Client, secret string, err error) {
	if c.Name, err = Name(strings.TrimSpace(r.Name)); err != nil {
		return storage.Client{}, "", err
	}
	if err := SetScopes(&c, r.Scopes); err != nil {
		return storage.Client{}, "", err
	}
	for _, a := range r.Authorities {
		if err := CheckAuthority(a); err != nil {
			return storage.Client{}, "", err
		}
	}
	c.Authorities, c.Disabled = r.Authorities, r.Disabled
	if err := SetRedirectURI(&c, r.RedirectURI); err != nil {
		return storage.Client{}, "", err
	}
	if r.Secret {
		secret = SetSecret(&c)
	}
	if len(r.Keys) == 0 && r.KeysURL == "" && r.Secret {
		return c, secret, nil
	}
	if err := SetKeys(&c, r.Keys, r.KeysURL, r.AllowPrivate); err != nil {
		return storage.Client{}, "", err
	}
	return c, secret, nil
}

// SetKeys gives a client new keys in the place of its old ones, as text or as an address; for use with
// [storage.Store.UpdateClient]. Exactly one of the two must be given. Text is read by [readKeys]; an address must be
// https, or http on this machine, and one in the local network needs allowPrivate.
func SetKeys(c *storage.Client, keys []byte, address string, allowPrivate bool) error {
	var keySet string
	switch {
	case len(keys) > 0 && address != "":
		return fhir.Errorf(fhir.CodeInvalid, "a client has keys or an address of keys, not both; give one of them")
	case address != "":
		if err := checkAddress(address, allowPrivate); err != nil {
			return err
		}
	default:
		var err error
		if len(keys) == 0 {
			return fhir.Errorf(fhir.CodeRequired, "a client needs public keys; give a key set (JWKS), PEM, or the https address of a key set")
		}
		if keySet, err = readKeys(keys); err != nil {
			return err
		}
		allowPrivate = false
	}
	c.KeySet, c.KeySetURL, c.AllowPrivate = keySet, address, allowPrivate
	return nil
}

// checkAddress refuses an address from which keys cannot be fetched safely.
func checkAddress(address string, allowPrivate bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Opaque != "" || strings.Contains(address, "#") || len(address) > 2000 {
		return fhir.Errorf(fhir.CodeValue, "%.200q is not an address of a key set; give one such as https://client.example/jwks.json", address)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	literal := err == nil
	local := literal && ip.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
	switch {
	case u.Scheme != "https" && !(u.Scheme == "http" && local):
		return fhir.Errorf(fhir.CodeValue, "the address %.200q of the key set is not https; plain http is only good for this machine itself", address)
	case !allowPrivate && (local || literal && !isPublic(ip)):
		return fhir.Errorf(fhir.CodeValue, "the address %.200q of the key set is in the local network; if that is right, allow private addresses for this client", address)
	}
	return nil
}

// SetRedirectURI gives a client the address to which people are led who sent a form for it, or none with ""; for use with
// [storage.Store.UpdateClient]. It is https; or http on this machine; or the app's own scheme with a dot in it, such as
// com.example.app:/done (RFC 8252, section 7.1), which no browser runs as a script.
func SetRedirectURI(c *storage.Client, address string) error {
	if address == "" {
		c.RedirectURI = ""
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.Contains(address, "#") || len(address) > 2000 || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fhir.Errorf(fhir.CodeValue, "%.200q is no address to lead people to; give one such as https://app.example/back", address)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	local := err == nil && ip.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
	switch {
	case strings.ContainsAny(u.Host, ";,'\"<>"): // it comes to stand in a page's security policy
		return fhir.Errorf(fhir.CodeValue, "%.200q has a host that cannot be one; give an address such as https://app.example/back", address)
	case u.Scheme == "https" && u.Hostname() != "", u.Scheme == "http" && local:
	case strings.Contains(u.Scheme, "."):
	default:
		return fhir.Errorf(fhir.CodeValue, "people cannot be led to %.200q; give an https address, or the app's own scheme with a dot in it, such as com.example.app:/back", address)
	}
	c.RedirectURI = address
	return nil
}

// SetScopes gives a client new registered scopes, checked and written in one way; for use with
// [storage.Store.UpdateClient].
func SetScopes(c *storage.Client, scopes string) error {
	parsed, unknown := parseScopes(scopes)
	if len(unknown) > 0 {
		return fhir.Errorf(fhir.CodeValue, "%.80q is not a scope that can be registered; use such as system/*.rs, system/Patient.rs or system/Patient.read", unknown[0])
	}
	if parsed.Empty() {
		return fhir.Errorf(fhir.CodeRequired, "a client needs a scope; use such as system/*.rs")
	}
	c.Scopes = parsed.String()
	return nil
}

// SetSecret gives a client a new secret and returns it, to be shown once: only its hash is kept. It is 256 random bits,
// so a fast hash is enough. For use with [storage.Store.UpdateClient].
func SetSecret(c *storage.Client) (secret string) {
	secret = newSecret()
	hash := sha256.Sum256([]byte(secret))
	c.Secret = hash[:]
	return secret
}
