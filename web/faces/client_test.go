package faces_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"satchel/audit"
	"satchel/auth"
	"satchel/internal/audittest"
	"satchel/storage"
	"satchel/web"
)

// signer is the private key of all clients of the tests.
var signer = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

// keySet is the public half, with the kid "k1".
func keySet() []byte {
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signer().Public(), KeyID: "k1", Use: "sig"}}})
	if err != nil {
		panic(err)
	}
	return set
}

// client registers a backend client; scopes are separated by commas.
func (p *practice) client(name, scopes string, authorities ...string) {
	p.t.Helper()
	r := auth.Registration{Name: name, Keys: keySet(), Scopes: strings.ReplaceAll(scopes, ",", " ")}
	for _, text := range authorities {
		permission, argument, _ := strings.Cut(text, ":")
		r.Authorities = append(r.Authorities, storage.Authority{Permission: permission, Argument: argument})
	}
	c, _, err := auth.NewClient(r)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.store.AddClient(context.Background(), audittest.Event(audit.ClientCreate), c); err != nil {
		p.t.Fatal(err)
	}
}

// assertion is one that the client signs; changes are claims that differ from good ones.
func (p *practice) assertion(name string, changes map[string]any) string {
	p.t.Helper()
	claims := map[string]any{
		"iss": name, "sub": name, "jti": rand.Text(), "exp": time.Now().Unix() + 300,
		"aud": strings.TrimSuffix(p.url, "/fhir") + "/oauth/token",
	}
	for k, v := range changes {
		claims[k] = v
	}
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	key := jose.SigningKey{Algorithm: jose.ES384, Key: jose.JSONWebKey{Key: signer(), KeyID: "k1"}}
	s, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := s.Sign(text)
	if err != nil {
		p.t.Fatal(err)
	}
	jwt, err := signed.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return jwt
}

// tokenBody is a good token request's form.
func tokenBody(assertion, scope string) string {
	return url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}.Encode()
}

// formHeaders make a request a form without credentials.
var formHeaders = []string{"Authorization:", "Content-Type:", "Content-Type: application/x-www-form-urlencoded"}

// token gets an access token and answers the header that carries it.
func (p *practice) token(name, scope string) string {
	p.t.Helper()
	r := p.want(p.do("POST", "/oauth/token", tokenBody(p.assertion(name, nil), scope), formHeaders...), 200)
	return "Bearer " + pick(r.body, "access_token")
}

// scopeTests are what somebody wants to do with a token of a client, and the status that comes.
var scopeTests = []struct {
	client, scope, method, path string
	status                      int
}{
	{"all", "system/*.rs", "GET", "/fhir/Patient/p1", 200},
	{"all", "system/Patient.r", "GET", "/fhir/Patient/p1", 200},
	{"all", "system/Patient.s", "GET", "/fhir/Patient/p1", 403},
	{"all", "system/Patient.s", "GET", "/fhir/Patient", 200},
	{"all", "system/Patient.s", "GET", "/fhir/Patient/_history", 200},
	{"all", "system/Patient.r", "GET", "/fhir/Patient", 403},
	{"all", "system/Patient.r", "GET", "/fhir/Patient/p1/_history", 200},
	{"all", "system/Patient.rs", "GET", "/fhir/Observation/x1", 403},
	{"all", "system/Patient.rs", "GET", "/fhir/_history", 403},
	{"all", "system/Patient.read", "GET", "/fhir/Patient", 200},
	{"all", "system/*.rs", "PUT", "/fhir/Patient/p1", 403},
	{"all", "system/*.cu", "PUT", "/fhir/Patient/p1", 200},
	{"all", "system/*.rs", "DELETE", "/fhir/Patient/none", 403},
	{"all", "system/*.d", "DELETE", "/fhir/Patient/none", 204},
	{"all", "system/Patient.rs", "GET", "/fhir/Patient/p1/$everything", 403},
	{"all", "system/*.rs", "GET", "/fhir/Patient/p1/$everything", 200},
	{"all", "system/Patient.rs", "GET", "/fhir/$export", 202},
	{"all", "system/Patient.rs", "GET", "/fhir/$export?_type=Observation", 403},
	{"all", "system/Patient.rs", "GET", "/fhir/Group/g1/$export", 202},
	{"all", "system/*.cud", "GET", "/fhir/$export", 403},
	{"reader", "system/*.rs", "GET", "/fhir/Patient/p1", 200},
	{"reader", "system/*.rs", "GET", "/fhir/Observation/x1", 403},
	{"reader", "system/*.cruds", "PUT", "/fhir/Patient/p1", 403},
	{"reader", "system/*.rs", "GET", "/fhir/Patient/$export", 202},
	{"reader", "system/*.rs", "GET", "/fhir/$export", 403},
	{"reader", "system/*.rs", "GET", "/fhir/Group/g1/$export", 403},
	{"nothing", "system/*.rs", "GET", "/fhir/Patient/p1", 403},
	{"nothing", "system/*.rs", "GET", "/fhir/$export", 403},
	{"all", "system/*.cruds", "GET", "/api/clients", 403},
}

