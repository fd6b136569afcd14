package auth

import (
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"satchel/audit"
	"satchel/fhir"
	"satchel/internal/audittest"
	"satchel/storage"
)

// What is wrong with the form comes before what is wrong with the assertion, so that a wrong grant or assertion type
// is named as such, whatever else is sent.
func TestOrderOfChecks(t *testing.T) {
	o := newOffice(t)
	good := goodDraft(o.now, "ES384").token(t)
	for _, c := range []struct {
		name string
		r    TokenRequest
		want string
	}{
		{"nothing", TokenRequest{}, "invalid_request 400"},
		{"grant missing", TokenRequest{AssertionType: assertionType, Assertion: good}, "invalid_request 400"},
		{"grant unknown", TokenRequest{GrantType: "not_a_grant_type", AssertionType: assertionType, Assertion: good}, "unsupported_grant_type 400"},
		{"grant of a browser", TokenRequest{GrantType: "authorization_code", AssertionType: assertionType, Assertion: good}, "unsupported_grant_type 400"},
		{"grant unknown, all else wrong", TokenRequest{GrantType: "x", AssertionType: "y", Assertion: "z", Basic: true}, "unsupported_grant_type 400"},
		{"grant in capitals", TokenRequest{GrantType: "CLIENT_CREDENTIALS", AssertionType: assertionType, Assertion: good}, "unsupported_grant_type 400"},
		{"assertion type unknown", TokenRequest{GrantType: grantType, AssertionType: "not_an_assertion_type", Assertion: good}, "invalid_request 400"},
		{"assertion type missing", TokenRequest{GrantType: grantType, Assertion: good}, "invalid_request 400"},
		{"assertion missing", TokenRequest{GrantType: grantType, AssertionType: assertionType}, "invalid_request 400"},
		{"assertion not a JWT", TokenRequest{GrantType: grantType, AssertionType: assertionType, Assertion: "x"}, "invalid_client 400"},
		{"both ways", TokenRequest{GrantType: grantType, AssertionType: assertionType, Assertion: good, Basic: true}, "invalid_request 400"},
		{"no sign-in", TokenRequest{GrantType: grantType, ClientID: "lab"}, "invalid_request 400"},
		{"other client_id", TokenRequest{GrantType: grantType, AssertionType: assertionType, Assertion: good, ClientID: "app"}, "invalid_client 400"},
		{"scope too long", TokenRequest{GrantType: grantType, AssertionType: assertionType, Assertion: good, Scope: strings.Repeat("x", scopeBytes+1)}, "invalid_request 400"},
		{"secret, not allowed", TokenRequest{GrantType: grantType, Basic: true, BasicUser: "lab", BasicSecret: "x"}, "invalid_client 401"},
	} {
		c.r.URLs = []string{tokenURL}
		if _, err := o.Issue(t.Context(), c.r); oauthCode(err) != c.want {
			t.Errorf("%s: %v, not %s", c.name, err, c.want)
		}
	}
	// None of these used the assertion up, and none locked the client out.
	if _, err := o.issue(good, ""); err != nil {
		t.Error(err)
	}
	if _, err := o.Issue(t.Context(), TokenRequest{GrantType: grantType, AssertionType: assertionType, Assertion: goodDraft(o.now, "ES384").token(t)}); oauthCode(err) != "invalid_client 400" {
		t.Errorf("without addresses of its own: %v", err)
	}
	d := goodDraft(o.now, "ES384")
	d.claims["aud"] = `""`
	if _, err := o.Issue(t.Context(), TokenRequest{GrantType: grantType, AssertionType: assertionType, Assertion: d.token(t), URLs: []string{""}}); oauthCode(err) != "invalid_client 400" {
		t.Errorf("an empty address: %v", err)
	}
}

func TestIssueScopes(t *testing.T) {
	o := newOffice(t)
	o.addClient(t, storage.Client{Name: "narrow", KeySet: keySetText(t, "P-384"), Scopes: "system/Patient.rs system/Observation.rs"})
	issue := func(scope string) (Token, error) {
		d := goodDraft(o.now, "ES384")
		d.claims["iss"], d.claims["sub"] = `"narrow"`, `"narrow"`
		return o.issue(d.token(t), scope)
	}
	for requested, want := range map[string]string{
		"":              "system/Patient.rs system/Observation.rs",
		"system/*.read": "system/Patient.read system/Observation.read",
		"system/AllergyIntolerance.read system/Binary.read system/Patient.read": "system/Patient.read",
	} {
		if token, err := issue(requested); err != nil || token.Scope != want {
			t.Errorf("%q: %q, %v", requested, token.Scope, err)
		}
	}
	for _, requested := range []string{"system/Device.read", "openid", "system/Patient.rs?name=x", "patient/*.rs"} {
		if _, err := issue(requested); oauthCode(err) != "invalid_scope 400" {
			t.Errorf("%q: %v", requested, err)
		}
	}
}

