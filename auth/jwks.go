package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"satchel/fhir"
)

const (
	keySetBytes = 64 << 10 // a longer key set is not read
	keySetKeys  = 100
	rsaBitsMin  = 2048
	rsaBitsMax  = 8192 // larger keys only cost time
)

// key is one public key that a client may sign with.
type key struct {
	id     string // kid
	alg    string // the only algorithm it may be used with; "" for any that fits
	public any    // *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
}

// jwk holds the members of a JSON Web Key that decide whether it may be used.
type jwk struct {
	Kty    string   `json:"kty"`
	Kid    string   `json:"kid"`
	Alg    string   `json:"alg"`
	Use    string   `json:"use"`
	KeyOps []string `json:"key_ops"`
}

// secretMembers are the members that only private and symmetric keys have (RFC 7518 section 6, RFC 9964).
var secretMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"}

// parseKeySet reads a JSON Web Key Set and returns its usable keys; others, such as those for encryption, are passed
// over. A set with a private key or without a usable one is an error.
func parseKeySet(text []byte) ([]key, error) {
	if len(text) > keySetBytes {
		return nil, fhir.Errorf(fhir.CodeTooLong, "the key set is longer than %d bytes; leave only the keys that sign", keySetBytes)
	}
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fhir.Errorf(fhir.CodeStructure, `the key set is not a JSON Web Key Set such as {"keys":[…]} (RFC 7517)`)
	}
	if len(set.Keys) > keySetKeys {
		return nil, fhir.Errorf(fhir.CodeTooLong, "the key set has %d keys, more than %d; leave only the keys that sign", len(set.Keys), keySetKeys)
	}
	var keys []key
	reason := "it has no keys"
	for i, text := range set.Keys {
		k, fault, err := parseKey(text)
		if err != nil {
			return nil, err
		}
		if fault != "" {
			reason = fmt.Sprintf("key %d %s", i+1, fault)
			continue
		}
		keys = append(keys, k)
	}
	if len(keys) == 0 {
		return nil, fhir.Errorf(fhir.CodeInvalid,
			"the key set has no key to sign with: %s; use RSA of %d bits or more, EC on P-256, P-384 or P-521, or Ed25519", reason, rsaBitsMin)
	}
	return keys, nil
}

// parseKey reads one JSON Web Key. fault says why a harmless key cannot be used; err refuses the whole set.
func parseKey(text jsontext.Value) (k key, fault string, err error) {
	var members map[string]jsontext.Value
	if json.Unmarshal(text, &members) != nil {
		return key{}, "is not a JSON object", nil
	}
	for _, name := range secretMembers {
		if _, found := members[name]; found {
			return key{}, "", errPrivateKey
		}
	}
	var head jwk
	if json.Unmarshal(text, &head) != nil {
		return key{}, "has a kid, kty, alg, use or key_ops of a wrong type", nil
	}
	if head.Kid == "" {
		return key{}, "has no kid", nil
	}
	if head.Use != "" && head.Use != "sig" {
		return key{}, "has a use other than sig", nil
	}
	if head.KeyOps != nil && !slices.Contains(head.KeyOps, "verify") {
		return key{}, "has key_ops without verify", nil
	}
	var parsed jose.JSONWebKey
	if parsed.UnmarshalJSON(text) != nil || !parsed.Valid() {
		return key{}, fmt.Sprintf("has an unknown kty %.20q or a damaged number", head.Kty), nil
	}
	if fault := weakness(parsed.Key); fault != "" {
		return key{}, fault, nil
	}
	return key{id: head.Kid, alg: head.Alg, public: parsed.Key}, "", nil
}

// errPrivateKey refuses a set whose owner gave away what must stay secret.
var errPrivateKey = fhir.Errorf(fhir.CodeInvalid,
	"the key set holds a private or symmetric key; give only the public keys, and replace this key, as others may have seen it")

