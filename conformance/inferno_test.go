package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/fhir"
)

// TestConformanceInferno asks what the server suites of Inferno's bulk data test kit ask (1.0.1 and 2.0.0), in their
// order and with their headers. D2b is held only as far as a server without app launch can: see docs/conformance.md.
func TestConformanceInferno(t *testing.T) {
	t.Parallel()
	s := openSite(t, nil)
	s.put(seed...)
	s.register("inferno", "system/*.read", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	infernoSMART(t, s)
	for _, level := range []string{"Group", "Patient", "System"} {
		t.Run(level, func(t *testing.T) {
			i := inferno{site: s.as(s.token("inferno", "system/*.read")), level: level, path: levels[level]}
			for _, step := range []struct {
				id  string
				run func(*inferno, *site)
			}{
				{"E1", (*inferno).capability}, {"E2", (*inferno).withoutToken}, {"E3", (*inferno).kickOffStep}, {"E4", (*inferno).poll}, {"E5", (*inferno).outputItems},
				{"V1", func(_ *inferno, s *site) { s.tlsVersions() }}, {"V2", (*inferno).fileWithoutToken}, {"V3", (*inferno).valid}, {"V4", (*inferno).patients},
				{"C1", (*inferno).cancel}, {"C2", (*inferno).cancelled}, {"Q1", (*inferno).formats}, {"Q2", (*inferno).since},
			} {
				if !t.Run(step.id, func(t *testing.T) { step.run(&i, i.site.in(t)) }) {
					return
				}
			}
		})
	}
}

// infernoSMART is the group of SMART Backend Services.
func infernoSMART(t *testing.T, all *site) {
	var c smart
	run := func(id string, f func(s *site)) { t.Run(id, func(t *testing.T) { f(all.in(t)) }) }
	run("D1", func(s *site) { c = s.smart("application/json") })
	run("D2a", func(s *site) {
		if _, err := url.ParseRequestURI(c.TokenEndpoint); err != nil || !slices.Contains(c.Methods, "private_key_jwt") ||
			!slices.Contains(c.Algorithms, "RS384") && !slices.Contains(c.Algorithms, "ES384") || len(c.Scopes) == 0 {
			s.Errorf("%+v", c)
		}
	})
	run("D2b", func(s *site) {
		if c.TokenEndpoint == "" || len(c.Capabilities) == 0 || len(c.Grants) == 0 || !slices.Contains(c.Challenges, "S256") || slices.Contains(c.Challenges, "plain") || c.Issuer != "" {
			s.Errorf("%+v", c)
		}
		if c.Authorization != "" || slices.Contains(c.Grants, "authorization_code") {
			s.Error("an app launch that does not exist is promised, or docs/conformance.md is out of date")
		}
	})
	run("A1", func(s *site) { s.tlsVersions() })
	run("A2", func(s *site) {
		s.askToken(s.tokenForm("inferno", "system/*.read", "grant_type=not_a_grant_type")).want(400)
	})
	run("A3", func(s *site) {
		s.askToken(s.tokenForm("inferno", "system/*.read", "client_assertion_type=not_an_assertion_type")).want(400, 401)
	})
	run("A4", func(s *site) {
		s.askToken(s.tokenForm("inferno", "system/*.read", "client_assertion_type=not_an_assertion_type")).want(400, 401)
	})
	var a answer
	run("A5", func(s *site) { a = s.askToken(s.tokenForm("inferno", "system/*.read")).want(200, 201) })
	run("A6", func(s *site) {
		var body map[string]any
		a.decode(&body)
		kind, _ := body["token_type"].(string)
		if _, number := body["expires_in"].(float64); !number || body["access_token"] == nil || body["scope"] == nil || !strings.EqualFold(kind, "bearer") {
			s.Error(body["expires_in"], body["scope"], kind)
		}
	})
}

// inferno is one level under way; the site holds the token of a client with system/*.read.
type inferno struct {
	*site
	level, path string
	status      string
	done        export
}

var infernoHeaders = []string{"Accept: application/fhir+json", "Prefer: respond-async"}

func (i *inferno) capability(s *site) {
	var c statement
	s.do("GET", "/metadata", "", "Accept: application/fhir+json").want(200, 201).decode(&c)
	if name, definition, _ := strings.Cut(c.operations()[i.level], " "); name != "export" || !strings.HasPrefix(definition, "http://hl7.org/fhir/uv/bulkdata/") {
		s.Error(name, definition)
	}
	if !slices.Contains(c.Instantiates, "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data") || len(c.Rest) != 1 {
		s.Error(c.Instantiates)
	}
}

func (i *inferno) withoutToken(s *site) {
	s.as("").do("GET", i.path, "", infernoHeaders...).want(400, 401)
}

func (i *inferno) kickOffStep(s *site) {
	i.status = s.do("GET", i.path, "", infernoHeaders...).want(202).wantHeader("Content-Location", "http").header.Get("Content-Location")
}

// poll waits as long as Retry-After says, as Inferno does.
func (i *inferno) poll(s *site) {
	for {
		a := s.do("GET", i.status, "", "Accept: application/json")
		if a.status == 202 {
			wait, err := time.ParseDuration(a.header.Get("Retry-After") + "s")
			if err != nil || wait <= 0 || wait > 10*time.Second {
				s.Fatal("Retry-After", a.header.Get("Retry-After"))
			}
			time.Sleep(wait)
			continue
		}
		a.want(200)
		if !strings.Contains(a.header.Get("Content-Type"), "application/json") {
			s.Error(a.header)
		}
		var raw map[string]any
		a.decode(&raw)
		for _, key := range []string{"transactionTime", "request", "requiresAccessToken", "output", "error"} {
			if _, ok := raw[key]; !ok {
				s.Error(key, "is missing")
			}
		}
		i.done = export{status: i.status, answer: a}
		a.decode(&i.done.manifestOf)
		return
	}
}

func (i *inferno) outputItems(s *site) {
	if len(i.done.Output) == 0 {
		s.Error("empty output")
	}
	for _, f := range i.done.Output {
		if f.Type == nil || *f.Type == "" || !strings.HasPrefix(f.URL, "https://") {
			s.Error(f)
		}
	}
}

func (i *inferno) fileWithoutToken(s *site) {
	s.as("").do("GET", i.done.Output[0].URL, "", "Accept: application/fhir+ndjson").want(http.StatusBadRequest, http.StatusUnauthorized)
}

// valid holds each line against R4 with the own validator, where Inferno asks HL7's.
func (i *inferno) valid(s *site) {
	types := map[string]string{}
	for _, f := range i.done.Output {
		types[f.URL] = *f.Type
	}
	i.done.lines = s.load(i.done.Output)
	for _, l := range i.done.lines {
		d, err := fhir.Parse([]byte(l.text))
		if err != nil || l.typ() != types[l.file] {
			s.Errorf("%s in a file of %s: %v", l.key(), types[l.file], err)
			continue
		}
		for _, issue := range d.Validate() {
			s.Errorf("%s: %s", l.key(), issue.Diagnostics)
		}
	}
}

func (i *inferno) patients(s *site) {
	ids := map[string]bool{}
	for _, l := range i.done.lines {
		if l.typ() == "Patient" {
			ids[l.key()] = true
		}
	}
	if len(ids) < 2 {
		s.Error(ids)
	}
}

func (i *inferno) cancel(s *site) {
	i.kickOffStep(s)
	s.do("DELETE", i.status, "", "Accept: application/json").want(202)
}

func (i *inferno) cancelled(s *site) {
	a := s.do("GET", i.status, "", "Accept: application/json").want(404).outcome()
	d, err := fhir.Parse(a.body)
	if err != nil {
		s.Fatal(err)
	}
	for _, issue := range d.Validate() {
		s.Error(issue.Diagnostics)
	}
}

func (i *inferno) formats(s *site) {
	for _, format := range []string{"application%2Ffhir%2Bndjson", "application%2Fndjson", "ndjson"} {
		at := s.do("GET", i.path+"?_outputFormat="+format, "", infernoHeaders...).want(202).header.Get("Content-Location")
		s.do("DELETE", at, "", "Accept: application/json").want(202)
	}
}

func (i *inferno) since(s *site) {
	since := url.QueryEscape(time.Now().Add(-7 * 24 * time.Hour).UTC().Format(time.RFC3339))
	at := s.do("GET", i.path+"?_since="+since, "", infernoHeaders...).want(202).header.Get("Content-Location")
	s.do("DELETE", at, "", "Accept: application/json").want(202)
}
