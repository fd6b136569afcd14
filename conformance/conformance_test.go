package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"satchel/app"
	"satchel/audit"
	"satchel/auth"
	"satchel/certs"
	"satchel/config"
	"satchel/datadir"
	"satchel/internal/audittest"
	"satchel/internal/await"
	"satchel/internal/testsatchel"
	"satchel/storage"
)

// site is a running server and a client of it.
type site struct {
	*testing.T
	cfg        *config.Config
	host, base string // https://127.0.0.1:1234 and its /fhir
	client     *http.Client
	tls        *tls.Config
	store      *storage.Store // a second door to the data, as the command line has it
	bearer     string         // of the client "all", which may do everything
}

// openSite starts a server with a seeded practice. settings are as on the command line: http.listen and so on.
func openSite(t *testing.T, settings map[string]string) *site {
	t.Helper()
	all := map[string]string{"tls.mode": "local-ca"}
	maps.Copy(all, settings)
	cfg := testsatchel.With(t, all)
	store, err := datadir.Open(t.Context(), cfg, storage.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, cfg: cfg, store: store}
	s.start()
	s.register("all", "system/*.cruds system/$ehi-export", "ROLE_FHIR_CLIENT_SUPERUSER")
	s.bearer = s.token("all", "system/*.cruds")
	return s
}

// start runs the server until the test ends.
func (s *site) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- app.Run(ctx, s.cfg, nil, func(addr string) { ready <- addr }) }()
	s.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			s.Error(err)
		}
		s.store.Close()
	})
	select {
	case addr := <-ready:
		s.host = "https://" + addr
		s.base = s.host + "/fhir"
	case err := <-done:
		done <- err
		s.Fatal(err)
	}
	authority, err := certs.Authority(s.cfg)
	if err != nil {
		s.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	s.tls = &tls.Config{RootCAs: roots}
	s.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: s.tls, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// in is the site for a part of the test.
func (s *site) in(t *testing.T) *site {
	part := *s
	part.T = t
	return &part
}

// as is the site with another token.
func (s *site) as(bearer string) *site {
	other := *s
	other.bearer = bearer
	return &other
}

// clientKey is the private key of all clients here.
var clientKey = sync.OnceValue(func() *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return k
})

// register adds a backend client with an inline key set. Scopes and authorities are separated by spaces.
func (s *site) register(name, scopes string, authorities ...string) string {
	s.Helper()
	keys, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: clientKey().Public(), KeyID: "k1", Use: "sig"}}})
	if err != nil {
		s.Fatal(err)
	}
	r := auth.Registration{Name: name, Keys: keys, Scopes: scopes, Secret: s.cfg.Smart.ClientSecretBasic}
	for _, text := range authorities {
		permission, argument, _ := strings.Cut(text, ":")
		r.Authorities = append(r.Authorities, storage.Authority{Permission: permission, Argument: argument})
	}
	c, secret, err := auth.NewClient(r)
	if err == nil {
		err = s.store.AddClient(s.Context(), audittest.Event(audit.ClientCreate), c)
	}
	if err != nil {
		s.Fatal(err)
	}
	return secret
}

// claims are those of a good assertion, with changes; nil takes a claim away.
func (s *site) claims(name string, changes map[string]any) map[string]any {
	c := map[string]any{"iss": name, "sub": name, "aud": s.audience(), "exp": time.Now().Unix() + 300, "jti": rand.Text()}
	for k, v := range changes {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

// audience is the address of the token endpoint, as clients are to see it.
func (s *site) audience() string {
	if public := s.cfg.HTTP.PublicURL; public != "" {
		return public + "/oauth/token"
	}
	return s.host + "/oauth/token"
}

// sign makes an assertion. header adds to alg, kid and typ.
func (s *site) sign(claims map[string]any, header map[jose.HeaderKey]any) string {
	s.Helper()
	text, err := json.Marshal(claims)
	if err != nil {
		s.Fatal(err)
	}
	options := (&jose.SignerOptions{}).WithType("JWT")
	for k, v := range header {
		options = options.WithHeader(k, v)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: jose.JSONWebKey{Key: clientKey(), KeyID: "k1"}}, options)
	if err != nil {
		s.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		s.Fatal(err)
	}
	jwt, err := signed.CompactSerialize()
	if err != nil {
		s.Fatal(err)
	}
	return jwt
}

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// tokenForm is a good token request, with changes; an empty value takes a field away.
func (s *site) tokenForm(name, scope string, changes ...string) url.Values {
	s.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion_type": {assertionType},
		"client_assertion": {s.sign(s.claims(name, nil), nil)}}
	for _, change := range changes {
		k, v, _ := strings.Cut(change, "=")
		if form.Set(k, v); v == "" {
			form.Del(k)
		}
	}
	return form
}

