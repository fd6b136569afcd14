package conformance

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// statement is a CapabilityStatement, as far as clients look.
type statement struct {
	Instantiates []string
	Rest         []struct {
		Mode     string
		Security struct {
			Extension []struct {
				URL       string
				Extension []struct{ URL, ValueURI string }
			}
		}
		Operation []struct{ Name, Definition string }
		Resource  []struct {
			Type        string
			SearchParam []struct{ Name string }
			Operation   []struct{ Name, Definition string }
		}
	}
}

func (s *site) statement() (c statement) {
	s.Helper()
	s.as("").do("GET", "/metadata", "", "Accept: application/fhir+json").want(200).wantHeader("Content-Type", "application/fhir+json").decode(&c)
	return c
}

// operations maps the levels to the name and definition of the export operation.
func (c statement) operations() map[string]string {
	found := map[string]string{}
	for _, o := range c.Rest[0].Operation {
		found["System"] = o.Name + " " + o.Definition
	}
	for _, r := range c.Rest[0].Resource {
		for _, o := range r.Operation {
			if strings.Contains(o.Definition, "bulkdata") {
				found[r.Type] = o.Name + " " + o.Definition
			}
		}
	}
	return found
}

// smart is the SMART configuration.
type smart struct {
	TokenEndpoint string   `json:"token_endpoint"`
	Grants        []string `json:"grant_types_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms    []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	Scopes        []string `json:"scopes_supported"`
	Capabilities  []string `json:"capabilities"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Authorization string   `json:"authorization_endpoint"`
	Issuer        string   `json:"issuer"`
}

func (s *site) smart(accept string) (c smart) {
	s.Helper()
	s.as("").do("GET", "/.well-known/smart-configuration", "", "Accept: "+accept).want(200).wantHeader("Content-Type", "application/json").decode(&c)
	return c
}

// discoveryRows are sections 1.10 and 1.11.
var discoveryRows = []row{
	{"C-01", func(s *site) {
		if c := s.statement(); !slices.Contains(c.Instantiates, "http://hl7.org/fhir/uv/bulkdata/CapabilityStatement/bulk-data") {
			s.Error(c.Instantiates)
		}
	}},
	{"C-02", func(s *site) {
		found := s.statement().operations()
		for level, path := range levels {
			if found[level] == "" {
				s.Error(level, "is not stated")
			}
			s.drop(s.kickOff(path))
		}
		if len(found) != len(levels) {
			s.Error(found)
		}
	}},
	{"C-03", func(s *site) {
		const defined = "export http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
		got := s.statement().operations()
		if got["System"] != defined+"export" || got["Patient"] != defined+"patient-export" || got["Group"] != defined+"group-export" {
			s.Error(got)
		}
	}},
	{"C-04", func(s *site) {
		for _, r := range s.statement().Rest[0].Resource {
			if len(r.SearchParam) == 0 {
				s.Error(r.Type, "has no search parameters")
			}
			s.drop(s.kickOff("/$export?_type=" + r.Type))
		}
	}},
	{"W-01", func(s *site) {
		for _, accept := range []string{"text/html", "application/json", "*/*", "application/fhir+json", ""} {
			s.smart(accept)
		}
	}},
	{"W-02", func(s *site) {
		c := s.smart("application/json")
		if c.TokenEndpoint != s.host+"/oauth/token" || !slices.Contains(c.Grants, "client_credentials") || len(c.Capabilities) == 0 ||
			!slices.Contains(c.Challenges, "S256") || slices.Contains(c.Challenges, "plain") {
			s.Errorf("%+v", c)
		}
	}},
	{"W-03", func(s *site) {
		c := s.smart("application/json")
		if !slices.Contains(c.Methods, "private_key_jwt") || !slices.Contains(c.Algorithms, "RS384") || !slices.Contains(c.Algorithms, "ES384") || len(c.Scopes) == 0 {
			s.Errorf("%+v", c)
		}
	}},
	{"W-04", func(s *site) {
		c := s.smart("application/json")
		for _, scope := range c.Scopes {
			if a := s.askToken(s.tokenForm("all", scope)).want(200); !strings.Contains(string(a.body), scope) {
				s.Errorf("asked for %s: %s", scope, a.body)
			}
		}
		s.as("").do("POST", c.TokenEndpoint, "").want(400)
	}},
	{"W-05", func(s *site) {
		c := s.smart("application/json")
		for _, want := range []string{"client-confidential-asymmetric", "permission-v2", "permission-v1"} {
			if !slices.Contains(c.Capabilities, want) {
				s.Error(want, "is missing in", c.Capabilities)
			}
		}
		if c.Issuer != "" {
			s.Error(c.Issuer)
		}
	}},
}

