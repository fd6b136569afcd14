package auth

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"satchel/audit"
	"satchel/internal/audittest"
	"satchel/storage"
)

// keyServer publishes a key set and counts the visits.
type keyServer struct {
	*httptest.Server
	hits   atomic.Int64
	answer atomic.Pointer[http.HandlerFunc]
}

func newKeyServer(t *testing.T, answer http.HandlerFunc) *keyServer {
	t.Helper()
	k := &keyServer{}
	k.answer.Store(&answer)
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.hits.Add(1)
		(*k.answer.Load())(w, r)
	}))
	t.Cleanup(k.Close)
	return k
}

// publish returns a key set with a Cache-Control header, if not "".
func publish(keys, cacheControl string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
		}
		fmt.Fprint(w, keys)
	}
}

// remoteOffice has a client "lab" whose keys the server publishes.
func remoteOffice(t *testing.T, server *keyServer, private bool) *office {
	t.Helper()
	o := newOffice(t)
	err := o.Store.UpdateClient(t.Context(), audittest.Event(audit.ClientChange), "lab", func(c *storage.Client) error {
		c.KeySet, c.KeySetURL, c.AllowPrivate = "", server.URL+"/jwks", private
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// try issues with a good assertion of the algorithm and returns the error.
func (o *office) try(t *testing.T, alg string) error {
	t.Helper()
	_, err := o.issue(goodDraft(o.now, alg).token(t), "")
	return err
}

func TestKeysAreKeptAsLongAsAllowed(t *testing.T) {
	for _, c := range []struct {
		control string
		keep    time.Duration
	}{
		{"", keepDefault},
		{"max-age=60", time.Minute},
		{"public, max-age=60", time.Minute},
		{`max-age="60"`, time.Minute},
		{"max-age=86400", keepMost},
		{"max-age=99999999999999999999", 0},
		{"max-age=x", 0},
		{"max-age=0", 0},
		{"no-store", 0},
		{"max-age=60, no-cache", 0},
	} {
		server := newKeyServer(t, publish(keySetText(t, "P-384"), c.control))
		o := remoteOffice(t, server, true)
		start := o.now
		for i := range 2 {
			if err := o.try(t, "ES384"); err != nil {
				t.Fatalf("%q: %v", c.control, err)
			}
			if want := int64(1 + i); c.keep == 0 && server.hits.Load() != want || c.keep > 0 && server.hits.Load() != 1 {
				t.Errorf("%q: request %d led to %d fetches", c.control, i+1, server.hits.Load())
			}
		}
		if c.keep == 0 {
			continue
		}
		o.now = start.Add(c.keep - time.Second)
		if err := o.try(t, "ES384"); err != nil || server.hits.Load() != 1 {
			t.Errorf("%q: within its time: %d fetches, %v", c.control, server.hits.Load(), err)
		}
		o.now = start.Add(c.keep)
		if err := o.try(t, "ES384"); err != nil || server.hits.Load() != 2 {
			t.Errorf("%q: after its time: %d fetches, %v", c.control, server.hits.Load(), err)
		}
	}
}

func TestNewKeysAreFoundAtOnceButNotOften(t *testing.T) {
	server := newKeyServer(t, publish(keySetText(t, "P-384"), "max-age=3600"))
	o := remoteOffice(t, server, true)
	if err := o.try(t, "ES384"); err != nil {
		t.Fatal(err)
	}
	rotated := publish(keySetText(t, "P-256"), "max-age=3600")
	server.answer.Store(&rotated)
	if err := o.try(t, "ES256"); err != nil {
		t.Errorf("a new key is not found: %v", err)
	}
	if server.hits.Load() != 2 {
		t.Errorf("%d fetches", server.hits.Load())
	}
	if err := o.try(t, "ES384"); err == nil {
		t.Error("a withdrawn key is still good")
	}
	for range 100 {
		o.try(t, "RS256")
	}
	if server.hits.Load() != 2 {
		t.Errorf("unknown keys led to %d fetches", server.hits.Load())
	}
	o.now = o.now.Add(refetchGap)
	o.try(t, "RS256")
	o.try(t, "RS256")
	if server.hits.Load() != 3 {
		t.Errorf("%d fetches after a while", server.hits.Load())
	}
	broken := http.HandlerFunc(http.NotFound)
	server.answer.Store(&broken)
	o.now = o.now.Add(refetchGap)
	o.try(t, "RS256")
	if err := o.try(t, "ES256"); err != nil || server.hits.Load() != 4 {
		t.Errorf("a made-up kid switched off good keys: %d fetches, %v", server.hits.Load(), err)
	}
}

func TestFetchesPerMinute(t *testing.T) {
	server := newKeyServer(t, publish(keySetText(t, "P-384"), "no-store"))
	o := remoteOffice(t, server, true)
	for range burstFetches + 10 {
		o.try(t, "ES384")
	}
	if server.hits.Load() != burstFetches {
		t.Errorf("%d fetches", server.hits.Load())
	}
	o.now = o.now.Add(time.Minute)
	if err := o.try(t, "ES384"); err != nil {
		t.Error(err)
	}
}

func TestBadKeyServers(t *testing.T) {
	good := keySetText(t, "P-384")
	elsewhere := newKeyServer(t, publish(good, ""))
	var readAll atomic.Bool
	redirect := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }
	for name, answer := range map[string]http.HandlerFunc{
		"redirect":      redirect,
		"redirect home": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) },
		"not found":     http.NotFound,
		"an error with keys": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			fmt.Fprint(w, good)
		},
		"too long":        publish(good+strings.Repeat(" ", keySetBytes), ""),
		"endless":         endless(&readAll),
		"not JSON":        publish("<html>", ""),
		"no keys":         publish(`{"keys":[]}`, ""),
		"keys null":       publish(`{"keys":null}`, ""),
		"keys twice":      publish(`{"keys":[],`+good[1:], ""),
		"a bare key":      publish(publicText(t, "P-384"), ""),
		"a private key":   publish(`{"keys":[`+publicText(t, "P-384")+`,{"kty":"EC","d":"AA"}]}`, ""),
		"same kid twice":  publish(`{"keys":[`+publicText(t, "P-384")+`,`+publicText(t, "P-384")+`]}`, ""),
		"same kid, other": publish(`{"keys":[`+publicText(t, "P-384")+`,`+strings.Replace(publicText(t, "P-256"), `"P-256",`, `"P-384",`, 1)+`]}`, ""),
		"for encryption":  publish(strings.Replace(good, `"sig"`, `"enc"`, 1), ""),
		"other alg":       publish(strings.Replace(good, `"use"`, `"alg":"ES512","use"`, 1), ""),
		"no verify":       publish(strings.Replace(good, `"use"`, `"key_ops":["sign"],"use"`, 1), ""),
		"hang up": func(w http.ResponseWriter, r *http.Request) {
			panic(http.ErrAbortHandler)
		},
	} {
		server := newKeyServer(t, answer)
		o := remoteOffice(t, server, true)
		for range 3 {
			if err := o.try(t, "ES384"); oauthCode(err) != "invalid_client 400" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := server.hits.Load(); n > 2 {
			t.Errorf("%s: %d fetches", name, n)
		}
		fine := publish(good, "")
		server.answer.Store(&fine)
		o.now = o.now.Add(keepDefault)
		if err := o.try(t, "ES384"); err != nil {
			t.Errorf("%s: does not recover: %v", name, err)
		}
	}
	if elsewhere.hits.Load() != 0 {
		t.Error("a redirect was followed")
	}
	if readAll.Load() {
		t.Error("an endless key set was read on and on")
	}
}