// TestScopeMatrix weighs what a token's scopes allow against what the client may do: both are needed.
func TestScopeMatrix(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.do("PUT", "/fhir/Patient/p1", `{"resourceType":"Patient","id":"p1"}`)
	p.do("PUT", "/fhir/Observation/x1", `{"resourceType":"Observation","id":"x1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`)
	p.do("PUT", "/fhir/Group/g1", `{"resourceType":"Group","id":"g1","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}}]}`)
	p.client("all", "system/*.cruds", "ROLE_FHIR_CLIENT_SUPERUSER")
	p.client("reader", "system/*.cruds", "FHIR_READ_ALL_OF_TYPE:Patient", "FHIR_OP_INITIATE_BULK_DATA_EXPORT_PATIENT")
	p.client("nothing", "system/*.cruds")
	tokens := map[string]string{}
	for _, test := range scopeTests {
		key := test.client + " " + test.scope
		if tokens[key] == "" {
			tokens[key] = p.token(test.client, test.scope)
		}
		r := p.do(test.method, test.path, `{"resourceType":"Patient","id":"p1","active":true}`, "Authorization:", "Authorization: "+tokens[key])
		if r.status != test.status {
			t.Errorf("%s: %s %s: %d, want %d\n%.300s", key, test.method, test.path, r.status, test.status, r.body)
		}
		if challenge := r.header.Get("WWW-Authenticate"); (challenge == `Bearer realm="Satchel", error="insufficient_scope"`) != (test.status == 403) {
			t.Errorf("%s: %s %s: %d with challenge %q", key, test.method, test.path, r.status, challenge)
		}
		if r.header.Get("Set-Cookie") != "" {
			t.Errorf("%s: a cookie", key)
		}
		if id := r.header.Get("Content-Location"); r.status == 202 {
			p.want(p.do("DELETE", id, "", "Authorization:", "Authorization: "+tokens[key]), 202)
		}
	}
}

// TestTokenExpires plays a token's life with a clock that jumps.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var later time.Duration
	p := open(t, func(o *web.Options) {
		o.Tokens.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(later) }
		o.Tokens.Lifetime = time.Hour
	})
	p.client("lab", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	r := p.want(p.do("POST", "/oauth/token", tokenBody(p.assertion("lab", nil), "system/*.rs"), formHeaders...), 200, `"expires_in":3600`)
	bearer := []string{"Authorization:", "Authorization: Bearer " + pick(r.body, "access_token")}
	p.want(p.do("GET", "/fhir/Patient", "", bearer...), 200)
	mu.Lock()
	later = time.Hour
	mu.Unlock()
	got := p.want(p.do("GET", "/fhir/Patient", "", bearer...), 401)
	if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), `Bearer realm="Satchel", error="invalid_token"`) {
		t.Error(got.header)
	}
}

// TestAudience refuses assertions that were meant for another server, whatever Host the request has.
func TestAudience(t *testing.T) {
	t.Parallel()
	public := open(t, func(o *web.Options) { o.PublicURL = "https://clinic.example" })
	public.client("lab", "system/*.rs")
	local := open(t, nil)
	local.client("lab", "system/*.rs")
	tests := []struct {
		p         *practice
		host, aud string
		status    int
	}{
		{public, "", "https://clinic.example/oauth/token", 200},
		{public, "", "https://clinic.example:443/oauth/token", 200},
		{public, "other.example", "https://clinic.example/oauth/token", 200},
		{public, "other.example", "http://other.example/oauth/token", 400},
		{public, "", public.url + "/oauth/token", 400},
		{public, "", "https://clinic.example/fhir", 400},
		{local, "", "", 200},
		{local, "localhost", "", 200},
		{local, "other.example", "http://other.example/oauth/token", 400},
		{local, "127.0.0.1:1", "http://127.0.0.1:1/oauth/token", 400},
		{local, "127.0.0.2", "http://127.0.0.2/oauth/token", 400},
	}
	for _, test := range tests {
		server, _ := url.Parse(test.p.url)
		if test.host == "localhost" || test.host == "127.0.0.2" {
			test.host += ":" + server.Port()
		}
		if test.aud == "" {
			test.aud = "http://" + test.host + "/oauth/token"
			if test.host == "" {
				test.aud = "http://" + server.Host + "/oauth/token"
			}
		}
		body := tokenBody(test.p.assertion("lab", map[string]any{"aud": test.aud}), "")
		r := test.p.request("POST", "/oauth/token", strings.NewReader(body), formHeaders...)
		if test.host != "" {
			r.Host = test.host
		}
		if got := test.p.send(r); got.status != test.status {
			t.Errorf("host %q, aud %q: %d, want %d: %s", test.host, test.aud, got.status, test.status, got.body)
		}
	}
}

