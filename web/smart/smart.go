package smart

import (
	"net/http"

	"satchel/web"

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

// configuration answers the SMART configuration to anybody, as JSON whatever Accept says.
func configuration(w http.ResponseWriter, c *web.Call) error {
	if c.Server.Tokens == nil {
		return fhir.Errorf(fhir.CodeNotFound, "this server has no backend clients")
	}
	d := smartDocument{
		TokenEndpoint:        web.TokenURL(c.Base),
		GrantTypes:           []string{"client_credentials"},
		AuthMethods:          []string{"private_key_jwt"},
		Algorithms:           auth.Algorithms(),
		Scopes:               auth.ScopesSupported(),
		Capabilities:         []string{"client-confidential-asymmetric", "permission-v2", "permission-v1"},
		CodeChallengeMethods: []string{"S256"},
	}
	if c.Server.Tokens.AllowSecret {
		d.AuthMethods = append(d.AuthMethods, "client_secret_basic")
		d.Capabilities = append(d.Capabilities, "client-confidential-symmetric")
	}
	body, err := web.EncodeJSON(d)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	return c.SendJSON(w, http.StatusOK, web.MediaJSON, body)
}
