package auth

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const (
	assertionBytes = 32 << 10
	assertionLife  = 300 * time.Second // exp may be so far ahead
	skew           = 60 * time.Second  // clocks may differ by so much
	jtiMost        = 255
)

// algorithm is what a signature algorithm wants of its key.
type algorithm struct {
	name  jose.SignatureAlgorithm
	kind  string // kty
	curve string // "" if the kind has none
}

// algorithms are all that an assertion may be signed with: neither none nor any with a shared secret.
var algorithms = []algorithm{
	{jose.RS384, "RSA", ""}, {jose.ES384, "EC", "P-384"}, // the two that SMART asks for
	{jose.RS256, "RSA", ""}, {jose.RS512, "RSA", ""},
	{jose.PS256, "RSA", ""}, {jose.PS384, "RSA", ""}, {jose.PS512, "RSA", ""},
	{jose.ES256, "EC", "P-256"}, {jose.ES512, "EC", "P-521"},
	{jose.EdDSA, "OKP", ""},
}

// Algorithms lists the names of the signature algorithms for assertions, for the SMART configuration.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a.name)
	}
	return names
}

// assertion is one client assertion (RFC 7523): a JWT by which a client signs in. Its form and claims are checked; its
// signature and its client are not.
type assertion struct {
	text    string
	alg     algorithm
	kid     string
	jku     string // "" if it has none
	client  string // iss and sub
	jti     string
	expires time.Time
}

// parseAssertion reads an assertion and checks all that can be checked without knowing the client. urls are the
// accepted audiences. The order keeps strangers cheap: nothing is looked up or fetched for an assertion that is
// malformed, old, or meant for another server.
func parseAssertion(text string, urls []string, now time.Time) (assertion, error) {
	a := assertion{text: text}
	if len(text) > assertionBytes {
		return a, badClient("the assertion is longer than %d bytes", assertionBytes)
	}
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return a, badClient("the assertion is not a JWT of three parts")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var ok bool
		if decoded[i], ok = decodeBase64(part); !ok {
			return a, badClient("part %d of the assertion is not base64url without padding", i+1)
		}
	}
	if err := a.readHeader(decoded[0]); err != nil {
		return a, err
	}
	return a, a.readClaims(decoded[1], urls, now)
}

// decodeBase64 is strict: no padding, no line ends, no stray bits.
func decodeBase64(s string) ([]byte, bool) {
	if s == "" || strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}

// readHeader reads the header. Keys or addresses of keys in it (jwk, x5c, x5u) are never used.
func (a *assertion) readHeader(text []byte) error {
	var h struct {
		Alg  string         `json:"alg"`
		Kid  string         `json:"kid"`
		Typ  string         `json:"typ"`
		JKU  jsontext.Value `json:"jku"`
		Crit jsontext.Value `json:"crit"`
	}
	if json.Unmarshal(text, &h) != nil || h.JKU != nil && json.Unmarshal(h.JKU, &a.jku) != nil {
		return badClient("the assertion's header is not a JSON object with alg and kid as strings, each once")
	}
	if h.JKU != nil && a.jku == "" {
		return badClient("the assertion's jku is empty; leave it out or give the registered address")
	}
	if h.Crit != nil {
		return badClient("the assertion's header has crit, and no extension is known here")
	}
	if h.Typ != "" && !strings.EqualFold(h.Typ, "JWT") {
		return badClient("the assertion's typ is not JWT")
	}
	i := slices.IndexFunc(algorithms, func(x algorithm) bool { return string(x.name) == h.Alg })
	if i < 0 {
		return badClient("the assertion's alg '%.20s' is not accepted; use RS384 or ES384", h.Alg)
	}
	if h.Kid == "" {
		return badClient("the assertion's header has no kid; name the key that signed it")
	}
	a.alg, a.kid = algorithms[i], h.Kid
	return nil
}

// readClaims reads the claims and checks them.
func (a *assertion) readClaims(text []byte, urls []string, now time.Time) error {
	var c struct {
		Iss string         `json:"iss"`
		Sub string         `json:"sub"`
		Jti string         `json:"jti"`
		Aud jsontext.Value `json:"aud"`
		Exp jsontext.Value `json:"exp"`
		Nbf jsontext.Value `json:"nbf"`
		Iat jsontext.Value `json:"iat"`
	}
	if json.Unmarshal(text, &c) != nil {
		return badClient("the assertion's claims are not a JSON object with iss, sub and jti as strings, each once")
	}
	a.client, a.jti = c.Iss, c.Jti
	switch n := utf8.RuneCountInString(c.Jti); {
	case c.Iss == "" || c.Iss != c.Sub:
		return badClient("the assertion's iss and sub are not both the client_id")
	case !isAudience(c.Aud, urls):
		return badClient("the assertion's aud is not the address of this token endpoint")
	case n == 0 || n > jtiMost:
		return badClient("the assertion's jti does not have 1 to %d characters", jtiMost)
	}
	return a.readTimes(c.Exp, c.Nbf, c.Iat, now)
}

// readTimes checks the assertion's time. SMART wants exp to be an integer; the other two are any number (RFC 7519).
func (a *assertion) readTimes(exp, nbf, iat jsontext.Value, now time.Time) error {
	seconds, err := strconv.ParseInt(string(bytes.TrimSpace(exp)), 10, 64)
	if err != nil || seconds < 0 || seconds > math.MaxInt32*1000 {
		return badClient("the assertion's exp is not a whole number of seconds since 1970")
	}
	a.expires = time.Unix(seconds, 0)
	if !now.Before(a.expires.Add(skew)) {
		return badClient("the assertion has expired; check the clock of the client")
	}
	if a.expires.After(now.Add(assertionLife + skew)) {
		return badClient("the assertion's exp is more than %d s ahead; check the clock of the client", int(assertionLife.Seconds()))
	}
	for _, v := range []jsontext.Value{nbf, iat} {
		if v == nil {
			continue
		}
		from, err := strconv.ParseFloat(string(v), 64)
		if err != nil { // also of a string, or out of range
			return badClient("the assertion's nbf or iat is not a number of seconds since 1970")
		}
		if from > float64(now.Add(skew).UnixMilli())/1000 {
			return badClient("the assertion's nbf or iat lies ahead; check the clock of the client")
		}
	}
	return nil
}

// isAudience reports whether aud, a string or a list of strings, names one of the urls.
func isAudience(aud jsontext.Value, urls []string) bool {
	var list []string
	switch aud.Kind() {
	case '"':
		list = make([]string, 1)
		if json.Unmarshal(aud, &list[0]) != nil {
			return false
		}
	case '[':
		if json.Unmarshal(aud, &list) != nil {
			return false
		}
	}
	return slices.ContainsFunc(list, func(s string) bool { return s != "" && slices.Contains(urls, s) })
}

// signedBy reports whether the assertion is signed with the key, by an algorithm that is right for it.
func (a assertion) signedBy(k key) bool {
	if kindOf(k.public) != a.alg.kind || k.alg != "" && k.alg != string(a.alg.name) {
		return false
	}
	if ec, ok := k.public.(*ecdsa.PublicKey); ok && ec.Curve.Params().Name != a.alg.curve {
		return false
	}
	jws, err := jose.ParseSignedCompact(a.text, []jose.SignatureAlgorithm{a.alg.name})
	if err != nil {
		return false
	}
	_, err = jws.Verify(k.public)
	return err == nil
}