// askToken sends a token request.
func (s *site) askToken(form url.Values) answer {
	s.Helper()
	return s.as("").do("POST", s.host+"/oauth/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded", "Accept: application/json")
}

// token gets an access token.
func (s *site) token(name, scope string) string {
	s.Helper()
	var t struct {
		AccessToken string `json:"access_token"`
	}
	s.askToken(s.tokenForm(name, scope)).want(200).decode(&t)
	return t.AccessToken
}

// answer is what the server answered.
type answer struct {
	s      *site
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends a request with the site's token. path is a URL, or what comes after the FHIR base. Headers are "Name: value".
func (s *site) do(method, path, body string, headers ...string) answer {
	s.Helper()
	if !strings.HasPrefix(path, "http") {
		path = s.base + path
	}
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if s.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+s.bearer)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	replaced := map[string]bool{}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ":")
		if name = http.CanonicalHeaderKey(name); !replaced[name] {
			r.Header.Del(name)
			replaced[name] = true
		}
		if value = strings.TrimSpace(value); value != "" {
			r.Header.Add(name, value)
		}
	}
	resp, err := s.client.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer{s, method + " " + path, resp.StatusCode, resp.Header, text}
}

// want fails the test unless the status is one of those.
func (a answer) want(status ...int) answer {
	a.s.Helper()
	if !slices.Contains(status, a.status) {
		a.s.Fatalf("%s: %d, want %v\n%v\n%.600s", a.what, a.status, status, a.header, a.body)
	}
	return a
}

// wantHeader fails the test unless the header is there once with a value that begins so.
func (a answer) wantHeader(name, prefix string) answer {
	a.s.Helper()
	if v := a.header.Values(name); len(v) != 1 || !strings.HasPrefix(v[0], prefix) {
		a.s.Errorf("%s: %s is %q, want one that begins with %q", a.what, name, v, prefix)
	}
	return a
}

// outcome fails the test unless the answer is an OperationOutcome as FHIR JSON, with issues that have severity and code.
func (a answer) outcome() answer {
	a.s.Helper()
	var o struct {
		ResourceType string
		Issue        []struct{ Severity, Code string }
	}
	a.decode(&o)
	if o.ResourceType != "OperationOutcome" || len(o.Issue) == 0 || o.Issue[0].Severity == "" || o.Issue[0].Code == "" {
		a.s.Errorf("%s: no OperationOutcome: %.600s", a.what, a.body)
	}
	return a.wantHeader("Content-Type", "application/fhir+json")
}

func (a answer) decode(v any) {
	a.s.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.s.Fatalf("%s: %v\n%.600s", a.what, err, a.body)
	}
}

// asyncHeaders are what a kick-off should have.
var asyncHeaders = []string{"Accept: application/fhir+json", "Prefer: respond-async"}

// kickOff starts an export by GET and returns its status address.
func (s *site) kickOff(path string, headers ...string) string {
	s.Helper()
	return s.accepted(s.do("GET", path, "", append(slices.Clone(asyncHeaders), headers...)...))
}

func (s *site) accepted(a answer) string {
	s.Helper()
	at := a.want(202).wantHeader("Content-Location", "https://").header.Get("Content-Location")
	return at
}

// refuse wants a kick-off to be refused with an OperationOutcome.
func (s *site) refuse(path string, headers ...string) answer {
	s.Helper()
	return s.do("GET", path, "", append(slices.Clone(asyncHeaders), headers...)...).want(400, 403, 404, 410, 422).outcome()
}

// drop cancels an export.
func (s *site) drop(status string) {
	s.Helper()
	s.do("DELETE", status, "").want(202)
}

// manifestItem is one file of a manifest.
type manifestItem struct {
	Type            *string
	URL             string
	Count           *int
	ContinuesInFile string
}

// manifestOf is a manifest.
type manifestOf struct {
	TransactionTime     time.Time
	Request             string
	RequiresAccessToken *bool
	OutputOrganizedBy   string
	Output              []manifestItem
	Deleted             []manifestItem
	Error               []manifestItem
	Link                []any
	Extension           any
}

// export is an export that has ended, with what is in its files.
type export struct {
	manifestOf
	status string
	answer answer
	lines  []line // of output
	gone   []line // of deleted
	errors []line
}

// line is one line of a file.
type line struct {
	file string // its URL
	text string
	json map[string]any
}

func (l line) typ() string { t, _ := l.json["resourceType"].(string); return t }

func (l line) key() string { return fmt.Sprintf("%s/%v", l.typ(), l.json["id"]) }