// weakness says why a key is not good enough; "" if it is.
func weakness(public any) string {
	switch k := public.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < rsaBitsMin || bits > rsaBitsMax {
			return fmt.Sprintf("is RSA of %d bits", bits)
		}
		if k.E < 3 || k.E%2 == 0 {
			return "has an RSA exponent that is even or less than 3"
		}
		return ""
	case *ecdsa.PublicKey:
		if curves[k.Curve.Params().Name] {
			return ""
		}
		return "is on another curve"
	case ed25519.PublicKey:
		return ""
	}
	return "is of another kind"
}

var curves = map[string]bool{"P-256": true, "P-384": true, "P-521": true}

// readKeys reads what an administrator gives as a client's public keys: a JSON Web Key Set, or PEM with one or more
// public keys or certificates. It returns a key set to store; PEM keys get their RFC 7638 thumbprint as kid.
// Private keys, sets without a usable key and two keys of one kid and kind are a fhir.Error.
func readKeys(text []byte) (keySet string, err error) {
	trimmed := strings.TrimSpace(strings.TrimPrefix(string(text), "\ufeff"))
	if strings.HasPrefix(trimmed, "-----BEGIN") {
		if trimmed, err = keySetOfPEM([]byte(trimmed)); err != nil {
			return "", err
		}
	}
	keys, err := parseKeySet([]byte(trimmed))
	if err != nil {
		return "", err
	}
	for _, k := range keys {
		if len(matching(keys, k.id, kindOf(k.public))) > 1 {
			return "", fhir.Errorf(fhir.CodeDuplicate, "the key set has two %s keys with the kid %.80q; give each key its own", kindOf(k.public), k.id)
		}
	}
	compact := jsontext.Value(trimmed)
	if err := compact.Compact(); err != nil {
		return "", fhir.Errorf(fhir.CodeStructure, "the key set is not JSON")
	}
	return string(compact), nil
}

// keySetOfPEM makes a JSON Web Key Set of PEM blocks.
func keySetOfPEM(text []byte) (string, error) {
	var set jose.JSONWebKeySet
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "PRIVATE") {
			return "", errPrivateKey
		}
		public, err := publicOfPEM(block)
		if err != nil {
			return "", fhir.Errorf(fhir.CodeInvalid, "the PEM block %.40q is not a public key or certificate; make one with: openssl pkey -in key.pem -pubout", block.Type)
		}
		k := jose.JSONWebKey{Key: public, Use: "sig"}
		print, err := k.Thumbprint(crypto.SHA256)
		if err != nil {
			return "", fhir.Errorf(fhir.CodeInvalid, "the PEM block %.40q holds a key of an unknown kind; use RSA, EC or Ed25519", block.Type)
		}
		k.KeyID = base64.RawURLEncoding.EncodeToString(print)
		set.Keys = append(set.Keys, k)
	}
	if len(set.Keys) == 0 {
		return "", fhir.Errorf(fhir.CodeStructure, "the PEM text has no complete block; copy it again with its BEGIN and END lines")
	}
	out, err := json.Marshal(set)
	if err != nil {
		return "", fhir.Errorf(fhir.CodeInvalid, "the PEM text holds a key that cannot be written as JSON Web Key; use RSA, EC on P-256, P-384 or P-521, or Ed25519")
	}
	return string(out), nil
}

func publicOfPEM(block *pem.Block) (any, error) {
	switch block.Type {
	case "RSA PUBLIC KEY":
		return x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		return c.PublicKey, nil
	}
	return x509.ParsePKIXPublicKey(block.Bytes)
}

// kindOf is the kty of a key.
func kindOf(public any) string {
	switch public.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "EC"
	case ed25519.PublicKey:
		return "OKP"
	}
	return ""
}

// matching lists the keys with exactly that kid and kind.
func matching(keys []key, id, kind string) []key {
	var found []key
	for _, k := range keys {
		if k.id == id && kindOf(k.public) == kind {
			found = append(found, k)
		}
	}
	return found
}
