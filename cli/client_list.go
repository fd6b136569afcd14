package cli

import (
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"satchel/storage"
)

// listedClient is one client as `client list --json` tells it: everything but the secret's hash.
type listedClient struct {
	Name        string              `json:"name"`
	Scopes      string              `json:"scopes"`
	KeySet      json.RawMessage     `json:"jwks,omitempty"`
	KeySetURL   string              `json:"jwksUrl,omitempty"`
	Private     bool                `json:"allowPrivateAddress,omitempty"`
	RedirectURI string              `json:"redirectUri,omitempty"`
	HasSecret   bool                `json:"hasSecret"`
	Disabled    bool                `json:"disabled"`
	Created     time.Time           `json:"created"`
	LastUsed    time.Time           `json:"lastUsed,omitzero"`
	Authorities []storage.Authority `json:"authorities"`
}

func cmdClientList(at *common) *cobra.Command {
	return listing[storage.Client]{
		short: "List the clients with their scopes and what they hold",
		read:  (*storage.Store).Clients,
		json:  func(all []storage.Client) any { return clientListing(all) },
		head:  []string{"NAME", "STATE", "LAST TOKEN", "SCOPES", "HOLDS"},
		row: func(x storage.Client) []string {
			state := "active"
			if x.Disabled {
				state = "disabled"
			}
			return []string{x.Name, state, when(x.LastUsed), x.Scopes, list(x.Authorities)}
		},
	}.command(at)
}

func clientListing(clients []storage.Client) []listedClient {
	all := []listedClient{}
	for _, c := range clients {
		if c.Authorities == nil {
			c.Authorities = []storage.Authority{}
		}
		all = append(all, listedClient{c.Name, c.Scopes, json.RawMessage(c.KeySet), c.KeySetURL, c.AllowPrivate, c.RedirectURI, c.Secret != nil,
			c.Disabled, c.Created, c.LastUsed, c.Authorities})
	}
	return all
}
