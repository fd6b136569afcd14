package conformance

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestConformanceClients plays what three clients that are in use send: headers, parameters and order as their sources
// have them, and what they insist on in the answers.
func TestConformanceClients(t *testing.T) {
	t.Parallel()
	s := openSite(t, map[string]string{"smart.client_secret_basic": "true"})
	s.put(seed...)
	t.Run("bulk-data-client", func(t *testing.T) { bulkDataClient(s.in(t)) })
	t.Run("bulk-data-client-post", func(t *testing.T) { bulkDataClientPost(s.in(t)) })
	t.Run("smart-fetch", func(t *testing.T) { smartFetch(s.in(t)) })
	t.Run("bulk_fhir_fetch", func(t *testing.T) { bulkFHIRFetch(s.in(t)) })
}

// bulkDataClient is SMART's bulk-data-client 1.2.1.
func bulkDataClient(s *site) {
	s.register("smart", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	// It takes whichever of the two answers first, and looks for the first at the root of the host.
	var c smart
	s.as("").do("GET", s.host+"/.well-known/smart-configuration", "", "Accept: application/json").want(200).wantHeader("Content-Type", "application/json").decode(&c)
	token := ""
	for _, e := range s.statement().Rest[0].Security.Extension {
		for _, inner := range e.Extension {
			if e.URL == "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris" && inner.URL == "token" {
				token = inner.ValueURI
			}
		}
	}
	if token == "" || token != c.TokenEndpoint {
		s.Errorf("token addresses %q and %q", token, c.TokenEndpoint)
	}
	now := time.Now().Unix()
	var t struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int    `json:"expires_in"`
	}
	assertion := s.sign(s.claims("smart", map[string]any{"iat": now, "exp": now + 300}), nil)
	s.askToken(s.tokenForm("smart", "system/*.rs", "client_assertion="+assertion)).want(200).decode(&t)
	if t.ExpiresIn == 0 {
		s.Error("expires_in is 0")
	}
	x := s.as(t.AccessToken)
	got := "Accept-Encoding: gzip, deflate, br"
	a := x.do("GET", "/Patient/$export?_type=Patient%2CDocumentReference%2CObservation&_since="+url.QueryEscape("2020-01-01T00:00:00+02:00")+"&_outputFormat=application%2Ffhir%2Bndjson&unknown=1", "",
		"Accept: application/fhir+json", "Prefer: respond-async, handling=lenient", got)
	x.drained(a.header.Get("Content-Location"), a, "Accept: application/json", got)
}

// drained polls and loads as bulk-data-client does, and deletes at the end.
func (s *site) drained(status string, kickOff answer, headers ...string) {
	s.Helper()
	a := kickOff.want(202)
	for a.status == 202 {
		if len(a.body) > 0 { // it reads every body as JSON
			s.Fatalf("a body that it would read: %s", a.body)
		}
		a = s.do("GET", status, "", headers...).want(200, 202)
		if r := a.header.Get("Retry-After"); a.status == 202 && !regexp.MustCompile(`^\d+$`).MatchString(r) {
			s.Errorf("Retry-After %q makes it spin", r)
		}
	}
	var m manifestOf
	if a.decode(&m); m.Error == nil || m.Output == nil || m.TransactionTime.IsZero() {
		s.Errorf("%s", a.body)
	}
	for _, f := range slices.Concat(m.Output, m.Deleted, m.Error) {
		body := s.unpacked(s.do("GET", f.URL, "", "Accept-Encoding: gzip, deflate, br, identity").want(200))
		if n := strings.Count(body, "\n"); n != *f.Count {
			s.Errorf("%s: %d lines, count %d", f.URL, n, *f.Count)
		}
		for at := range strings.SplitSeq(body, `"contentType":"application/pdf","url":"`) {
			if at, _, _ = strings.Cut(at, `"`); strings.HasPrefix(at, "https://") {
				s.do("GET", at, "", "Accept: application/pdf").want(200).wantHeader("Content-Type", "application/pdf")
			}
		}
	}
	if d := s.do("DELETE", status, "").want(200, 202, 204); len(d.body) > 0 && !strings.Contains(d.header.Get("Content-Type"), "json") {
		s.Errorf("%s", d.body)
	}
}

