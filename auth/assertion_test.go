package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/internal/testpractice"
	"satchel/storage"
)

const tokenURL = "https://practice.example/oauth/token"

// signers are one private key of each kind; made once, as RSA takes long.
var signers = sync.OnceValue(func() map[string]crypto.Signer {
	r, _ := rsa.GenerateKey(rand.Reader, 2048)
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p521, _ := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	stranger, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	return map[string]crypto.Signer{"RSA": r, "P-256": p256, "P-384": p384, "P-521": p521, "Ed25519": ed, "stranger": stranger}
})

// kidFor names the key of the right kind for an algorithm.
func kidFor(alg string) string {
	if kid := map[string]string{"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519"}[alg]; kid != "" {
		return kid
	}
	return "RSA"
}

// keySetText is the key set of all public keys; the kid is the key's name.
func keySetText(t *testing.T, names ...string) string {
	t.Helper()
	var set jose.JSONWebKeySet
	for _, name := range names {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: signers()[name].Public(), KeyID: name, Use: "sig"})
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// draft is an assertion before it is signed: JSON texts by member name.
type draft struct {
	header, claims         map[string]string
	headerText, claimsText string // instead, if set
	alg                    string // signed with, whatever the header says
	signer                 crypto.Signer
	after                  func(token string) string
}

