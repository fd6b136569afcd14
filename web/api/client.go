package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"satchel/web"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"satchel/auth"
	"satchel/fhir"
	"satchel/storage"
)

// clientText is a backend client as /api/clients reads and writes it. Authorities are written as on the command line:
// PERMISSION or PERMISSION:ARGUMENT.
type clientText struct {
	Name         string         `json:"name"`
	Scopes       string         `json:"scopes"`
	Authorities  []string       `json:"authorities"`
	KeySet       jsontext.Value `json:"jwks,omitzero"`
	KeySetURL    string         `json:"jwksUrl,omitempty"`
	PEM          string         `json:"pem,omitempty"` // read only
	AllowPrivate bool           `json:"allowPrivateAddress,omitzero"`
	RedirectURI  *string        `json:"redirectUri,omitempty"` // where people are led who sent the form of an $ehi-export
	Disabled     *bool          `json:"disabled"`
	NewSecret    bool           `json:"newSecret,omitzero"` // read only: make a secret
	Secret       string         `json:"secret,omitempty"`   // written only, and only when it was made
	HasSecret    bool           `json:"hasSecret"`          // written only, like all below
	Created      time.Time      `json:"created,omitzero"`
	LastUsed     time.Time      `json:"lastUsed,omitzero"`
}

// maxClient bounds the body of a registration.
const maxClient = 256 << 10

// textOf writes a client. Its secret is not known; secret is one that was made a moment ago.
func textOf(c storage.Client, secret string) clientText {
	t := clientText{Name: c.Name, Scopes: c.Scopes, Authorities: []string{}, KeySetURL: c.KeySetURL,
		AllowPrivate: c.AllowPrivate, RedirectURI: &c.RedirectURI, Disabled: &c.Disabled, Secret: secret, HasSecret: c.Secret != nil,
		Created: c.Created.UTC(), LastUsed: c.LastUsed.UTC()}
	if c.KeySet != "" {
		t.KeySet = jsontext.Value(c.KeySet)
	}
	for _, a := range c.Authorities {
		text := a.Permission
		if a.Argument != "" {
			text += ":" + a.Argument
		}
		t.Authorities = append(t.Authorities, text)
	}
	return t
}

// authorities reads the authorities, each once.
func (t clientText) authorities() []storage.Authority {
	var all []storage.Authority
	for _, text := range t.Authorities {
		permission, argument, _ := strings.Cut(text, ":")
		if a := (storage.Authority{Permission: permission, Argument: argument}); !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// redirectURI is the address to lead people to, "" if none is given.
func (t clientText) redirectURI() string {
	if t.RedirectURI == nil {
		return ""
	}
	return *t.RedirectURI
}

// keys are the keys given as text, as a key set or PEM.
func (t clientText) keys() ([]byte, error) {
	if t.KeySet != nil && t.PEM != "" {
		return nil, fhir.Errorf(fhir.CodeInvalid, "both jwks and pem are given; give one of them")
	}
	if t.PEM != "" {
		return []byte(t.PEM), nil
	}
	return t.KeySet, nil
}

// clientBody reads the body of a registration.
func clientBody(c *web.Call) (t clientText, err error) {
	body, err := c.ReadBody(maxClient, web.MediaJSON)
	if err != nil {
		return t, err
	}
	if err := json.Unmarshal(body, &t, json.RejectUnknownMembers(true)); err != nil {
		return t, fhir.Errorf(fhir.CodeStructure, "the body is not a client such as {\"name\":\"lab\",\"scopes\":\"system/*.rs\",\"authorities\":[\"FHIR_ALL_READ\"],\"jwksUrl\":\"https://lab.example/jwks.json\"}")
	}
	return t, nil
}

// sendClient answers a client.
func sendClient(c *web.Call, w http.ResponseWriter, status int, name, secret string) error {
	client, err := c.Server.Store.Client(c.Context(), name)
	if err != nil {
		return err
	}
	body, err := web.EncodeJSON(textOf(client, secret))
	if err != nil {
		return err
	}
	return c.SendJSON(w, status, web.MediaJSON, body)
}

// listClients answers all clients: GET /api/clients.
func listClients(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUserView); err != nil {
		return err
	}
	all, err := c.Server.Store.Clients(c.Context())
	if err != nil {
		return err
	}
	list := []clientText{}
	for _, client := range all {
		list = append(list, textOf(client, ""))
	}
	body, err := web.EncodeJSON(map[string][]clientText{"clients": list})
	if err != nil {
		return err
	}
	return c.SendJSON(w, http.StatusOK, web.MediaJSON, body)
}

// getClient answers one client: GET /api/clients/[name].
func getClient(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUserView); err != nil {
		return err
	}
	return sendClient(c, w, http.StatusOK, c.Name, "")
}

