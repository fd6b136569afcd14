package pages_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"satchel/audit"
	"satchel/auth"
	"satchel/internal/audittest"
	"satchel/pages"
	"satchel/storage"
)

// publicKey is a new key as PEM.
func publicKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// sendKey sends a form with a file, as the browser's own page does.
func (v *visitor) sendKey(path, field, content string, values ...string) reply {
	v.p.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for i := 0; i+1 < len(values); i += 2 {
		_ = m.WriteField(values[i], values[i+1])
	}
	w, _ := m.CreateFormFile(field, "keys.pem")
	_, _ = w.Write([]byte(content))
	m.Close()
	return v.send(v.request("POST", path, &b, "Content-Type: "+m.FormDataContentType()))
}

var shownSecret = regexp.MustCompile(`<dd><code class="secret">([A-Za-z0-9_-]{20,})</code>`)

// token asks for a token by a client secret.
func (p *practice) token(client, secret string) int {
	p.t.Helper()
	r := httptest.NewRequest("POST", p.url+"/oauth/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "scope": {"system/*.rs"}}.Encode()))
	r.RequestURI = ""
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func (p *practice) client(name string) storage.Client {
	p.t.Helper()
	c, err := p.store.Client(p.t.Context(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// A program is registered with keys that are pasted, uploaded or fetched, or with a secret that is shown once.
func TestRegisterProgram(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) {
		s.Still = true
		s.Tokens.AllowSecret = true
		s.Pages.Installation = &told{settings: []pages.Setting{{Key: "smart.client_secret_basic", Value: "true"}}}
	})
	v := p.as("ann")
	v.want(v.get("/clients"), 200, "No program is registered")
	v.want(v.get("/clients/new"), 200, "It exports one group", "system/*.rs")
	v.want(v.post("/clients/new", "name", "pasted", "for", "all", "sign", "keys", "keys", publicKey(t)), 200, "The program is registered", "pasted", "/fhir/.well-known/smart-configuration")
	v.want(v.sendKey("/clients/new", "file", publicKey(t), "name", "uploaded", "for", "group", "group", "g1", "sign", "keys"), 200, "registered")
	v.want(v.post("/clients/new", "name", "fetched", "for", "app", "sign", "url", "url", "https://app.example/jwks.json", "redirect", "https://app.example/back"), 200, "$ehi-export")
	r := v.want(v.post("/clients/new", "name", "secretive", "for", "all", "sign", "secret"), 200, "shown only now")
	m := shownSecret.FindStringSubmatch(r.body)
	if m == nil {
		t.Fatal(r.body)
	}
	if got := p.token("secretive", m[1]); got != 200 {
		t.Errorf("a token by the secret: %d", got)
	}
	if c := p.client("secretive"); sha256.Sum256([]byte(m[1])) != [32]byte(c.Secret) {
		t.Error("another secret was stored")
	}
	v.want(v.get("/clients"), 200, "pasted", "1 key", "keys that it publishes", "a secret", "export everything")
	v.want(v.get("/clients/program/fetched"), 200, "ask for a patient’s whole record", "https://app.example/back")
	for _, bad := range []struct {
		values []string
		said   string
	}{
		{[]string{"name", "x y", "for", "all", "keys", publicKey(t)}, "is not usable"},
		{[]string{"name", "pasted", "for", "all", "keys", publicKey(t)}, "is taken"},
		{[]string{"name", "fred", "for", "all", "keys", publicKey(t)}, "is taken"},
		{[]string{"name", "n", "for", "all", "sign", "keys"}, "needs public keys"},
		{[]string{"name", "n", "for", "all", "keys", "<script>alert(1)</script>"}, ""},
		{[]string{"name", "n", "for", "all", "sign", "url", "url", "http://evil.example/x"}, "is not https"},
		{[]string{"name", "n", "for", "all", "sign", "url", "url", "https://127.0.0.1/x"}, "local network"},
		{[]string{"name", "n", "for", "all", "keys", publicKey(t), "scopes", "user/*.*"}, "not a scope"},
		{[]string{"name", "n", "for", "all", "keys", publicKey(t), "redirect", "javascript:alert(1)"}, "cannot be led"},
		{[]string{"name", "n", "keys", publicKey(t)}, "Choose what the program is for"},
		{[]string{"name", "n", "for", "group", "keys", publicKey(t)}, "Choose the group"},
	} {
		if r := v.want(v.post("/clients/new", bad.values...), 422, bad.said); strings.Contains(r.body, "<script>alert") {
			t.Error("what was typed is not inert")
		}
	}
	if all, err := p.store.Clients(t.Context()); err != nil || len(all) != 4 {
		t.Errorf("%d programs (%v)", len(all), err)
	}
	if e := p.events(audit.Filter{Actions: []audit.Action{audit.ClientCreate}, Outcome: audit.Success}); len(e) != 4 {
		t.Errorf("%d events", len(e))
	}
}

// New keys, other scopes, taking out of use and removing end the tokens; who holds less may do none of it.
func TestChangeProgram(t *testing.T) {
	t.Parallel()
	p := open(t, func(s *settings) { s.Still, s.Tokens.AllowSecret = true, true })
	c, secret, err := auth.NewClient(auth.Registration{Name: "lab", Secret: true, Scopes: "system/*.rs", Authorities: []storage.Authority{{Permission: "FHIR_ALL_READ"}}})
	if err == nil {
		err = p.store.AddClient(t.Context(), audittest.Event(audit.ClientCreate), c)
	}
	if err != nil {
		t.Fatal(err)
	}
	ike := p.as("ike")
	ike.want(ike.get("/clients/program/lab"), 200, "holds more than your account")
	for _, path := range []string{"/keys", "/edit", "/permissions", "/grant", "/remove", "/do/disable"} {
		ike.want(ike.get("/clients/program/lab"+path), 403)
		ike.want(ike.post("/clients/program/lab"+path, "sign", "secret", "scopes", "system/*.*", "permission", "VIEW_USERS"), 403)
	}
	ike.want(ike.post("/clients/new", "name", "mine", "for", "all", "keys", publicKey(t)), 403, "does not hold")
	if p.token("lab", secret) != 200 {
		t.Error("the secret does not work")
	}
	v := p.as("ann")
	v.want(v.get("/clients/program/lab"), 200, "does not accept secrets", "smart.client_secret_basic")
	v.want(v.get("/clients/program/lab/keys"), 200, "Tokens that it has now stop working")
	m := shownSecret.FindStringSubmatch(v.want(v.post("/clients/program/lab/keys", "sign", "secret"), 200, "The new secret").body)
	if m == nil || p.token("lab", secret) != 401 || p.token("lab", m[1]) != 200 {
		t.Error("the new secret does not take the place of the old one")
	}
	v.led(v.sendKey("/clients/program/lab/keys", "file", publicKey(t), "sign", "keys"), "/clients/program/lab?done=keys")
	v.want(v.post("/clients/program/lab/keys", "sign", "keys", "keys", "nonsense"), 422, "Please look at this again")
	v.led(v.post("/clients/program/lab/edit", "scopes", "system/Patient.rs  system/Group.read"), "/clients/program/lab?done=changed")
	v.want(v.post("/clients/program/lab/edit", "scopes", "all of it"), 422, "not a scope")
	v.want(v.get("/clients/program/lab"), 200, "entries of the kind Patient")
	v.want(v.get("/clients/program/lab/permissions"), 200, `value="FHIR_ALL_READ" checked`)
	v.led(v.post("/clients/program/lab/permissions", "permission", "FHIR_CAPABILITIES"), "/clients/program/lab?done=permissions")
	v.led(v.post("/clients/program/lab/grant", "permission", "FHIR_READ_ALL_OF_TYPE", "type", "Observation"), "/clients/program/lab?done=granted")
	v.want(v.post("/clients/program/lab/permissions", "permission", "NONSENSE"), 422, "nknown role")
	v.led(v.post("/clients/program/lab/do/disable"), "/clients/program/lab?done=disable")
	if p.token("lab", m[1]) != 401 || !p.client("lab").Disabled {
		t.Error("the program is not out of use")
	}
	v.led(v.post("/clients/program/lab/do/enable"), "/clients/program/lab?done=enable")
	v.want(v.get("/clients/program/lab/remove"), 200, "Remove the program lab for good?")
	v.led(v.post("/clients/program/lab/remove"), "/clients?done=removed")
	v.want(v.get("/clients/program/lab"), 404)
	v.want(v.post("/clients/program/lab/remove"), 404)
}

// Files of forms that the server laid aside while it read them are gone with the answer.
func TestFormFilesAreRemoved(t *testing.T) {
	p := open(t, func(s *settings) { s.Still = true })
	v := p.as("ann")
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	v.want(v.sendKey("/clients/new", "file", strings.Repeat("x", 600<<10), "name", "big", "for", "all", "sign", "keys"), 422)
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