// unpacked is a body without its compression.
func (s *site) unpacked(a answer) string {
	s.Helper()
	if a.header.Get("Content-Encoding") != "gzip" {
		return string(a.body)
	}
	z, err := gzip.NewReader(bytes.NewReader(a.body))
	if err != nil {
		s.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// bulkDataClientPost is the same client with patients: a body that says it is plain JSON.
func bulkDataClientPost(s *site) {
	body := parameters("_type valueString Patient", "_type valueString Observation", "_elements valueString Patient.id,Observation.status", "_typeFilter valueString Observation?status=final",
		"_since valueInstant 2020-01-01T00:00:00Z", "patient valueReference Patient/p1", "patient valueReference Patient/p2")
	a := s.do("POST", "/Group/g1/$export", body, "Content-Type: application/json", "Accept: application/fhir+json", "Prefer: respond-async, handling=lenient")
	s.drained(a.header.Get("Content-Location"), a, "Accept: application/json")
}

// smartFetch is the exporter of Cumulus.
func smartFetch(s *site) {
	s.register("cumulus", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	dated := false
	for _, r := range s.statement().Rest[0].Resource {
		for _, p := range r.SearchParam {
			dated = dated || r.Type == "Patient" && p.Name == "_lastUpdated"
		}
	}
	if !dated {
		s.Error("Patient has no _lastUpdated: _since would not be used")
	}
	if c := s.smart("application/json"); !slices.Contains(c.Capabilities, "permission-v1") {
		s.Error(c.Capabilities)
	}
	types := strings.Split("AllergyIntolerance Binary Condition Device DiagnosticReport DocumentReference Encounter Group Immunization Location Medication MedicationRequest Observation Organization Patient Practitioner PractitionerRole Procedure ServiceRequest Specimen", " ")
	scope := "system/" + strings.Join(types, ".read system/") + ".read"
	var x *site
	for range 2 { // two sessions within a second
		var t struct {
			AccessToken string `json:"access_token"`
		}
		assertion := s.sign(s.claims("cumulus", map[string]any{"exp": time.Now().Unix() + 299}), nil)
		s.askToken(s.tokenForm("cumulus", scope, "client_assertion="+assertion)).want(200).decode(&t)
		x = s.as(t.AccessToken)
	}
	filters := "Observation?category=social-history%2Cvital-signs%2Claboratory%2Cimaging,MedicationRequest?status=active" // each comma of a value is escaped before the whole is
	query := "_type=" + url.QueryEscape("Condition,MedicationRequest,Observation,Patient") + "&_typeFilter=" + url.QueryEscape(filters) + "&_since=" + url.QueryEscape("2020-01-01T00:00:00+00:00")
	for _, path := range []string{"/Group/g1/$export?", "/$export?"} {
		a := x.do("GET", path+query, "", "Accept: application/fhir+json", "Accept-Charset: UTF-8", "Prefer: respond-async").want(202)
		e := x.wait(a.header.Get("Content-Location")).has("Observation/x1", "Observation/x2", "MedicationRequest/m1", "Patient/p1")
		e.lacks("Observation/x4", "MedicationRequest/m2")
		for _, f := range slices.Concat(e.Output, e.Deleted, e.Error) {
			if f.Type == nil {
				s.Error("it stumbles over a file without a type")
			}
		}
		x.do("DELETE", e.status, "").want(202) // nothing else pleases it
	}
	x.do("GET", "/Practitioner/d1", "", "Accept: application/fhir+json").want(200) // hydration
	x.do("GET", "/Organization/o1", "", "Accept: application/fhir+json").want(200)
	x.do("GET", "/Binary/b1", "", "Accept: application/pdf").want(200).wantHeader("Content-Type", "application/pdf")
	// A person may type a bare date, which is no instant; the answer says how to write it.
	if a := x.do("GET", "/$export?_since=2024-01-01", "", asyncHeaders...).want(400).outcome(); !strings.Contains(string(a.body), "2024-12-31T23:59:59Z") {
		s.Errorf("%s", a.body)
	}
}

// bulkFHIRFetch is Google's bulk_fhir_fetch: a secret and no assertion.
func bulkFHIRFetch(s *site) {
	secret := s.register("google", "system/*.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
	basic := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("google:"+secret))
	var t struct {
		AccessToken string `json:"access_token"`
	}
	s.as("").do("POST", s.host+"/oauth/token", "grant_type=client_credentials&scope=", basic, "Content-Type: application/x-www-form-urlencoded", "Accept: application/json").want(200).decode(&t)
	x := s.as(t.AccessToken)
	// Its base address may end with a slash, and it puts one more behind it.
	for _, path := range []string{"//Patient/$export", "//Group/g1/$export", "/Patient/$export"} {
		a := x.do("GET", path+"?_since="+url.QueryEscape("2020-01-01T00:00:00.000+00:00")+"&_type=Patient%2CObservation", "", "Accept: application/fhir+json", "Prefer: respond-async").want(202).wantHeader("Content-Location", "https://")
		status := a.header.Get("Content-Location")
		var m manifestOf
		for a.status == 202 {
			if a = x.do("GET", status, "", "Accept:").want(200, 202); a.status == 202 && !regexp.MustCompile(`\d+%`).MatchString(a.wantHeader("X-Progress", "").header.Get("X-Progress")) {
				s.Error(a.header)
			}
		}
		var raw struct{ TransactionTime string }
		a.decode(&raw)
		if a.decode(&m); len(m.Output) == 0 || !instantForm.MatchString(raw.TransactionTime) {
			s.Errorf("%s", a.body)
		}
		for _, f := range m.Output {
			if body := x.unpacked(x.do("GET", f.URL, "", "Accept-Encoding: gzip").want(200)); !strings.Contains(body, `"resourceType":"`+*f.Type+`"`) {
				s.Errorf("%.200s", body)
			}
		}
	}
}