// addClient registers a client: POST /api/clients.
func addClient(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUserAdd); err != nil {
		return err
	}
	t, err := clientBody(c)
	if err != nil {
		return err
	}
	keys, err := t.keys()
	if err != nil {
		return err
	}
	client, secret, note, err := c.Server.Auth.AddClient(c.Context(), c.Actor(http.StatusCreated), auth.Registration{Name: t.Name, Keys: keys, KeysURL: t.KeySetURL,
		AllowPrivate: t.AllowPrivate, Secret: t.NewSecret, Scopes: t.Scopes, RedirectURI: t.redirectURI(), Authorities: t.authorities(), Disabled: t.Disabled != nil && *t.Disabled})
	if c.Did(note, err); err != nil {
		return err
	}
	w.Header().Set("Location", strings.TrimSuffix(c.Base, web.FHIRPath)+"/api/clients/"+client.Name)
	return sendClient(c, w, http.StatusCreated, client.Name, secret)
}

// updateClient changes a client: PUT /api/clients/[name]. What the body leaves out stays.
func updateClient(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUsers); err != nil {
		return err
	}
	t, err := clientBody(c)
	if err != nil {
		return err
	}
	if t.Name != "" && !strings.EqualFold(t.Name, c.Name) {
		return fhir.Errorf(fhir.CodeInvalid, "the name %q is not the one in the address; a client keeps its name", web.Printable(t.Name))
	}
	secret := ""
	note, err := c.Server.Auth.ChangeClient(c.Context(), c.Actor(http.StatusOK), c.Name, func(client *storage.Client) error {
		secret, err = t.change(client)
		return err
	})
	if c.Did(note, err); err != nil {
		return err
	}
	return sendClient(c, w, http.StatusOK, c.Name, secret)
}

// change puts what the text says into a client, and returns the secret that it made.
func (t clientText) change(client *storage.Client) (secret string, err error) {
	if t.Disabled != nil {
		client.Disabled = *t.Disabled
	}
	if t.Authorities != nil {
		client.Authorities = t.authorities()
	}
	if t.Scopes != "" {
		if err := auth.SetScopes(client, t.Scopes); err != nil {
			return "", err
		}
	}
	if t.RedirectURI != nil {
		if err := auth.SetRedirectURI(client, *t.RedirectURI); err != nil {
			return "", err
		}
	}
	keys, err := t.keys()
	if err != nil {
		return "", err
	}
	if keys != nil || t.KeySetURL != "" {
		if err := auth.SetKeys(client, keys, t.KeySetURL, t.AllowPrivate); err != nil {
			return "", err
		}
	}
	if t.NewSecret {
		secret = auth.SetSecret(client)
	}
	return secret, nil
}

// removeClient removes a client: DELETE /api/clients/[name]. Its jobs are cancelled.
func removeClient(w http.ResponseWriter, c *web.Call) error {
	if err := mayAdministrate(c, auth.VerbUsers); err != nil {
		return err
	}
	note, err := c.Server.Exports.RemoveClient(c.Context(), c.Actor(http.StatusNoContent), c.Server.Auth, c.Name)
	if c.Did(note, err); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
