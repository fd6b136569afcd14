package smart

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"satchel/auth"
	"satchel/web"
)

// A request for a token is a plain form in a body, and nothing else.
func TestTokenForm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, media, encoding, body string
		status                        int // of the refusal; 0: none
	}{
		"a form":         {body: "grant_type=client_credentials&scope=a+b"},
		"with a charset": {media: "application/x-www-form-urlencoded; charset=UTF-8", body: "grant_type=client_credentials&scope=a%20b"},
		"by GET":         {method: "GET", status: 405},
		"JSON":           {media: "application/json", body: "{}", status: 400},
		"no type":        {media: "-", body: "grant_type=x", status: 400},
		"packed":         {encoding: "gzip", body: "x", status: 400},
		"broken":         {body: "a=%zz", status: 400},
		"a semicolon":    {body: "a=1;b=2", status: 400},
		"too long":       {body: "a=" + strings.Repeat("x", maxToken), status: 400},
	} {
		method, media := http.MethodPost, web.MediaForm
		if c.method != "" {
			method = c.method
		}
		if c.media != "" {
			media = strings.TrimPrefix(c.media, "-")
		}
		r := httptest.NewRequest(method, "/oauth/token?scope=of+the+query", strings.NewReader(c.body))
		r.Header.Set("Content-Type", media)
		r.Header.Set("Content-Encoding", c.encoding)
		form, err := tokenForm(httptest.NewRecorder(), r)
		if c.status == 0 {
			if err != nil || form.Get("scope") != "a b" {
				t.Errorf("%s: %v %v", name, form, err)
			}
			continue
		}
		if refusal := auth.AsOAuthError(err); err == nil || refusal.Status != c.status || refusal.Code != "invalid_request" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An assertion may name the address with and without the scheme's own port.
func TestOtherPort(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://x.example/oauth/token": "[https://x.example:443/oauth/token]", "https://x.example:443/oauth/token": "[https://x.example/oauth/token]",
		"http://x.example/a": "[http://x.example:80/a]", "https://x.example:8443/a": "[]", "https://x.example:80/a": "[]", "%": "[]",
	} {
		if got := fmt.Sprint(otherPort(address)); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

// Without a public address only that of the connection counts, since anybody can say what the Host is.
func TestTokenURLs(t *testing.T) {
	t.Parallel()
	for host, own := range map[string]bool{
		"127.0.0.1:8080": true, "localhost:8080": true, "[::1]:8080": false, "127.0.0.1": false, "localhost": false, "evil.example:8080": false, "127.0.0.2:8080": false,
	} {
		r := httptest.NewRequest("POST", "/oauth/token", nil)
		r.Host = host
		at := net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080})
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, at))
		if ownAddress(r) != own {
			t.Errorf("%s: %v", host, !own)
		}
		if urls := tokenURLs(&web.Server{}, r); (urls != nil) != own {
			t.Errorf("%s: %v", host, urls)
		}
		if urls := tokenURLs(&web.Server{Options: web.Options{PublicURL: "https://x.example"}}, r); !slices.Equal(urls, []string{"https://x.example/oauth/token", "https://x.example:443/oauth/token"}) {
			t.Errorf("%s: %v", host, urls)
		}
	}
	r := httptest.NewRequest("POST", "/oauth/token", nil)
	if r.TLS = (&tls.ConnectionState{}); ownAddress(r) {
		t.Error("a request without a connection is nobody's")
	}
}

// The document says how clients may sign in, and secrets only where they are allowed.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	for _, secrets := range []bool{false, true} {
		w := httptest.NewRecorder()
		c := &web.Call{Request: httptest.NewRequest("GET", "/fhir/.well-known/smart-configuration", nil), Base: "https://x.example/fhir",
			Server: &web.Server{Options: web.Options{Tokens: &auth.TokenService{AllowSecret: secrets}}}}
		if err := configuration(w, c); err != nil {
			t.Fatal(err)
		}
		var d smartDocument
		if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil || d.TokenEndpoint != "https://x.example/oauth/token" || len(d.Scopes) == 0 {
			t.Errorf("%+v %v", d, err)
		}
		if slices.Contains(d.AuthMethods, "client_secret_basic") != secrets || slices.Contains(d.Capabilities, "client-confidential-symmetric") != secrets {
			t.Errorf("secrets %v: %+v", secrets, d)
		}
	}
	c := &web.Call{Server: &web.Server{}}
	if err := configuration(httptest.NewRecorder(), c); err == nil {
		t.Error("a server without clients has a document")
	}
}