// TestTokenForm sends what is no token request; the answer is always OAuth's JSON.
func TestTokenForm(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.client("lab", "system/*.rs")
	good := func() string { return tokenBody(p.assertion("lab", nil), "system/*.rs") }
	tests := []struct {
		name, method, body string
		header             []string
		status             int
		code               string
	}{
		{"good", "POST", good(), nil, 200, ""},
		{"charset", "POST", good(), []string{"Content-Type:", "Content-Type: application/x-www-form-urlencoded;charset=UTF-8"}, 200, ""},
		{"no scope asks for all", "POST", strings.Replace(good(), "system%2F%2A.rs", "", 1), nil, 200, ""},
		{"GET", "GET", "", nil, 405, "invalid_request"},
		{"JSON", "POST", `{"grant_type":"client_credentials"}`, []string{"Content-Type:", "Content-Type: application/json"}, 400, "invalid_request"},
		{"empty", "POST", "", nil, 400, "invalid_request"},
		{"broken escape", "POST", "grant_type=%zz", nil, 400, "invalid_request"},
		{"twice", "POST", good() + "&grant_type=client_credentials", nil, 400, "invalid_request"},
		{"long", "POST", "grant_type=" + strings.Repeat("x", 300<<10), nil, 400, "invalid_request"},
		{"grant", "POST", strings.Replace(good(), "client_credentials", "not_a_grant_type", 1), nil, 400, "unsupported_grant_type"},
		{"assertion type", "POST", strings.Replace(good(), "jwt-bearer", "nope", 1), nil, 400, "invalid_request"},
		{"assertion", "POST", tokenBody("a.b.c", ""), nil, 400, "invalid_client"},
		{"scope", "POST", tokenBody(p.assertion("lab", nil), "patient/Patient.rs"), nil, 400, "invalid_scope"},
		{"unknown client", "POST", tokenBody(p.assertion("bal", nil), ""), nil, 400, "invalid_client"},
		{"basic", "POST", "grant_type=client_credentials", []string{"Authorization: Basic bGFiOng="}, 401, "invalid_client"},
		{"page", "POST", good(), []string{"Sec-Fetch-Site: cross-site"}, 403, "invalid_request"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := p.do(test.method, "/oauth/token", test.body, append(formHeaders, test.header...)...)
			if r.status != test.status || pick(r.body, "error") != test.code {
				t.Errorf("%d %s, want %d %s", r.status, r.body, test.status, test.code)
			}
			if r.header.Get("Content-Type") != "application/json" || r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" {
				t.Error(r.header)
			}
		})
	}
	if log := p.log.String(); strings.Contains(log, "eyJ") {
		t.Error("the log holds an assertion")
	}
}

// TestClientSecret signs in by a secret where that is allowed.
func TestClientSecret(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{true, false} {
		p := open(t, func(o *web.Options) { o.Tokens.AllowSecret = allowed })
		r := p.want(p.do("POST", "/api/clients", `{"name":"lab","scopes":"system/*.rs","newSecret":true}`, "Content-Type:", "Content-Type: application/json"), 201)
		form := p.request("POST", "/oauth/token", strings.NewReader("grant_type=client_credentials&scope="), formHeaders...)
		form.SetBasicAuth("lab", pick(r.body, "secret"))
		got := p.send(form)
		smart := p.want(p.do("GET", "/.well-known/smart-configuration", ""), 200)
		if allowed != (got.status == 200) || allowed != strings.Contains(smart.body, "client_secret_basic") {
			t.Errorf("allowed %v: %d %s %s", allowed, got.status, got.body, smart.body)
		}
		form = p.request("POST", "/oauth/token", strings.NewReader("grant_type=client_credentials"), formHeaders...)
		form.SetBasicAuth("lab", "wrong")
		got = p.want(p.send(form), 401, `"error":"invalid_client"`)
		if !strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic") {
			t.Error(got.header)
		}
	}
}

