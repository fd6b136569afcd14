package faces_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"satchel/auth"
	"satchel/exports"
	"satchel/web"
	"satchel/web/faces"
)

// TestLogHoldsNoHealthData sends names in every place that a request has and looks for them in the log.
func TestLogHoldsNoHealthData(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	const canary = "Canarybird"
	p.do("PUT", "/fhir/Patient/p", `{"resourceType":"Patient","id":"p","name":[{"family":"`+canary+`"}]}`)
	p.do("GET", "/fhir/Patient?name="+canary, "")
	p.do("GET", "/fhir/Patient?nope="+canary, "", "Prefer: handling=strict")
	p.do("GET", "/fhir/Patient?birthdate="+canary, "")
	p.do("POST", "/fhir/Patient/_search", "name="+canary, "Content-Type:", "Content-Type: application/x-www-form-urlencoded")
	p.do("POST", "/fhir/Patient", `{"resourceType":"Patient","x":"`+canary)
	p.do("POST", "/fhir/Patient", `{"resourceType":"Patient","birthDate":"`+canary+`"}`)
	p.do("POST", "/fhir/Patient", `{"resourceType":"Patient"}`, "If-None-Exist: name="+canary)
	p.do("POST", "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?name=`+canary+`"}}]}`)
	p.do("GET", "/fhir/"+canary+"/1", "")
	log := p.log.String()
	if strings.Contains(log, canary) {
		t.Errorf("the log holds %q:\n%s", canary, log)
	}
	if lines := strings.Count(log, `"msg":"request"`); lines != 10 {
		t.Errorf("%d access lines for 10 requests", lines)
	}
	for _, want := range []string{`"route":"{type}/{id}"`, `"account":"ann"`, `"status":201`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

// TestBasicByPlace takes a password only from where the setting allows it.
func TestBasicByPlace(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, basic, remote string
		proxies             []string
		header              map[string]string
		status              int
	}{
		{"own machine", "loopback", "127.0.0.1:5", nil, nil, 200},
		{"own machine, v6", "", "[::1]:5", nil, nil, 200},
		{"own machine, v4 in v6", "", "[::ffff:127.0.0.1]:5", nil, nil, 200},
		{"elsewhere", "loopback", "10.0.0.7:5", nil, nil, 401},
		{"elsewhere, allowed", "on", "10.0.0.7:5", nil, nil, 200},
		{"own machine, off", "off", "127.0.0.1:5", nil, nil, 401},
		{"behind a proxy nobody named", "loopback", "127.0.0.1:5", nil, map[string]string{"X-Forwarded-For": "127.0.0.1"}, 401},
		{"behind a trusted proxy, from elsewhere", "loopback", "127.0.0.1:5", []string{"127.0.0.1"}, map[string]string{"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, 401},
		{"behind a trusted proxy, from here", "loopback", "10.1.2.3:5", []string{"10.0.0.0/8"}, map[string]string{"X-Forwarded-For": "127.0.0.1"}, 200},
		{"claims from elsewhere", "loopback", "10.0.0.7:5", []string{"127.0.0.1"}, map[string]string{"X-Forwarded-For": "127.0.0.1"}, 401},
		{"nonsense", "loopback", "127.0.0.1:5", []string{"127.0.0.1"}, map[string]string{"X-Forwarded-For": "me"}, 401},
	}
	p := open(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handler, err := faces.New(faces.Options{Options: web.Options{Store: p.store, Exports: &exports.Service{}, Auth: &auth.Service{Store: p.store}, Basic: test.basic, TrustedProxies: test.proxies}})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/fhir/Patient", nil)
			r.RemoteAddr = test.remote
			r.SetBasicAuth("ann", password)
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("%d, want %d: %s", w.Code, test.status, w.Body)
			}
		})
	}
}

// TestLinks builds absolute addresses from what may be believed.
func TestLinks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, public, remote, host string
		proxies                    []string
		want                       string
	}{
		{"as asked", "", "10.0.0.7:5", "clinic:8080", nil, "http://clinic:8080/fhir"},
		{"public URL", "https://clinic.example/", "10.0.0.7:5", "evil", nil, "https://clinic.example/fhir"},
		{"proxy nobody named", "", "10.0.0.7:5", "clinic", nil, "http://clinic/fhir"},
		{"trusted proxy", "", "10.0.0.7:5", "clinic", []string{"10.0.0.7"}, "https://front.example/fhir"},
		{"odd host", "", "10.0.0.7:5", "a\"b", nil, "http://localhost/fhir"},
	}
	p := open(t, nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			handler, err := faces.New(faces.Options{Options: web.Options{Store: p.store, Exports: &exports.Service{}, Auth: &auth.Service{Store: p.store}, PublicURL: test.public, TrustedProxies: test.proxies}})
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "/fhir/metadata", nil)
			r.RemoteAddr, r.Host = test.remote, test.host
			r.Header.Set("X-Forwarded-Host", "front.example")
			r.Header.Set("X-Forwarded-Proto", "https")
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if got := pick(w.Body.String(), "implementation.url"); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// TestOptionsAreChecked refuses settings that cannot be right.
func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for _, o := range []web.Options{{Basic: "sometimes"}, {PublicURL: "records.example.org"}, {TrustedProxies: []string{"proxy.example"}}} {
		o.Exports = &exports.Service{}
		if _, err := faces.New(faces.Options{Options: o}); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

// TestNoCrossSite refuses what a browser says another site's page sends, and answers no origin.
func TestNoCrossSite(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	r := p.want(p.do("POST", "/fhir/Patient", `{"resourceType":"Patient"}`, "Sec-Fetch-Site: cross-site"), 403)
	for _, origin := range []string{"https://evil.example", "null", "http://localhost"} {
		r = p.do("GET", "/fhir/Patient", "", "Origin: "+origin)
		if r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is let in", origin)
		}
	}
}

// TestPanicIsTold turns a panic into an answer without a stack.
func TestPanicIsTold(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	handler, err := faces.New(faces.Options{Options: web.Options{Exports: &exports.Service{}, Auth: &auth.Service{Store: p.store}}}) // no store: the first use panics
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/fhir/Patient/1", nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.SetBasicAuth("ann", password)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "X-Request-Id") || strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