// goodDraft is right in everything; its jti is new.
func goodDraft(now time.Time, alg string) *draft {
	kid := kidFor(alg)
	return &draft{
		alg: alg, signer: signers()[kid],
		header: map[string]string{"alg": quote(alg), "kid": quote(kid), "typ": `"JWT"`},
		claims: map[string]string{
			"iss": `"lab"`, "sub": `"lab"`, "aud": quote(tokenURL), "jti": quote(rand.Text()),
			"exp": fmt.Sprint(now.Unix() + 300),
		},
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func objectText(members map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		parts = append(parts, quote(name)+":"+members[name])
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func (d *draft) token(t *testing.T) string {
	t.Helper()
	header, claims := d.headerText, d.claimsText
	if header == "" {
		header = objectText(d.header)
	}
	if claims == "" {
		claims = objectText(d.claims)
	}
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	token := input + "." + base64.RawURLEncoding.EncodeToString(signature(t, d.alg, d.signer, input))
	if d.after != nil {
		token = d.after(token)
	}
	return token
}

// wide signs with a key whose numbers are padded to those of P-384.
type wide struct{ crypto.Signer }

// signature signs as RFC 7518 says, by the standard library alone.
func signature(t *testing.T, alg string, signer crypto.Signer, input string) []byte {
	t.Helper()
	if alg == "" {
		return nil
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[alg[2:]]
	if alg == "EdDSA" {
		return ed25519.Sign(signer.(ed25519.PrivateKey), []byte(input))
	}
	h := hash.New()
	h.Write([]byte(input))
	sum := h.Sum(nil)
	var out []byte
	var err error
	switch alg[:2] {
	case "RS":
		out, err = rsa.SignPKCS1v15(rand.Reader, signer.(*rsa.PrivateKey), hash, sum)
	case "PS":
		out, err = rsa.SignPSS(rand.Reader, signer.(*rsa.PrivateKey), hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	case "ES":
		w, padded := signer.(wide)
		if padded {
			signer = w.Signer
		}
		key := signer.(*ecdsa.PrivateKey)
		size := (key.Curve.Params().BitSize + 7) / 8
		if padded {
			size = 48
		}
		r, s, e := ecdsa.Sign(rand.Reader, key, sum)
		if err = e; err == nil {
			out = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// office is a token service on a real store, with a clock that stands still until moved.
type office struct {
	*TokenService
	now  time.Time
	path string
}

// newOffice has one client, "lab", with a key of each kind and scope to read everything.
func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), path: filepath.Join(t.TempDir(), "satchel.db")}
	testpractice.Empty.Write(t, o.path)
	o.open(t)
	o.addClient(t, storage.Client{Name: "lab", KeySet: keySetText(t, "RSA", "P-256", "P-384", "P-521", "Ed25519")})
	return o
}

func (o *office) open(t *testing.T) {
	t.Helper()
	s, err := storage.Open(t.Context(), o.path, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	clock := func() time.Time { return o.now }
	s.Now = clock
	o.TokenService = &TokenService{Store: s, Now: clock}
}

func (o *office) addClient(t *testing.T, c storage.Client) {
	t.Helper()
	if c.Scopes == "" {
		c.Scopes = "system/*.rs"
	}
	if c.Authorities == nil {
		c.Authorities = []storage.Authority{{Permission: roleClientSuperuserRO}}
	}
	if err := o.Store.AddClient(t.Context(), audittest.Event(audit.ClientCreate), c); err != nil {
		t.Fatal(err)
	}
}

func (o *office) issue(assertion, scope string) (Token, error) {
	return o.Issue(context.Background(), TokenRequest{
		GrantType: grantType, AssertionType: assertionType, Assertion: assertion, Scope: scope, URLs: []string{tokenURL, "http://localhost/oauth/token"},
	})
}

// oauthCode is the code and status of an OAuthError.
func oauthCode(err error) string {
	if e, ok := errors.AsType[*OAuthError](err); ok {
		return fmt.Sprintf("%s %d", e.Code, e.Status)
	}
	return fmt.Sprint(err)
}

func TestIssueForEachAlgorithm(t *testing.T) {
	o := newOffice(t)
	for _, alg := range Algorithms() {
		token, err := o.issue(goodDraft(o.now, alg).token(t), "system/*.read")
		if err != nil {
			t.Errorf("%s: %v", alg, err)
			continue
		}
		if token.ExpiresIn != 300 || token.Scope != "system/*.read" || len(token.AccessToken) != 43 || token.Client != "lab" {
			t.Errorf("%s: %+v", alg, token)
		}
		p, err := o.Bearer(t.Context(), token.AccessToken)
		if err != nil || p.Name != "lab" || !p.Service || p.Scopes.String() != "system/*.read" {
			t.Errorf("%s: %+v, %v", alg, p, err)
		}
	}
}

// variants that must be accepted.
func TestGoodAssertions(t *testing.T) {
	o := newOffice(t)
	at := func(seconds int64) string { return fmt.Sprint(o.now.Unix() + seconds) }
	for name, f := range map[string]func(d *draft){
		"aud list":              func(d *draft) { d.claims["aud"] = `["x",` + quote(tokenURL) + `]` },
		"aud second address":    func(d *draft) { d.claims["aud"] = `"http://localhost/oauth/token"` },
		"exp now+302":           func(d *draft) { d.claims["exp"] = at(302) },
		"exp at the skew":       func(d *draft) { d.claims["exp"] = at(360) },
		"exp just within skew":  func(d *draft) { d.claims["exp"] = at(-59) },
		"nbf and iat now":       func(d *draft) { d.claims["nbf"], d.claims["iat"] = at(0), at(0) },
		"nbf within skew":       func(d *draft) { d.claims["nbf"] = at(60) },
		"iat with a fraction":   func(d *draft) { d.claims["iat"] = at(0) + ".25" },
		"no typ":                func(d *draft) { delete(d.header, "typ") },
		"typ in lower case":     func(d *draft) { d.header["typ"] = `"jwt"` },
		"unknown claims":        func(d *draft) { d.claims["x"] = `{"y":[1e400]}` },
		"unknown header":        func(d *draft) { d.header["x"] = `1` },
		"jti of 255 characters": func(d *draft) { d.claims["jti"] = quote(strings.Repeat("ä", 255)) },
	} {
		d := goodDraft(o.now, "ES384")
		f(d)
		if _, err := o.issue(d.token(t), ""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// mutations are wrong assertions by name.
func mutations(t *testing.T, now time.Time) map[string]func(d *draft) {
	at := func(seconds int64) string { return fmt.Sprint(now.Unix() + seconds) }
	m := map[string]func(d *draft){}
	for _, some := range []map[string]func(d *draft){wrongTimes(at), wrongClaims(at), wrongHeaders(t), wrongSignatures(t, now), wrongForms()} {
		maps.Copy(m, some)
	}
	for _, alg := range []string{"none", "None", "NONE", "", "HS256", "HS384", "HS512", "A128KW", "dir"} {
		m["alg "+alg] = func(d *draft) { d.header["alg"] = quote(alg) }
		m["unsigned alg "+alg] = func(d *draft) { d.header["alg"] = quote(alg); d.after = tail(".") }
	}
	for _, claim := range []string{"iss", "sub", "aud", "jti", "exp"} {
		m[claim+" missing"] = func(d *draft) { delete(d.claims, claim) }
		for _, wrong := range []string{"null", "true", `""`, "{}", `{"a":1}`} {
			m[claim+" "+wrong] = func(d *draft) { d.claims[claim] = wrong }
		}
	}
	for _, claim := range []string{"iss", "sub", "jti", "aud"} {
		m[claim+" a number"] = func(d *draft) { d.claims[claim] = "1" }
	}
	for _, claim := range []string{"iss", "sub", "jti"} {
		m[claim+" a list"] = func(d *draft) { d.claims[claim] = "[" + d.claims[claim] + "]" }
	}
	for _, claim := range []string{"exp", "nbf", "iat"} {
		m[claim+" a string"] = func(d *draft) { d.claims[claim] = `"` + at(0) + `"` }
		m[claim+" a list"] = func(d *draft) { d.claims[claim] = `[` + at(0) + `]` }
	}
	for _, name := range []string{"alg", "kid"} {
		m[name+" missing"] = func(d *draft) { delete(d.header, name) }
		for _, wrong := range []string{"null", "1", "true", `""`, "[]", "{}"} {
			m[name+" "+wrong] = func(d *draft) { d.header[name] = wrong }
		}
	}
	return m
}

// wrongTimes are claims that an assertion is good at another time.
func wrongTimes(at func(seconds int64) string) map[string]func(d *draft) {
	return map[string]func(d *draft){
		"exp expired":         func(d *draft) { d.claims["exp"] = at(-60) },
		"exp long past":       func(d *draft) { d.claims["exp"] = "0" },
		"exp 361 ahead":       func(d *draft) { d.claims["exp"] = at(361) },
		"exp an hour ahead":   func(d *draft) { d.claims["exp"] = at(3600) },
		"exp float":           func(d *draft) { d.claims["exp"] = at(200) + ".5" },
		"exp exponent":        func(d *draft) { d.claims["exp"] = "1.772366e9" },
		"exp 1e400":           func(d *draft) { d.claims["exp"] = "1e400" },
		"exp -1":              func(d *draft) { d.claims["exp"] = "-1" },
		"exp over 64 bits":    func(d *draft) { d.claims["exp"] = "18446744073709551616" },
		"exp in milliseconds": func(d *draft) { d.claims["exp"] = at(200) + "000" },
		"exp largest":         func(d *draft) { d.claims["exp"] = "9223372036854775807" },
		"nbf ahead":           func(d *draft) { d.claims["nbf"] = at(61) },
		"nbf 1e400":           func(d *draft) { d.claims["nbf"] = "1e400" },
		"iat ahead":           func(d *draft) { d.claims["iat"] = at(61) },
	}
}

// wrongClaims are other claims that are wrong, or written as no claims are.
func wrongClaims(at func(seconds int64) string) map[string]func(d *draft) {
	return map[string]func(d *draft){
		"aud of another server": func(d *draft) { d.claims["aud"] = `"https://other.example/oauth/token"` },
		"aud with a slash":      func(d *draft) { d.claims["aud"] = quote(tokenURL + "/") },
		"aud in other case":     func(d *draft) { d.claims["aud"] = quote(strings.ToUpper(tokenURL)) },
		"aud prefix":            func(d *draft) { d.claims["aud"] = quote(tokenURL[:len(tokenURL)-1]) },
		"aud list without":      func(d *draft) { d.claims["aud"] = `["x"]` },
		"aud empty list":        func(d *draft) { d.claims["aud"] = `[]` },
		"aud mixed list":        func(d *draft) { d.claims["aud"] = `[1,` + quote(tokenURL) + `]` },
		"aud nested list":       func(d *draft) { d.claims["aud"] = `[[` + quote(tokenURL) + `]]` },
		"iss is not sub":        func(d *draft) { d.claims["iss"] = `"app"` },
		"sub is not iss":        func(d *draft) { d.claims["sub"] = `"app"` },
		"unknown client":        func(d *draft) { d.claims["iss"], d.claims["sub"] = `"app"`, `"app"` },
		"client in other case":  func(d *draft) { d.claims["iss"], d.claims["sub"] = `"LAB"`, `"LAB"` },
		"jti too long":          func(d *draft) { d.claims["jti"] = quote(strings.Repeat("j", 256)) },
		"bad UTF-8 in jti":      func(d *draft) { d.claims["jti"] = "\"\xff\"" },
		"claims twice":          func(d *draft) { d.claimsText = `{"iss":"app",` + objectText(d.claims)[1:] },
		"exp twice":             func(d *draft) { d.claimsText = `{"exp":` + at(100) + `,` + objectText(d.claims)[1:] },
		"aud twice":             func(d *draft) { d.claimsText = `{"aud":"x",` + objectText(d.claims)[1:] },
		"claims in capitals":    func(d *draft) { d.claimsText = strings.Replace(objectText(d.claims), `"exp"`, `"EXP"`, 1) },
		"claims a list":         func(d *draft) { d.claimsText = "[" + objectText(d.claims) + "]" },
		"claims null":           func(d *draft) { d.claimsText = "null" },
		"claims with a tail":    func(d *draft) { d.claimsText = objectText(d.claims) + "{}" },
		"claims not JSON":       func(d *draft) { d.claimsText = "iss=lab" },
	}
}

// wrongHeaders are headers that name the key or the algorithm as they must not.
func wrongHeaders(t *testing.T) map[string]func(d *draft) {
	return map[string]func(d *draft){
		"header twice alg":      func(d *draft) { d.headerText = `{"alg":"none",` + objectText(d.header)[1:] },
		"header twice kid":      func(d *draft) { d.headerText = `{"kid":"RSA",` + objectText(d.header)[1:] },
		"header a list":         func(d *draft) { d.headerText = "[" + objectText(d.header) + "]" },
		"header empty":          func(d *draft) { d.headerText = "{}" },
		"header in capitals":    func(d *draft) { d.headerText = strings.Replace(objectText(d.header), `"alg"`, `"ALG"`, 1) },
		"typ other":             func(d *draft) { d.header["typ"] = `"at+jwt"` },
		"crit":                  func(d *draft) { d.header["crit"] = `["exp"]` },
		"crit empty":            func(d *draft) { d.header["crit"] = `[]` },
		"b64 false":             func(d *draft) { d.header["b64"], d.header["crit"] = `false`, `["b64"]` },
		"alg of other hash":     func(d *draft) { d.header["alg"] = `"ES512"` },
		"alg in lower case":     func(d *draft) { d.header["alg"] = `"es384"` },
		"alg with a space":      func(d *draft) { d.header["alg"] = `"ES384 "` },
		"alg ES256K":            func(d *draft) { d.header["alg"] = `"ES256K"` },
		"alg of other kind":     func(d *draft) { d.header["alg"] = `"RS384"` },
		"RSA kid under ES384":   func(d *draft) { d.header["kid"] = `"RSA"` },
		"P-256 kid under ES384": func(d *draft) { d.header["kid"] = `"P-256"` },
		"kid of no key":         func(d *draft) { d.header["kid"] = `"P-385"` },
		"kid in other case":     func(d *draft) { d.header["kid"] = `"p-384"` },
		"kid a path":            func(d *draft) { d.header["kid"] = `"../../etc/passwd"` },
		"kid SQL":               func(d *draft) { d.header["kid"] = `"' OR 1=1 --"` },
		"kid NUL":               func(d *draft) { d.header["kid"] = `"P-384\u0000"` },
		"kid of 10 kB":          func(d *draft) { d.header["kid"] = quote(strings.Repeat("k", 10_000)) },
		"kid of 100 kB":         func(d *draft) { d.header["kid"] = quote(strings.Repeat("k", 100_000)) },
		"signed by a stranger":  func(d *draft) { d.signer = signers()["stranger"] },
		"own key in the header": func(d *draft) { d.signer = signers()["stranger"]; d.header["jwk"] = publicText(t, "stranger") },
		"own key without kid": func(d *draft) {
			d.signer = signers()["stranger"]
			d.header["jwk"] = publicText(t, "stranger")
			delete(d.header, "kid")
		},
		"jku":          func(d *draft) { d.header["jku"] = `"https://evil.example/jwks"` },
		"jku empty":    func(d *draft) { d.header["jku"] = `""` },
		"jku null":     func(d *draft) { d.header["jku"] = `null` },
		"jku a number": func(d *draft) { d.header["jku"] = `1` },
	}
}

// wrongSignatures are signatures of something else, or by somebody else.
func wrongSignatures(t *testing.T, now time.Time) map[string]func(d *draft) {
	return map[string]func(d *draft){
		"signature of other text":          func(d *draft) { other := goodDraft(now, "ES384").token(t); d.after = tail(other) },
		"signature r and s zero":           func(d *draft) { d.after = tail("." + base64.RawURLEncoding.EncodeToString(make([]byte, 96))) },
		"signature empty":                  func(d *draft) { d.after = tail(".") },
		"signature short":                  func(d *draft) { d.after = func(s string) string { return s[:len(s)-4] } },
		"signature long":                   func(d *draft) { d.after = func(s string) string { return s + "AAAA" } },
		"signature ASN.1":                  func(d *draft) { d.after = asn1Tail(t) },
		"extra segment":                    func(d *draft) { d.after = func(s string) string { return s + ".e30" } },
		"extra empty segment":              func(d *draft) { d.after = func(s string) string { return s + "." } },
		"two segments":                     func(d *draft) { d.after = func(s string) string { return s[:strings.LastIndex(s, ".")] } },
		"five segments":                    func(d *draft) { d.after = func(s string) string { return s + ".e30.e30" } },
		"P-256 signature padded for ES384": func(d *draft) { d.signer, d.header["kid"] = wide{signers()["P-256"]}, `"P-256"` },
		"stray bits": func(d *draft) { // RS256 has a signature whose last character uses two of its six bits
			d.alg, d.header["alg"], d.header["kid"], d.signer = "RS256", `"RS256"`, `"RSA"`, signers()["RSA"]
			d.after = func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }
		},
	}
}

// wrongForms are tokens that are not in the one form that a token has.
func wrongForms() map[string]func(d *draft) {
	return map[string]func(d *draft){
		"padded":             func(d *draft) { d.after = func(s string) string { return s + "=" } },
		"newline within":     func(d *draft) { d.after = func(s string) string { return s[:9] + "\n" + s[9:] } },
		"space before":       func(d *draft) { d.after = func(s string) string { return " " + s } },
		"standard base64":    func(d *draft) { d.after = func(s string) string { return s[:len(s)-2] + "+/" } },
		"JSON serialization": func(d *draft) { d.after = jsonForm },
		"empty":              func(d *draft) { d.after = func(string) string { return "..." } },
		"HS384 with the public key": func(d *draft) {
			d.header["alg"] = `"HS384"`
			d.after = func(s string) string {
				public, _ := x509.MarshalPKIXPublicKey(d.signer.Public())
				input := s[:strings.LastIndex(s, ".")]
				mac := hmac.New(sha512.New384, public)
				mac.Write([]byte(input))
				return input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
			}
		},
	}
}

// tail replaces the signature by that of another token.
func tail(other string) func(string) string {
	return func(s string) string { return s[:strings.LastIndex(s, ".")] + other[strings.LastIndex(other, "."):] }
}

// asn1Tail signs in the form that crypto libraries give, which JWS does not use.
func asn1Tail(t *testing.T) func(string) string {
	return func(s string) string {
		input := s[:strings.LastIndex(s, ".")]
		sum := sha512.Sum384([]byte(input))
		sig, err := ecdsa.SignASN1(rand.Reader, signers()["P-384"].(*ecdsa.PrivateKey), sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + base64.RawURLEncoding.EncodeToString(sig)
	}
}

// jsonForm is the same JWS in JSON.
func jsonForm(s string) string {
	p := strings.Split(s, ".")
	return fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, p[1], p[0], p[2])
}

func publicText(t *testing.T, name string) string {
	t.Helper()
	text, err := jose.JSONWebKey{Key: signers()[name].Public(), KeyID: name}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestBadAssertions(t *testing.T) {
	o := newOffice(t)
	all := mutations(t, o.now)
	t.Logf("%d mutations", len(all))
	for name, mutate := range all {
		d := goodDraft(o.now, "ES384")
		mutate(d)
		token, err := o.issue(d.token(t), "")
		if oauthCode(err) != "invalid_client 400" || token.AccessToken != "" {
			t.Errorf("%s: %s", name, oauthCode(err))
		}
	}
	if _, err := o.issue(goodDraft(o.now, "ES384").token(t), ""); err != nil {
		t.Errorf("a good assertion after all the bad ones: %v", err)
	}
}

func TestReplay(t *testing.T) {
	o := newOffice(t)
	d := goodDraft(o.now, "ES384")
	token := d.token(t)
	var issued atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := o.issue(token, ""); err == nil {
				issued.Add(1)
			} else if oauthCode(err) != "invalid_client 400" {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if issued.Load() != 1 {
		t.Fatalf("50 posts of one assertion got %d tokens", issued.Load())
	}
	o.Store.Close()
	o.open(t)
	// To the end of its life with all skew, through sweeps.
	for _, later := range []time.Duration{0, 299 * time.Second, 359 * time.Second} {
		o.now = o.now.Add(later)
		o.swept.Store(0)
		if _, err := o.issue(goodDraft(o.now, "RS384").token(t), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := o.issue(token, ""); oauthCode(err) != "invalid_client 400" {
			t.Errorf("replayed %s later: %v", later, err)
		}
		o.now = o.now.Add(-later)
	}
	d.header["kid"], d.alg, d.signer, d.header["alg"] = `"RSA"`, "PS512", signers()["RSA"], `"PS512"`
	if _, err := o.issue(d.token(t), ""); oauthCode(err) != "invalid_client 400" {
		t.Errorf("the same jti in another assertion: %v", err)
	}
}