// endless sends a thousand times what a key set may hold, far beyond what connections buffer, and notes whether somebody read
// it all.
func endless(read *atomic.Bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for range 1000 {
			if _, err := w.Write(make([]byte, keySetBytes)); err != nil {
				return
			}
		}
		read.Store(true)
	}
}

// A server that stops in the middle of its answer holds a request for as long as a fetch may take.
func TestSlowKeyServer(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as the timeout")
	}
	t.Parallel()
	server := newKeyServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	o := remoteOffice(t, server, true)
	start := time.Now()
	if err := o.try(t, "ES384"); oauthCode(err) != "invalid_client 400" {
		t.Error(err)
	}
	if took := time.Since(start); took < fetchTimeout-time.Second {
		t.Errorf("gave up after %s", took)
	}
}

func TestPrivateAddressesAreNotDialled(t *testing.T) {
	server := newKeyServer(t, publish(keySetText(t, "P-384"), ""))
	o := remoteOffice(t, server, false)
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	for _, host := range []string{"127.0.0.1", "localhost", "127.1.2.3", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "LOCALHOST", "localhost."} {
		err := o.Store.UpdateClient(t.Context(), audittest.Event(audit.ClientChange), "lab", func(c *storage.Client) error {
			c.KeySetURL = "http://" + host + port + "/jwks"
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := o.try(t, "ES384"); oauthCode(err) != "invalid_client 400" {
			t.Errorf("%s: %v", host, err)
		}
	}
	if server.hits.Load() != 0 {
		t.Errorf("%d fetches from the local network", server.hits.Load())
	}
}

func TestForeignJKUIsNeverFetched(t *testing.T) {
	good := newKeyServer(t, publish(keySetText(t, "P-384"), ""))
	evil := newKeyServer(t, publish(keySetText(t, "P-384"), ""))
	o := remoteOffice(t, good, true)
	host := strings.TrimPrefix(good.URL, "http://")
	evilHost := strings.TrimPrefix(evil.URL, "http://")
	for _, jku := range []string{
		evil.URL, evil.URL + "/jwks", good.URL, good.URL + "/", good.URL + "/jwks/", good.URL + "/jwks?x", good.URL + "/jwks#x",
		good.URL + "/JWKS", good.URL + "/./jwks", good.URL + "//jwks", good.URL + "/%6awks", "http://" + host + "@" + evilHost + "/jwks",
		"http://" + host + ".evil.example/jwks", "HTTP://" + host + "/jwks", "//" + evilHost + "/jwks", "file:///etc/passwd", "/jwks", "x",
	} {
		d := goodDraft(o.now, "ES384")
		d.header["jku"] = quote(jku)
		if _, err := o.issue(d.token(t), ""); oauthCode(err) != "invalid_client 400" {
			t.Errorf("%s: %v", jku, err)
		}
	}
	if good.hits.Load()+evil.hits.Load() != 0 {
		t.Errorf("%d and %d fetches", good.hits.Load(), evil.hits.Load())
	}
	d := goodDraft(o.now, "ES384")
	d.header["jku"] = quote(good.URL + "/jwks")
	if _, err := o.issue(d.token(t), ""); err != nil {
		t.Errorf("the registered address: %v", err)
	}
}

// Nothing is fetched for an assertion that is wrong in itself.
func TestNoFetchForBadAssertions(t *testing.T) {
	server := newKeyServer(t, publish(keySetText(t, "P-384"), "no-store"))
	o := remoteOffice(t, server, true)
	for _, name := range []string{"exp expired", "aud of another server", "unknown client", "alg none", "jti missing", "crit", "extra segment"} {
		d := goodDraft(o.now, "ES384")
		mutations(t, o.now)[name](d)
		if _, err := o.issue(d.token(t), ""); oauthCode(err) != "invalid_client 400" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if server.hits.Load() != 0 {
		t.Errorf("%d fetches", server.hits.Load())
	}
}

func TestIsPublic(t *testing.T) {
	for _, s := range []string{
		"127.0.0.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "0.1.2.3",
		"192.0.0.170", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
		"fec0::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1",
	} {
		if isPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s is taken for public", s)
		}
	}
	for _, s := range []string{"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2001:4860:4860::8888", "::ffff:8.8.8.8"} {
		if !isPublic(netip.MustParseAddr(s)) {
			t.Errorf("%s is not taken for public", s)
		}
	}
}