// tokenRows are section 1.12.
var tokenRows = []row{
	{"T-01", func(s *site) { s.askToken(s.tokenForm("all", "system/*.rs")).want(200) }},
	{"T-02", func(s *site) {
		now := time.Now().Unix()
		for name, changes := range map[string]map[string]any{
			"iss": {"iss": "other"}, "sub": {"sub": "other"}, "unknown": {"iss": "other", "sub": "other"}, "aud": {"aud": s.base}, "no aud": {"aud": nil},
			"old": {"exp": now - 120}, "long": {"exp": now + 600}, "no exp": {"exp": nil}, "nbf": {"nbf": now + 200}, "no jti": {"jti": nil}, "empty jti": {"jti": ""},
		} {
			a := s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+s.sign(s.claims("all", changes), nil))).want(400, 401)
			if !strings.Contains(string(a.body), `"error":"invalid_client"`) {
				s.Errorf("%s: %s", name, a.body)
			}
		}
		jwt := s.sign(s.claims("all", nil), nil)
		broken := jwt[:len(jwt)-8] + "AAAAAAAA"
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+broken)).want(400, 401)
		list := s.sign(s.claims("all", map[string]any{"aud": []string{"https://elsewhere.example", s.host + "/oauth/token"}}), nil)
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+list)).want(200)
	}},
	{"T-03", func(s *site) {
		now := time.Now().Unix()
		jwt := s.sign(s.claims("all", map[string]any{"exp": now + 302}), nil)
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(200)
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(400, 401)
		// One that has expired a moment ago is taken for the clocks' sake, and yet not twice.
		jwt = s.sign(s.claims("all", map[string]any{"exp": now - 5}), nil)
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(200)
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(400, 401)
	}},
	{"T-04", func(s *site) {
		claims, _ := json.Marshal(s.claims("all", nil))
		for _, alg := range []string{"none", "HS256", "HS384", "RS384"} { // the key is for ES384
			header, _ := json.Marshal(map[string]string{"alg": alg, "kid": "k1", "typ": "JWT"})
			encode := base64.RawURLEncoding.EncodeToString
			jwt := encode(header) + "." + encode(claims) + "." + encode([]byte("signature"))
			s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(400, 401)
		}
	}},
	{"T-05", func(s *site) {
		jwt := s.sign(s.claims("all", nil), map[jose.HeaderKey]any{"jku": "https://evil.example/jwks.json"})
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(400, 401)
		jwt = s.sign(s.claims("all", nil), map[jose.HeaderKey]any{"kid": "k2"})
		s.askToken(s.tokenForm("all", "system/*.rs", "client_assertion="+jwt)).want(400, 401)
	}},
	{"T-08", func(s *site) {
		for change, want := range map[string]string{
			"grant_type=not_a_grant_type": "unsupported_grant_type", "grant_type=": "invalid_request", "client_assertion=": "invalid_request invalid_client",
			"client_assertion=x": "invalid_client", "scope=system/Nothing.rs": "invalid_scope", "client_assertion_type=x": "invalid_request invalid_client",
		} {
			var e struct{ Error, Error_description string }
			s.askToken(s.tokenForm("all", "system/*.rs", change)).want(400, 401).wantHeader("Content-Type", "application/json").wantHeader("Cache-Control", "no-store").decode(&e)
			if e.Error == "" || !strings.Contains(want, e.Error) || e.Error_description == "" {
				s.Errorf("%s: %+v", change, e)
			}
		}
	}},
	{"T-09", func(s *site) {
		var t map[string]any
		s.askToken(s.tokenForm("all", "system/*.rs")).want(200).wantHeader("Content-Type", "application/json").wantHeader("Cache-Control", "no-store").wantHeader("Pragma", "no-cache").decode(&t)
		if seconds, ok := t["expires_in"].(float64); !ok || seconds <= 0 || t["scope"] == "" || t["access_token"] == "" || !strings.EqualFold(t["token_type"].(string), "bearer") {
			s.Error(t["expires_in"], t["scope"], t["token_type"])
		}
	}},
	{"T-10", func(s *site) {
		var t map[string]any
		s.askToken(s.tokenForm("all", "system/*.rs")).want(200).decode(&t)
		if t["expires_in"].(float64) > 300 || t["refresh_token"] != nil {
			s.Error(t["expires_in"])
		}
	}},
	{"T-11", func(s *site) {
		s.register("five", "system/Patient.rs system/Observation.rs system/Condition.rs system/Group.rs system/Encounter.rs", "ROLE_FHIR_CLIENT_SUPERUSER_RO")
		asked := strings.Fields("AllergyIntolerance Binary Condition Device DiagnosticReport DocumentReference Encounter Group Immunization Location Medication MedicationRequest Observation Organization Patient Practitioner PractitionerRole Procedure ServiceRequest Specimen")
		var t struct{ Scope string }
		s.askToken(s.tokenForm("five", "system/"+strings.Join(asked, ".read system/")+".read")).want(200).decode(&t)
		if got := strings.Fields(t.Scope); len(got) != 5 || !slices.Contains(got, "system/Patient.read") {
			s.Error(t.Scope)
		}
	}},
	{"T-12", func(s *site) {
		for asked, want := range map[string]string{"system/*.read": "system/*.read", "system/*.rs": "system/*.rs", "system/Patient.r": "system/Patient.r", "system/Patient.s": "system/Patient.s",
			"system/Patient.read system/Patient.dus": "system/Patient.read", "system/*.write": "system/*.write"} {
			var t struct{ Scope string }
			if s.askToken(s.tokenForm("all", asked)).want(200).decode(&t); t.Scope != want {
				s.Errorf("asked %q, got %q", asked, t.Scope)
			}
		}
		read := s.as(s.token("all", "system/*.read"))
		read.drop(read.kickOff("/$export"))
		only := s.as(s.token("all", "system/Patient.r"))
		only.drop(only.kickOff("/Patient/$export?_type=Patient"))
	}},
	{"T-14", func(s *site) {
		x := s.export("/$export?_type=Patient")
		for _, path := range []string{"/$export", "/Patient/p1", x.status, x.Output[0].URL} {
			if a := s.as("").do("GET", path, "").want(401); !slices.ContainsFunc(a.header.Values("WWW-Authenticate"), func(v string) bool { return strings.HasPrefix(v, "Bearer") }) {
				s.Error(a.header)
			}
			if a := s.as("nonsense").do("GET", path, "").want(401); !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				s.Error(a.header)
			}
			if a := s.as(s.token("all", "system/Observation.s")).do("GET", path, "").want(403); !strings.Contains(a.header.Get("WWW-Authenticate"), "insufficient_scope") {
				s.Error(a.header)
			}
		}
	}},
	{"L-01", func(s *site) { s.tlsVersions() }},
}

// tlsVersions wants connections by TLS 1.2 and 1.3 with a certificate that is good, and by nothing older.
func (s *site) tlsVersions() {
	s.Helper()
	for version, good := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c := s.tls.Clone()
		c.MinVersion, c.MaxVersion = version, version
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.host, "https://"), c)
		if (err == nil) != good {
			s.Errorf("%s: %v", tls.VersionName(version), err)
		}
		if err == nil {
			conn.Close()
		}
	}
}