// wait polls until an export has ended well, and loads its files.
func (s *site) wait(status string) export {
	s.Helper()
	a := await.Value(s, "the end of the export", func() (answer, bool) {
		a := s.do("GET", status, "", "Accept: application/json")
		return a, a.status != 202 && a.status != 429
	})
	x := export{status: status, answer: a.want(200)}
	a.decode(&x.manifestOf)
	x.lines, x.gone, x.errors = s.load(x.Output), s.load(x.Deleted), s.load(x.Error)
	return x
}

// load reads files.
func (s *site) load(files []manifestItem) []line {
	s.Helper()
	var all []line
	for _, f := range files {
		a := s.do("GET", f.URL, "", "Accept: application/fhir+ndjson").want(200).wantHeader("Content-Type", "application/fhir+ndjson")
		body, ended := strings.CutSuffix(string(a.body), "\n")
		if !ended {
			s.Errorf("%s has no newline at its end", f.URL)
		}
		for text := range strings.SplitSeq(body, "\n") {
			l := line{file: f.URL, text: text}
			if err := json.Unmarshal([]byte(text), &l.json); err != nil {
				s.Fatalf("%s: %v: %.200s", f.URL, err, text)
			}
			all = append(all, l)
		}
	}
	return all
}

// export runs an export by GET; its files stay until the test ends.
func (s *site) export(path string, headers ...string) export {
	s.Helper()
	return s.wait(s.kickOff(path, headers...))
}

// parameters is a Parameters body. Each is "name valueType value"; a Reference's value is its reference.
func parameters(list ...string) string {
	type object = map[string]any
	params := []object{}
	for _, text := range list {
		f := strings.SplitN(text, " ", 3)
		var value any = f[2]
		switch f[1] {
		case "valueReference":
			value = object{"reference": f[2]}
		case "valueBoolean":
			value = f[2] == "true"
		}
		params = append(params, object{"name": f[0], f[1]: value})
	}
	body, err := json.Marshal(object{"resourceType": "Parameters", "parameter": params})
	if err != nil {
		panic(err)
	}
	return strings.Replace(string(body), `,"parameter":[]`, "", 1)
}

// post runs an export by POST.
func (s *site) post(path string, list ...string) export {
	s.Helper()
	return s.wait(s.accepted(s.do("POST", path, parameters(list...), asyncHeaders...)))
}

// keys lists what is in the output, sorted.
func (x export) keys() []string {
	var keys []string
	for _, l := range x.lines {
		keys = append(keys, l.key())
	}
	slices.Sort(keys)
	return keys
}

// types lists the types of the output, sorted, each once.
func (x export) types() []string {
	var types []string
	for _, f := range x.Output {
		types = append(types, *f.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// has and lacks check the output for resources.
func (x export) has(keys ...string) export {
	x.answer.s.Helper()
	for _, k := range keys {
		if !slices.Contains(x.keys(), k) {
			x.answer.s.Errorf("%s is missing in %v", k, x.keys())
		}
	}
	return x
}

func (x export) lacks(keys ...string) export {
	x.answer.s.Helper()
	for _, k := range keys {
		if slices.Contains(x.keys(), k) {
			x.answer.s.Errorf("%s is in the output", k)
		}
	}
	return x
}

// is wants exactly these in the output.
func (x export) is(keys ...string) export {
	x.answer.s.Helper()
	slices.Sort(keys)
	if got := x.keys(); !slices.Equal(got, keys) {
		x.answer.s.Errorf("output %v, want %v", got, keys)
	}
	return x
}

// put stores resources and returns when the last was stored.
func (s *site) put(resources ...string) time.Time {
	s.Helper()
	var last time.Time
	for _, text := range resources {
		var r struct {
			ResourceType, ID string
			Meta             struct{ LastUpdated time.Time }
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			s.Fatal(err, text)
		}
		s.do("PUT", "/"+r.ResourceType+"/"+r.ID, text, "Prefer: return=representation").want(200, 201).decode(&r)
		last = r.Meta.LastUpdated
	}
	return last
}

// instant writes a time as FHIR does, with milliseconds.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// TestConformance has one test per row of docs/conformance.md that can be held.
func TestConformance(t *testing.T) {
	t.Parallel()
	s := openSite(t, nil)
	s.put(seed...)
	for _, row := range slices.Concat(kickOffRows, parameterRows, statusRows, manifestRows, fileRows, groupRows, discoveryRows, tokenRows) {
		t.Run(row.id, func(t *testing.T) { row.test(s.in(t)) })
	}
}

// row is one requirement.
type row struct {
	id   string
	test func(s *site)
}
