package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"satchel/storage"
)

func pemText(t *testing.T, kind string, der []byte, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func publicPEM(t *testing.T, name string) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(signers()[name].Public())
	return pemText(t, "PUBLIC KEY", der, err)
}

func TestReadKeysPEM(t *testing.T) {
	certificate := func() string {
		template := &x509.Certificate{SerialNumber: big.NewInt(1)}
		der, err := x509.CreateCertificate(rand.Reader, template, template, signers()["P-256"].Public(), signers()["P-256"])
		return pemText(t, "CERTIFICATE", der, err)
	}
	pkcs1 := pemText(t, "RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(signers()["RSA"].Public().(*rsa.PublicKey)), nil)
	for _, c := range []struct {
		name, text string
		keys       []string
	}{
		{"one", publicPEM(t, "P-384"), []string{"P-384"}},
		{"Ed25519", publicPEM(t, "Ed25519"), []string{"Ed25519"}},
		{"space around", "\ufeff\n " + publicPEM(t, "RSA") + "\n\n", []string{"RSA"}},
		{"several", publicPEM(t, "RSA") + publicPEM(t, "P-521"), []string{"RSA", "P-521"}},
		{"PKCS 1", pkcs1, []string{"RSA"}},
		{"certificate", certificate(), []string{"P-256"}},
	} {
		text, err := readKeys([]byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		keys, err := parseKeySet([]byte(text))
		if err != nil || len(keys) != len(c.keys) {
			t.Errorf("%s: %s: %v", c.name, text, err)
			continue
		}
		for i, name := range c.keys {
			print, _ := (&jose.JSONWebKey{Key: signers()[name].Public()}).Thumbprint(crypto.SHA256)
			if keys[i].id != base64.RawURLEncoding.EncodeToString(print) {
				t.Errorf("%s: kid %s is not the thumbprint", c.name, keys[i].id)
			}
		}
	}
}

// The example of RFC 7638 section 3.1: a key and its thumbprint.
func TestThumbprintOfTheRFC(t *testing.T) {
	const key = `{"kty":"RSA","kid":"x","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB"}`
	keys, err := parseKeySet([]byte(`{"keys":[` + key + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(keys[0].public)
	text, err2 := readKeys([]byte(pemText(t, "PUBLIC KEY", der, err)))
	if err2 != nil || !strings.Contains(text, `"NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"`) {
		t.Error(text, err2)
	}
}

func TestReadKeysRefuses(t *testing.T) {
	p384 := publicText(t, "P-384")
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	private, _ := jose.JSONWebKey{Key: signers()["P-384"], KeyID: "x"}.MarshalJSON()
	privateRSA, _ := jose.JSONWebKey{Key: signers()["RSA"], KeyID: "x"}.MarshalJSON()
	weak, _ := rsa.GenerateKey(rand.Reader, 1024)
	weakText, _ := jose.JSONWebKey{Key: weak.Public(), KeyID: "x"}.MarshalJSON()
	p224, _ := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if weakness(p224.Public()) == "" || weakness([]byte("x")) == "" {
		t.Error("keys of other kinds pass for good")
	}
	p224DER, p224Err := x509.MarshalPKIXPublicKey(p224.Public())
	pkcs8, pkcs8Err := x509.MarshalPKCS8PrivateKey(signers()["RSA"])
	evenE := strings.Replace(publicText(t, "RSA"), `"AQAB"`, `"BA"`, 1)
	for _, c := range []struct{ name, text, says string }{
		{"empty", " ", "JSON Web Key Set"},
		{"not JSON", "x", "JSON Web Key Set"},
		{"a bare key", p384, "no keys"},
		{"no keys", set(), "no keys"},
		{"keys an object", `{"keys":{}}`, "JSON Web Key Set"},
		{"keys twice", `{"keys":[],"keys":[` + p384 + `]}`, "JSON Web Key Set"},
		{"tail", set(p384) + "x", "JSON Web Key Set"},
		{"private EC", set(string(private)), "private"},
		{"private EC beside a public", set(p384, string(private)), "private"},
		{"private RSA", set(string(privateRSA)), "private"},
		{"symmetric", set(p384, `{"kty":"oct","k":"AA","kid":"x"}`), "private"},
		{"d null", set(strings.Replace(p384, `"kty"`, `"d":null,"kty"`, 1)), "private"},
		{"private PEM", pemText(t, "PRIVATE KEY", pkcs8, pkcs8Err), "private"},
		{"private PEM after a public", publicPEM(t, "RSA") + pemText(t, "PRIVATE KEY", pkcs8, pkcs8Err), "private"},
		{"encrypted private PEM", pemText(t, "ENCRYPTED PRIVATE KEY", []byte{1}, nil), "private"},
		{"damaged PEM", pemText(t, "PUBLIC KEY", []byte{1, 2}, nil), "not a public key"},
		{"PEM of a request", pemText(t, "CERTIFICATE REQUEST", []byte{1, 2}, nil), "not a public key"},
		{"half PEM", "-----BEGIN PUBLIC KEY-----\nAAAA", "no complete block"},
		{"PEM on P-224", pemText(t, "PUBLIC KEY", p224DER, p224Err), ""},
		{"same kid twice", set(p384, p384), "two EC keys"},
		{"no kid", set(strings.Replace(p384, `"kid":"P-384",`, "", 1)), "has no kid"},
		{"kid a number", set(strings.Replace(p384, `"kid":"P-384",`, `"kid":1,`, 1)), "wrong type"},
		{"kid twice", set(strings.Replace(p384, `"kid"`, `"kid":"x","kid"`, 1)), "JSON Web Key Set"},
		{"for encryption", set(strings.Replace(p384, `"kty"`, `"use":"enc","kty"`, 1)), "use other than sig"},
		{"not for verifying", set(strings.Replace(p384, `"kty"`, `"key_ops":["encrypt"],"kty"`, 1)), "without verify"},
		{"unknown kty", set(`{"kty":"XX","kid":"x"}`), "unknown kty"},
		{"not on the curve", set(`{"kty":"EC","crv":"P-256","kid":"x","x":"AAAA","y":"AAAA"}`), "damaged number"},
		{"secp256k1", set(strings.Replace(p384, `"crv":"P-384"`, `"crv":"secp256k1"`, 1)), "unknown kty"},
		{"weak RSA", set(string(weakText)), "1024 bits"},
		{"even RSA exponent", set(evenE), "exponent"},
		{"key a string", set(`"x"`), "not a JSON object"},
		{"too long", set(p384) + strings.Repeat(" ", keySetBytes) + "\n" + set(), "longer"},
		{"too many", set(strings.Split(strings.Repeat(`{},`, keySetKeys)+`{}`, ",")...), "more than"},
	} {
		text, err := readKeys([]byte(c.text))
		if err == nil {
			t.Errorf("%s: accepted as %s", c.name, text)
		} else if decision(err) == "" || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestReadKeysPassesOverOthers(t *testing.T) {
	enc := strings.Replace(publicText(t, "RSA"), `"kty"`, `"use":"enc","kty"`, 1)
	text, err := readKeys([]byte("{ \"keys\": [" + enc + ",{\"kty\":\"XX\"},\n" + publicText(t, "P-384") + "] }"))
	if err != nil || strings.ContainsAny(text, " \n") {
		t.Fatal(text, err)
	}
	keys, err := parseKeySet([]byte(text))
	if err != nil || len(keys) != 1 || keys[0].id != "P-384" {
		t.Error(keys, err)
	}
	var any map[string]any
	if json.Unmarshal([]byte(text), &any) != nil {
		t.Error("not JSON")
	}
}

func TestNewClient(t *testing.T) {
	keys := []byte(keySetText(t, "P-384"))
	good := Registration{Name: " lab ", Keys: keys, Scopes: "  system/*.rs  system/*.rs ", Authorities: []storage.Authority{{Permission: "FHIR_ALL_READ"}}}
	c, secret, err := NewClient(good)
	if err != nil || c.Name != "lab" || c.Scopes != "system/*.rs" || c.KeySet == "" || c.KeySetURL != "" || secret != "" || c.Secret != nil || len(c.Authorities) != 1 {
		t.Fatalf("%+v, %q, %v", c, secret, err)
	}
	for _, x := range []struct {
		name string
		f    func(r *Registration)
		says string // "" if it is good
	}{
		{"address", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://client.example/jwks" }, ""},
		{"address with port and query", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://client.example:8443/a/jwks.json?x=1" }, ""},
		{"private address", func(r *Registration) { r.Keys, r.KeysURL, r.AllowPrivate = nil, "https://10.0.0.1/jwks", true }, ""},
		{"loopback", func(r *Registration) { r.Keys, r.KeysURL, r.AllowPrivate = nil, "http://127.0.0.1:4567/jwks", true }, ""},
		{"loopback 6", func(r *Registration) { r.Keys, r.KeysURL, r.AllowPrivate = nil, "http://[::1]:4567/jwks", true }, ""},
		{"localhost", func(r *Registration) { r.Keys, r.KeysURL, r.AllowPrivate = nil, "http://localhost/jwks", true }, ""},
		{"keys and secret", func(r *Registration) { r.Secret = true }, ""},
		{"no name", func(r *Registration) { r.Name = "" }, "not usable"},
		{"bad name", func(r *Registration) { r.Name = "a:b" }, "not usable"},
		{"no keys", func(r *Registration) { r.Keys = nil }, "needs public keys"},
		{"keys and address", func(r *Registration) { r.KeysURL = "https://client.example/jwks" }, "not both"},
		{"http", func(r *Registration) { r.Keys, r.KeysURL = nil, "http://client.example/jwks" }, "not https"},
		{"http in the local network", func(r *Registration) { r.Keys, r.KeysURL, r.AllowPrivate = nil, "http://10.0.0.1/jwks", true }, "not https"},
		{"http localhost.evil", func(r *Registration) { r.Keys, r.KeysURL = nil, "http://localhost.evil.example/jwks" }, "not https"},
		{"loopback, not allowed", func(r *Registration) { r.Keys, r.KeysURL = nil, "http://127.0.0.1/jwks" }, "local network"},
		{"localhost, not allowed", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://LOCALHOST/jwks" }, "local network"},
		{"private, not allowed", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://192.168.0.1/jwks" }, "local network"},
		{"metadata address", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://169.254.169.254/jwks" }, "local network"},
		{"file", func(r *Registration) { r.Keys, r.KeysURL = nil, "file:///etc/passwd" }, "not an address"},
		{"ftp", func(r *Registration) { r.Keys, r.KeysURL = nil, "ftp://client.example/jwks" }, "not https"},
		{"no host", func(r *Registration) { r.Keys, r.KeysURL = nil, "https:///jwks" }, "not an address"},
		{"user", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://a:b@client.example/jwks" }, "not an address"},
		{"fragment", func(r *Registration) { r.Keys, r.KeysURL = nil, "https://client.example/jwks#x" }, "not an address"},
		{"opaque", func(r *Registration) { r.Keys, r.KeysURL = nil, "https:client.example" }, "not an address"},
		{"no scope", func(r *Registration) { r.Scopes = "" }, "needs a scope"},
		{"bad scope", func(r *Registration) { r.Scopes = "system/*.rs patient/*.rs" }, "patient/*.rs"},
		{"granular scope", func(r *Registration) { r.Scopes = "system/Observation.rs?category=x" }, "not a scope that can be registered"},
		{"bad authority", func(r *Registration) { r.Authorities = []storage.Authority{{Permission: "FHIR_ALL_REED"}} }, "did you mean FHIR_ALL_READ"},
	} {
		r := good
		x.f(&r)
		_, _, err := NewClient(r)
		if x.says == "" && err != nil || x.says != "" && (decision(err) == "" || !strings.Contains(err.Error(), x.says)) {
			t.Errorf("%s: %v", x.name, err)
		}
	}
}

func TestSetKeysReplaces(t *testing.T) {
	c := storage.Client{KeySetURL: "https://x.example", AllowPrivate: true}
	if err := SetKeys(&c, []byte(keySetText(t, "RSA")), "", true); err != nil || c.KeySetURL != "" || c.AllowPrivate || c.KeySet == "" {
		t.Errorf("%+v, %v", c, err)
	}
	if err := SetKeys(&c, nil, "https://y.example/jwks", false); err != nil || c.KeySet != "" || c.KeySetURL == "" {
		t.Errorf("%+v, %v", c, err)
	}
	if err := SetKeys(&c, []byte("x"), "", false); err == nil || c.KeySetURL == "" {
		t.Errorf("%+v, %v", c, err)
	}
}

// Nobody is led to what a browser would run, or to an address that somebody else could take.
func TestRedirectURI(t *testing.T) {
	for uri, good := range map[string]bool{
		"": true, "https://app.example/back": true, "https://app.example/back?x=1": true, "http://localhost:8000/": true, "http://127.0.0.1/": true, "com.example.app:/back": true,
		"http://app.example/": false, "javascript:alert(1)": false, "data:text/html,x": false, "//app.example/": false, "/back": false, "app:back": false,
		"https://": false, "https://u:p@app.example/": false, "https://app.example/#x": false, "https://app.example/a b": false, "https://app.example/\r\nX: y": false,
		"ftp://app.example": false, "https://app.example;sandbox/": false, "https://app.example/" + strings.Repeat("a", 2000): false,
	} {
		c := storage.Client{RedirectURI: "before"}
		err := SetRedirectURI(&c, uri)
		if (err == nil) != good || good && c.RedirectURI != uri || !good && c.RedirectURI != "before" {
			t.Errorf("%q: %v, %q", uri, err, c.RedirectURI)
		}
	}
}