// TestClientsNeedRights walks the administration of clients as those who lack something.
func TestClientsNeedRights(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	p.client("lab", "system/*.rs", "FHIR_ALL_READ")
	p.account("half", "UPDATE_USER", "CREATE_USER", "VIEW_USERS")
	p.account("clerk", "ACCESS_ADMIN_JSON", "UPDATE_USER", "CREATE_USER", "VIEW_USERS", "FHIR_READ_ALL_OF_TYPE:Patient")
	body := func(authority string) string {
		return `{"name":"new","scopes":"system/*.rs","authorities":["` + authority + `"],"jwks":` + string(keySet()) + `}`
	}
	tests := []struct {
		as, method, path, body, media string
		status                        int
	}{
		{"half", "GET", "/api/clients", "", "", 403},
		{"half", "POST", "/api/clients", body("FHIR_ALL_READ"), "", 403},
		{"half", "DELETE", "/api/clients/lab", "", "", 403},
		{"clerk", "GET", "/api/clients/lab", "", "", 200},
		{"clerk", "GET", "/api/clients/bal", "", "", 404},
		{"clerk", "POST", "/api/clients", body("FHIR_ALL_READ"), "", 403},                                         // more than the clerk has
		{"clerk", "POST", "/api/clients", body("ROLE_SUPERUSER"), "", 403},                                        // likewise
		{"clerk", "PUT", "/api/clients/lab", `{"scopes":"system/*.rs","jwks":` + string(keySet()) + `}`, "", 403}, // would take lab over
		{"clerk", "POST", "/api/clients", body("FHIR_READ_ALL_OF_TYPE:Patient"), "", 201},
		{"ann", "POST", "/api/clients", body("FHIR_ALL_READ"), "", 409},
		{"ann", "POST", "/api/clients", body("FHIR_ALL_READ"), "text/plain", 415},
		{"ann", "POST", "/api/clients", body("FHIR_ALL_READ"), "application/x-www-form-urlencoded", 415},
		{"ann", "POST", "/api/clients", body("FHIR_NOPE"), "", 400},
		{"ann", "POST", "/api/clients", `{"name":"x","scopes":"system/*.rs"}`, "", 400}, // no keys
		{"ann", "POST", "/api/clients", `{"name":"x","scope":"system/*.rs"}`, "", 400},  // misspelt
		{"ann", "POST", "/api/clients", `{"name":"ann","scopes":"system/*.rs","jwks":` + string(keySet()) + `}`, "", 409},
		{"ann", "PUT", "/api/clients/lab", `{"scopes":"system/Patient.rs","authorities":["FHIR_ALL_READ"],"disabled":true}`, "", 200},
		{"ann", "PUT", "/api/clients/lab", `{"name":"other","scopes":"system/*.rs"}`, "", 400},
		{"clerk", "DELETE", "/api/clients/lab", "", "", 403}, // holds more than the clerk
		{"ann", "DELETE", "/api/clients/lab", "", "", 204},
		{"clerk", "DELETE", "/api/clients/lab", "", "", 404},
		{"ann", "PATCH", "/api/clients/lab", "", "", 405},
	}
	for _, test := range tests {
		p.as = test.as
		if test.media == "" {
			test.media = "application/json"
		}
		r := p.do(test.method, test.path, test.body, "Content-Type:", "Content-Type: "+test.media)
		if r.status != test.status {
			t.Errorf("%s %s %s: %d, want %d: %s", test.as, test.method, test.path, r.status, test.status, r.body)
		}
	}
	p.as = "ann"
	r := p.want(p.do("GET", "/api/clients", ""), 200, `"name":"new"`)
	if strings.Contains(r.body, "lab") || !strings.Contains(r.body, `"authorities":["FHIR_READ_ALL_OF_TYPE:Patient"]`) {
		t.Error(r.body)
	}
	if s := p.do("POST", "/api/clients", body("FHIR_ALL_READ"), "Sec-Fetch-Site: cross-site"); s.status != 403 {
		t.Error("a foreign page may register clients")
	}
}

// stuckJob makes a job of ann that stays under way, because no worker runs.
func (p *practice) stuckJob() (id string) {
	p.t.Helper()
	job, err := p.store.AddJob(context.Background(), audittest.Event(audit.ExportStart), storage.Job{Kind: "bulk", Account: "ann", Request: []byte(`{"level":"system"}`)}, 0)
	if err != nil {
		p.t.Fatal(err)
	}
	if claimed, found, err := p.store.ClaimJob(context.Background()); err != nil || !found || claimed.ID != job.ID {
		p.t.Fatal("the job cannot be claimed: ", claimed, found, err)
	}
	return job.ID
}

// TestPollThrottle hammers a job that is under way: 429 with Retry-After, and the job goes on.
func TestPollThrottle(t *testing.T) {
	t.Parallel()
	p := openStill(t)
	id := p.stuckJob()
	status := "/fhir/$export-poll-status?_jobId=" + id
	seen := map[int]int{}
	for range 200 {
		r := p.do("GET", status, "")
		seen[r.status]++
		if r.status == 429 && (r.header.Get("Retry-After") != "1" || pick(r.body, "issue.0.code") != "throttled") {
			t.Fatalf("%v %s", r.header, r.body)
		}
	}
	if seen[202] < 50 || seen[429] == 0 || seen[202]+seen[429] != 200 {
		t.Error(seen)
	}
	p.want(p.do("DELETE", status, ""), 202)
	p.want(p.do("GET", status, ""), 404)
}
