package web

import (
	"net/http"

	"satchel/auth"
	"satchel/fhir"
)

// smartDocument is the SMART configuration (SMART App Launch 2.2, backend services). It has no authorization_endpoint:
// nobody launches apps here, and an address that cannot work would be a promise.
type smartDocument struct {
	TokenEndpoint        string   `json:"token_endpoint"`
	GrantTypes           []string `json:"grant_types_supported"`
	AuthMethods          []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms           []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	Scopes               []string `json:"scopes_supported"`
	Capabilities         []string `json:"capabilities"`
	CodeChallengeMethods []string `json:"code_challenge_methods_supported"` // required of every server, and never plain
}

// smartConfiguration answers the SMART configuration to anybody, as JSON whatever Accept says.
func smartConfiguration(w http.ResponseWriter, c *call) error {
	if c.server.Tokens == nil {
		return fhir.Errorf(fhir.CodeNotFound, "this server has no backend clients")
	}
	d := smartDocument{
		TokenEndpoint:        tokenURL(c.base),
		GrantTypes:           []string{"client_credentials"},
		AuthMethods:          []string{"private_key_jwt"},
		Algorithms:           auth.Algorithms(),
		Scopes:               auth.ScopesSupported(),
		Capabilities:         []string{"client-confidential-asymmetric", "permission-v2", "permission-v1"},
		CodeChallengeMethods: []string{"S256"},
	}
	if c.server.Tokens.AllowSecret {
		d.AuthMethods = append(d.AuthMethods, "client_secret_basic")
		d.Capabilities = append(d.Capabilities, "client-confidential-symmetric")
	}
	body, err := encode(d)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	return c.sendJSON(w, http.StatusOK, mediaJSON, body)
}