func TestBearer(t *testing.T) {
	o := newOffice(t)
	token := func() string {
		got, err := o.issue(goodDraft(o.now, "ES384").token(t), "")
		if err != nil {
			t.Fatal(err)
		}
		return got.AccessToken
	}
	refused := func(what, text string) {
		t.Helper()
		p, err := o.Bearer(t.Context(), text)
		if decision(err) != fhir.CodeLogin || p.Name != "" || p.Authorities != nil {
			t.Errorf("%s: %+v, %v", what, p, err)
		}
	}
	good := token()
	for _, text := range []string{"", "x", good + "x", good[1:], strings.ToUpper(good), " " + good, strings.Repeat("a", 43), strings.Repeat("a", 1<<20)} {
		refused("made up", text)
	}
	start := o.now
	o.now = start.Add(299 * time.Second)
	if p, err := o.Bearer(t.Context(), good); err != nil || p.Name != "lab" || len(p.Authorities) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	o.now = start.Add(300 * time.Second)
	refused("expired", good)
	good = token()
	change := func(f func(c *storage.Client)) {
		t.Helper()
		if err := o.Store.UpdateClient(t.Context(), audittest.Event(audit.ClientChange), "lab", func(c *storage.Client) error { f(c); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	change(func(c *storage.Client) { c.Disabled = true })
	refused("disabled", good)
	if _, err := o.issue(goodDraft(o.now, "ES384").token(t), ""); oauthCode(err) != "invalid_client 400" {
		t.Errorf("a disabled client gets a token: %v", err)
	}
	change(func(c *storage.Client) { c.Disabled = false })
	refused("disabled for a while", good)
	good = token()
	if err := o.Store.RemoveClient(t.Context(), audittest.Event(audit.ClientRemove), "lab", nil); err != nil {
		t.Fatal(err)
	}
	refused("removed", good)
}

func TestLifetime(t *testing.T) {
	o := newOffice(t)
	o.Lifetime = time.Hour
	token, err := o.issue(goodDraft(o.now, "ES384").token(t), "")
	if err != nil || token.ExpiresIn != 3600 {
		t.Fatalf("%+v, %v", token, err)
	}
	o.now = o.now.Add(time.Hour - time.Second)
	if _, err := o.Bearer(t.Context(), token.AccessToken); err != nil {
		t.Error(err)
	}
	o.now = o.now.Add(time.Second)
	if _, err := o.Bearer(t.Context(), token.AccessToken); decision(err) != fhir.CodeLogin {
		t.Error(err)
	}
	// The next token sweeps away what has expired.
	if _, err := o.issue(goodDraft(o.now, "ES384").token(t), ""); err != nil {
		t.Fatal(err)
	}
	if left, err := o.Store.SweepTokens(t.Context(), o.now); err != nil || left != 0 {
		t.Errorf("%d expired tokens were left, %v", left, err)
	}
}

func TestSecret(t *testing.T) {
	o := newOffice(t)
	c, secret, err := NewClient(Registration{Name: "basic@practice", Secret: true, Scopes: "system/*.rs"})
	if err != nil || len(secret) != 43 || len(c.Secret) != 32 {
		t.Fatalf("%+v, %q, %v", c, secret, err)
	}
	o.addClient(t, c)
	sign := func(name, secret string) error {
		_, err := o.Issue(t.Context(), TokenRequest{GrantType: grantType, Basic: true, BasicUser: name, BasicSecret: secret})
		return err
	}
	if err := sign("basic@practice", secret); oauthCode(err) != "invalid_client 401" {
		t.Errorf("without AllowSecret: %v", err)
	}
	o.AllowSecret = true
	for _, name := range []string{"basic@practice", "basic%40practice"} {
		if err := sign(name, secret); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	flipped := []byte(secret)
	flipped[0] ^= 1
	for _, wrong := range [][2]string{
		{"basic@practice", ""}, {"basic@practice", secret + "x"}, {"basic@practice", string(flipped)},
		{"basic@practice", base64.RawURLEncoding.EncodeToString(c.Secret)}, {"BASIC@practice", secret},
		{"lab", ""}, {"lab", secret}, {"nobody", secret}, {"", ""}, {"", secret},
	} {
		if err := sign(wrong[0], wrong[1]); oauthCode(err) != "invalid_client 401" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	d := goodDraft(o.now, "ES384")
	d.claims["iss"], d.claims["sub"] = `"basic@practice"`, `"basic@practice"`
	if _, err := o.issue(d.token(t), ""); oauthCode(err) != "invalid_client 400" {
		t.Errorf("a client without keys signs in by an assertion: %v", err)
	}
	_, err = o.Issue(t.Context(), TokenRequest{GrantType: grantType, Basic: true, BasicUser: "basic@practice", BasicSecret: secret, ClientID: "lab"})
	if oauthCode(err) != "invalid_client 401" {
		t.Errorf("other client_id: %v", err)
	}
}

func TestParseTokenRequest(t *testing.T) {
	form := func(s string) url.Values {
		v, err := url.ParseQuery(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	r, err := ParseTokenRequest(form("grant_type=a&scope=b&client_id=c&client_assertion_type=d&client_assertion=e&x=1&x=2"))
	if err != nil || r.GrantType+r.Scope+r.ClientID+r.AssertionType+r.Assertion != "abcde" {
		t.Errorf("%+v, %v", r, err)
	}
	for _, name := range []string{"grant_type", "scope", "client_id", "client_assertion_type", "client_assertion"} {
		if _, err := ParseTokenRequest(form(name + "=a&" + name + "=a")); oauthCode(err) != "invalid_request 400" {
			t.Errorf("%s twice: %v", name, err)
		}
	}
}

func TestOAuthErrors(t *testing.T) {
	err := oauthErrorf(400, "x", "a \"b\" \\c\n ä %s", "\x00")
	if err.Description != "a 'b' /c? ? ?" {
		t.Errorf("%q", err.Description)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{badClient("x"), "invalid_client 400"},
		{fhir.Errorf(fhir.CodeNoStore, "full"), "temporarily_unavailable 503"},
		{errors.New("secret detail"), "server_error 500"},
	} {
		got := AsOAuthError(c.err)
		if oauthCode(got) != c.want || strings.Contains(got.Description, "detail") {
			t.Errorf("%v: %v", c.err, got)
		}
	}
}
